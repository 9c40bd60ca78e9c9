# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks share: times of a run's tasks, and their medians in a table."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any


def times_by_task(results: Iterable[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Milliseconds of each task, from its start in the controller to its result, loops as a whole."""
    times: dict[str, list[float]] = {}
    for result in results:
        if result["outcome"] == "ok":
            times.setdefault(result["task"], []).append(result["seconds"] * 1000)
    return times


def middle(values: Iterable[float]) -> float:
    return statistics.median(values)
