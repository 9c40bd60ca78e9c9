# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call runs with, and the registry of calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .database import Database
from .errors import NULL, Dropped, Failure
from .world import Machine, World

Handler = Callable[..., Any]
CALLS: dict[str, Handler] = {}
OP_WAIT = 7200.0
LOOK_S = 0.1
"""Real seconds after which a waiting call looks whether it is cancelled."""


def call(*names: str) -> Callable[[Handler], Handler]:
    """Register the implementation of calls: a function of the context and the arguments without the session."""

    def register(handler: Handler) -> Handler:
        for name in names:
            CALLS[name] = handler
        return handler

    return register


@dataclass
class Context:
    """One running call on `machine`; the pool's lock is held but while waiting."""

    world: World
    machine: Machine
    db: Database
    method: str
    session: str = NULL
    task: str = NULL
    epoch: int = 0
    cancelled: bool = False

    def wait(self, seconds: float) -> None:
        """Let simulated time pass. The call ends early if it is cancelled, and without answer if its
        toolstack goes away meanwhile.
        """
        clock = self.world.clock
        end = clock.now() + seconds
        while True:
            left = end - clock.now()
            clock.wait(min(max(left, 0.0), LOOK_S * clock.factor), self.db.lock)
            self.check_alive()
            if clock.now() >= end:
                return

    def check_alive(self) -> None:
        if self.machine.epoch != self.epoch or self.world.clock.stopped.is_set():
            raise Dropped
        if self.cancelled_by_client():
            raise Failure("TASK_CANCELLED", self.task)

    def cancelled_by_client(self) -> bool:
        return (
            self.db.exists("task", self.task)
            and "cancel" in self.db.get("task", self.task, "current_operations").values()
        )

    @contextmanager
    def unlocked(self) -> Iterator[None]:
        """Without the pool's lock, as long as another pool's is needed; only for calls that hold it once."""
        self.db.lock.release()
        try:
            yield
        finally:
            self.db.lock.acquire()

    def wait_change(self, seconds: float) -> None:
        """Wait until something in the database changes, at most so many simulated seconds."""
        self.db.changed.wait(self.world.clock.real(seconds))
        self.check_alive()

    def machine_of(self, host: str) -> Machine:
        """The machine of a host reference; HANDLE_INVALID if there is no such host."""
        self.db.row("host", host)
        machine = self.machine.pool.machine(host)
        if machine is None:
            raise Failure("HOST_OFFLINE", host)
        return machine

    def live(self, host: str) -> bool:
        metrics = self.db.get("host", host, "metrics")
        return self.db.exists("host_metrics", metrics) and self.db.get(
            "host_metrics", metrics, "live"
        )

    def forward(self, host: str) -> Machine:
        """The machine that carries a call out: HOST_OFFLINE if known dead, else wait till it answers."""
        while True:
            machine = self.machine_of(host)
            if not self.live(host):
                raise Failure("HOST_OFFLINE", host)
            if machine is self.machine or machine.answers:
                return machine
            self.wait_change(5.0)

    @contextmanager
    def operation(
        self, cls: str, ref: str, op: str, refusal: Callable[[], list[str] | None]
    ) -> Iterator[None]:
        """Mark `op` in the object's current_operations once `refusal` has nothing against it.

        Another operation in the way is waited for, as XAPI does, for up to two hours.
        """
        deadline = self.world.clock.now() + OP_WAIT
        while (error := refusal()) is not None:
            if error[0] != "OTHER_OPERATION_IN_PROGRESS" or self.world.clock.now() > deadline:
                raise Failure(*error)
            self.wait_change(20.0)
        self.set_operation(cls, ref, op)
        try:
            yield
        finally:
            self.clear_operation(cls, ref)

    def set_operation(self, cls: str, ref: str, op: str) -> None:
        current = dict(self.db.get(cls, ref, "current_operations"))
        current[self.task] = op
        self.db.update(cls, ref, current_operations=current)

    def clear_operation(self, cls: str, ref: str) -> None:
        if self.db.exists(cls, ref):
            current = {
                t: o
                for t, o in self.db.get(cls, ref, "current_operations").items()
                if t != self.task
            }
            self.db.update(cls, ref, current_operations=current)

    def progress(self, fraction: float) -> None:
        if self.db.exists("task", self.task):
            self.db.update("task", self.task, progress=float(fraction))

    @property
    def pool_ref(self) -> str:
        return self.machine.pool.ref


def natural(text: str) -> list[Any]:
    """A sort key that puts host10 after host9."""
    return [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", text)]
