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


def zone_findings(
    fleet: Fleet, name: str, zone: str | None, hosts: Sequence[str], *, allow: bool
) -> ZoneFindings:
    """Of the hosts that come into the aggregate, and of its members if it gets another zone; nothing
    if it has no zone and is to have none. Only aggregates are looked at where servers may be bound
    to a zone: all that the control plane counts then are not among those that XenAPI lists.
    """
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


def _blocker(problem: FleetError) -> Verdict:
    return Verdict(problem.what.removeprefix("host "), "block", problem.cause, problem.remedy)
