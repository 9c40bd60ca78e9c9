# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule of how far a server may go from its host, where no scheduler chooses.

The source of a move is the server's host: for an evacuation the failed one, for an unshelve the one
that it was shelved on. A server without any has no zone, and nothing here but the name of an
aggregate is required of its target.

- A target is in the source's zone. Of those, hosts that share more aggregates with the source come
  first; a move that leaves all of them is a warning. From a host that no aggregate puts into a zone,
  which is thus in the default zone, servers go into another one only if that host is asked for by name.
- The option ``within`` changes that. ``aggregate``: the target shares an aggregate with the source,
  too. ``pool``: it may be in another zone. The name of an aggregate: it is a member of that one, in
  whatever zone. The three words (with ``zone``, the default) never mean an aggregate of that name.
- An aggregate whose metadata has ``migration_group: "true"`` is a requirement without any option, and
  no option lifts it: a host in such groups exchanges servers only with hosts that share one of them,
  and a host in none sends no server into one. It holds both ways, so that a return is possible.

A server that returns from a maintenance goes where it came from: only migration groups can forbid it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..._core.errors import NotFoundError, joined
from ..._core.model import MIGRATION_GROUP, Fleet, Host, Server
from ..._core.plan import Verdict
from ..common.refusals import check_given
from .unfit import Unfit

ZONE = "zone"
AGGREGATE = "aggregate"
POOL = "pool"
WORDS = (ZONE, AGGREGATE, POOL)
"""Values of the option ``within`` that are no aggregate's name."""


def check_within(fleet: Fleet, within: str | None) -> None:
    """UnsupportedError where a scheduler chooses, NotFoundError for an aggregate that does not exist."""
    check_given(fleet.traits, {"within": within})
    if within is None or within in WORDS or fleet.aggregate(within) is not None:
        return
    known = joined(sorted(a.name for a in fleet.aggregates), "none")
    raise NotFoundError(
        f"option within: aggregate {within}",
        "it does not exist",
        f"Give {ZONE}, {AGGREGATE}, {POOL} or an aggregate; there are: {known}",
    )


def origin(server: Server) -> str | None:
    """The host that the server comes from, or None."""
    return server.host or server.shelved_from or None


@dataclass(frozen=True)
class Leap:
    """What a move leaves and what it does not share."""

    source: str
    target: str
    zones: tuple[str, str]
    shared: frozenset[str]
    groups: frozenset[str]
    """Migration groups that the two hosts do not share although they should."""


