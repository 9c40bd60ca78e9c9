# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for a pool's own properties."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.fleets import fleet, host, pool, storage
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    NotFoundError,
    PlanRefused,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    Fleet,
    Pool,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.settings import (
    PoolWanted,
    plan_pool,
)

ALPHA = pool("pa", "xen1", name="alpha", other_config={"a": "1"}, tags=("y", "x"))
HOSTS = [host("xen1", "pa"), host("xen2", "pa")]
NFS = storage("nfs1", "pa", {"xen1", "xen2"})
RECORDED = Aggregate(
    "alpha", {"hypervisor_pool": "true", "master_compute": "xen1"}, ("xen1", "xen2")
)


def alpha(of: Pool = ALPHA, **more: object) -> Fleet:
    return fleet(HOSTS, pools=[of], storages=[NFS], **more)


PLANS = {
    "nothing wanted": (alpha(), PoolWanted("alpha"), []),
    "all as it is": (
        alpha(replace(ALPHA, default_sr="uuid-nfs1", description="d")),
        PoolWanted(
            "alpha",
            host="xen2",
            description="d",
            default_sr="nfs1",
            coordinator="xen1",
            other_config={"a": "1", "b": None},
            tags=["x", "y"],
        ),
        [],
    ),
    "an unnamed pool gets its name": (
        fleet([host("xen1")]),
        PoolWanted("alpha", host="xen1"),
        ["set name of pool of xen1 to alpha"],
    ),
    "everything at once, the coordinator last": (
        alpha(),
        PoolWanted(
            "beta",
            host="xen1",
            description="d",
            default_sr="nfs1",
            coordinator="xen2",
            other_config={"a": None, "b": "2"},
            tags=["z"],
        ),
        [
            "set name of pool alpha to beta",
            "set description of pool beta",
            "set other_config of pool beta: -a, b=2",
            "set tags of pool beta to z",
            "make nfs1 the default SR of pool beta",
            "make xen2 the coordinator of pool beta",
        ],
    ),
    "empty means make empty": (
        alpha(replace(ALPHA, description="d")),
        PoolWanted("alpha", description="", tags=[]),
        ["set description of pool alpha", "set tags of pool alpha to none"],
    ),
    "the default SR by uuid": (
        alpha(),
        PoolWanted("alpha", default_sr="uuid-nfs1"),
        ["make nfs1 the default SR of pool alpha"],
    ),
    "the aggregate learns of the coordinator": (
        alpha(aggregates=[RECORDED]),
        PoolWanted("alpha", coordinator="xen2"),
        [
            "make xen2 the coordinator of pool alpha",
            "set metadata of aggregate alpha: master_compute=xen2",
        ],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), PLANS.values(), ids=PLANS)
def test_plans(before: Fleet, wanted: PoolWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_pool, before, wanted)
    assert [str(s) for s in plan.steps] == steps


REFUSALS = {
    "unknown pool": (alpha(), PoolWanted("beta"), NotFoundError, "there are alpha"),
    "unknown host": (alpha(), PoolWanted("alpha", host="xen9"), NotFoundError, "unknown to every"),
    "name taken": (
        fleet([*HOSTS, host("xen3")], pools=[ALPHA]),
        PoolWanted("alpha", host="xen3"),
        ConflictError,
        "taken by the pool that xen1 coordinates",
    ),
    "empty name": (alpha(), PoolWanted(" ", host="xen1"), InvalidError, "the name is empty"),
    "unknown SR": (alpha(), PoolWanted("alpha", default_sr="x"), NotFoundError, "it has nfs1"),
    "two SRs of that name": (
        fleet(HOSTS, pools=[ALPHA], storages=[NFS, replace(NFS, id="other")]),
        PoolWanted("alpha", default_sr="nfs1"),
        ConflictError,
        "has 2 of this name",
    ),
    "coordinator of no standing": (
        alpha(),
        PoolWanted("alpha", coordinator="xen9"),
        PlanRefused,
        r"no member of the pool \(xen1 and xen2\)",
    ),
    "coordinator disabled": (
        fleet([HOSTS[0], replace(HOSTS[1], enabled=False)], pools=[ALPHA]),
        PoolWanted("alpha", coordinator="xen2"),
        PlanRefused,
        "it is disabled",
    ),
    "member dead": (
        fleet([*HOSTS, host("xen3", "pa", live=False)], pools=[ALPHA]),
        PoolWanted("alpha", coordinator="xen2"),
        PlanRefused,
        "xen3: it is not live",
    ),
    "HA": (
        alpha(replace(ALPHA, ha_enabled=True)),
        PoolWanted("alpha", coordinator="xen2"),
        PlanRefused,
        "HA is enabled",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(before: Fleet, wanted: PoolWanted, kind: type[FleetError], text: str) -> None:
    with pytest.raises(FleetError, match=text) as refused:
        plan_pool(before, wanted)
    assert refused.type is kind
    assert refused.value.remedy
