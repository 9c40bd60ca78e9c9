# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations that were started with Async and are followed by their tasks.

A task dies with the coordinator's toolstack (nothing of it is kept), while what it stood for may
well go on and succeed. So a vanished task is judged by the object itself, and given up only when
that has not changed for some time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._core.errors import BackendError, FleetError, UnavailableError
from ..._core.model import XenView
from ..._core.ports import JobState
from ..._core.wait import SystemClock, until
from .directory import Directory, Place
from .read import PoolRecords
from .session import SLOW, Refused

Judge = Callable[[XenView], bool | None]
"""True: reached; None: under way; False: neither."""

ENDED = frozenset({"success", "failure", "cancelled"})


@dataclass
class Handle:
    """A started operation. ``reached`` tells from the fleet's state whether it has had its effect."""

    records: PoolRecords
    task: str
    method: str
    what: str
    reached: Judge
    lost_at: float | None = None
    last: float = field(default=0.0)


class Tasks:
    """Starts operations and follows them. ``grace``: seconds after which a vanished task without effect has failed."""

    def __init__(self, directory: Directory, grace: float) -> None:
        self._directory = directory
        self._grace = grace

    def start(self, place: Place, what: str, reached: Judge, method: str, *params: Any) -> Handle:
        """Raises Refused if XAPI does not even accept the call."""
        task = place.call(f"Async.{method}", *params)
        shown = what.replace("{}", place.records.name(place.ref))
        return Handle(place.records, str(task), f"Async.{method}", shown, reached)

    def poll(self, handles: Sequence[Handle]) -> list[JobState]:
        """One request per pool, and one read of the fleet if a task has vanished."""
        found = {id(h.records): h.records for h in handles}
        tables = {
            key: self._table(records, [h for h in handles if h.records is records])
            for key, records in found.items()
        }
        return [self._state(handle, tables[id(handle.records)]) for handle in handles]

    def _table(self, records: PoolRecords, handles: Sequence[Handle]) -> dict[str, Any] | None:
        """Tasks of the handles' kinds by reference; None if nobody answers as coordinator."""
        where = " or ".join(
            f'field "name__label" = "{m}"' for m in sorted({h.method for h in handles})
        )
        try:
            return records.connection.records("task", where)
        except (UnavailableError, Refused):
            return None

    def _state(self, handle: Handle, table: dict[str, Any] | None) -> JobState:
        task = None if table is None else table.get(handle.task)
        if task is None:
            return self._judged(handle)
        handle.last = max(handle.last, float(task["progress"]))
        if task["status"] not in ENDED:
            return JobState(done=False, progress=handle.last)
        self._forget(handle)
        if task["status"] == "success":
            return JobState(done=True, progress=1.0)
        code, *params = task["error_info"] or ["TASK_CANCELLED", handle.task]
        return JobState(True, handle.last, handle.records.error(Refused(code, params), handle.what))

    def _judged(self, handle: Handle) -> JobState:
        try:
            reached = handle.reached(self._directory.read())
        except UnavailableError:
            reached = None  # toolstacks restart; how long that may take is for the caller's time limit to say
        except FleetError as exc:
            return JobState(True, handle.last, exc)
        if reached:
            return JobState(done=True, progress=1.0)
        now = time.monotonic()
        if reached is None or handle.lost_at is None:
            handle.lost_at = now
        if now - handle.lost_at < self._grace:
            return JobState(done=False, progress=handle.last)
        return JobState(True, handle.last, _lost(handle))

    def _forget(self, handle: Handle) -> None:
        """Finished tasks are the client's to remove; XAPI would keep them for an hour."""
        try:
            handle.records.connection.call("task.destroy", handle.task)
        except (Refused, FleetError):
            return

    def result(self, handle: Handle) -> str:
        """Wait for the end and return what the call answered; for calls that drivers work on."""
        state: list[JobState] = []

        def ended() -> bool:
            table = self._table(handle.records, [handle]) or {}
            task = table.get(handle.task, {})
            if task.get("status") == "success":
                results.append(str(task.get("result", "")))
            state[:] = [self._state(handle, {handle.task: task} if task else None)]
            return state[0].done

        results: list[str] = []
        until(
            ended,
            bool,
            clock=SystemClock(),
            timeout=SLOW,
            what=handle.what,
            awaited="finished",
            interval=0.2,
        )
        if state[0].error is not None:
            raise state[0].error
        return _value(results[0] if results else "")


def _value(text: str) -> str:
    """A task's result is the XML-RPC text of the value."""
    match = re.search(r"<value>(.*)</value>", text, re.DOTALL)
    return match.group(1) if match else text


def _lost(handle: Handle) -> BackendError:
    return UnavailableError(
        handle.what,
        "the task was lost, as in a restart of the coordinator's toolstack, and its effect has not come",
        "Run again: what has been done since is found out first",
    )
