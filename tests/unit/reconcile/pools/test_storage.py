# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for shared storage."""

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
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet, Storage
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.storage import (
    StorageWanted,
    plan_storage,
)

ALPHA = pool("pa", "xen1", name="alpha")
HOSTS = [host("xen1", "pa"), host("xen2", "pa")]
WHERE = {"server": "nas", "serverpath": "/vol"}
NFS = storage("nfs1", "pa", {"xen1", "xen2"}, device_config=WHERE)
WANTED = StorageWanted("nfs1", pool="alpha", type="nfs", device_config=WHERE)
PARTLY = replace(NFS, attached=frozenset({"xen1"}))


def alpha(*storages: Storage, **more: object) -> Fleet:
    return fleet(HOSTS, pools=[ALPHA], storages=list(storages), **more)


PLANS = {
    "new": (alpha(), WANTED, ["create shared SR nfs1 (nfs) on pool alpha"]),
    "new and default, by a member of an unnamed pool": (
        fleet([host("xen1")]),
        replace(WANTED, pool=None, host="xen1", default=True),
        ["create shared SR nfs1 (nfs) on pool of xen1", "make nfs1 the default SR of pool of xen1"],
    ),
    "there": (alpha(NFS), WANTED, []),
    "there, named only": (alpha(NFS), StorageWanted("nfs1", pool="alpha"), []),
    "to be the default": (
        alpha(NFS),
        replace(WANTED, default=True),
        ["make nfs1 the default SR of pool alpha"],
    ),
    "the default already": (
        fleet(HOSTS, pools=[replace(ALPHA, default_sr="uuid-nfs1")], storages=[NFS]),
        replace(WANTED, default=True),
        [],
    ),
    "unplugged somewhere": (alpha(PARTLY), WANTED, ["plug SR nfs1 on host xen2"]),
    "unplugged on a dead host": (
        fleet([HOSTS[0], replace(HOSTS[1], live=False)], pools=[ALPHA], storages=[PARTLY]),
        WANTED,
        [],
    ),
    "same name in another pool": (
        fleet([*HOSTS, host("xen3")], pools=[ALPHA], storages=[replace(NFS, pool_id="pool-xen3")]),
        WANTED,
        ["create shared SR nfs1 (nfs) on pool alpha"],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), PLANS.values(), ids=PLANS)
def test_plans(before: Fleet, wanted: StorageWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_storage, before, wanted)
    assert [str(s) for s in plan.steps] == steps


def test_a_dead_host_is_warned_of() -> None:
    known = fleet([HOSTS[0], replace(HOSTS[1], live=False)], pools=[ALPHA], storages=[PARTLY])
    assert "xen2: not live" in plan_storage(known, WANTED).warnings[0]


REFUSALS = {
    "unknown pool": (alpha(), replace(WANTED, pool="beta"), NotFoundError, "there are alpha"),
    "no pool": (alpha(), replace(WANTED, pool=None), InvalidError, "neither its name"),
    "no name": (alpha(), replace(WANTED, name=""), InvalidError, "the name is empty"),
    "no type": (alpha(), StorageWanted("nfs1", pool="alpha"), InvalidError, "no type"),
    "secret in clear text": (
        alpha(),
        replace(WANTED, device_config={"chappassword": "hunter2"}),
        InvalidError,
        "carry chappassword in clear text",
    ),
    "not shared": (alpha(replace(NFS, shared=False)), WANTED, ConflictError, "it is not shared"),
    "other type": (
        alpha(NFS),
        replace(WANTED, type="lvmoiscsi"),
        ConflictError,
        "its type is nfs, not lvmoiscsi",
    ),
    "other place": (
        alpha(NFS),
        replace(WANTED, device_config={"server": "nas2"}),
        ConflictError,
        "has server=nas, not nas2",
    ),
    "a host is dead": (
        fleet([HOSTS[0], replace(HOSTS[1], live=False)], pools=[ALPHA]),
        WANTED,
        PlanRefused,
        "xen2: it is not live",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(before: Fleet, wanted: StorageWanted, kind: type[FleetError], text: str) -> None:
    with pytest.raises(FleetError, match=text) as refused:
        plan_storage(before, wanted)
    assert refused.type is kind
    assert refused.value.remedy
    assert "hunter2" not in str(refused.value.to_dict())
