# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warnings about a pool whose default SR is not the one that guests on its supporters use."""

from __future__ import annotations

from typing import Any

import pytest
from unit.fleets import fleet, host, pool, server, storage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    Fleet,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.membership import (
    MembershipWanted,
    plan_membership,
)

BOTH = {"xen1", "xen2"}
NFS, VAULT = storage("nfs1", "pa", BOTH), storage("vault", "pa", BOTH)
LOCAL = storage("local1", "pa", {"xen1"}, shared=False)
LIBRARY = storage("library", "pa", BOTH, content_type="iso")
FLAG = {"hypervisor_pool": "true"}
WANTED = MembershipWanted(aggregate="alpha")


def on(sr: str, *names: str) -> list[Server]:
    return [server(n, "xen2", "pa", storage=frozenset({f"uuid-{sr}"})) for n in names]


def state(default: str | None, servers: list[Server] | None = None, **more: Any) -> Fleet:
    base: dict[str, Any] = {
        "hosts": [host("xen1", "pa"), host("xen2", "pa")],
        "aggregates": [Aggregate("alpha", FLAG, ("xen1", "xen2"))],
    }
    return fleet(
        **{**base, **more},
        pools=[pool("pa", "xen1", name="alpha", default_sr=default)],
        storages=[NFS, VAULT, LOCAL, LIBRARY],
        servers=servers or [],
    )


SHARED = "Make a shared SR the default: xen_pool with default_sr, or xen_sr with default"
CASES = {
    "the default is shared": (state("uuid-nfs1", on("nfs1", "web")), []),
    "there is none": (
        state(None),
        [f"it has no default SR, and new guests need one that all hosts have. {SHARED}"],
    ),
    "one that is gone": (
        state("uuid-gone"),
        [f"it has no default SR, and new guests need one that all hosts have. {SHARED}"],
    ),
    "the coordinator's own": (
        state("uuid-local1", on("vault", "web")),
        [
            f"its default SR, local1, is local to a host, and new guests need one that all hosts have. {SHARED}"
        ],
    ),
    "guests on another": (
        state("uuid-nfs1", on("vault", "web", "db")),
        [
            "disks of db and web are on SR vault, and the default is nfs1. If new guests belong on vault, "
            "make it the default: xen_pool with default_sr"
        ],
    ),
    "many guests on another": (
        state("uuid-nfs1", on("vault", *"abcdef")),
        [
            "disks of 6 guests are on SR vault, and the default is nfs1. If new guests belong on vault, "
            "make it the default: xen_pool with default_sr"
        ],
    ),
    "a host's own disks and CDs are no matter": (
        state("uuid-nfs1", [*on("local1", "web"), *on("library", "db")]),
        [],
    ),
    "a pool of one": (
        state(None, hosts=[host("xen1", "pa")], aggregates=[Aggregate("alpha", FLAG, ("xen1",))]),
        [],
    ),
    "its first supporter joins": (
        state(None, hosts=[host("xen1", "pa"), host("xen2")]),
        [f"it has no default SR, and new guests need one that all hosts have. {SHARED}"],
    ),
}


@pytest.mark.parametrize(("before", "warnings"), CASES.values(), ids=CASES)
def test_warnings(before: Fleet, warnings: list[str]) -> None:
    plan = plan_membership(before, WANTED)
    assert list(plan.warnings) == [f"pool alpha: {text}" for text in warnings]


def test_a_pool_that_is_no_aggregate_is_its_owners_affair() -> None:
    before = state(None, aggregates=[])
    assert plan_membership(before, MembershipWanted(["xen2"], pool="alpha")).warnings == ()
