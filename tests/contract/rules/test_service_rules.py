# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Compute API's rules on compute services, rows 23 to 30, through the modules."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from contract.rules.conftest import FLEET
from contract.rules.control import Control
from simulators.launch import Simulator


@pytest.mark.parametrize("binary", ["nova-conductor", "nova-scheduler", ""])
def test_row_23_only_compute_services(control: Control, binary: str) -> None:
    control.refused(
        400,
        "only nova-compute services",
        "compute_service",
        hosts=["xen1"],
        binary=binary,
        status="disabled",
    )


BAD_UPDATES: dict[str, dict[str, Any]] = {
    "empty reason": {"status": "disabled", "disabled_reason": ""},
    "long reason": {"status": "disabled", "disabled_reason": "x" * 256},
    "reason for enabling": {"status": "enabled", "disabled_reason": "fan"},
    "reason alone": {"disabled_reason": "fan"},
    "reason for forcing": {"forced_down": True, "disabled_reason": "fan"},
    "nothing": {},
}


@pytest.mark.parametrize("update", BAD_UPDATES.values(), ids=BAD_UPDATES)
def test_row_24_reason(control: Control, update: dict[str, Any]) -> None:
    control.refused(
        400, "compute service of host xen1", "compute_service", hosts=["xen1"], **update
    )


def test_row_24_longest_reason(control: Control) -> None:
    reason = "x" * 255
    control.done("compute_service", hosts=["xen1"], status="disabled", disabled_reason=reason)
    assert control.service("xen1") == {
        "disabled": 1,
        "disabled_reason": reason,
        "forced_down": 0,
    }


@pytest.mark.parametrize("host", ["xen9", "XEN1"])
def test_row_25_unknown_service(control: Control, host: str) -> None:
    for update in ({"status": "disabled"}, {"forced_down": True}, {"wait_for": "up"}):
        control.refused(
            404,
            f"compute service of host {host}: no record",
            "compute_service",
            hosts=["xen1", host],
            **update,
        )


def test_row_26_reason_is_cleared(control: Control) -> None:
    disable = {"hosts": ["xen1"], "status": "disabled"}
    with_reason = {**disable, "disabled_reason": "fan"}
    control.done("compute_service", **with_reason)
    control.kept("compute_service", **with_reason)
    control.done("compute_service", **disable)
    cleared = {"disabled": 1, "disabled_reason": None, "forced_down": 0}
    assert control.service("xen1") == cleared
    control.kept("compute_service", **disable)
    control.done("compute_service", **with_reason)
    control.done("compute_service", hosts=["xen1"], status="enabled")
    assert control.service("xen1") == {**cleared, "disabled": 0}
    control.kept("compute_service", hosts=["xen1"], status="enabled")


def test_row_27_forced_down_until_evacuations_are_completed(control: Control) -> None:
    control.done("compute_service", hosts=["xen2"], forced_down=True)
    control.kept("compute_service", hosts=["xen2"], forced_down=True)
    control.migration("xen1", "xen2", "evacuation", "done")
    control.migration("xen2", "xen1", "evacuation", "completed")
    control.migration("xen2", "xen1", "live-migration", "done")
    control.done("compute_service", hosts=["xen2"], forced_down=False)
    control.done("compute_service", hosts=["xen2"], forced_down=True)
    control.migration("xen2", "xen1", "evacuation", "done")
    control.refused(
        400,
        "done but not completed",
        "compute_service",
        hosts=["xen1", "xen2"],
        forced_down=False,
        status="disabled",
    )
    control.sql("update xenfleet_migrations set status = 'completed'")
    control.done("compute_service", hosts=["xen2"], forced_down=False)
    assert control.service("xen2") == {"disabled": 0, "disabled_reason": None, "forced_down": 0}


