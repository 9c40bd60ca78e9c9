# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aggregates by id, hosts that must be disabled before they leave, and what plans warn of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.fleets import fleet, host
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    ComputeService,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    AGGREGATES,
    SERVICES,
    reading,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.changes import (
    MembersWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.plan import (
    AggregateWanted,
    aggregate_needs,
    members_needs,
    plan_aggregate,
    plan_members,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.common.aggregates import (
    find_aggregate,
)

A, B = host("xen1"), host("xen2")
PROD = Aggregate("prod", {}, ("xen1", "xen2"), id=2)
SEVEN = Aggregate("7", {}, (), id=3)
LATE = Aggregate("late", {}, (), id=7)
PLANNED = Aggregate("planned")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("prod", "prod"),
        ("2", "prod"),
        ("02", "prod"),
        ("7", "7"),
        ("3", "7"),
        ("٢", None),
        ("²", None),
        ("-2", None),
        ("", None),
        ("None", None),
        ("9", None),
    ],
)
def test_a_name_comes_before_an_id(word: str, name: str | None) -> None:
    found = find_aggregate(fleet([], [LATE, SEVEN, PROD, PLANNED]), word)
    assert (found and found.name) == name


def test_members_go_by_the_id_too() -> None:
    known = fleet([A, B], [PROD])
    plan = assert_fixed_point(plan_members, known, MembersWanted("2", ["xen2"], present=False))
    assert [str(s) for s in plan.steps] == ["remove host xen2 from aggregate prod"]


def test_the_members_of_a_new_aggregate_are_its_own_whoever_has_its_name_for_an_id() -> None:
    known = fleet([A, B], [PROD])
    plan = assert_fixed_point(plan_aggregate, known, AggregateWanted("2", hosts=["xen1"]))
    assert [str(s) for s in plan.steps] == ["create aggregate 2", "add host xen1 to aggregate 2"]
    assert plan.warnings == (
        "aggregate 2: this name is the id of aggregate prod, which is what OpenStackClient takes it "
        "for. If that one is meant, give it as id instead of name",
    )


def test_its_own_id_is_a_name_that_nothing_else_has() -> None:
    plan = assert_fixed_point(
        plan_aggregate, fleet([A, B], [PROD]), AggregateWanted(id=2, new_name="2")
    )
    assert [str(s) for s in plan.steps] == ["rename aggregate prod to 2"]
    assert plan.warnings == ()


def test_an_id_that_is_gone() -> None:
    known = fleet([], [PROD])
    assert plan_aggregate(known, AggregateWanted(id=5, present=False)).steps == ()
    with pytest.raises(NotFoundError, match=r"there are prod \(2\)") as caught:
        plan_aggregate(known, AggregateWanted(id=5))
    assert caught.value.remedy


ENABLED, DISABLED = ComputeService("xen1"), ComputeService("xen2", status="disabled")


def test_all_enabled_hosts_are_named_that_may_not_leave() -> None:
    known = fleet([A, B], [PROD], services=[ENABLED, replace(DISABLED, status="enabled")])
    wanted = MembersWanted("prod", ["xen1", "xen2"], present=False, must_be_disabled=True)
    with pytest.raises(ConflictError, match="hosts xen1 and xen2: with must_be_disabled") as caught:
        plan_members(known, wanted)
    assert "compute_service and status: disabled" in caught.value.remedy


def test_disabled_hosts_and_those_without_a_service_may_leave() -> None:
    ghost = replace(PROD, hosts=("xen1", "xen2", "ghost"))
    known = fleet([A, B], [ghost], services=[ENABLED, DISABLED])
    wanted = AggregateWanted("prod", hosts=["xen1"], must_be_disabled=True)
    plan = assert_fixed_point(plan_aggregate, known, wanted)
    assert [s.to_dict()["args"]["host"] for s in plan.steps] == ["xen2", "ghost"]


@pytest.mark.parametrize("must", [False, True])
def test_services_are_read_only_if_a_host_that_leaves_must_be_disabled(must: bool) -> None:
    known = fleet([], [PROD])
    expected = reading(AGGREGATES, SERVICES) if must else reading(AGGREGATES)
    leaving = MembersWanted("2", ["xen1"], present=False, must_be_disabled=must)
    assert members_needs(known, leaving) == expected
    shrinking = AggregateWanted("prod", hosts=["xen1"], must_be_disabled=must)
    assert aggregate_needs(known, shrinking) == expected
    deleted = AggregateWanted(id=2, present=False, remove_hosts=True, must_be_disabled=must)
    assert aggregate_needs(known, deleted) == expected
    staying = AggregateWanted("prod", hosts=["xen1", "xen2"], must_be_disabled=must)
    assert aggregate_needs(known, staying) == reading(AGGREGATES)


@pytest.mark.parametrize(("default", "zone"), [("nova", "nova"), ("home", "home")])
def test_a_zone_named_like_the_default_one(default: str, zone: str) -> None:
    known = replace(fleet([], [PROD]), default_zone=default)
    (here,) = plan_aggregate(known, AggregateWanted("prod", zone=zone)).warnings
    assert f"its availability zone {zone} is named like the default one" in here
    assert "pinned" not in here
    clouds = replace(known, traits=NOVA)
    (there,) = plan_aggregate(clouds, AggregateWanted("new", zone=zone)).warnings
    assert "pinned to that name" in there
    assert plan_aggregate(known, AggregateWanted("prod", zone="west")).warnings == ()
    assert plan_aggregate(known, AggregateWanted("prod")).warnings == ()
