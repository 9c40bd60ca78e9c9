# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that the tasks of a play under --check have planned so far.

Without them every task of such a play would plan on the untouched state: the second could not find
what the first would make. They are kept in a file in the run's own temporary directory, since each
task runs in a process of its own; the file goes with the run.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Sequence
from pathlib import Path

from .._core.plan import Step
from .._reconcile.verbs import VERBS


class Overlay:
    """Steps predicted earlier in the run. Without a path there are none and nothing is kept."""

    def __init__(self, path: str | None = None) -> None:
        self._path = Path(path) if path else None

    def steps(self) -> tuple[Step, ...]:
        if self._path is None or not self._path.exists():
            return ()
        with self._path.open(encoding="utf-8") as file:
            return tuple(Step.from_dict(json.loads(line), VERBS) for line in file)

    def add(self, steps: Sequence[Step]) -> None:
        if self._path is None or not steps:
            return
        with self._path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.writelines(json.dumps(step.to_dict()) + "\n" for step in steps)
