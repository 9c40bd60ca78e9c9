# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Compute API's rules on compute services, rows 23 to 29, through the modules, on both control
planes.
"""

from __future__ import annotations

from typing import Any

import pytest
from contract.rules.control import Control
from contract.rules.xapi_control import XapiControl

pytestmark = pytest.mark.memory

ENABLED = {"status": "enabled", "disabled_reason": None, "forced_down": False}


@pytest.mark.parametrize("binary", ["nova-conductor", "nova-scheduler"])
def test_row_23_only_compute_services(control: Control, binary: str) -> None:
    control.refused(
        400,
        "only nova-compute services",
        "compute_service",
        hosts=[control.idle],
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
    text = f"compute service of host {control.idle}"
    control.refused(400, text, "compute_service", hosts=[control.idle], **update)


def test_row_24_longest_reason(control: Control) -> None:
    reason = "x" * 255
    disabled = {"status": "disabled", "disabled_reason": reason}
    control.done("compute_service", hosts=[control.idle], **disabled)
    assert control.service(control.idle) == {**disabled, "forced_down": False}


@pytest.mark.parametrize("spelt", ["unknown", "upper"])
def test_row_25_unknown_service(control: Control, spelt: str) -> None:
    host = control.idle.upper() if spelt == "upper" else "xen9"
    for update in ({"status": "disabled"}, {"forced_down": True}, {"wait_for": "up"}):
        control.refused(
            404,
            f"compute service of host {host}: ",
            "compute_service",
            hosts=[control.idle, host],
            **update,
        )


def test_row_26_reason_is_cleared(control: Control) -> None:
    disable = {"hosts": [control.idle], "status": "disabled"}
    with_reason = {**disable, "disabled_reason": "fan"}
    control.done("compute_service", **with_reason)
    control.kept("compute_service", **with_reason)
    control.done("compute_service", **disable)
    cleared = {"status": "disabled", "disabled_reason": None, "forced_down": False}
    assert control.service(control.idle) == cleared
    control.kept("compute_service", **disable)
    control.given("compute_service", **with_reason)
    control.done("compute_service", hosts=[control.idle], status="enabled")
    assert control.service(control.idle) == ENABLED
    control.kept("compute_service", hosts=[control.idle], status="enabled")


def test_row_27_forced_down_until_evacuations_are_completed(control: Control) -> None:
    host = control.spare2
    control.evacuate(host)
    control.kept("compute_service", hosts=[host], forced_down=True)
    control.refused(
        400,
        "in status done, not completed",
        "compute_service",
        hosts=[control.idle, host],
        forced_down=False,
        status="disabled",
    )
    control.forget_evacuations(host)
    control.done("compute_service", hosts=[host], forced_down=False)
    assert control.service(host) == ENABLED


def test_row_27_other_moves_do_not_count(xapi: XapiControl) -> None:
    one, other = xapi.busy, xapi.idle
    xapi.given("compute_service", hosts=[other], forced_down=True)
    xapi.migration(one, other, "evacuation", "done")
    xapi.migration(other, one, "evacuation", "completed")
    xapi.migration(other, one, "live-migration", "done")
    xapi.done("compute_service", hosts=[other], forced_down=False)


def test_row_28_delete_with_servers(control: Control) -> None:
    control.given("compute_service", hosts=[control.busy], status="disabled")
    control.refused(
        409,
        "it still has servers: web1",
        "compute_service",
        hosts=[control.busy],
        state="absent",
    )


def test_row_28_delete_with_migrations(control: Control) -> None:
    """spare2 has no server any more, only the record of a move that may yet be taken back."""
    control.move_away_for_now(control.spare2)
    control.refused(409, "(finished)", "compute_service", hosts=[control.spare2], state="absent")


ENDED = ["confirmed", "reverted", "error", "failed", "completed", "cancelled", "done"]
UNFINISHED = ["accepted", "queued", "preparing", "running", "post-migrating", "finished"]


@pytest.mark.parametrize("status", UNFINISHED)
@pytest.mark.parametrize(("source", "target"), [("lone1", "xen1"), ("xen1", "lone1")])
def test_row_28_each_status(xapi: XapiControl, status: str, source: str, target: str) -> None:
    xapi.given("compute_service", hosts=["lone1"], status="disabled")
    for ended in ENDED:
        xapi.migration(source, target, "live-migration", ended)
    xapi.migration(source, target, "live-migration", status)
    xapi.refused(409, f"web1 ({status})", "compute_service", hosts=["lone1"], state="absent")
    xapi.sql("delete from xenfleet_migrations where status = ?", status)
    xapi.done("compute_service", hosts=["lone1"], state="absent")
    assert xapi.service("lone1") is None


def test_row_29_delete_leaves_all_aggregates(control: Control) -> None:
    one, other = control.spare1, control.spare2
    for name in ("prod", "ssd"):
        control.given("aggregate", name=name, hosts=[one, other])
    control.given("compute_service", hosts=[other], status="disabled")
    control.done("compute_service", hosts=[other], state="absent")
    assert control.service(other) is None
    assert (control.members("prod"), control.members("ssd")) == ([one], [one])
    control.kept("compute_service", hosts=[other], state="absent")
    control.kept("compute_service", hosts=["never-there"], state="absent")