def test_row_28_delete_with_servers(control: Control) -> None:
    control.done("compute_service", hosts=["xen1"], status="disabled")
    control.refused(
        409,
        "it still has servers: web1",
        "compute_service",
        hosts=["xen1"],
        state="absent",
    )


ENDED = ["confirmed", "reverted", "error", "failed", "completed", "cancelled", "done"]
UNFINISHED = ["accepted", "queued", "preparing", "running", "post-migrating", "finished"]


@pytest.mark.parametrize("status", UNFINISHED)
@pytest.mark.parametrize(("source", "target"), [("lone1", "xen1"), ("xen1", "lone1")])
def test_row_28_delete_with_migrations(
    control: Control, status: str, source: str, target: str
) -> None:
    control.done("compute_service", hosts=["lone1"], status="disabled")
    for ended in ENDED:
        control.migration(source, target, "live-migration", ended)
    control.migration(source, target, "live-migration", status)
    control.refused(409, f"web1 ({status})", "compute_service", hosts=["lone1"], state="absent")
    control.sql("delete from xenfleet_migrations where status = ?", status)
    control.done("compute_service", hosts=["lone1"], state="absent")
    assert control.service("lone1") is None


def test_row_29_delete_leaves_all_aggregates(control: Control) -> None:
    for name in ("prod", "ssd"):
        control.done("aggregate", name=name, hosts=["lone1", "lone2"])
    control.done("compute_service", hosts=["lone1"], state="absent")
    assert (control.members("prod"), control.members("ssd")) == (["lone2"], ["lone2"])
    control.kept("compute_service", hosts=["lone1"], state="absent")
    control.kept("compute_service", hosts=["never-there"], state="absent")


def host_status(control: Control, server: str) -> tuple[str, str, str]:
    """status and state of the server's host's service, and host_status of the server."""
    found = control.done("server_info", name=f"^{server}$")["servers"][0]
    service = control.done("compute_service_info", host=found["host"])["services"][0]
    return service["status"], service["state"], found["host_status"]


def test_row_30_states_and_their_precedence(tmp_path: Path) -> None:
    """The heartbeat is the host's liveness as its coordinator sees it."""
    vms = [{"name": "web1", "memory": "2 GiB", "where": "xen2"}]
    with Simulator({**FLEET, "vms": vms, "times": {"heartbeat_s": 20}}) as site:
        control = Control(site, tmp_path / "store.db")
        assert host_status(control, "web1") == ("enabled", "up", "UP")
        control.done("compute_service", hosts=["xen2"], status="disabled")
        assert host_status(control, "web1") == ("disabled", "up", "MAINTENANCE")
        control.done("compute_service", hosts=["xen2"], forced_down=True)
        assert host_status(control, "web1") == ("disabled", "down", "DOWN")
        control.done("compute_service", hosts=["xen2"], status="enabled")
        assert host_status(control, "web1") == ("enabled", "down", "DOWN")
        control.done("compute_service", hosts=["xen2"], forced_down=False)
        assert host_status(control, "web1") == ("enabled", "up", "UP")
        site.post("/faults", {"action": "kill", "target": "xen2"})
        control.done("compute_service", hosts=["xen2"], wait_for="down", wait_timeout=20)
        assert host_status(control, "web1") == ("enabled", "down", "UNKNOWN")
        control.done("compute_service", hosts=["xen2"], status="disabled")
        assert host_status(control, "web1") == ("disabled", "down", "MAINTENANCE")


def test_row_30_a_silent_host_is_down_once_it_is_on_record(tmp_path: Path) -> None:
    with Simulator(FLEET) as site:
        control = Control(site, tmp_path / "store.db")
        control.done("compute_service", hosts=["lone1"], status="disabled")
        site.post("/faults", {"action": "kill", "target": "lone1"})
        begun = time.monotonic()
        found = control.done("compute_service_info", host="lone1")["services"]
        assert [(s["status"], s["state"]) for s in found] == [("disabled", "down")]
        assert time.monotonic() - begun < 20
