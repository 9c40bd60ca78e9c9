# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether hosts could become members of an aggregate, which need not exist yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._core.model import Aggregate, Fleet
from ..._core.plan import Plan
from ..._core.reading import Reading
from ..common.aggregates import find_aggregate
from .plan import AggregateWanted, aggregate_needs, plan_aggregate


@dataclass(frozen=True)
class JoinableWanted:
    """``zone`` is the one that the aggregate is to have; None is the one that it has."""

    aggregate: str
    hosts: Sequence[str]
    zone: str | None = None
    allow_zone_change: bool = False


def joinable_needs(fleet: Fleet, wanted: JoinableWanted) -> Reading:
    return aggregate_needs(fleet, _as_if(fleet, wanted))


def plan_joinable(fleet: Fleet, wanted: JoinableWanted) -> Plan:
    """Nothing. Raises what the aggregate with these hosts would be refused with."""
    plan_aggregate(fleet, _as_if(fleet, wanted))
    return Plan()


def _as_if(fleet: Fleet, wanted: JoinableWanted) -> AggregateWanted:
    current = find_aggregate(fleet, wanted.aggregate) or Aggregate(wanted.aggregate)
    return AggregateWanted(
        current.name,
        zone=wanted.zone,
        hosts=list(dict.fromkeys([*current.hosts, *wanted.hosts])),
        allow_zone_change=wanted.allow_zone_change,
    )
