# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting loops, the only code that sleeps. Clocks are passed in, so that tests need not wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from .errors import WaitTimeout

T = TypeVar("T")


class Clock(Protocol):
    """Seconds that only go forward, and a way to let them pass."""

    def now(self) -> float:
        """Seconds since an arbitrary start."""

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def probed(
    probe: Callable[[], T],
    done: Callable[[T], bool],
    *,
    clock: Clock,
    timeout: float,
    what: str,
    awaited: str,
    shown: Callable[[T], str] = str,
    remedy: str = "",
) -> Iterator[T]:
    """Yield each probed value until ``done`` holds, that one included; the caller sleeps between.

    Raises WaitTimeout after ``timeout`` seconds, naming the last value seen.
    """
    deadline = clock.now() + timeout
    while True:
        value = probe()
        yield value
        if done(value):
            return
        if clock.now() >= deadline:
            last = shown(value)
            raise WaitTimeout(
                what,
                f"not {awaited} within {timeout:g} s, last seen {last}",
                remedy or "Raise wait_timeout if it only needs longer, and run again",
                last=last,
            )


def until(
    probe: Callable[[], T],
    done: Callable[[T], bool],
    *,
    clock: Clock,
    timeout: float,
    what: str,
    awaited: str,
    shown: Callable[[T], str] = str,
    interval: float = 0.5,
    remedy: str = "",
) -> T:
    """Probe until ``done`` holds and return that value. Raises as ``probed`` does."""
    for value in probed(
        probe,
        done,
        clock=clock,
        timeout=timeout,
        what=what,
        awaited=awaited,
        shown=shown,
        remedy=remedy,
    ):
        if done(value):
            return value
        clock.sleep(interval)
    raise AssertionError("polling ends by returning a value or raising")  # pragma: no cover
