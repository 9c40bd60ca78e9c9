# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task: reads, plans, and either shows the plan (check mode) or carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

from .._core.errors import FleetError, PlanInterrupted
from .._core.model import Fleet
from .._core.plan import Plan, Step
from .._core.ports import NullReporter, Ports, Reporter
from .._reconcile.apply import apply
from .._reconcile.project import project_all
from .connections import RECORDS, XEN, Connections
from .overlay import Overlay

Planner = Callable[[Fleet], Plan]
Sections: TypeAlias = "Sequence[str] | Callable[[Fleet], Sequence[str]]"
Result = Callable[[Fleet], Mapping[str, Any]]
LockName: TypeAlias = "str | Callable[[Fleet], str | None] | None"


class Task:
    """What a module's body works with. ``params`` are validated and plain."""

    def __init__(
        self,
        params: Mapping[str, Any],
        *,
        check_mode: bool = False,
        reporter: Reporter | None = None,
        overlay: Overlay | None = None,
    ) -> None:
        self.params = params
        self.check_mode = check_mode
        self.reporter = reporter or NullReporter()
        self._overlay = overlay or Overlay()
        self._connections = Connections(params)

    def close(self) -> None:
        """Log out and disconnect."""
        self._connections.close()

    def read(self, *sections: str) -> Fleet:
        """The present state; in a play under --check, as the tasks before would leave it."""
        fleet = self._connections.read(*sections)
        return project_all(fleet, self._overlay.steps()) if self.check_mode else fleet

    def reconcile(
        self,
        planner: Planner,
        *,
        sections: Sections = (RECORDS, XEN),
        result: Result,
        lock: LockName = None,
        exclusive: bool = False,
        rounds: int = 1,
        on_failure: Callable[[Ports, FleetError], None] | None = None,
    ) -> dict[str, Any]:
        """Read, plan and, unless in check mode, carry the plan out; return the module's result.

        ``sections`` are what the planner looks at; as a function, they follow from the records.
        ``lock`` names what no other run may work on meanwhile. ``exclusive`` makes re-reading,
        planning again and applying one transaction of the store. With ``rounds`` the state is read
        and planned again after applying, until nothing is left or they are used up. ``on_failure``
        may record a failure before it is raised.
        """
        before, sections = self._read_before(sections)
        plan = planner(before)
        if self.check_mode or not plan.changed:
            after = project_all(before, plan.steps)
            self._overlay.add(plan.steps)
            return self._report(plan, plan.steps, result(before), result(after))
        ports = self._connections.ports(self.reporter, sections)
        held = lock(before) if callable(lock) else lock
        with self._locked(ports, held), ports.records.exclusive() if exclusive else nullcontext():
            done, after = self._carry_out(planner, ports, sections, exclusive, rounds, on_failure)
        return self._report(plan, done, result(before), result(after))

    def _read_before(self, sections: Sections) -> tuple[Fleet, Sequence[str]]:
        if not callable(sections):
            return self.read(*sections), sections
        records = self.read(RECORDS)
        wanted = sections(records)
        return (records if tuple(wanted) == (RECORDS,) else self.read(*wanted)), wanted

    def _locked(self, ports: Ports, name: str | None) -> AbstractContextManager[None]:
        return ports.journal.lock(name, "run of a task") if name else nullcontext()

    def _carry_out(
        self,
        planner: Planner,
        ports: Ports,
        sections: Sequence[str],
        exclusive: bool,
        rounds: int,
        on_failure: Callable[[Ports, FleetError], None] | None,
    ) -> tuple[list[Step], Fleet]:
        """Plan once more on what holds now that the lock is ours, then apply. Inside a transaction
        only the records are read anew.
        """
        again = (RECORDS,) if exclusive else tuple(sections)
        done: list[Step] = []
        fleet = ports.read(*again)
        for _round in range(rounds):
            plan = planner(fleet)
            if not plan.changed:
                break
            try:
                done += apply(plan, ports)
            except FleetError as exc:
                if on_failure is not None:
                    on_failure(ports, exc)
                told = _told(exc, done, undone=exclusive)
                if told is exc:
                    raise
                raise told from exc
            fleet = ports.read(*again)
        return done, fleet

    def _report(
        self,
        plan: Plan,
        steps: Sequence[Step],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> dict[str, Any]:
        for warning in plan.warnings:
            self.reporter.warn(warning)
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


def _told(exc: FleetError, before: Sequence[Step], *, undone: bool) -> FleetError:
    """The error as it stands for the whole task, rounds before this one included. A transaction
    takes back what its plan had done, so only the cause is left to tell.
    """
    if undone:
        return exc.causes[0] if isinstance(exc, PlanInterrupted) and exc.causes else exc
    if before:
        exc.details["done"] = [*(s.to_dict() for s in before), *exc.details.get("done", ())]
    return exc
