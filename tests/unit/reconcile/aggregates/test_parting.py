# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of a Xen pool leave the aggregate that is the pool only if the task says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, pool
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import ConflictError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate, Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    AGGREGATES,
    POOLS,
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

FLAG = {"hypervisor_pool": "true"}
ACTIVE = {
    **FLAG,
    "operational_state": "active",
    "master_compute": "p1",
    "p1": "uuid-p1",
    "p2": "uuid-p2",
}
PROD = Aggregate("prod", ACTIVE, ("p1", "p2", "p3"))
POOL = pool("pa", "p1", name="prod")


def known(aggregate: Aggregate = PROD) -> Fleet:
    """p1 and p2 are the pool, p3 is in the aggregate only."""
    return fleet([host("p1", "pa"), host("p2", "pa"), host("p3")], [aggregate], pools=[POOL])


def leaving(*hosts: str, **options: Any) -> MembersWanted:
    return MembersWanted("prod", hosts, present=False, **options)


def test_all_members_of_the_pool_are_refused() -> None:
    with pytest.raises(ConflictError) as caught:
        plan_members(known(), leaving("p1", "p2", "p3"))
    assert "p1 and p2 are members of the Xen pool that it is" in caught.value.message
    assert "xen_pool_member, aggregate prod and state absent" in caught.value.remedy
    assert "keep_in_pool" in caught.value.remedy


@pytest.mark.parametrize(
    "wanted",
    [
        AggregateWanted("prod", hosts=["p1", "p3"]),
        AggregateWanted("prod", present=False, remove_hosts=True),
    ],
    ids=["fewer hosts", "deleted"],
)
def test_an_aggregate_with_fewer_hosts_is_refused_too(wanted: AggregateWanted) -> None:
    with pytest.raises(ConflictError, match="of the Xen pool that it is"):
        plan_aggregate(known(), wanted)
    plan = assert_fixed_point(plan_aggregate, known(), replace(wanted, keep_in_pool=True))
    assert "host p2: leaves aggregate prod, but stays in its Xen pool" in plan.warnings


def test_they_part_where_the_task_says_so() -> None:
    plan = assert_fixed_point(plan_members, known(), leaving("p2", "p3", keep_in_pool=True))
    assert [str(s) for s in plan.steps] == [
        "remove host p2 from aggregate prod",
        "remove host p3 from aggregate prod",
        "set metadata of aggregate prod: -p2",
    ]
    assert plan.warnings == ("host p2: leaves aggregate prod, but stays in its Xen pool",)


FREE = {
    "a host that never joined": (PROD, "p3"),
    "an aggregate that is not the pool": (replace(PROD, metadata={}), "p2"),
    "before the first join": (replace(PROD, name="new", metadata=FLAG), "p2"),
    "an aggregate of another pool's records": (
        replace(PROD, name="new", metadata={**FLAG, "p3": "uuid-p3"}),
        "p2",
    ),
}


@pytest.mark.parametrize("case", FREE)
def test_others_leave(case: str) -> None:
    aggregate, name = FREE[case]
    wanted = MembersWanted(aggregate.name, [name], present=False)
    plan = plan_members(known(aggregate), wanted)
    assert [str(s) for s in plan.steps] == [f"remove host {name} from aggregate {aggregate.name}"]
    assert plan.warnings == ()


def test_where_pools_are_not_read_the_records_tell() -> None:
    on_nova = Fleet(aggregates=(PROD,), traits=NOVA)
    with pytest.raises(ConflictError, match="p1 and p2 are members"):
        plan_members(on_nova, leaving("p1", "p2", "p3"))
    assert members_needs(on_nova, leaving("p2")) == reading(AGGREGATES)


def test_pools_are_read_where_members_of_one_may_leave() -> None:
    known_so_far = fleet(aggregates=[PROD, Aggregate("ssd", {}, ("p1",))])
    assert members_needs(known_so_far, leaving("p2")) == reading(AGGREGATES, POOLS)
    fewer = AggregateWanted("prod", hosts=["p1"])
    assert aggregate_needs(known_so_far, fewer) == reading(AGGREGATES, POOLS)
    for name in ("prod", "ssd"):
        same = AggregateWanted(name, metadata={"a": "b"})
        assert aggregate_needs(known_so_far, same) == reading(AGGREGATES)
    plain = MembersWanted("ssd", ["p1"], present=False)
    assert members_needs(known_so_far, plain) == reading(AGGREGATES)
