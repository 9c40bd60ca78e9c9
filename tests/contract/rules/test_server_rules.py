# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Compute API's rules on servers and their moves, rows 31 to 33, 40, 41 and 52, through the modules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.control import Control
from simulators.launch import Simulator

SITE: dict[str, Any] = {
    "clock": {"factor": 50},
    "login_delay": 0,
    "link_gbit": 2,
    "hosts": [
        {"name": "xen", "count": 3, "memory": "64 GiB", "pool": "fleet"},
        {"name": "lone", "memory": "64 GiB"},
    ],
    "pools": {
        "fleet": {
            "srs": [{"name": "shared", "default": True}],
            "networks": [{"name": "inside"}],
        }
    },
    "vms": [
        {"name": "web1", "memory": "1 GiB", "where": "xen1"},
        {"name": "big", "memory": "40 GiB", "where": "xen1"},
        {"name": "filler", "memory": "40 GiB", "where": "xen3"},
        {"name": "scratch", "memory": "1 GiB", "storage": "local", "where": "xen1"},
        {"name": "private", "memory": "1 GiB", "network": "inside", "where": "xen1"},
        {"name": "off", "memory": "1 GiB", "state": "halted", "where": "xen1"},
        {"name": "twin", "memory": "1 GiB", "where": "xen1"},
        {"name": "twin", "memory": "1 GiB", "where": "xen2"},
    ],
}


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    """On a site of its own, since servers do change."""
    with Simulator(SITE) as site:
        yield Control(site, tmp_path / "store.db")


def to(host: str | None, *servers: str) -> dict[str, Any]:
    return {"action": "live_migrate", "servers": list(servers or ("web1",)), "host": host}


def test_row_31_disabled_host_is_no_target(control: Control) -> None:
    control.done("compute_service", hosts=["xen2"], status="disabled")
    control.refused(
        409,
        "target host xen2: it has its compute service disabled",
        "server_action",
        **to("xen2"),
    )
    control.done("server_action", **to(None))
    assert control.guest("web1")["host"] == "xen3"
    control.done("compute_service", hosts=["xen1"], status="disabled")
    control.refused(400, "no valid host was found", "server_action", **to(None))


def test_row_31_disabled_host_is_a_source(control: Control) -> None:
    control.done("compute_service", hosts=["xen1"], status="disabled")
    control.done("server_action", **to("xen2"))
    assert control.guest("web1")["host"] == "xen2"


def test_row_32_unknown_server(control: Control) -> None:
    uuid = "00000000-0000-4000-8000-000000000000"
    control.refused(
        404,
        f"server nobody and {uuid}: no server has this name or uuid",
        "server_action",
        action="stop",
        servers=["web1", "nobody", uuid],
    )
    error = control.refused(
        409, "2 servers have this name", "server_action", action="stop", servers=["twin"]
    )
    uuids = [v["uuid"] for k, v in control.site.get("/state")["vms"].items() if "twin" in k]
    assert error["details"]["servers"] == {"twin": sorted(uuids)}


WRONG = [
    ("stopped", ["stop"], ["pause", "unpause", "suspend", "resume", "reboot_soft", "live_migrate"]),
    ("paused", ["pause"], ["start", "stop", "suspend", "resume", "reboot_soft"]),
    (
        "suspended",
        ["suspend"],
        ["start", "stop", "pause", "unpause", "reboot_soft", "live_migrate"],
    ),
    ("active", ["start", "unpause", "resume"], []),
]
TO_STATE = {"stopped": "stop", "paused": "pause", "suspended": "suspend"}


@pytest.mark.parametrize(("state", "satisfied", "refused"), WRONG, ids=[w[0] for w in WRONG])
def test_row_33_wrong_vm_state(
    control: Control, state: str, satisfied: list[str], refused: list[str]
) -> None:
    if state in TO_STATE:
        control.done("server_action", action=TO_STATE[state], servers=["web1"])
    for action in satisfied:
        control.kept("server_action", action=action, servers=["web1"])
    uuid = control.guest("web1")["uuid"]
    for action in refused:
        text = f"Cannot '{action}' server {uuid} while it is in vm_state {state}"
        control.refused(409, text, "server_action", action=action, servers=["web1"])


