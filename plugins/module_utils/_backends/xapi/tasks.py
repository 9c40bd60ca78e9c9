# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations that were started with Async and are followed by their tasks.

A task dies with the coordinator's toolstack (nothing of it is kept), while its operation may
continue and succeed. So a vanished task is judged by the object itself, and given up only when
that has not changed for some time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..._core.errors import BackendError, FleetError, UnavailableError
from ..._core.model import XenView
from ..._core.ports import JobState
from ..._core.wait import SystemClock, until
from .directory import Directory, Place
from .read import PoolRecords
from .session import SLOW, Connection, Refused


class Judge(Protocol):
    """Decides from the pool's present state whether the operation has had its effect."""

    def __call__(self, view: XenView, /) -> bool | None:
        """True: reached; None: in progress; False: neither."""


ENDED = frozenset({"success", "failure", "cancelled"})


@dataclass(eq=False)
class TaskHandle:
    """A started operation. ``reached`` decides from the fleet's state whether it has had its
    effect.

    ``value`` is what the call answered, once it has succeeded, if its task was not lost.
    """

    records: PoolRecords
    task: str
    method: str
    what: str
    reached: Judge
    own: bool = True
    """Whether the task is ours to remove once it has ended."""
    lost_at: float | None = None
    given_up: bool = False
    """The task has vanished, and its effect was not seen in time."""
    progress: float = 0.0
    value: str = ""


class Foreign(Protocol):
    """Reference and name_label of a task."""

    @property
    def task(self) -> str: ...

    @property
    def method(self) -> str: ...


class Tasks:
    """Starts operations and follows them.

    ``grace``: seconds after which a vanished task without effect has failed.
    """

    def __init__(self, directory: Directory, grace: float) -> None:
        self._directory = directory
        self._grace = grace

    def start(
        self,
        place: Place,
        what: str,
        reached: Judge,
        method: str,
        *params: Any,
    ) -> TaskHandle:
        """Raises Refused if XAPI does not even accept the call."""
        task = place.call(f"Async.{method}", *params)
        shown = what.replace("{}", place.records.name(place.ref))
        return TaskHandle(place.records, str(task), f"Async.{method}", shown, reached)

    def follow(self, place: Place, what: str, reached: Judge, task: Foreign) -> TaskHandle:
        """A task that somebody else has started, and will look at once more."""
        shown = what.replace("{}", place.records.name(place.ref))
        return TaskHandle(place.records, task.task, task.method, shown, reached, own=False)

    def poll(self, handles: Sequence[TaskHandle]) -> list[JobState]:
        """One request per coordinator, and one read of the fleet if a task has vanished."""
        tasks: dict[str, dict[str, Any]] = {}
        for connection in {id(h): h for h in (h.records.connection for h in handles)}.values():
            tasks |= _tasks(connection, [h for h in handles if h.records.connection is connection])
        lost = [h for h in handles if h.task not in tasks]
        view = self._view() if lost else None
        return [
            self._judged(h, view) if h in lost else self._state(h, tasks[h.task]) for h in handles
        ]

    def finish(self, handle: TaskHandle) -> str:
        """Wait for the end and return what the call answered; for calls that drivers work on."""
        state = until(
            lambda: self.poll([handle])[0],
            lambda s: s.done,
            clock=SystemClock(),
            timeout=SLOW,
            what=handle.what,
            awaited="finished",
            shown=lambda s: f"{s.progress:.0%} done",
            interval=0.2,
        )
        if state.error is not None:
            raise state.error
        return handle.value

    def _state(self, handle: TaskHandle, task: dict[str, Any]) -> JobState:
        handle.progress = max(handle.progress, float(task["progress"]))
        if task["status"] not in ENDED:
            return JobState(done=False, progress=handle.progress)
        self._forget(handle)
        if task["status"] == "success":
            handle.value = _value(task["result"])
            return JobState(done=True, progress=1.0)
        code, *params = task["error_info"] or ["TASK_CANCELLED", handle.task]
        error = handle.records.error(Refused(code, params), handle.what)
        return JobState(True, handle.progress, error)

    def _view(self) -> XenView | FleetError | None:
        """None while toolstacks restart; how long that may take is for the caller's time limit to
        say.
        """
        try:
            return self._directory.read()
        except UnavailableError:
            return None
        except FleetError as exc:
            return exc

    def _judged(self, handle: TaskHandle, view: XenView | FleetError | None) -> JobState:
        if isinstance(view, FleetError):
            return JobState(True, handle.progress, view)
        reached = handle.reached(view) if view is not None else None
        if reached:
            return JobState(done=True, progress=1.0)
        now = time.monotonic()
        if reached is None or handle.lost_at is None:
            handle.lost_at = now
        if now - handle.lost_at < self._grace:
            return JobState(done=False, progress=handle.progress)
        handle.given_up = True
        return JobState(True, handle.progress, _lost(handle))

    def _forget(self, handle: TaskHandle) -> None:
        """Finished tasks are the client's to remove; XAPI would keep them for an hour."""
        if not handle.own:
            return
        try:
            handle.records.connection.call("task.destroy", handle.task)
        except (Refused, FleetError):
            return


def _tasks(connection: Connection, handles: Sequence[TaskHandle]) -> dict[str, dict[str, Any]]:
    """Tasks of the handles' kinds by reference; none if nobody answers as coordinator."""
    names = sorted({h.method for h in handles})
    try:
        return connection.records(
            "task", " or ".join(f'field "name__label" = "{name}"' for name in names)
        )
    except (UnavailableError, Refused):
        return {}


def _value(text: str) -> str:
    """A task's result is the XML-RPC text of the value."""
    match = re.search(r"<value>(.*)</value>", text, re.DOTALL)
    return match.group(1) if match else text


def _lost(handle: TaskHandle) -> BackendError:
    return UnavailableError(
        handle.what,
        "the task was lost, as in a restart of the coordinator's toolstack, and its effect is missing",
        "Run again: the task first reads what has been done since",
    )
