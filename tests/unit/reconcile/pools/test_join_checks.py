# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every reason why a host cannot join a pool, one by one and all at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, pool, server, storage
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    PlanRefused,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Fleet,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.membership import (
    MembershipWanted,
    plan_membership,
)

ALPHA = pool("pa", "xen1", name="alpha")
ONE, TWO, THREE = host("xen1", "pa"), host("xen2"), host("xen3")
JOIN_2 = "join host xen2 to pool alpha"


def by_name(*hosts: str, **more: Any) -> MembershipWanted:
    return MembershipWanted(hosts, pool="alpha", **more)


def joining(xen2: Any = TWO, **sections: Any) -> Fleet:
    """The pool alpha of xen1 and one joiner."""
    pools = sections.pop("pools", [ALPHA])
    return fleet([sections.pop("xen1", ONE), xen2], pools=pools, **sections)


def facts(**software: str) -> dict[str, Any]:
    return {"software": software}


JOIN_BLOCKERS = {
    "HA on the joiner": (
        joining(pools=[ALPHA, pool("pool-xen2", "xen2", ha_enabled=True)]),
        "HA is enabled on it",
    ),
    "HA on the pool": (joining(pools=[replace(ALPHA, ha_enabled=True)]), "HA is enabled"),
    "coordinator dead": (joining(xen1=replace(ONE, live=False)), "the coordinator is not live"),
    "guidance on the coordinator": (
        joining(xen1=replace(ONE, pending_guidances=("reboot_host",))),
        "mandatory guidance is pending: reboot_host",
    ),
    "guidance on the joiner": (
        joining(replace(TWO, pending_guidances=("reboot_host",))),
        "mandatory guidance is pending: reboot_host",
    ),
    "joiner coordinates others": (
        fleet([ONE, TWO, host("xen3", "pool-xen2")], pools=[ALPHA]),
        "it is the coordinator of other hosts: xen3",
    ),
    "joiner in another pool": (
        fleet([ONE, host("xen2", "pb"), host("xen3", "pb")], pools=[ALPHA, pool("pb", "xen3")]),
        "it is a member of another pool, of xen3",
    ),
    "joiner dead": (joining(replace(TWO, live=False)), "it is not live"),
    "joiner busy": (joining(replace(TWO, operations=("evacuate",))), "it is busy with evacuate"),
    "joiner in maintenance": (
        joining(maintenances=[Maintenance("xen2", "patch")]),
        "maintenance patch is in progress, and a join would enable the host",
    ),
    "running guest": (
        joining(servers=[server("web", "xen2", "pool-xen2")]),
        "1 running VM: web",
    ),
    "guest busy": (
        joining(servers=[server("web", None, "pool-xen2", task_state="powering-on")]),
        "VMs with operations in progress: web (powering-on)",
    ),
    "brand": (
        joining(
            replace(TWO, **facts(product_brand="A")), xen1=replace(ONE, **facts(product_brand="B"))
        ),
        "its product brand is A, the pool's is B",
    ),
    "platform": (
        joining(
            replace(TWO, **facts(platform_version="1")),
            xen1=replace(ONE, **facts(platform_version="2")),
        ),
        "its platform version is 1, the pool's is 2",
    ),
    "API version": (
        joining(
            replace(TWO, **facts(api_version="1")), xen1=replace(ONE, **facts(api_version="2"))
        ),
        "its API version is 1, the pool's is 2",
    ),
    "schema": (
        joining(replace(TWO, **facts(db_schema="1")), xen1=replace(ONE, **facts(db_schema="2"))),
        "its database schema is 1, the pool's is 2",
    ),
    "backend": (
        joining(
            replace(TWO, **facts(network_backend="bridge")),
            xen1=replace(ONE, **facts(network_backend="openvswitch")),
        ),
        "its network backend is bridge, the pool's is openvswitch",
    ),
    "CPU": (
        joining(replace(TWO, cpu_vendor="AuthenticAMD")),
        "its CPU vendor is AuthenticAMD, the pool's is GenuineIntel",
    ),
    "shared SR": (
        joining(storages=[storage("iso", "pool-xen2", set())]),
        "it has shared SRs: iso",
    ),
    "bonds": (joining(replace(TWO, bonds=1)), "it has 1 bond"),
    "VLANs": (joining(replace(TWO, vlans=2)), "it has 2 VLANs off the management interface"),
    "tunnels": (joining(replace(TWO, tunnels=1)), "it has 1 tunnel"),
    "management VLAN": (
        joining(replace(TWO, management_vlan="7")),
        "its management interface is on VLAN 7, the coordinator's on no VLAN",
    ),
    "authentication": (
        joining(replace(TWO, external_auth="AD")),
        "its external authentication is AD, the pool's is none",
    ),
    "edition": (
        joining(replace(TWO, edition="free"), xen1=replace(ONE, edition="premium")),
        "its edition is free, the pool's is premium",
    ),
    "TLS verification": (
        joining(pools=[replace(ALPHA, tls_verification=True)]),
        "TLS verification is off on it, on in the pool",
    ),
    "guest of the same name": (
        joining(servers=[server("web", "xen1", "pa"), server("web", None, "pool-xen2")]),
        "duplicate VM name: web exists here and in pool alpha",
    ),
}