def test_row_33_task_state(control: Control) -> None:
    control.done("server_action", **to("xen2", "big"), wait=False)
    uuid = control.guest("big")["uuid"]
    busy = control.done("server_info", name="big")["servers"][0]
    assert (busy["status"], busy["task_state"]) == ("MIGRATING", "migrating")
    for action in ("stop", "pause", "reboot_hard", "start"):
        result = control.run("server_action", action=action, servers=["big"])
        assert result["error"]["status"] == 409
        text = f"Cannot '{action}' server {uuid} while it is in task_state migrating"
        assert text in result["msg"]


def test_row_33_force_ends_a_shutdown_that_hangs(control: Control) -> None:
    """XAPI lets hard_shutdown cancel a clean one; force has no counterpart in Nova."""
    control.site.post("/tweak", {"settings": {"shutdown_s": 1000}})
    control.done("server_action", action="stop", servers=["web1"], wait=False)
    result = control.run("server_action", action="stop", servers=["web1"])
    assert "while it is in task_state powering-off" in result["msg"]
    control.done("server_action", action="stop", servers=["web1"], force=True)
    assert control.guest("web1")["power_state"] == "Halted"


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "unknown target": (to("xen9"), "target host xen9: no coordinator"),
    "another pool": (to("lone"), "target host lone is in another pool"),
    "storage": (to("xen2", "scratch"), "is not attached"),
    "network": (to("xen2", "private"), "network inside is missing"),
    "memory": (to("xen3", "big"), "of memory is needed for big"),
    "no valid host": (to(None, "scratch"), "no valid host was found"),
}


@pytest.mark.parametrize(("task", "text"), UNFIT.values(), ids=UNFIT)
def test_row_40_unfit_target(control: Control, task: dict[str, Any], text: str) -> None:
    control.refused(400, text, "server_action", **task)


def test_row_40_target_down(control: Control) -> None:
    control.done("compute_service", hosts=["xen2"], forced_down=True)
    control.refused(400, "target host xen2: it is forced down", "server_action", **to("xen2"))


def test_row_40_only_running_servers(control: Control) -> None:
    control.refused(409, "while it is in vm_state stopped", "server_action", **to("xen2", "off"))
    control.done("server_action", action="pause", servers=["web1"])
    control.refused(409, "does not allow pool_migrate", "server_action", **to("xen2"))


def test_row_40_target_is_where_it_is(control: Control) -> None:
    control.kept("server_action", **to("xen1"))


def test_row_41_failed_move_leaves_the_server_as_it_was(control: Control) -> None:
    before = control.guest("web1")
    fault = {
        "action": "error",
        "method": "VM.pool_migrate",
        "error": ["INTERNAL_ERROR", "migration failed"],
    }
    control.site.post("/faults", fault)
    result = control.run("server_action", **to("xen2"))
    assert result["failed"]
    assert "web1" in result["msg"]
    assert control.guest("web1") == before
    found = control.done("server_info", name="web1")["servers"][0]
    assert (found["status"], found["task_state"], found["host"]) == ("ACTIVE", None, "xen1")
    assert control.done("server_action", **to("xen2"))["changed"]
    assert control.guest("web1")["host"] == "xen2"


def test_row_52_account_without_the_right(control: Control) -> None:
    """XAPI's roles decide; the simulator has none, so that the refusal itself is ordered."""
    fault = {
        "action": "error",
        "method": "VM.pause",
        "error": ["RBAC_PERMISSION_DENIED", "VM.pause", "No permission in user session"],
    }
    control.site.post("/faults", fault)
    before = control.guest("web1")
    result = control.run("server_action", action="pause", servers=["web1"])
    assert (result["error"]["code"], result["error"]["status"]) == ("forbidden", 403)
    assert control.guest("web1") == before
