# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated time: every wait of the simulator goes through it, `factor` simulated seconds per real second."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class Clock:
    """Simulated seconds since the epoch, beginning with the real time of the start."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.began = time.monotonic()
        self.epoch = time.time()
        self.stopped = threading.Event()

    def now(self) -> float:
        return self.epoch + (time.monotonic() - self.began) * self.factor

    def time(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def real(self, seconds: float) -> float:
        """Real seconds that pass in so many simulated ones."""
        return seconds / self.factor

    def wait(self, seconds: float, lock: threading.RLock | None = None) -> None:
        """Let simulated seconds pass, with `lock` (held once or more by the caller) released meanwhile."""
        if lock is None:
            self.stopped.wait(self.real(seconds))
            return
        idle = threading.Condition(lock)
        end = time.monotonic() + self.real(seconds)
        while (left := end - time.monotonic()) > 0 and not self.stopped.is_set():
            idle.wait(left)
