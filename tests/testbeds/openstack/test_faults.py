# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault does what it says, so that tests built on one are not green for want of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed, until
from testbeds.openstack.inside.testbed_hooks import HOOKS

pytestmark = pytest.mark.nova

DELAY_S = 0.7
Step = tuple[str, Any]
LIVE: Step = ("os-migrateLive", {"host": None, "block_migration": "auto"})
COLD: Step = ("migrate", None)
# Hook: status and action that lead there, what then calls the hook, the server's status after it
# failed. (Nova's: what it rolls back, what it gives up on.)
CASES: dict[str, tuple[list[tuple[str, Any, str]], Step, str]] = {
    "check_can_live_migrate_destination": ([], LIVE, "ACTIVE"),
    "check_can_live_migrate_source": ([], LIVE, "ACTIVE"),
    "confirm_migration": ([(*COLD, "VERIFY_RESIZE")], ("confirmResize", None), "ERROR"),
    "destroy": ([], ("forceDelete", None), "ERROR"),
    "finish_migration": ([], COLD, "ERROR"),
    "finish_revert_migration": ([(*COLD, "VERIFY_RESIZE")], ("revertResize", None), "ERROR"),
    "get_console_output": ([], ("os-getConsoleOutput", {}), "ACTIVE"),
    "migrate_disk_and_power_off": ([], COLD, "ERROR"),
    "pause": ([], ("pause", None), "ACTIVE"),
    "power_off": ([], ("os-stop", None), "ACTIVE"),
    "power_on": ([("os-stop", None, "SHUTOFF")], ("os-start", None), "SHUTOFF"),
    "pre_live_migration": ([], LIVE, "ACTIVE"),
    "reboot": ([], ("reboot", {"type": "HARD"}), "ACTIVE"),
    "rescue": ([], ("rescue", {}), "ERROR"),
    "resume": ([("suspend", None, "SUSPENDED")], ("resume", None), "ERROR"),
    "set_admin_password": ([], ("changePassword", {"adminPass": "new"}), "ACTIVE"),
    "snapshot": ([], ("createImage", {"name": "snapshot"}), "ACTIVE"),
    "spawn": ([("shelve", None, "SHELVED_OFFLOADED")], ("unshelve", None), "SHELVED_OFFLOADED"),
    "suspend": ([], ("suspend", None), "ERROR"),
    "trigger_crash_dump": ([], ("trigger_crash_dump", None), "ACTIVE"),
    "unpause": ([("pause", None, "PAUSED")], ("unpause", None), "PAUSED"),
    "unrescue": ([("rescue", {}, "RESCUE")], ("unrescue", None), "ERROR"),
}
# These two need a live migration that lasts: see below.
OF_A_RUNNING_MIGRATION = {"live_migration_abort", "live_migration_force_complete"}


def test_every_hook_is_tried() -> None:
    assert {*CASES} | OF_A_RUNNING_MIGRATION == {*HOOKS}


@pytest.mark.parametrize("hook", CASES)
def test_a_hook_is_slow_and_fails(bed: Bed, hook: str) -> None:
    before, trigger, status = CASES[hook]
    (server,) = bed.servers({hook: "compute1"}).values()
    for step in before:
        bed.action(server, *step)
    text = f"sabotaged {hook} of {server}"
    began = time.monotonic()
    with bed.fault(delay={hook: DELAY_S}, fail={hook: text}):
        refused = refusal(bed, server, trigger)
        until(f"Nova noticing {text!r}", lambda: noticed(bed, hook, text), 20)
        assert time.monotonic() - began >= DELAY_S
        until(f"{status} after {text}", lambda: settled(bed, server) == status, 20)
    # The two that Nova waits for.
    expected = {"get_console_output": 500, "set_admin_password": 409}.get(hook)
    assert (refused.status if refused else None) == expected


def refusal(bed: Bed, server: str, trigger: Step) -> ApiError | None:
    try:
        bed.action(server, *trigger)
    except ApiError as exc:
        return exc
    return None


def noticed(bed: Bed, hook: str, text: str) -> bool:
    """Whether Nova has met the failure. That of a snapshot it tells nobody, but takes the image away."""
    if hook == "snapshot":
        return not bed.api("GET", "/images?name=snapshot", service="glance")["images"]
    return logged(bed, text)