class Within:
    """The rule for the hosts of a fleet, worked out once for a plan. ``named``: the target is asked for
    by its name. Without ``groups`` it leaves migration groups out of account, which no task may do; it
    tells what they forbid.
    """

    def __init__(
        self, fleet: Fleet, option: str | None = None, *, named: bool = False, groups: bool = True
    ) -> None:
        self.option = option or ZONE
        self._named = named
        self._groups_bind = groups
        self._default_zone = fleet.default_zone
        self._hosts = frozenset(h.name for h in fleet.hosts)
        self._group_names = frozenset(a.name for a in fleet.aggregates if a.is_migration_group)
        self._aggregates: dict[str, frozenset[str]] = {}
        self._groups: dict[str, frozenset[str]] = {}
        self._zones: dict[str, str] = {}
        self._leaps: dict[tuple[str, str], Leap] = {}
        for aggregate in fleet.aggregates:
            one, zone = frozenset({aggregate.name}), aggregate.availability_zone
            for host in aggregate.hosts:
                self._aggregates[host] = self._aggregates_of(host) | one
                if aggregate.is_migration_group:
                    self._groups[host] = self._groups.get(host, frozenset()) | one
                if zone:
                    self._zones[host] = min(zone, self._zones.get(host, zone))

    def outside(self, server: Server, host: Host) -> Unfit | None:
        """Why the rule keeps the server from this host, all of it at once; or None."""
        if server.host == host.name:
            return None
        found = list(self._objections(server, host.name))
        if not found:
            return None
        remedies = dict.fromkeys(f.remedy for f in found if f.remedy)
        return Unfit(
            joined([f.reason for f in found]), ". ".join(remedies), has=True, liftable=True
        )

    def bring(self, server: Server) -> str:
        """The remedy where nothing that is in service will do."""
        with_option = f" with within set to {ZONE}" if self.barred(origin(server)) else ""
        return f"Bring a suitable host into service{with_option}"

    def barred(self, source: str | None) -> bool:
        """Whether ``within`` names a migration group into which nothing from a host in none goes,
        whatever hosts it has.
        """
        named = self.option in self._group_names and self.option not in WORDS
        return named and source in self._hosts and not self._groups.get(source or "")

    def distance(self, server: Server, host: str) -> tuple[bool, int]:
        """Sorts targets: those in its zone first, then by the number of aggregates that they share."""
        leap = self._leap(server, host)
        if leap is None:
            return (False, -len(self._aggregates_of(host)) if origin(server) == host else 0)
        return (_crosses(leap), -len(leap.shared))

    def departures(self, moves: Iterable[tuple[Server, str]]) -> tuple[Verdict, ...]:
        """A warning for each move that leaves the server's zone, or all aggregates of its host."""
        return tuple(
            Verdict(server.name, "warn", reason)
            for server, host in moves
            if (reason := self._leaving(server, host))
        )

    def parting(self, moves: Iterable[tuple[Server, str]]) -> frozenset[str]:
        """The migration groups that would have to be none for all these moves. One that a host has in
        common with another may have to go for a third, and then those that differ.
        """
        leaps = {(leap.source, leap.target) for s, host in moves if (leap := self._leap(s, host))}
        freed = frozenset[str]()
        while more := frozenset[str]().union(*(self._apart(*pair, freed) for pair in leaps)):
            freed |= more
        return freed

    def _apart(self, source: str, target: str, freed: frozenset[str]) -> frozenset[str]:
        """The migration groups that keep the two hosts apart, were those no longer any."""
        here, there = (self._groups.get(n, frozenset()) - freed for n in (source, target))
        return frozenset() if here & there else here | there

    def _leaving(self, server: Server, host: str) -> str | None:
        leap = self._leap(server, host)
        if leap is None:
            return None
        mine = self._aggregates_of(leap.source)
        if _crosses(leap):
            return f"goes to {host}, from zone {leap.zones[0]} into zone {leap.zones[1]}"
        if mine and not leap.shared:
            return f"goes to {host}, which is in no aggregate of {leap.source} ({joined(sorted(mine))})"
        return None

    def _objections(self, server: Server, host: str) -> Iterator[Unfit]:
        leap = self._leap(server, host)
        if leap and leap.groups and self._groups_bind:
            other = "choose another host" if self._named else OF_THE_GROUP
            yield _other_group(leap, "" if self.barred(leap.source) else other)
        if self.option not in WORDS:
            if self.option not in self._aggregates_of(host):
                yield _no_member(self.option, leap)
        elif leap and self.option != POOL:
            yield from self._required(leap)

    def _required(self, leap: Leap) -> Iterator[Unfit]:
        barred = _crosses(leap) and not (self._named and leap.source not in self._zones)
        if barred:
            here, there = leap.zones
            yield Unfit(f"zone {there} instead of {here}", f"Set within to {POOL} to allow that")
        if self.option != AGGREGATE or leap.shared:
            return
        reason = f"no aggregate in common with {leap.source}"
        remedies = [] if barred else [f"Set within to {ZONE} to allow that"]
        if not self._aggregates_of(leap.source):
            reason += " (which is in none)"
            remedies += [f"Add {leap.source} to an aggregate"]
        yield Unfit(reason, ". ".join(remedies))

    def _leap(self, server: Server, host: str) -> Leap | None:
        """None for a server that stays, or comes from no host that is known."""
        source = origin(server)
        if source is None or source not in self._hosts or source == host:
            return None
        if (source, host) not in self._leaps:
            self._leaps[source, host] = self._between(source, host)
        return self._leaps[source, host]

    def _between(self, source: str, target: str) -> Leap:
        return Leap(
            source,
            target,
            (self._zone_of(source), self._zone_of(target)),
            self._aggregates_of(source) & self._aggregates_of(target),
            self._apart(source, target, frozenset()),
        )

    def _zone_of(self, host: str) -> str:
        return self._zones.get(host, self._default_zone)

    def _aggregates_of(self, host: str) -> frozenset[str]:
        return self._aggregates.get(host, frozenset())


def _crosses(leap: Leap) -> bool:
    return leap.zones[0] != leap.zones[1]


def _other_group(leap: Leap, other: str) -> Unfit:
    names = joined(sorted(leap.groups))
    return Unfit(
        f"no migration group in common with {leap.source} ({names})",
        groups_remedy(leap.groups, other),
    )


OF_THE_GROUP = "bring a host of the group into service"


def groups_remedy(groups: Iterable[str], other: str = OF_THE_GROUP) -> str:
    """What lets servers pass between hosts that these groups keep apart, or what else helps; empty for
    none.
    """
    names = sorted(groups)
    if not names:
        return ""
    aggregates = f"aggregate{'s' if len(names) > 1 else ''} {joined(names)}"
    remedy = f'Set {MIGRATION_GROUP} of {aggregates} to "false"'
    return f"{remedy}, or {other}" if other else remedy


def _no_member(name: str, leap: Leap | None) -> Unfit:
    option = POOL if leap and _crosses(leap) else ZONE
    return Unfit(f"no membership in aggregate {name}", f"Set within to {option} to allow that")
