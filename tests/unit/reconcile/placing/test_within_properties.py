# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every fleet with zones, aggregates and migration groups: nothing leaves them unasked,
and what a blocker offers as its remedy removes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from unit.fleets import GIB, fleet, host, pool
from unit.guests import guest, wants

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    FleetError,
    PlanRefused,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    MIGRATION_GROUP,
    ZONE_KEY,
    Aggregate,
    Fleet,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    plan_server_action,
)

NAMES = [f"q{i}" for i in range(1, 6)]
WITHIN = st.sampled_from([None, None, "zone", "aggregate", "pool", "g0", "g1"])


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Five hosts, each in one of two zones or in none, aggregates across them, some of them migration
    groups; guests on q1.
    """
    zone_of = {n: draw(st.sampled_from(["zone-a", "zone-a", "zone-b", None])) for n in NAMES}
    zones = [
        Aggregate(z, {ZONE_KEY: z}, tuple(n for n in NAMES if zone_of[n] == z))
        for z in ("zone-a", "zone-b")
    ]
    groups = [
        Aggregate(
            f"g{i}",
            {MIGRATION_GROUP: draw(st.sampled_from(["true", "false", "no"]))},
            tuple(sorted(draw(st.sets(st.sampled_from(NAMES))))),
        )
        for i in range(3)
    ]
    return fleet(
        [host(n, "p", memory_free=draw(st.integers(0, 24)) * GIB) for n in NAMES],
        [*zones, *groups],
        pools=[pool("p", "q5")],
        servers=[
            guest(f"w{i}", on="q1", memory=draw(st.integers(1, 12)) * GIB)
            for i in range(draw(st.integers(1, 5)))
        ],
    )


def targets(plan: Plan) -> set[str]:
    """Where the plan moves servers to."""
    args = [s.args for s in plan.steps if s.verb.name.startswith("server.")]
    return {a.target for a in args if isinstance(a, ActionArgs) and a.target}


def bound_groups(known: Fleet, name: str) -> set[str]:
    return {
        a.name
        for a in known.aggregates
        if name in a.hosts and a.metadata.get(MIGRATION_GROUP) == "true"
    }


def stays_within(known: Fleet, target: str, within: str | None) -> bool:
    """The rule once more, in the plainest words."""
    here, there = bound_groups(known, "q1"), bound_groups(known, target)
    if (here or there) and not here & there:
        return False
    if within == "pool":
        return True
    if within not in (None, "zone", "aggregate"):
        named = known.aggregate(within or "")
        return named is not None and target in named.hosts
    common = [a for a in known.aggregates if {"q1", target} <= set(a.hosts)]
    same = known.zone_of("q1") == known.zone_of(target)
    return same and (within != "aggregate" or bool(common))


@settings(max_examples=150, deadline=None)
@given(fleets(), WITHIN)
def test_nothing_leaves_its_bounds_unasked(known: Fleet, within: str | None) -> None:
    names = [s.name for s in known.servers]
    plans = []
    try:
        plans.append(plan_in_maintenance(known, MaintenanceWanted("q1", within=within)))
    except PlanRefused:
        event("drain refused")
    for action in ("live_migrate", "migrate"):
        try:
            plans.append(plan_server_action(known, wants(action, *names, within=within)))
        except FleetError:
            event(f"{action} refused")
    for plan in plans:
        assert [t for t in targets(plan) if not stays_within(known, t, within)] == []


def blockers(known: Fleet, within: str | None) -> dict[str, Mapping[str, Any]]:
    """By subject."""
    try:
        plan_in_maintenance(known, MaintenanceWanted("q1", within=within))
    except PlanRefused as refused:
        return {one["subject"]: one for one in refused.details["verdicts"]}
    return {}


def applied(known: Fleet, within: str | None, remedy: str) -> tuple[Fleet, str | None]:
    """The fleet and the option after what the remedy asks for."""
    option = re.search(r"Set within to (\w+)", remedy)
    metadata = re.search(r"Set migration_group of aggregates? (.*?) to \"false\"", remedy)
    freed: Sequence[str] = re.split(r", | and ", metadata[1]) if metadata else ()
    aggregates = tuple(
        replace(a, metadata={**a.metadata, MIGRATION_GROUP: "false"}) if a.name in freed else a
        for a in known.aggregates
    )
    return replace(known, aggregates=aggregates), option[1] if option else within


@settings(max_examples=200, deadline=None)
@given(fleets(), WITHIN)
def test_a_remedy_that_is_offered_removes_the_blocker(known: Fleet, within: str | None) -> None:
    for subject, blocker in blockers(known, within).items():
        after = applied(known, within, blocker["remedy"])
        if after == (known, within):
            event("needs room")
            continue
        event("offered")
        assert subject not in blockers(*after), blocker
