# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal says about a move, however it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, server
from unit.steps import step

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    ConflictError,
    FleetError,
    UnavailableError,
    WaitTimeout,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Fleet,
    Maintenance,
    Migration,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState, Ports
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    SERVERS,
    Reading,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.engine.apply import apply

AT_HOME = server("a", "xen1")
MOVE = step(
    "server.live_migrate",
    "a",
    {"id": "uuid-a", "source": "xen1", "target": "xen2", "memory": 1, "maintenance": "patches"},
)
AWAIT = step(
    "server.await_migration",
    "a",
    {"id": "uuid-a", "source": "xen1", "target": "xen2", "memory": 1, "migration": 5},
)


class World:
    """One server, one open maintenance. Asked to move, the server ends ``after`` that with ``error``."""

    def __init__(self, after: Server | None, error: FleetError | None, polls: int = 2) -> None:
        self.server: Server | None = AT_HOME
        self.statuses: dict[int, str] = {}
        self._after = after
        self._error = error
        self._polls = polls
        self.time = 0.0

    def ports(self, **fields: Any) -> Ports:
        other: Any = self
        return Ports(
            read=self.read,
            records=other,
            services=other,
            journal=other,
            servers=other,
            clock=other,
            wait_timeout=10,
            interval=1,
            **fields,
        )

    def read(self, wanted: Reading) -> Fleet:
        servers = [self.server] if self.server else []
        return fleet(
            [host("xen1", "p"), host("xen2", "p"), host("xen3", "p")],
            servers=servers if SERVERS in wanted else [],
            maintenances=[Maintenance("xen1", "patches", id=1)],
        )

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def record_move(self, migration: Migration) -> int:
        self.statuses[5] = migration.status
        return 5

    def finish_move(self, migration_id: int, status: str, target: str | None = None) -> None:
        self.statuses[migration_id] = status

    def start_action(self, action: str, args: ActionArgs) -> str:
        assert (action, args.id, self.statuses) == ("live_migrate", "uuid-a", {5: "running"})
        return "handle"

    def poll(self, handles: Sequence[str]) -> list[JobState]:
        self._polls -= 1
        if self._polls > 0:
            return [JobState(done=False, progress=0.5)]
        self.server = self._after
        return [JobState(True, 1.0, self._error)]


MOVED = replace(AT_HOME, host="xen2")
ENDS: dict[str, tuple[Server | None, FleetError | None, str, bool]] = {
    "done": (MOVED, None, "completed", False),
    "failed": (AT_HOME, BackendError("a", "broke"), "failed", True),
    "the task was lost, the move was not": (
        MOVED,
        UnavailableError("task", "lost"),
        "completed",
        False,
    ),
    "stopped meanwhile": (
        server("a", None),
        ConflictError("a", "is halted"),
        "cancelled",
        False,
    ),
    "deleted meanwhile": (None, ConflictError("a", "is gone"), "cancelled", False),
    "moved elsewhere meanwhile": (
        replace(AT_HOME, host="xen3"),
        ConflictError("a", "is busy"),
        "cancelled",
        False,
    ),
}


@pytest.mark.parametrize(("after", "error", "status", "fails"), ENDS.values(), ids=ENDS.keys())
def test_how_a_move_ends(
    after: Server | None, error: FleetError | None, status: str, fails: bool
) -> None:
    world = World(after, error)
    if fails:
        with pytest.raises(BackendError, match="broke"):
            apply(Plan((MOVE,)), world.ports())
    else:
        assert apply(Plan((MOVE,)), world.ports()) == [MOVE]
    assert world.statuses == {5: status}


def test_a_move_that_outlasts_the_wait_keeps_its_record_open() -> None:
    world = World(MOVED, None, polls=100)
    with pytest.raises(WaitTimeout):
        apply(Plan((MOVE,)), world.ports())
    assert world.statuses == {5: "running"}


class Arriving(World):
    """The server is on its way already and arrives, or not, at the third reading."""

    def __init__(self, after: Server | None) -> None:
        super().__init__(after, None)
        self.server = replace(AT_HOME, task_state="migrating")
        self._readings = 0

    def read(self, wanted: Reading) -> Fleet:
        self._readings += 1
        if self._readings == 3:
            self.server = self._after
        return super().read(wanted)


def test_a_move_of_an_earlier_run_is_waited_for() -> None:
    world = Arriving(MOVED)
    assert apply(Plan((AWAIT,)), world.ports()) == [AWAIT]
    assert world.statuses == {5: "completed"}


def test_a_move_of_an_earlier_run_that_fails_is_reported() -> None:
    world = Arriving(AT_HOME)
    with pytest.raises(BackendError, match="ended without moving it"):
        apply(Plan((AWAIT,)), world.ports())
    assert world.statuses == {5: "failed"}