@pytest.mark.parametrize(("before", "reason"), JOIN_BLOCKERS.values(), ids=JOIN_BLOCKERS)
def test_each_reason_not_to_join(before: Fleet, reason: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan_membership(before, by_name("xen2"))
    verdicts = refused.value.details["verdicts"]
    assert [v["reason"] for v in verdicts] == [reason]
    assert all(v["remedy"] and v["decision"] == "block" for v in verdicts)


PASSES = {
    "paused and halted guests": {
        "servers": [
            server("a", "xen2", "pool-xen2", power_state="Paused"),
            server("b", None, "pool-xen2"),
        ]
    },
    "the tools SR": {"storages": [storage("tools", "pool-xen2", {"xen2"}, tools=True)]},
    "local SRs": {"storages": [storage("local", "pool-xen2", {"xen2"}, shared=False)]},
}


@pytest.mark.parametrize("sections", PASSES.values(), ids=PASSES)
def test_what_does_not_block_a_join(sections: dict[str, Any]) -> None:
    plan = assert_fixed_point(plan_membership, joining(**sections), by_name("xen2"))
    assert [str(s) for s in plan.steps] == [JOIN_2]


def test_joinable_looks_but_does_nothing() -> None:
    wanted = MembershipWanted(["xen2"], member="xen1", state="joinable")
    assert plan_membership(joining(), wanted).steps == ()
    with pytest.raises(PlanRefused, match="it has 1 bond"):
        plan_membership(joining(replace(TWO, bonds=1)), wanted)


def test_same_names_are_allowed_on_request() -> None:
    before = joining(servers=[server("web", "xen1", "pa"), server("web", None, "pool-xen2")])
    plan = plan_membership(before, by_name("xen2", allow_duplicate_servers=True))
    assert [str(s) for s in plan.steps] == [JOIN_2]


def test_two_joiners_with_the_same_guest_name() -> None:
    before = fleet(
        [ONE, TWO, THREE],
        pools=[ALPHA],
        servers=[
            replace(server("web", None, "pool-xen2"), id="a"),
            replace(server("web", None, "pool-xen3"), id="b"),
        ],
    )
    with pytest.raises(
        PlanRefused, match="xen3: duplicate VM name: web exists here and in host xen2"
    ):
        plan_membership(before, by_name("xen2", "xen3"))


def test_all_blockers_of_all_hosts_at_once() -> None:
    before = fleet(
        [ONE, replace(TWO, bonds=1, cpu_vendor="AuthenticAMD"), replace(THREE, live=False)],
        pools=[ALPHA],
        servers=[server("web", "xen2", "pool-xen2")],
        unreachable={"xen4.example.com": "connection refused"},
    )
    with pytest.raises(PlanRefused) as refused:
        plan_membership(before, by_name("xen2", "xen3", "xen4"))
    verdicts = refused.value.details["verdicts"]
    assert [v["subject"] for v in verdicts] == ["xen4", "xen2", "xen2", "xen2", "xen3"]
    assert "xen4.example.com (connection refused)" in refused.value.message
