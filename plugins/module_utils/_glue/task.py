# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task: read, plan, and either show the plan (check mode) or carry it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from .._core.errors import ConflictError, FleetError, PlanInterrupted
from .._core.model import Fleet
from .._core.plan import Plan, Step, project_all
from .._core.ports import NullReporter, Ports, Reporter
from .._core.reading import Reading, reading
from .._core.traits import Traits
from .._planes.planes import ControlPlane, control_plane
from .._reconcile.engine.apply import apply, refused
from .._reconcile.engine.waiting import present
from .overlay import Overlay

Planner = Callable[[Fleet], Plan]
Needs: TypeAlias = "Reading | Callable[[Fleet], Reading]"
Shown: TypeAlias = "Reading | Callable[[], Reading] | None"
Result = Callable[[Fleet], Mapping[str, Any]]
AfterFailure = Callable[[Fleet, FleetError], Mapping[str, Any]]
LockName: TypeAlias = "str | Callable[[Fleet], str | Sequence[str] | None] | None"


class Task:
    """What a module's body works with. ``params`` are validated and plain."""

    def __init__(
        self,
        params: Mapping[str, Any],
        *,
        check_mode: bool = False,
        reporter: Reporter | None = None,
        overlay: Overlay | None = None,
        plane: ControlPlane | None = None,
    ) -> None:
        self.params = params
        self.check_mode = check_mode
        self.reporter = reporter or NullReporter()
        self._overlay = overlay or Overlay()
        self._plane = plane or control_plane(params)

    @property
    def traits(self) -> Traits:
        """What is true of the control plane."""
        return self._plane.traits

    def close(self) -> None:
        """Log out and disconnect."""
        self._plane.close()

    def read(self, wanted: Reading) -> Fleet:
        """The present state; in a play under --check, as the tasks before would leave it."""
        return self._predicted(self._plane.read(wanted))

    def read_further(self, first: Reading, needs: Callable[[Fleet], Reading]) -> Fleet:
        """As ``read``, where what is wanted follows from a part that is read first."""
        return self._read_before(needs, first)[0]

    def _predicted(self, fleet: Fleet) -> Fleet:
        return project_all(fleet, self._overlay.steps()) if self.check_mode else fleet

    def reconcile(
        self,
        planner: Planner,
        *,
        needs: Needs,
        result: Result,
        first: Reading | None = None,
        shown: Shown = None,
        lock: LockName = None,
        exclusive: bool = False,
        rounds: int = 1,
        after_failure: AfterFailure | None = None,
    ) -> dict[str, Any]:
        """Read, plan and, unless in check mode, carry the plan out; return the module's result.

        ``needs`` is what the planner looks at; as a function, it follows from ``first``, each time
        that the state is read. ``shown`` is what the result looks at, by default all of it; as a
        function, it follows from the plan made.
        ``lock`` names what no other run may work on meanwhile, one thing or several. ``exclusive`` makes re-reading,
        planning again and applying one transaction where there are any. With ``rounds`` the state
        is read and planned again after applying, until nothing is left; ConflictError if they are
        used up before.
        ``after_failure`` makes what the failed result shows of the state that is left.
        """
        before, wanted = self._read_before(needs, first)
        plan = planner(before)
        if self.check_mode or not plan.changed:
            after = project_all(before, plan.steps)
            self._overlay.add(plan.steps)
            if plan.failing:
                self._warn(plan)
                error = refused(plan)
                raise error.altered(result=after_failure(after, error) if after_failure else {})
            return self._report(plan, plan.steps, result(before), result(after))
        ports = self._plane.ports(self.reporter, wanted)
        lock_name = lock(before) if callable(lock) else lock
        unit = exclusive and ports.atomic
        # Inside a transaction only the records are read again.
        read = self._plane.read_inside if unit else self._plane.read
        work = _Work(
            planner,
            partial(read, wanted) if unit else lambda: self._read_before(needs, first)[0],
            (lambda: read(shown() if callable(shown) else shown)) if shown else None,
            rounds,
            after_failure,
        )
        with _locked(ports, lock_name), ports.records.exclusive() if exclusive else nullcontext():
            # Others may have changed things until the lock or the transaction was ours.
            planned = None if unit or lock_name else (before, plan)
            done, after = self._carry_out(work, ports, unit, planned)
        return self._report(plan, done, result(before), result(after))

    def _read_before(self, needs: Needs, first: Reading | None) -> tuple[Fleet, Reading]:
        if not callable(needs):
            return self.read(needs), needs
        had = first or reading()
        fleet = self._plane.read(had)
        wanted = needs(self._predicted(fleet))
        return self._predicted(self._plane.read_more(fleet, had, wanted)), wanted

    def _carry_out(
        self, work: _Work, ports: Ports, unit: bool, planned: tuple[Fleet, Plan] | None
    ) -> tuple[list[Step], Fleet]:
        """The steps taken, and the state afterwards."""
        done: list[Step] = []
        for _round in range(work.rounds):
            try:
                fleet, plan = planned or work.look()
            except FleetError as exc:
                raise _for_whole_task(exc, done, undone=unit) from exc
            planned = None
            if not plan.changed:
                return done, fleet
            try:
                done += apply(plan, ports)
            except FleetError as exc:
                self._warn(plan)
                error = _for_whole_task(exc, done, undone=unit)
                raise error.altered(result=work.result_after(error)) from exc
        if work.rounds > 1:
            self._check_settled(work, done)
        return done, work.read_after()

    @staticmethod
    def _check_settled(work: _Work, done: Sequence[Step]) -> None:
        """ConflictError if steps are left after the last round: somebody else changes the state."""
        remaining = work.planner(work.read()).steps
        if remaining:
            raise ConflictError(
                f"{remaining[0]}",
                f"after {work.rounds} rounds of planning some steps are still left, as the "
                "state changes meanwhile",
                "Run again; if the result is the same, see who else makes changes there",
                done=[step.to_dict() for step in done],
                remaining=[step.to_dict() for step in remaining],
            )

    def _report(
        self,
        plan: Plan,
        steps: Sequence[Step],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> dict[str, Any]:
        self._warn(plan)
        return {
            "changed": bool(steps),
            "actions": [step.to_dict() for step in steps],
            "diff": [
                {"prepared": Plan(tuple(steps)).text()},
                {"before": dict(before), "after": dict(after)},
            ]
            if steps
            else [],
            **after,
        }

    def _warn(self, plan: Plan) -> None:
        for warning in plan.warnings:
            self.reporter.warn(warning)


@dataclass(frozen=True)
class _Work:
    """What reconcile was asked to do."""

    planner: Planner
    read: Callable[[], Fleet]
    read_shown: Callable[[], Fleet] | None
    rounds: int
    after_failure: AfterFailure | None

    def look(self) -> tuple[Fleet, Plan]:
        fleet = self.read()
        return fleet, self.planner(fleet)

    def read_after(self) -> Fleet:
        return (self.read_shown or self.read)()

    def result_after(self, failure: FleetError) -> Mapping[str, Any]:
        """What a failure has left. Its own error is what counts if that can't be read either."""
        if self.after_failure is None:
            return {}
        try:
            return self.after_failure(self.read_after(), failure)
        except FleetError:
            return {}


@contextmanager
def _locked(ports: Ports, names: str | Sequence[str] | None) -> Iterator[None]:
    """Several are taken in the order of their names, so that no two runs wait for each other."""
    with ExitStack() as held:
        for name in [names] if isinstance(names, str) else sorted(set(names or ())):
            held.enter_context(present(ports.journal, "locks").lock(name, "run of a task"))
        yield


def _for_whole_task(exc: FleetError, before: Sequence[Step], *, undone: bool) -> FleetError:
    """The error as it stands for the whole task, rounds before this one included. A transaction
    takes back what its plan had done, so only the cause is reported.
    """
    if undone:
        return exc.causes[0] if isinstance(exc, PlanInterrupted) and exc.causes else exc
    if before:
        taken = [*(s.to_dict() for s in before), *exc.details.get("done", ())]
        return exc.altered(done=taken)
    return exc
