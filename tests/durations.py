# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What parts and tests of a run took, kept from run to run.

The file is ``{PART: {"seconds": ..., "busy": ..., "tests": {TEST: {"seconds": ..., "busy": ...}}}}``: wall and
processor time. A test is one of pytest's, or what a tool's output says has begun, or else a command;
processor time is missing where nothing distinguishes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from parts import Part

DEAREST = 10
Cost = dict[str, float]


class Durations:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.lock = Lock()
        self.before: dict[str, Any] = (
            json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        )
        self.now: dict[str, Any] = {}

    def expected(self, part: Part) -> float:
        """Seconds that the part took the last time, or is expected to take the first time."""
        return float(self.before.get(part.name, {}).get("seconds", part.expected))

    def add_command(
        self,
        part: Part,
        command: Sequence[str],
        seconds: float,
        busy: float,
        lines: Sequence[tuple[float, str]],
    ) -> None:
        """Note a command; ``lines`` are its output, each with the time at which it came."""
        begun = [(when, begins[1]) for when, line in lines if (begins := self._begins(part, line))]
        tests: dict[str, Cost] = {}
        ends = [*(when for when, _name in begun[1:]), seconds]
        for (when, name), until in zip(begun, ends, strict=False):
            tests[name] = {
                "seconds": round(tests.get(name, {}).get("seconds", 0) + until - when, 2)
            }
        if not begun:
            tests[" ".join(command[:4])] = {"seconds": round(seconds, 2), "busy": round(busy, 2)}
        with self.lock:
            self.now.setdefault(part.name, {"tests": {}})["tests"].update(tests)

    @staticmethod
    def _begins(part: Part, line: str) -> Any:
        return part.begins.search(line) if part.begins else None

    def add_part(self, part: Part, seconds: float, busy: float, noted: Path) -> None:
        """Note a part; ``noted`` is what the pytest plugin harness.costing has written, if it ran."""
        with self.lock:
            entry = self.now.setdefault(part.name, {"tests": {}})
            entry.update(seconds=round(seconds, 1), busy=round(busy, 1))
            if noted.exists():
                rows = [json.loads(line) for line in noted.read_text(encoding="utf-8").splitlines()]
                entry["tests"] = {
                    row["test"]: {"seconds": row["seconds"], "busy": row["busy"]} for row in rows
                }

    def save(self) -> None:
        """Keep this run's figures, and those of parts that it did not run."""
        text = json.dumps({**self.before, **self.now}, indent=1, sort_keys=True)
        self.file.write_text(text + "\n", encoding="utf-8")

    def dearest(self, number: int = DEAREST) -> str:
        """The tests of this run that took longest, a line each."""
        costs = [
            (cost["seconds"], cost.get("busy"), part, test)
            for part, entry in self.now.items()
            for test, cost in entry["tests"].items()
        ]
        costs.sort(key=lambda one: one[0], reverse=True)
        return "\n".join(
            f"  {part:14.14} {test[-70:]:70} {seconds:5.0f} s "
            + (f"{busy:5.0f} s" if busy is not None else "")
            for seconds, busy, part, test in costs[:number]
        )
