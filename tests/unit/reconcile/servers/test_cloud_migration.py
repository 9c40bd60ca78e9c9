# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live migrations asked for by name on a Nova cloud."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.clouds import cloud, guest, moving, service
from unit.guests import wants
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    HOSTS,
    SERVICES,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.traits import Traits
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    first_needs,
    plan_server_action,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.wanted import (
    ServerActionWanted,
)

WEB = guest("web1")
PAUSED = guest("web2", vm_state="paused")
PINNED = replace(WEB, pinned_zone="nova")
EAST = service("c2", zone="east")
SOMEWHERE = "a host of the scheduler's choice"

MOVES: dict[str, tuple[Fleet, ServerActionWanted, list[str]]] = {
    "to the host asked for, paused or not": (
        cloud(WEB, PAUSED),
        wants("live_migrate", "web1", "web2", host="c2"),
        ["live-migrate web1 from c1 to c2", "live-migrate web2 from c1 to c2"],
    ),
    "there already": (cloud(guest("web1", "c2")), wants("live_migrate", host="c2"), []),
    "there already, and that host is disabled": (
        cloud(guest("web1", "c2"), services=(service("c2", status="disabled"),)),
        wants("live_migrate", host="c2"),
        [],
    ),
    "from a disabled host": (
        cloud(WEB, services=(service("c1", status="disabled"),)),
        wants("live_migrate", host="c2"),
        ["live-migrate web1 from c1 to c2"],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), MOVES.values(), ids=MOVES.keys())
def test_moves(before: Fleet, wanted: ServerActionWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_server_action, before, wanted)
    assert [str(s) for s in plan.steps] == steps


def test_the_scheduler_chooses() -> None:
    before = cloud(WEB)
    plan = plan_server_action(before, wants("live_migrate"))
    assert [str(s) for s in plan.steps] == [f"live-migrate web1 from c1 to {SOMEWHERE}"]
    (after,) = project_all(before, plan.steps).servers
    assert (after.host, after.status, after.zone) == ("", "ACTIVE", "nova")


def test_what_nova_would_report_of_the_target_is_foreseen() -> None:
    before = cloud(replace(WEB, node="node1", host_status="UP"), services=(EAST,))
    plan = plan_server_action(before, wants("live_migrate", host="c2"))
    (after,) = project_all(before, plan.steps).servers
    assert (after.host, after.zone, after.node, after.host_status) == ("c2", "east", None, None)


REFUSED: dict[str, tuple[Fleet, ServerActionWanted, type[FleetError], str]] = {
    "unknown target": (
        cloud(WEB),
        wants("live_migrate", host="c9"),
        InvalidError,
        "target host c9: Nova knows no such host. Known hosts: c1, c2 and c3",
    ),
    "target is disabled": (
        cloud(WEB, services=(service("c2", status="disabled"),)),
        wants("live_migrate", host="c2"),
        ConflictError,
        "target host c2: it has its compute service disabled",
    ),
    "target is down": (
        cloud(WEB, services=(service("c2", state="down"),)),
        wants("live_migrate", host="c2"),
        InvalidError,
        "target host c2: it is down",
    ),
    "target is in another zone": (
        cloud(PINNED, services=(EAST,)),
        wants("live_migrate", host="c2"),
        InvalidError,
        "server web1: c2 is in zone east, and the server is pinned to nova",
    ),
    "no other host": (
        cloud(PINNED, services=(EAST, service("c3", state="down"))),
        wants("live_migrate"),
        InvalidError,
        "no valid host was found: c2 is in zone east, and the server is pinned to nova and c3",
    ),
    "its own host is down": (
        cloud(WEB, services=(service("c1", state="down"),)),
        wants("live_migrate"),
        InvalidError,
        "server web1: its host c1 is down, so that it cannot be live-migrated",
    ),
    "under way already": (
        cloud(moving(WEB)),
        wants("live_migrate"),
        ConflictError,
        "while it is in task_state migrating",
    ),
    "stopped": (
        cloud(guest("web1", vm_state="stopped")),
        wants("live_migrate"),
        ConflictError,
        "while it is in vm_state stopped",
    ),
    "forced": (
        cloud(WEB),
        wants("stop", force=True),
        UnsupportedError,
        "option force: Nova decides how a server is stopped",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refusal(
    before: Fleet, wanted: ServerActionWanted, kind: type[FleetError], text: str
) -> None:
    with pytest.raises(FleetError) as caught:
        plan_server_action(before, wanted)
    assert caught.type is kind
    assert text in str(caught.value)
    assert caught.value.remedy


def test_a_stopped_server_keeps_its_host() -> None:
    before = cloud(WEB)
    plan = assert_fixed_point(plan_server_action, before, wants("stop"))
    (after,) = project_all(before, plan.steps).servers
    assert (after.host, after.status) == ("c1", "SHUTOFF")


def test_room_is_the_schedulers_business() -> None:
    wanted = wants("live_migrate")
    assert SERVICES in first_needs(NOVA, wanted)
    assert HOSTS not in first_needs(NOVA, wanted)
    assert HOSTS in first_needs(Traits(), wanted)
