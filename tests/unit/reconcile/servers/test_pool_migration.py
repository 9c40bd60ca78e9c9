# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where live migrations go, and why they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.fleets import GIB, host, network, storage
from unit.guests import guest, three, wants
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ComputeService,
    Fleet,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.traits import Traits
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    plan_server_action,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.wanted import (
    ServerActionWanted,
)

MIGRATE = "live-migrate {} from xen1 to {}"
NFS = storage("nfs", "p", {"xen1", "xen3"})
LOCAL = storage("local", "p", {"xen1"}, shared=False)
ISO = storage("isos", "p", {"xen1", "xen2"}, content_type="iso")
BLUE = network("blue", "p", {"xen1", "xen3"})

MOVES: dict[str, tuple[Fleet, ServerActionWanted, list[str]]] = {
    "to the host asked for": (
        three(guest("web1")),
        wants("live_migrate", host="xen2"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "there already": (three(guest("web1", on="xen2")), wants("live_migrate", host="xen2"), []),
    "there already, and that host is disabled": (
        three(guest("web1", on="xen2"), services=[ComputeService("xen2", status="disabled")]),
        wants("live_migrate", host="xen2"),
        [],
    ),
    "some of them are there": (
        three(guest("web1"), guest("web2", on="xen2")),
        wants("live_migrate", "web1", "web2", host="xen2"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "from a disabled host": (
        three(guest("web1"), services=[ComputeService("xen1", status="disabled")]),
        wants("live_migrate", host="xen2"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "to the roomiest": (
        three(guest("web1")),
        wants("live_migrate"),
        [MIGRATE.format("web1", "xen3")],
    ),
    "spread when there are many": (
        three(guest("web1", memory=15 * GIB), guest("web2", memory=14 * GIB)),
        wants("live_migrate", "web1", "web2"),
        [MIGRATE.format("web1", "xen3"), MIGRATE.format("web2", "xen2")],
    ),
    "past a disabled host": (
        three(guest("web1"), services=[ComputeService("xen3", status="disabled")]),
        wants("live_migrate"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "past a host in maintenance": (
        three(guest("web1"), maintenances=[Maintenance("xen3", "november")]),
        wants("live_migrate"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "where its storage is": (
        three(
            guest("web1", storage=frozenset({ISO.id})),
            storages=[ISO],
        ),
        wants("live_migrate"),
        [MIGRATE.format("web1", "xen2")],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), MOVES.values(), ids=MOVES)
def test_moves(before: Fleet, wanted: ServerActionWanted, steps: list[str]) -> None:
    if wanted.host is None:
        plan = plan_server_action(before, wanted)  # any host is right: it has no end state
    else:
        plan = assert_fixed_point(plan_server_action, before, wanted)
    assert [str(s) for s in plan.steps] == steps
    assert [set(s.args.to_dict()) for s in plan.steps] == [
        {"id", "source", "target", "memory"}
    ] * len(steps)


TO2 = wants("live_migrate", host="xen2")
ANYWHERE = wants("live_migrate")

NO_MOVE: dict[str, tuple[Fleet, ServerActionWanted, type[FleetError], str]] = {
    "disabled target": (
        three(guest("web1"), services=[ComputeService("xen2", status="disabled")]),
        TO2,
        ConflictError,
        "compute service disabled",
    ),
    "target in maintenance": (
        three(guest("web1"), maintenances=[Maintenance("xen2", "november")]),
        TO2,
        ConflictError,
        "is in maintenance",
    ),
    "target forced down": (
        three(guest("web1"), services=[ComputeService("xen2", state="down", forced_down=True)]),
        TO2,
        InvalidError,
        "is forced down",
    ),
    "target down": (
        three(guest("web1"), hosts=[host("xen1", "p"), host("xen2", "p", live=False)]),
        TO2,
        InvalidError,
        "is down",
    ),
    "target disabled in XAPI": (
        three(guest("web1"), hosts=[host("xen1", "p"), host("xen2", "p", enabled=False)]),
        TO2,
        ConflictError,
        "is disabled",
    ),
    "unknown target": (
        three(guest("web1")),
        wants("live_migrate", host="xen9"),
        InvalidError,
        "Known hosts: xen1, xen2 and xen3",
    ),
    "unknown target while an endpoint is silent": (
        three(guest("web1"), unreachable={"10.0.0.9": "timed out"}),
        wants("live_migrate", host="xen9"),
        InvalidError,
        "it is unknown to every coordinator that answered; no answer came from 10.0.0.9 (timed out)",
    ),
    "unknown target on a plane without coordinators": (
        replace(three(guest("web1")), traits=Traits()),
        wants("live_migrate", host="xen9"),
        InvalidError,
        "target host xen9: no such host is known",
    ),
    "target in another pool": (
        three(guest("web1"), hosts=[host("xen1", "p"), host("xen7", "q")]),
        wants("live_migrate", host="xen7"),
        InvalidError,
        "in another pool",
    ),
    "source down": (
        three(guest("web1"), hosts=[host("xen1", "p", live=False), host("xen2", "p")]),
        TO2,
        InvalidError,
        "its host xen1 is down",
    ),
    "storage missing": (
        three(guest("web1", storage=frozenset({NFS.id})), storages=[NFS]),
        TO2,
        InvalidError,
        "SR nfs is not attached",
    ),
    "network missing": (
        three(guest("web1", networks=frozenset({BLUE.id})), networks=[BLUE]),
        TO2,
        InvalidError,
        "network blue is missing",
    ),
    "memory missing": (
        three(guest("web1", memory=21 * GIB)),
        TO2,
        InvalidError,
        "21.0 GiB of memory is needed for web1, and 20.0 GiB is free",
    ),
    "memory missing for all of them together": (
        three(guest("web1", memory=11 * GIB), guest("web2", memory=10 * GIB)),
        wants("live_migrate", "web1", "web2", host="xen2"),
        InvalidError,
        "21.0 GiB of memory is needed for web1 and web2",
    ),
    "no host has its storage": (
        three(guest("web1", storage=frozenset({LOCAL.id})), storages=[LOCAL]),
        ANYWHERE,
        InvalidError,
        "no valid host was found: xen2 cannot run it: SR local is not attached",
    ),
    "no host has its memory": (
        three(guest("web1", memory=31 * GIB)),
        ANYWHERE,
        InvalidError,
        "free memory: xen2 20.0 GiB and xen3 30.0 GiB",
    ),
    "no other host": (
        three(guest("web1"), hosts=[host("xen1", "p")]),
        ANYWHERE,
        InvalidError,
        "the pool has no other",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), NO_MOVE.values(), ids=NO_MOVE)
def test_no_move(
    before: Fleet, wanted: ServerActionWanted, kind: type[FleetError], text: str
) -> None:
    with pytest.raises(kind) as caught:
        plan_server_action(before, wanted)
    assert caught.type is kind
    assert text in caught.value.message
    assert caught.value.remedy


def test_company_of_its_own_group_is_warned_of() -> None:
    before = three(guest("web1", groups=("web",)), guest("web2", on="xen2", groups=("web",)))
    assert plan_server_action(before, TO2).warnings == (
        "web1: shares xen2 with web2 of its anti-affinity group",
    )
