# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of simulated hosts, and a plain XenAPI client to look at them with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract.faults.stage import ActionRun, ServerView, Stage
from contract.rules.xapi_control import STATES, XapiControl
from simulators.client import Client
from simulators.launch import Simulator

FACTOR = 50
SITE: dict[str, Any] = {
    "clock": {"factor": FACTOR},
    "login_delay": 0,
    "hosts": [{"name": "xen", "count": 3, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "web1", "memory": "4 GiB", "where": "xen2"},
        {"name": "web2", "memory": "1 GiB", "where": "xen1"},
    ],
}
TASKS = {"clean_shutdown": "powering-off", "pool_migrate": "migrating"}


class XapiStage(Stage):
    """A pool of three; web1 is on a supporter, so that its host may die."""

    busy, other, idle = "xen2", "xen1", "xen3"
    breaking = "migrate", {"host": "xen3"}
    gone = "the VM is gone"
    busy_words = "its power state is halted, but this operation requires running"
    killed = "unavailable", "xen2"
    locked = "conflict", "an audit"
    lock_remedy = "Remove that block first"

    def __init__(self, site: Simulator, store: Path) -> None:
        self.site = site
        self.control = XapiControl(site, store)
        self.client = Client(site.hosts["xen1"])

    def view(self, name: str = "web1") -> ServerView:
        """A vm_state that is marked on the VM counts."""
        refs = self.client("VM.get_by_name_label", name)
        if not refs:
            return ServerView("deleted", None, None)
        vm = self.client("VM.get_record", refs[0])
        running = list(vm["current_operations"].values())
        task = vm["other_config"].get("xenfleet:task_state", "").split()[:1] or running
        state = vm["other_config"].get("xenfleet:vm_state") or STATES[vm["power_state"]]
        hosts = self.client("host.get_all_records")
        host = hosts.get(vm["resident_on"], {}).get("name_label")
        return ServerView(state, TASKS.get(task[0], task[0]) if task else None, host)

    def tweak(self, **settings: float) -> None:
        self.site.post("/tweak", {"settings": settings})

    @contextmanager
    def fails(self, method: str, text: str) -> Iterator[None]:
        error = ["INTERNAL_ERROR", text]
        self.site.post("/faults", {"action": "error", "method": method, "error": error})
        yield
        self.site.delete("/faults")

    def broken(self) -> Any:
        return self.fails("VM.start_on", "no disk left")

    def moves_fail(self) -> Any:
        return self.fails("VM.pool_migrate", "the link is down")

    @contextmanager
    def moves_slow(self) -> Iterator[None]:
        """Bytes per second; the guest writes 5 MiB in that time."""
        self.tweak(link=7e6)
        yield
        self.tweak(link=1e9)

    @contextmanager
    def stops_slow(self, seconds: float, other: float | None = None) -> Iterator[None]:
        """All stops alike."""
        self.tweak(shutdown_s=seconds * FACTOR)
        yield
        self.tweak(shutdown_s=1)

    def abort(self) -> None:
        operations = self.client("VM.get_current_operations", self.client.vm("web1"))
        (task,) = (task for task, op in operations.items() if op == "pool_migrate")
        self.client("task.cancel", task)

    def stop(self, name: str) -> None:
        self.client("Async.VM.clean_shutdown", self.client.vm(name))

    def delete_midway(self) -> ActionRun:
        """XAPI destroys no VM that runs or is worked on; a resize leaves it alone between its calls."""
        vm = self.client.vm("web1")
        delay = {"action": "delay", "method": "VM.set_memory_limits", "seconds": 3 * FACTOR}
        self.site.post("/faults", delay)

        def resting() -> bool:
            state = self.client("VM.get_power_state", vm)
            return state == "Halted" and not self.client("VM.get_current_operations", vm)

        with self.meanwhile(resting, lambda: self.client("VM.destroy", vm)):
            return self.act("resize", vcpus=4)

    def kill(self) -> None:
        self.site.post("/faults", {"action": "kill", "target": self.busy})

    def revive(self) -> None:
        self.site.post("/faults", {"action": "revive", "target": self.busy})
        # Its guests are counted as halted once it has reported to the coordinator that it is back.
        self.until(lambda: self.view().vm_state == "stopped")

    def lock(self) -> None:
        """For everybody, root included."""
        blocked = dict.fromkeys(("clean_shutdown", "hard_shutdown"), "an audit")
        self.client("VM.set_blocked_operations", self.client.vm("web1"), blocked)

    def unlock(self) -> None:
        self.client("VM.set_blocked_operations", self.client.vm("web1"), {})
