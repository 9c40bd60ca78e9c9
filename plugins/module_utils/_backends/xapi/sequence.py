# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions of several calls, written as generators and carried forward by polling.

A generator yields what is to be called next and is sent the answer, or has the FleetError thrown
into it. Nothing waits in between, so that many actions run side by side; what a restarting
toolstack leaves unanswered is asked again once it is back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..._core.errors import FleetError, UnavailableError
from ..._core.model import XenView
from ..._core.ports import JobState
from .directory import Directory, Place
from .failures import UNREADY
from .session import Refused
from .tasks import TaskHandle, Tasks
from .transport_errors import harmless

Row = Mapping[str, Any]

Reached: TypeAlias = "Callable[[Row | None], bool | None]"
"""Decides from a VM's record (None: it is gone) whether a job has had its effect; None: not yet."""


class Call:
    """A call that answers at once."""

    def __init__(self, method: str, *params: Any) -> None:
        self.method = method
        self.params = params


class Job(Call):
    """A call that takes its time, on the VM whose reference is the first parameter. The answer is
    the task's result. ``reached`` judges by the VM should the task be lost.
    """

    def __init__(self, method: str, *params: Any, reached: Reached) -> None:
        super().__init__(method, *params)
        self.reached = reached


@dataclass(frozen=True)
class Watch:
    """Wait for somebody else's task. ``method`` is the task's name_label."""

    task: str
    method: str
    vm: str
    reached: Reached


Command: TypeAlias = "Call | Watch"

Commands: TypeAlias = Generator["Command", Any, Any]


def unknowable(_row: Row | None) -> bool:
    """For jobs that leave no trace on the VM, or none that would distinguish them from earlier
    ones.
    """
    return False


def power(state: str) -> Reached:
    """Reached with this power state."""

    def judge(row: Row | None) -> bool | None:
        if row is not None and row["current_operations"]:
            return None
        return row is not None and row["power_state"] == state

    return judge


def on_host(host: str) -> Reached:
    """Reached when it runs on the host with this reference."""

    def judge(row: Row | None) -> bool | None:
        if row is not None and row["current_operations"]:
            return None
        return row is not None and row["resident_on"] == host

    return judge


def gone(row: Row | None) -> bool | None:
    """Reached when the VM is gone; not for templates and snapshots, which are not read."""
    if row is not None and row["current_operations"]:
        return None
    return row is None


TURNED_AWAY = UNREADY | {"HOST_IS_SLAVE", "SESSION_INVALID"}
"""Refusals of the endpoint, not of what was asked for."""

DONE_BEFORE = frozenset({"MAP_DUPLICATE_KEY", "DEVICE_ALREADY_EXISTS", "HANDLE_INVALID"})
"""What a repeated call is answered if the one whose answer was lost had been carried out."""


