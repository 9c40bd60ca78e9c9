# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancelled tasks end at once, and hard shutdowns and reboots cancel what they overtake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.xenfleet.compute.tests.simulators.client import Client
from ansible_collections.xenfleet.compute.tests.simulators.launch import Simulator

FOR_EVER = 1e9
SITE: dict[str, Any] = {
    "clock": {"factor": 100},
    "times": {"shutdown_s": FOR_EVER},
    "hosts": [{"name": "xen", "memory": "16 GiB"}],
    "vms": [{"name": "guest", "memory": "1 GiB", "where": "xen", "storage": "none"}],
}


@pytest.fixture
def api() -> Iterator[Client]:
    """Of a host whose guest takes its time to shut down."""
    with Simulator(SITE) as running:
        yield Client(running.hosts["xen"])


def test_a_cancelled_task_does_not_wait_for_its_time(api: Client) -> None:
    task = api("Async.VM.clean_shutdown", api.vm("guest"))
    api("task.cancel", task)
    assert api.finish(task)["status"] == "cancelled"
    assert api("VM.get_current_operations", api.vm("guest")) == {}
    assert api("VM.get_power_state", api.vm("guest")) == "Running"


@pytest.mark.parametrize(
    ("hard", "state"), [("hard_shutdown", "Halted"), ("hard_reboot", "Running")]
)
@pytest.mark.parametrize("clean", ["clean_shutdown", "clean_reboot"])
def test_the_hard_way_cancels_the_clean_one(api: Client, clean: str, hard: str, state: str) -> None:
    vm = api.vm("guest")
    asked = api(f"Async.VM.{clean}", vm)
    while not api("VM.get_current_operations", vm):
        pass
    api(f"VM.{hard}", vm)
    assert api("VM.get_power_state", vm) == state
    assert api.finish(asked)["status"] == "cancelled"
    assert api("VM.get_current_operations", vm) == {}


def test_what_is_refused_cancels_nothing(api: Client) -> None:
    vm = api.vm("guest")
    asked = api("Async.VM.clean_shutdown", vm)
    while not api("VM.get_current_operations", vm):
        pass
    api("VM.add_to_blocked_operations", vm, "hard_shutdown", "protected")
    assert api.error("VM.hard_shutdown", vm) == ["OPERATION_BLOCKED", vm, "protected"]
    assert api("task.get_status", asked) == "pending"