def logged(bed: Bed, text: str) -> bool:
    logs = (bed.layout.log / f"{host}.log" for host in bed.hosts)
    return any(text in log.read_text(encoding="utf-8", errors="replace") for log in logs)


def settled(bed: Bed, server: str) -> str | None:
    found = bed.server(server)
    return None if found["OS-EXT-STS:task_state"] else found["status"]


def migrate(bed: Bed, server: str, state: str) -> dict[str, Any]:
    """Begin a live migration to compute2; its record, once it has that status."""
    bed.action(server, "os-migrateLive", {"host": "compute2", "block_migration": "auto"})
    return until(f"migration {state}", lambda: in_state(bed, server, state))


def in_state(bed: Bed, server: str, state: str) -> dict[str, Any] | None:
    records = bed.migrations(server)
    return records[-1] if records and records[-1]["status"] == state else None


def test_a_live_migration_that_fails_leaves_the_server_where_it_was(bed: Bed) -> None:
    (server,) = bed.servers({"stays": "compute1"}).values()
    with bed.fault(fail={"live_migration": "link lost"}):
        migrate(bed, server, "failed")
    found = bed.wait_server(server, "ACTIVE")
    assert found["OS-EXT-SRV-ATTR:host"] == "compute1"


def test_a_live_migration_that_fails_late_ends_in_error(bed: Bed) -> None:
    (server,) = bed.servers({"lost": "compute1"}).values()
    with bed.fault(fail={"live_migration_late": "link lost"}):
        migrate(bed, server, "error")
        # Without a "fault": Nova writes none for this.
        assert bed.wait_server(server, "ERROR")["OS-EXT-SRV-ATTR:host"] == "compute1"


def test_a_live_migration_lasts_until_the_fault_ends(bed: Bed) -> None:
    (server,) = bed.servers({"slow": "compute1"}).values()
    with bed.fault(live_migration_seconds=600):
        migrate(bed, server, "running")
        time.sleep(2)
        assert in_state(bed, server, "running")
    until("completed", lambda: in_state(bed, server, "completed"), 20)
    assert bed.wait_server(server, "ACTIVE")["OS-EXT-SRV-ATTR:host"] == "compute2"


@pytest.mark.parametrize(
    ("action", "state", "host"),
    [
        ("live_migration_abort", "cancelled", "compute1"),
        ("live_migration_force_complete", "completed", "compute2"),
    ],
)
def test_a_running_live_migration_obeys_or_not(
    bed: Bed, action: str, state: str, host: str
) -> None:
    (server,) = bed.servers({"moving": "compute1"}).values()
    text = f"sabotaged {action} of {server}"
    with bed.fault(live_migration_seconds=600, fail={action: text}, delay={action: DELAY_S}):
        path = f"/servers/{server}/migrations/{migrate(bed, server, 'running')['id']}"
        began = time.monotonic()
        ask(bed, path, action)
        until(f"{text!r} in a log of the hosts", lambda: logged(bed, text), 20)
        assert time.monotonic() - began >= DELAY_S
        assert in_state(bed, server, "running")
        with bed.fault(live_migration_seconds=600):
            ask(bed, path, action)
            until(state, lambda: in_state(bed, server, state), 20)
    assert bed.wait_server(server, "ACTIVE")["OS-EXT-SRV-ATTR:host"] == host


def ask(bed: Bed, path: str, action: str) -> None:
    if action == "live_migration_abort":
        bed.api("DELETE", path)
    else:
        bed.api("POST", f"{path}/action", {"force_complete": None})


def test_a_fault_of_one_host_leaves_the_others_alone(bed: Bed) -> None:
    made = bed.servers({"here": "compute1", "there": "compute2"})
    with bed.fault(hosts={"compute1": {"fail": {"pause": "stuck"}}}):
        bed.action(made["there"], "pause", status="PAUSED")
        bed.action(made["here"], "pause")
        until("the failure", lambda: logged(bed, "stuck"), 20)
        until("no task", lambda: settled(bed, made["here"]) == "ACTIVE", 20)
