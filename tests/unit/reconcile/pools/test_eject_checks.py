# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every reason why a host cannot be ejected from its pool."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, pool, server, storage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    PlanRefused,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Fleet,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.membership import (
    MembershipWanted,
    plan_membership,
)

ALPHA = pool("pa", "xen1", name="alpha")
ONE, MEMBER = host("xen1", "pa"), host("xen2", "pa")
LEAVE = {"state": "absent", "wipe_local_storage": True}


def joined_pool(*, xen2: Any = MEMBER, **sections: Any) -> Fleet:
    """Coordinator and one supporter."""
    return fleet([ONE, xen2], pools=[ALPHA], **sections)


def by_name(*hosts: str, **more: Any) -> MembershipWanted:
    return MembershipWanted(hosts, pool="alpha", **more)


EJECT_BLOCKERS = {
    "no consent": (
        joined_pool(),
        by_name("xen2", state="absent"),
        "ejecting it reboots it and wipes its local disks",
    ),
    "no consent, disks in use": (
        joined_pool(storages=[storage("local2", "pa", {"xen2"}, shared=False, used=1)]),
        by_name("xen2", state="absent"),
        "ejecting it reboots it and wipes its local disks (in use: local2)",
    ),
    "running guest": (
        joined_pool(servers=[server("web", "xen2", "pa")]),
        by_name("xen2", **LEAVE),
        "guests are resident on it: web",
    ),
    "paused guest": (
        joined_pool(servers=[server("web", "xen2", "pa", power_state="Paused")]),
        by_name("xen2", **LEAVE),
        "guests are resident on it: web",
    ),
    "dead": (
        joined_pool(xen2=replace(MEMBER, live=False)),
        by_name("xen2", **LEAVE),
        "it is not live, and only a live host can be ejected",
    ),
    "busy": (
        joined_pool(xen2=replace(MEMBER, operations=("evacuate",))),
        by_name("xen2", **LEAVE),
        "it is busy with evacuate",
    ),
    "HA": (
        fleet([ONE, MEMBER], pools=[replace(ALPHA, ha_enabled=True)]),
        by_name("xen2", **LEAVE),
        "HA is enabled",
    ),
    "the coordinator while others stay (row 22)": (
        joined_pool(),
        by_name("xen1", **LEAVE),
        "it is the coordinator, and xen2 would stay",
    ),
}


@pytest.mark.parametrize(
    ("before", "wanted", "reason"), EJECT_BLOCKERS.values(), ids=EJECT_BLOCKERS
)
def test_each_reason_not_to_eject(before: Fleet, wanted: MembershipWanted, reason: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan_membership(before, wanted)
    verdicts = refused.value.details["verdicts"]
    assert [v["reason"] for v in verdicts] == [reason]
    assert verdicts[0]["remedy"]
