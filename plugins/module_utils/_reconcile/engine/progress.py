# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live progress of a plan: what started, what ended, how many are left and about how long."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.args import ActionArgs
from ..._core.errors import FleetError
from ..._core.plan import Step
from ..._core.ports import Reporter
from ..._core.wait import Clock

QUIET_SECONDS = 10.0
"""A line about running steps at least this often: silence looks like hanging."""

LONGEST_LINE = 100
"""Characters of a step's sentence that a line shows."""


class Progress:
    """Counts steps and weighs windowed ones by memory, on which a live migration's time depends."""

    def __init__(self, steps: Sequence[Step], clock: Clock, reporter: Reporter) -> None:
        self._clock = clock
        self._reporter = reporter
        self._total = len(steps)
        self._ended = 0
        self._starts: list[tuple[Step, float]] = []
        self._weight_left = sum(weight(s) for s in steps)
        self._weight_done = 0.0
        self._long = any(s.verb.windowed or s.verb.slow for s in steps)
        self._windowed_since: float | None = None
        self._last_line = clock.now()

    def started(self, step: Step) -> None:
        self._starts.append((step, self._clock.now()))
        if step.verb.windowed and self._windowed_since is None:
            self._windowed_since = self._clock.now()

    def done(self, step: Step) -> None:
        self._ended += 1
        seconds = self._end(step)
        self._weight_done += weight(step)
        self._weight_left -= weight(step)
        took = f" in {seconds:.1f} s" if seconds >= 0.05 else ""
        self._line(f"[{self._ended}/{self._total}] {short(step)}: done{took}{self._estimate()}")

    def failed(self, step: Step, error: FleetError) -> None:
        self._end(step)
        self._line(f"[{self._ended}/{self._total}] {short(step)}: FAILED, {error.cause}")

    def tick(self, active: Sequence[tuple[Step, float]]) -> None:
        """Called between polls; prints only after a silence."""
        if active and self._clock.now() - self._last_line >= QUIET_SECONDS:
            under_way = ", ".join(f"{step.subject} {part:.0%}" for step, part in active)
            self._line(f"[{self._ended}/{self._total}] in progress: {under_way}{self._estimate()}")

    def _end(self, step: Step) -> float:
        for i, (one, since) in enumerate(self._starts):
            if one is step:
                del self._starts[i]
                return self._clock.now() - since
        return 0.0

    def _estimate(self) -> str:
        if self._windowed_since is None or not self._weight_done or self._weight_left <= 0:
            return ""
        elapsed = self._clock.now() - self._windowed_since
        return f", about {elapsed / self._weight_done * self._weight_left:.0f} s left"

    def _line(self, text: str) -> None:
        """Plans of quick steps need no running commentary: their result comes at once."""
        self._last_line = self._clock.now()
        if self._long:
            self._reporter.line(text)


def short(step: Step) -> str:
    """The step's sentence, cut to a line: lists of uuids mean nothing to a reader."""
    text = str(step)
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…"


def weight(step: Step) -> float:
    """Relative duration: memory for moves, 1 for other windowed steps, nothing for the rest."""
    if not step.verb.windowed:
        return 0.0
    memory = step.args.memory if isinstance(step.args, ActionArgs) else None
    return float(memory or 1)
