# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out a plan: group by group, independent steps side by side, stopping at the first failure.

Only the executions of verbs call mutating port methods, and only this module calls those. What was
done before a failure is kept and reported; the error says what remains, and running again plans
exactly that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..._core.errors import FleetError, PlanInterrupted, joined
from ..._core.plan import Plan, Step
from ..._core.ports import Ports
from .progress import Progress


@dataclass
class _Job:
    """A started step and the iterator that carries it on."""

    step: Step
    work: Iterator[float]
    progress: float = 0.0


@dataclass
class _Run:
    """The steps of one plan that are done, have failed or remain."""

    done: list[Step] = field(default_factory=list)
    failed: list[tuple[Step, FleetError]] = field(default_factory=list)
    remaining: list[Step] = field(default_factory=list)


def apply(plan: Plan, ports: Ports) -> list[Step]:
    """Carry the plan out and return the steps taken, in the plan's order.

    Raises the failing step's own error if nothing had been done before it, else PlanInterrupted; so,
    too, once all others are done, for steps that the plan itself has refused.
    """
    run = _Run()
    progress = Progress(plan.steps, ports.clock, ports.reporter)
    groups = list(grouped(plan.steps))
    for number, group in enumerate(groups):
        _run_group(group, ports, plan, run, progress)
        if run.failed:
            run.remaining += [s for later in groups[number + 1 :] for s in later]
            run.failed += _refusals(plan)
            recorded = _recorded(plan.on_failure, ports)
            _restore(plan, ports, run, progress)
            raise _failure(run, _number(plan), recorded)
    if plan.failing:
        raise refused(plan)
    # Those that ran side by side ended in any order.
    taken = {id(step) for step in run.done}
    return [step for step in plan.steps if id(step) in taken]


def refused(plan: Plan) -> FleetError:
    """What a plan ends with whose other steps are all done; in check mode, too."""
    run = _Run(done=list(plan.steps), failed=_refusals(plan))
    return _failure(run, _number(plan), ())


def _refusals(plan: Plan) -> list[tuple[Step, FleetError]]:
    return [(one.step, one.error) for one in plan.failing]


def _number(plan: Plan) -> int:
    return len(plan.steps) + len(plan.failing)


def grouped(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Neighbours with the same windowed verb together up to one that waits, every other step by itself."""
    group: list[Step] = []
    for step in steps:
        if group and (step.waits or not step.verb.windowed or step.verb is not group[-1].verb):
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def _run_group(
    group: Sequence[Step], ports: Ports, plan: Plan, run: _Run, progress: Progress
) -> None:
    """A new step starts as one ends; after too many failures none starts, and those in progress are
    followed to their end.
    """
    queue = deque(group)
    active: list[_Job] = []
    while queue or active:
        _fill(active, queue, ports, plan, run, progress)
        active = [job for job in active if _advance(job, run, progress)]
        progress.tick([(job.step, job.progress) for job in active])
        if active:
            # What ended makes room before the pause, not after it.
            _fill(active, queue, ports, plan, run, progress)
            ports.clock.sleep(ports.interval)


def _fill(
    active: list[_Job], queue: deque[Step], ports: Ports, plan: Plan, run: _Run, progress: Progress
) -> None:
    """Start as many as may run at once."""
    while queue and len(active) < max(1, plan.window) and not _enough(run, plan):
        _start(queue.popleft(), ports, active, run, progress)
    if _enough(run, plan):
        run.remaining += queue
        queue.clear()


def _enough(run: _Run, plan: Plan) -> bool:
    return len(run.failed) > plan.max_failures


def _start(step: Step, ports: Ports, active: list[_Job], run: _Run, progress: Progress) -> None:
    progress.started(step)
    try:
        work = step.execute(ports)
    except FleetError as exc:
        run.failed.append((step, exc))
        progress.failed(step, exc)
        return
    if work is None:
        run.done.append(step)
        progress.done(step)
    else:
        active.append(_Job(step, work))


def _advance(job: _Job, run: _Run, progress: Progress) -> bool:
    """Carry one job on; False when it has ended."""
    try:
        job.progress = next(job.work)
    except StopIteration:
        run.done.append(job.step)
        progress.done(job.step)
    except FleetError as exc:
        run.failed.append((job.step, exc))
        progress.failed(job.step, exc)
    else:
        return True
    return False


def _recorded(steps: Sequence[Step], ports: Ports) -> list[Step]:
    """Those taken after the failure, as far as they can be: it is what the user must see."""
    taken: list[Step] = []
    for step in steps:
        try:
            step.execute(ports)
        except FleetError:
            break
        taken.append(step)
    return taken


def _restore(plan: Plan, ports: Ports, run: _Run, progress: Progress) -> None:
    """Take what must not be left undone; one that fails does not keep the others from it."""
    tried = [*run.done, *(step for step, _error in run.failed)]
    owed = [
        one.step
        for one in plan.restoring
        if not _among(one.step, tried)
        and (one.after is None or _among(one.after, run.done))
        and not _among(one.until, run.done)
    ]
    run.remaining = [step for step in run.remaining if not _among(step, owed)]
    patient = replace(plan, max_failures=len(run.failed) + len(owed))
    for group in grouped(owed):
        _run_group(group, ports, patient, run, progress)


def _among(step: Step | None, steps: Sequence[Step]) -> bool:
    return any(step is one for one in steps)


def _failure(run: _Run, total: int, recorded: Sequence[Step]) -> FleetError:
    step, first = run.failed[0]
    failed = [{**s.to_dict(), "error": e.to_dict()} for s, e in run.failed]
    remaining = [s.to_dict() for s in run.remaining]
    done = [s.to_dict() for s in (*run.done, *recorded)]
    if not run.done and len(run.failed) == 1:
        return first.altered(done=done, failed=failed, remaining=remaining)
    same = [s.subject for s, e in run.failed[1:] if e.cause == first.cause]
    others = f"; the same applies to {joined(same)}" if same else ""
    others += "".join(
        f"; also {s}: {e.cause.rstrip('.')}" for s, e in run.failed[1:] if e.cause != first.cause
    )
    unfinished = [*(s for s, _e in run.failed), *run.remaining]
    return PlanInterrupted(
        f"{step}",
        f"{first.cause.rstrip('.')}{others}",
        f"{first.remedy.rstrip('.')}. ".lstrip(". ")
        + f"{len(run.done)} of {total} steps were completed and are kept{_named(run.done)}, "
        f"{len(unfinished)} remain{_named(unfinished)}; running again continues with them",
        causes=[e for _s, e in run.failed],
        done=done,
        failed=failed,
        remaining=remaining,
    )


def _named(steps: Sequence[Step]) -> str:
    """The servers and hosts whose steps take long, which is what a reader wants to know about."""
    names = dict.fromkeys(s.subject for s in steps if s.verb.windowed)
    return f" ({joined(list(names))})" if names else ""
