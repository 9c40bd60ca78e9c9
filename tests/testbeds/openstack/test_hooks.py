# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each method of the virt driver that can be slow and fail is so, in Nova's own eyes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed, until
from testbeds.openstack.inside.testbed_hooks import HOOKS
from testbeds.openstack.looking import logged, settled

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
# These two need a live migration that lasts: test_faults.py.
OF_A_RUNNING_MIGRATION = {"live_migration_abort", "live_migration_force_complete"}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """One for each hook, all booted together: that takes a third of the time."""
    bed = Bed.required()
    try:
        yield bed.servers({hook: bed.hosts[n % 4] for n, hook in enumerate(CASES)})
    finally:
        bed.clean()


def test_every_hook_is_tried() -> None:
    assert {*CASES} | OF_A_RUNNING_MIGRATION == {*HOOKS}


@pytest.mark.parametrize("hook", CASES)
def test_a_hook_is_slow_and_fails(servers: dict[str, str], hook: str) -> None:
    bed, server = Bed.required(), servers[hook]
    before, trigger, status = CASES[hook]
    for step in before:
        bed.action(server, *step)
    text = f"sabotaged {hook} of {server}"
    began = time.monotonic()
    with bed.fault(delay={hook: DELAY_S}, fail={hook: text}):
        refused = refusal(bed, server, trigger)
        until(f"Nova noticing {text!r}", lambda: noticed(bed, hook, text))
        assert time.monotonic() - began >= DELAY_S
        until(f"{status} after {text}", lambda: settled(bed, server) == status)
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
    """Whether Nova has met the failure. That of a snapshot it reports nowhere, but it removes the image."""
    if hook == "snapshot":
        return not bed.api("GET", "/images?name=snapshot", service="glance")["images"]
    return logged(bed, text)
