# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of an aggregate's zone and members, with everything that forbids them, at once.

Source: nova/compute/api.py, class AggregateAPI. Checks stand in the order in which Nova makes them,
so that of several faults the kind of the same one is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..._core.errors import ConflictError, FleetError, InvalidError, NotFoundError, joined
from ..._core.model import POOL_STATE, ZONE_KEY, Aggregate, Fleet
from ..._core.plan import Plan, Step, Verdict
from ..common.refusals import together
from ..common.values import check_host_name
from ..common.zone_rule import (
    ZoneMove,
    going_along,
    held_aggregate,
    held_members,
    other_zones,
    with_members,
    zone_moves,
)
from . import verbs
from .leaving import still_enabled
from .parting import forgotten, parting_problems, parting_warnings


@dataclass(frozen=True)
class MembersWanted:
    """Hosts that are to be members of the aggregate, or not. ``aggregate`` is its name or id."""

    aggregate: str
    hosts: Sequence[str]
    present: bool = True
    allow_zone_change: bool = False
    keep_in_pool: bool = False
    """Members of the Xen pool that the aggregate is may leave it alone."""
    must_be_disabled: bool = False
    """Whether only hosts whose compute service is disabled may leave."""


@dataclass(frozen=True)
class Changes:
    """Steps, what forbids them, the hosts whose servers come into another zone by them, and what else
    is to be warned of.
    """

    steps: tuple[Step, ...] = ()
    problems: tuple[FleetError, ...] = ()
    moves: tuple[ZoneMove, ...] = ()
    warnings: tuple[Verdict, ...] = ()

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            (*self.steps, *other.steps),
            (*self.problems, *other.problems),
            (*self.moves, *other.moves),
            (*self.warnings, *other.warnings),
        )

    def plan(self) -> Plan:
        """FleetError that names every problem, if there are any."""
        if self.problems:
            raise together(self.problems, going_along(self.moves))
        return Plan(self.steps, (*(m.warning for m in self.moves), *self.warnings))


def zone_change(fleet: Fleet, current: Aggregate, name: str, zone: str, *, allow: bool) -> Changes:
    """Another zone for the aggregate, which is called ``name`` by then. Nova looks at the other zones
    of its members first, then at their servers (is_safe_to_update_az).
    """
    problems: list[FleetError] = []
    others = [a for a in fleet.aggregates if a.name != current.name and a.availability_zone]
    for host in current.hosts:
        clash = [a for a in others if host in a.hosts and a.availability_zone != zone]
        if clash:
            problems.append(
                InvalidError(
                    f"aggregate {current.name}",
                    f"its host {host} is in availability zone {clash[0].availability_zone} through "
                    f"aggregate {clash[0].name}, and a host has one zone at most",
                    f"Remove {host} from one of the two aggregates first",
                )
            )
    zoned = current.with_metadata({ZONE_KEY: zone})
    moves = zone_moves(fleet, with_members(fleet, zoned, current.hosts), current.hosts)
    problems += held_aggregate(fleet, current.name, zone, moves, allowed=allow)
    why = f"with the servers {joined([m.servers for m in moves])}" if moves else ""
    return Changes((verbs.set_zone(name, verbs.ZoneArgs(zone=zone), why),), tuple(problems), moves)


def exact_members(fleet: Fleet, wanted: MembersWanted) -> Changes:
    """Exactly these hosts; leavers go first, so that a zone they hold is free."""
    current = fleet.aggregate(wanted.aggregate) or Aggregate(wanted.aggregate)
    leaving = [h for h in current.hosts if h not in wanted.hosts]
    out = member_changes(fleet, replace(wanted, hosts=leaving, present=False))
    left = with_members(fleet, current, [h for h in current.hosts if h in wanted.hosts])
    return out + member_changes(left, wanted)


def member_changes(fleet: Fleet, wanted: MembersWanted) -> Changes:
    """Hosts added or removed. Those that are already as wanted are left alone."""
    bad = _bad_names(wanted)
    unknown = [h for h in _unknown(fleet, wanted) if h not in bad]
    problems: list[FleetError] = [*bad.values(), *_without_service(fleet, unknown)]
    aggregate = fleet.aggregate(wanted.aggregate)
    if aggregate is None:
        return Changes(problems=(*problems, _no_aggregate(fleet, wanted.aggregate)))
    hosts = [
        h
        for h in dict.fromkeys(wanted.hosts)
        if h not in bad and h not in unknown and (h in aggregate.hosts) != wanted.present
    ]
    problems += _pool_state(aggregate, hosts, wanted.present)
    clashes = (
        other_zones(fleet, aggregate, aggregate.availability_zone, hosts) if wanted.present else []
    )
    moves = _moves(fleet, aggregate, hosts, wanted.present)
    problems += [*clashes, *_held(fleet, aggregate, moves, clashes, wanted)]
    whys = {m.host: m.why for m in moves}
    steps = [_step(fleet, aggregate, h, wanted.present, whys.get(h, "")) for h in hosts]
    changes = Changes(tuple(steps), tuple(problems), moves)
    return changes if wanted.present else changes + _parting(fleet, aggregate, hosts, wanted)


