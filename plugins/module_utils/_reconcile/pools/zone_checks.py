# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blockers of hosts that are to come into an aggregate's availability zone, before that is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._core.errors import FleetError
from ..._core.model import ZONE_KEY, Aggregate, Fleet
from ..._core.plan import Verdict
from ..common.zone_rule import going_along, held_members, other_zones, with_members, zone_moves


@dataclass(frozen=True)
class ZoneFindings:
    """``beside`` is what a refusal says besides: the servers on further hosts that would go along."""

    blockers: tuple[Verdict, ...] = ()
    beside: str = ""
    warnings: tuple[Verdict, ...] = ()


def zone_findings(
    fleet: Fleet, name: str | None, zone: str | None, hosts: Sequence[str], *, allow: bool
) -> ZoneFindings:
    """Of the hosts that come into the aggregate, and of its members if it gets another zone; nothing
    without an aggregate, or if it has no zone and is to have none. Only aggregates are looked at
    where servers may be bound to a zone: those that the control plane counts then are not the ones
    that XenAPI lists.
    """
    if name is None:
        return ZoneFindings()
    current = fleet.aggregate(name) or Aggregate(name)
    wanted = zone or current.availability_zone
    if wanted is None:
        return ZoneFindings()
    new = current.with_metadata({ZONE_KEY: wanted})
    members = list(dict.fromkeys([*current.hosts, *hosts]))
    clashes = other_zones(fleet, new, wanted, members)
    clashing = {c.what for c in clashes}
    moves = (
        ()
        if fleet.traits.pins_zones
        else zone_moves(
            fleet,
            with_members(fleet, new, members),
            [m for m in members if f"host {m}" not in clashing],
        )
    )
    problems = [*clashes, *held_members(fleet, name, moves, allowed=allow)]
    return ZoneFindings(tuple(_blocker(p) for p in problems), going_along(moves))


def leaving_findings(
    fleet: Fleet, aggregates: Sequence[Aggregate], hosts: Sequence[str], *, allow: bool
) -> ZoneFindings:
    """Of hosts that leave the aggregates and go on running, such as the last one of a pool."""
    found = ZoneFindings()
    for aggregate in aggregates if not fleet.traits.pins_zones else ():
        left = [h for h in aggregate.hosts if h not in hosts]
        moves = zone_moves(fleet, with_members(fleet, aggregate, left), hosts)
        problems = held_members(fleet, aggregate.name, moves, allowed=allow)
        found = ZoneFindings(
            (*found.blockers, *(_blocker(p) for p in problems)),
            warnings=(*found.warnings, *(m.warning for m in moves)),
        )
    return found


def _blocker(problem: FleetError) -> Verdict:
    return Verdict(problem.what.removeprefix("host "), "block", problem.cause, problem.remedy)
