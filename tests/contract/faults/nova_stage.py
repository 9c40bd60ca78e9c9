# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of a real cloud's hosts, looked at with plain requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contract.faults.stage import ActionRun, ServerView, Stage
from contract.rules.control import Result
from contract.rules.nova_control import NovaControl
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed

PROJECT = "demo"


class Members(NovaControl):
    """Tasks of the admin, or of a member of the servers' project."""

    def connection(self) -> Result:
        options = super().connection()
        options["auth"]["project_name"] = "admin" if self.who == "admin" else PROJECT
        return options


class NovaStage(Stage):
    """Two servers of the project demo."""

    busy, other, idle = "compute1", "compute2", "compute3"
    breaking: tuple[str, dict[str, Any]] = ("suspend", {})
    gone = "it was deleted meanwhile"
    busy_words = "while it is in task_state powering-off"
    killed = "unavailable", "stop does not continue, as the compute service of compute1 is down"
    locked = "conflict", "is locked"
    lock_remedy = "Unlock it first"

    def __init__(self, bed: Bed, store: Path) -> None:
        self.bed = bed
        self.control: Members = Members(bed, store)
        on = {"web1": self.busy, "web2": self.other}
        self.servers = bed.servers(on, project=PROJECT)

    def act(self, action: str, *names: str, **options: Any) -> ActionRun:
        """A member's own servers are named by their uuids: to look for names is an admin's right."""
        words = names or ("web1",)
        if self.control.who != "admin":
            words = tuple(self.servers[name] for name in words)
        return super().act(action, *words, **options)

    def view(self, name: str = "web1") -> ServerView:
        try:
            server = self.bed.server(self.servers[name])
        except ApiError as exc:
            if exc.status != 404:
                raise
            return ServerView("deleted", None, None)
        state, task = (server[f"OS-EXT-STS:{key}"] for key in ("vm_state", "task_state"))
        return ServerView(state, task, server["OS-EXT-SRV-ATTR:host"])

    def broken(self) -> Any:
        return self.bed.fault(fail={"suspend": "no disk left"})

    def moves_fail(self) -> Any:
        """Those of web1: XAPI's fault strikes once, too."""
        link = {"fail": {"live_migration": "the link is down"}}
        return self.bed.fault(hosts={self.busy: link})

    def moves_slow(self) -> Any:
        return self.bed.fault(live_migration_seconds=90)

    def stops_slow(self, seconds: float, other: float | None = None) -> Any:
        delays = {self.busy: seconds, self.other: other or seconds}
        return self.bed.fault(
            hosts={host: {"delay": {"power_off": delay}} for host, delay in delays.items()}
        )

    def abort(self) -> None:
        """Nova refuses until it runs."""
        uuid = self.servers["web1"]

        def running() -> Any:
            return self.bed.migrations(uuid)[-1]["status"] == "running"

        self.until(running)
        number = self.bed.migrations(uuid)[-1]["id"]
        self.bed.api("DELETE", f"/servers/{uuid}/migrations/{number}")

    def stop(self, name: str) -> None:
        self.bed.action(self.servers[name], "os-stop")

    def delete_midway(self) -> ActionRun:
        def delete() -> None:
            self.bed.action(self.servers["web1"], "forceDelete")

        with (
            self.stops_slow(2),
            self.meanwhile(lambda: self.view().task_state == "powering-off", delete),
        ):
            return self.act("stop")

    def kill(self) -> None:
        self.bed.kill(self.busy)

    def revive(self) -> None:
        """A service that starts again continues with its tasks."""
        self.bed.start(self.busy)
        self.bed.wait_service(self.busy, "up")

    def lock(self) -> None:
        """By an admin, who may override it; a member may not."""
        self.bed.action(self.servers["web1"], "lock")
        self.control.who = "demo"

    def unlock(self) -> None:
        self.bed.action(self.servers["web1"], "unlock")
