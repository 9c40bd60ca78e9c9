# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What empties a host."""

from __future__ import annotations

from dataclasses import dataclass

from ..._core.plan import Step, Verdict


@dataclass(frozen=True)
class Emptied:
    """The moves in order, biggest first, and what was decided about each server and host."""

    steps: tuple[Step, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def blockers(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.decision == "block")
