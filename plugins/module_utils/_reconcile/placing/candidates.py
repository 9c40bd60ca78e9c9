# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts that servers can go to under a rule, what is against the others, and what would change if
the rule were lifted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..._core.errors import joined
from ..._core.model import Fleet, Host, Server
from .placement import Placement, closed_to_guests, older, place, unable
from .predicates import first_objection, predicates, predicates_at_home
from .targets import Rule
from .unfit import Unfit
from .within import OF_THE_GROUP, POOL, ZONE, Within, groups_remedy, origin


@dataclass(frozen=True)
class Lift:
    """What would let a server go: hosts that would have had room for it, and the remedy."""

    hosts: tuple[str, ...]
    remedy: str

    @property
    def clause(self) -> str:
        """The tail of a cause."""
        return f"; {joined(self.hosts)} outside would have room" if self.hosts else ""


@dataclass(frozen=True)
class Found:
    """``options`` are the hosts that fit, ``problems`` what is against the other open ones, ``closed``
    why others take no server of that host at all; by server id.
    """

    options: Mapping[str, Sequence[str]]
    problems: Mapping[str, Mapping[str, Unfit]]
    closed: Mapping[str, Mapping[str, str]]
    placement: Placement = field(default_factory=Placement)

    def left(self, servers: Sequence[Server]) -> list[Server]:
        return [s for s in servers if s.id not in self.placement.chosen]


class Candidates:
    """Asks for one fleet and one rule; what is true of a host is worked out once."""

    def __init__(self, fleet: Fleet, rule: Rule) -> None:
        self.fleet = fleet
        self.rule = rule
        self.within = Within(fleet, rule.within, named=rule.named, groups=rule.migration_groups)
        self._asked = predicates(fleet, self.within)
        home = Within(fleet, POOL, groups=rule.migration_groups)
        self._asked_of_home = predicates_at_home(fleet, home)
        self._hosts = {h.name: h for h in fleet.hosts}
        self._members: dict[str, list[Host]] = {}
        for host in fleet.hosts:
            self._members.setdefault(host.pool_id, []).append(host)
        self._closed: dict[str, str | None] = {}

    def open(self, pool_id: str, source: str | None) -> tuple[list[Host], dict[str, str]]:
        """The hosts of the pool that take servers from this host, and by name why the rest don't."""
        hosts: list[Host] = []
        closed: dict[str, str] = {}
        for host in self._members.get(pool_id, ()):
            if self.rule.leaves and host.name == source:
                continue
            reason = self._closed_to(host, self._hosts.get(source or ""))
            if reason is None:
                hosts.append(host)
            else:
                closed[host.name] = reason
        return hosts, closed

    def _closed_to(self, host: Host, source: Host | None) -> str | None:
        if host.name not in self._closed:
            self._closed[host.name] = closed_to_guests(self.fleet, host)
        reason = self._closed[host.name]
        if reason is None and self.rule.no_older and source and older(host, source):
            return f"runs an older version than {source.name}"
        return reason

    def against(self, server: Server, host: Host) -> Unfit | None:
        """Why this host can't take the server even if all its memory were free, or None."""
        return first_objection(self._asked, server, host)

    def _at_home(self, server: Server, home: Host) -> bool:
        unfit = first_objection(self._asked_of_home, server, home)
        return unable(self.fleet, home) is None and unfit is None

    def find(
        self,
        servers: Sequence[Server],
        homes: Mapping[str, str] | None = None,
        preferred: Mapping[str, str] | None = None,
    ) -> Found:
        """A host for each server, all together. ``homes`` and ``preferred`` are those of ``choose``; of
        how far they may go, only migration groups keep servers from coming home.
        """
        opened: dict[tuple[str, str | None], tuple[list[Host], dict[str, str]]] = {}
        options: dict[str, list[str]] = {}
        problems: dict[str, dict[str, Unfit]] = {}
        closed: dict[str, dict[str, str]] = {}
        for server in servers:
            home = self._hosts.get((homes or {}).get(server.id, ""))
            if home and self._at_home(server, home):
                options[server.id] = [home.name]
                continue
            source = self._hosts.get(server.host or "")
            key = (source.pool_id if source else server.pool_id, server.host)
            if key not in opened:
                opened[key] = self.open(*key)
            hosts, closed[server.id] = opened[key]
            found = {h.name: self.against(server, h) for h in hosts}
            options[server.id] = [name for name, problem in found.items() if problem is None]
            problems[server.id] = {name: problem for name, problem in found.items() if problem}
        placement = place(
            self.fleet,
            [s for s in servers if options[s.id]],
            options,
            enforce_groups=self.rule.apart,
            preferred=preferred,
            distance=self.within.distance,
        )
        return Found(options, problems, closed, placement)


def lifts(
    asked: Candidates,
    servers: Sequence[Server],
    found: Found,
    homes: Mapping[str, str] | None = None,
    preferred: Mapping[str, str] | None = None,
) -> dict[str, Lift]:
    """By server id, for those that have found no host: what would have to be allowed for that. The
    least that helps most of them, as one option is given for all.
    """
    left = found.left(servers)
    best: dict[str, Lift] = {}
    for rule in _wider(asked.rule) if left else ():
        other = Candidates(asked.fleet, rule).find(servers, homes, preferred)
        helped = [s for s in left if s.id in other.placement.chosen]
        remedy = _remedy(asked, servers, rule, other)
        if remedy and len(helped) > len(best):
            best = {s.id: Lift(_roomy(asked, s, found, other), remedy) for s in helped}
        if len(best) == len(left):
            break
    return best


def _wider(rule: Rule) -> Iterator[Rule]:
    """Rules that allow more, the least first. Migration groups are lifted by no option."""
    mine = rule.within or ZONE
    options = {ZONE: (POOL,), POOL: ()}.get(mine, (ZONE, POOL))
    yield from (replace(rule, within=option) for option in options)
    yield from (
        replace(rule, within=option, migration_groups=False) for option in (rule.within, *options)
    )


def _remedy(asked: Candidates, servers: Sequence[Server], rule: Rule, other: Found) -> str:
    """All that the other placement needs, as each blocker's remedy is to remove it by itself."""
    chosen = other.placement.chosen
    parted = frozenset[str]()
    if not rule.migration_groups:
        parted = asked.within.parting((s, chosen[s.id]) for s in servers if s.id in chosen)
    option = f"Set within to {rule.within}" if rule.within != asked.rule.within else ""
    barred = not option and any(asked.within.barred(origin(s)) for s in servers)
    freed = groups_remedy(parted, "" if barred else OF_THE_GROUP)
    return ". ".join(part for part in (option, freed) if part)


def _roomy(asked: Candidates, server: Server, found: Found, other: Found) -> tuple[str, ...]:
    """The hosts that only the other rule allows, and that have room for the server now."""
    outside = set(other.options[server.id]) - set(found.options[server.id])
    fleet = asked.fleet
    return tuple(
        h.name for h in fleet.hosts if h.name in outside and h.memory_free >= server.memory
    )
