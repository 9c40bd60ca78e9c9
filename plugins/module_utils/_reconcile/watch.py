# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves whose hosts may die: Nova leaves such a migration as it is, for ever, and says nothing."""

from __future__ import annotations

from .._core.errors import UnavailableError, joined
from .._core.plan import Step
from .._core.ports import JobState, Ports
from .._core.reading import SERVICES, reading
from .following import Progress

INTERVAL = 5.0
"""Seconds between looks at the compute services."""

ENOUGH = 2
"""Looks in a row that must find a service down: it may have missed one report."""


WAITING = (
    "Wait until its task_state is null: a process that finds the order in its queue when it starts "
    "again carries it out, and the server ends in ERROR"
)
"""Nova's init resets the task_state first (nova/compute/manager.py, _reset_live_migration), and what
the queue has kept then fails at its end.
"""


class SourceLost(UnavailableError):
    """A compute service that carries out a move is down. Where the move stands, nobody knows."""


def watched(ports: Ports, step: Step, work: Progress | None) -> Progress:
    """Carry the work on, as long as the compute services of its source and target are up or it makes
    progress.

    Raises SourceLost. Where XAPI does the moving nothing is watched: it ends its tasks itself.
    """
    if work is None:
        return None
    if not ports.read(reading()).scheduled:
        return (yield from work)
    watch = _Watch(ports, step)
    while True:
        try:
            progress = next(work)
        except StopIteration as end:
            ended: JobState | None = end.value
            return ended
        watch.look(progress)
        yield progress


class _Watch:
    """Looks now and then."""

    def __init__(self, ports: Ports, step: Step) -> None:
        self._ports = ports
        self._step = step
        self._hosts = [h for h in (step.args["source"], step.args["target"]) if h]
        self._next = ports.clock.now() + INTERVAL
        self._progress = 0.0
        self._downs = 0

    def look(self, progress: float) -> None:
        if self._ports.clock.now() < self._next:
            return
        down = self._down()
        stuck = down and progress <= self._progress
        self._downs = self._downs + 1 if stuck else int(bool(down))
        self._progress = progress
        self._next = self._ports.clock.now() + INTERVAL
        if self._downs >= ENOUGH:
            raise self._lost(down)

    def _down(self) -> list[str]:
        try:
            fleet = self._ports.read(reading(SERVICES))
        except UnavailableError:
            return []
        found = [fleet.service(host) for host in self._hosts]
        return [s.host for s in found if s is not None and s.state != "up"]

    def _lost(self, down: list[str]) -> SourceLost:
        step, hosts = self._step, joined(down)
        # Its record is "accepted" until the source has taken the order.
        waiting = self._progress == 0
        return SourceLost(
            f"server {step.subject}",
            f"its move from {step.args['source']} does not "
            f"{'begin' if waiting else 'go on'}, as the compute service of {hosts} is down",
            (f"{WAITING}. " if waiting else "")
            + f"Start nova-compute on {hosts} and run again. If that host is lost, fence it and "
            "evacuate its servers",
        )