class Work:
    """One action on its way; a handle of ServerPort.

    ``jobs`` is about how many jobs it takes, for the progress that is shown.
    """

    def __init__(
        self,
        directory: Directory,
        tasks: Tasks,
        place: Place,
        what: str,
        commands: Commands,
        jobs: int,
    ) -> None:
        self._directory = directory
        self._tasks = tasks
        self._place = place
        self._what = what
        self._commands = commands
        self._jobs = jobs
        self._ended = 0
        self._progress = 0.0
        self._changed = False
        self._unanswered: tuple[Call, FleetError] | None = None
        self._repeatable: Job | None = None
        self.job: TaskHandle | None = None
        self.done = False
        self.error: FleetError | None = None

    @property
    def task(self) -> str:
        """Reference of the task that is being waited for; empty if there is none."""
        return self.job.task if self.job else ""

    def begin(self) -> Work:
        """Up to the first change. What makes that impossible is raised, Refused included where the
        object or the endpoint may only be another one by now; what follows is reported by poll.
        """
        value: Any = None
        error: FleetError | None = None
        while not self._changed:
            try:
                command = self._commands.throw(error) if error else self._commands.send(value)
            except StopIteration:
                self.done = True
                return self
            value, error = None, None
            reading = harmless(command.method)
            try:
                value = self._do(command)
            except Refused as refused:
                if not reading or refused.code in {"HANDLE_INVALID", *TURNED_AWAY}:
                    raise
                error = self._place.error(refused, self._what)
            self._changed = not reading
        if self.job is None:
            self._advance(value, None)
        return self

    def polled(self, state: JobState | None) -> JobState:
        """Continue as far as possible, given the state of the job if there is one."""
        if self.job is not None and state is not None:
            self._progress = max(self._progress, self._share(state.progress))
            if state.done:
                self._end_of(self.job, state.error)
        elif self._unanswered is not None:
            self._ask_again(*self._unanswered)
        return JobState(self.done, 1.0 if self._succeeded else self._progress, self.error)

    def _end_of(self, job: TaskHandle, error: FleetError | None) -> None:
        """A job that was lost with a toolstack is repeated once, unless it is the whole action,
        which the caller may repeat.
        """
        self.job = None
        again, self._repeatable = self._repeatable, None
        value: Any = job.value
        if job.given_up and again is not None:
            value, error = self._try(again)
            self._repeatable = None
            if self.job is not None or self._unanswered is not None:
                return
        self._ended += 1
        self._advance(value, error)

    @property
    def _succeeded(self) -> bool:
        return self.done and self.error is None

    def _share(self, progress: float) -> float:
        """Progress of all from that of the present job; the end is never reported early."""
        total = max(self._jobs, self._ended + 1)
        return (self._ended + progress) / total

    def _advance(self, value: Any, error: FleetError | None) -> None:
        while True:
            try:
                command = self._commands.throw(error) if error else self._commands.send(value)
            except StopIteration:
                self.done = True
                return
            except FleetError as exc:
                self.done, self.error = True, exc
                return
            value, error = self._try(command)
            if self.job is not None or self._unanswered is not None:
                return

    def _try(self, command: Command, again: bool = False) -> tuple[Any, FleetError | None]:
        try:
            return self._do(command), None
        except UnavailableError as exc:
            if not isinstance(command, Watch):
                self._unanswered = command, exc
            return None, exc
        except Refused as refused:
            error = self._place.error(refused, self._what)
            if refused.code in TURNED_AWAY and not isinstance(command, Watch):
                self._unanswered = command, error
            if again and refused.code in DONE_BEFORE:
                return None, None
            return None, error
        except FleetError as exc:
            return None, exc

    def _do(self, command: Command) -> Any:
        """The answer of a call; a job is only started."""
        place, what = self._place, self._what
        if isinstance(command, Watch):
            judge = self._judge(command.vm, command.reached)
            self.job = self._tasks.follow(place, what, judge, command)
            return None
        if not isinstance(command, Job):
            return place.call(command.method, *command.params)
        judge = self._judge(command.params[0], command.reached)
        self.job = self._tasks.start(place, what, judge, command.method, *command.params)
        if self._changed and command.reached is not unknowable:
            self._repeatable = command
        return None

    def _judge(self, vm: str, reached: Reached) -> Callable[[XenView], bool | None]:
        return lambda _view: reached(self._row(vm))

    def _row(self, vm: str) -> Row | None:
        """As read last."""
        rows = (records.rows["VM"].get(vm) for records in self._directory.pools)
        return next((row for row in rows if row is not None), None)

    def _ask_again(self, command: Call, error: FleetError) -> None:
        """A job that may have been started is not started twice: the VM shows its outcome."""
        try:
            if not self._find_again():
                return
        except FleetError as exc:
            self._unanswered = None
            self._advance(None, exc)
            return
        value: Any = None
        failure: FleetError | None = None
        if isinstance(command, Job):
            reached = command.reached(self._row(command.params[0]))
            if reached is None:
                return
            self._unanswered = None
            if command.reached is unknowable:
                failure = error
            elif not reached:
                value, failure = self._try(command)
        else:
            self._unanswered = None
            value, failure = self._try(command, again=True)
        if self.job is None and self._unanswered is None:
            self._advance(value, failure)

    def _find_again(self) -> bool:
        """The pool may have another coordinator now; how long to wait for it is for the caller's
        time limit to say.
        """
        try:
            self._directory.read()
        except UnavailableError:
            return False
        pool_id = self._place.records.pool_id
        records = next((r for r in self._directory.pools if r.pool_id == pool_id), None)
        if records is not None:
            self._place = Place(records, self._place.ref)
        return records is not None