def _parting(
    fleet: Fleet, aggregate: Aggregate, hosts: Sequence[str], wanted: MembersWanted
) -> Changes:
    enabled = still_enabled(fleet, aggregate, hosts) if wanted.must_be_disabled else []
    if not wanted.keep_in_pool:
        return Changes(problems=(*enabled, *parting_problems(fleet, aggregate, hosts)))
    warnings = parting_warnings(fleet, aggregate, hosts)
    return Changes(forgotten(aggregate, hosts), tuple(enabled), warnings=warnings)


def _moves(
    fleet: Fleet, aggregate: Aggregate, hosts: Sequence[str], present: bool
) -> tuple[ZoneMove, ...]:
    """Without a zone of its own, the aggregate changes none."""
    if aggregate.availability_zone is None:
        return ()
    kept = [h for h in aggregate.hosts if h not in hosts]
    after = with_members(fleet, aggregate, [*kept, *hosts] if present else kept)
    return zone_moves(fleet, after, hosts)


def _held(
    fleet: Fleet,
    aggregate: Aggregate,
    moves: Sequence[ZoneMove],
    clashes: Sequence[FleetError],
    wanted: MembersWanted,
) -> list[ConflictError]:
    """A host that is in another zone already is named for that alone."""
    clashing = {c.what for c in clashes}
    rest = [m for m in moves if f"host {m.host}" not in clashing]
    return held_members(fleet, aggregate.name, rest, allowed=wanted.allow_zone_change)


def _step(fleet: Fleet, aggregate: Aggregate, host: str, present: bool, why: str) -> Step:
    if not present:
        return verbs.remove_host(aggregate.name, verbs.RemoveHostArgs(host=host), why)
    service = fleet.service(host)
    host_id = service.host_id if service else None
    return verbs.add_host(aggregate.name, verbs.AddHostArgs(host=host, host_id=host_id), why)


def _bad_names(wanted: MembersWanted) -> dict[str, InvalidError]:
    bad = {}
    for host in wanted.hosts:
        try:
            check_host_name(f"aggregate {wanted.aggregate}", host)
        except InvalidError as error:
            bad[host] = error
    return bad


def _unknown(fleet: Fleet, wanted: MembersWanted) -> list[str]:
    """A host is one that has a compute service, in exactly this spelling. Whoever is a member may
    stay or leave, even when its service is gone.
    """
    aggregate = fleet.aggregate(wanted.aggregate)
    members = aggregate.hosts if aggregate else ()
    known = {*members, *(s.host for s in fleet.services)}
    return [h for h in dict.fromkeys(wanted.hosts) if h not in known]


def _without_service(fleet: Fleet, hosts: Sequence[str]) -> list[NotFoundError]:
    if not hosts:
        return []
    down = [f"{url}: {why}" for url, why in fleet.unreachable.items()]
    known = joined([s.host for s in fleet.services])
    one = len(hosts) == 1
    return [
        NotFoundError(
            f"host {hosts[0]}" if one else f"hosts {joined(hosts)}",
            f"no compute service is known under {'this name' if one else 'these names'}; known "
            f"are {known}" + (f"; without an answer: {'; '.join(down)}" if down else ""),
            fleet.traits.words.name_host,
        )
    ]


def _no_aggregate(fleet: Fleet, name: str) -> NotFoundError:
    return NotFoundError(
        f"aggregate {name}",
        f"it does not exist; there are {joined([a.name for a in fleet.aggregates])}",
        "Create it with xenfleet.compute.aggregate",
    )


def _pool_state(aggregate: Aggregate, hosts: Sequence[str], present: bool) -> list[ConflictError]:
    """nova/virt/xenapi/pool_states.py, 21.x: is_hv_pool and the states that forbid a change."""
    state = aggregate.metadata.get(POOL_STATE)
    refused = (
        ("changing", "error", "dismissed") if present else ("created", "changing", "dismissed")
    )
    if not hosts or not aggregate.is_pool or state not in refused:
        return []
    which = f"host {hosts[0]}" if len(hosts) == 1 else f"hosts {joined(hosts)}"
    return [
        ConflictError(
            f"aggregate {aggregate.name}",
            f"{which} cannot be {'added' if present else 'removed'} while its pool is in "
            f"operational_state {state}",
            "Run pool_create again to finish what was begun, or set operational_state by hand once "
            "you have looked at the pool",
        )
    ]
