# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get over what a host refuses while it comes back: the same is asked for again until it is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ..._core.errors import FleetError, StartingError, UnavailableError, WaitTimeout
from ..._core.ports import Ports
from ..._core.wait import Clock
from .waiting import Waiting

PAUSE = 2.0
"""Seconds before something is asked for again."""

Attempt: TypeAlias = "Callable[[], Waiting | None]"
"""Starts something. None if it is done already."""


def starting(error: FleetError) -> bool:
    """Whether the host is still starting, which passes by itself."""
    return isinstance(error, StartingError)


def away(error: FleetError) -> bool:
    """Whether the control plane has answered that the host can't be reached now, so that nothing was
    begun. That passes if it is known to be on its way back.
    """
    return isinstance(error, UnavailableError) and "code" in error.details


def over_refusals(
    ports: Ports,
    what: str,
    attempt: Attempt,
    passing: Callable[[FleetError], bool] = starting,
    ready: Callable[[], Waiting] | None = None,
) -> Waiting | None:
    """Attempt it again as long as a ``passing`` error refuses it, each time after waiting for
    ``ready`` if that is given. WaitTimeout if that takes longer than the task waits.
    """
    try:
        work = attempt()
    except FleetError as error:
        if not passing(error):
            raise
        return _again(ports, what, attempt, passing, ready, error)
    return None if work is None else _carried_on(ports, what, attempt, passing, ready, work)


def _carried_on(
    ports: Ports,
    what: str,
    attempt: Attempt,
    passing: Callable[[FleetError], bool],
    ready: Callable[[], Waiting] | None,
    work: Waiting,
) -> Waiting:
    """What was started may be refused by the host that it reaches later."""
    try:
        return (yield from work)
    except FleetError as error:
        if not passing(error):
            raise
        refusal = error
    return (yield from _again(ports, what, attempt, passing, ready, refusal))


def _again(
    ports: Ports,
    what: str,
    attempt: Attempt,
    passing: Callable[[FleetError], bool],
    ready: Callable[[], Waiting] | None,
    error: FleetError,
) -> Waiting:
    deadline = ports.clock.now() + ports.wait_timeout
    ports.reporter.line(f"{what}: waits, {error.cause}")
    while ports.clock.now() < deadline:
        yield from _pause(ports.clock)
        if ready is not None:
            yield from ready()
        try:
            work = attempt()
            return None if work is None else (yield from work)
        except FleetError as refusal:
            if not passing(refusal):
                raise
            error = refusal
    raise WaitTimeout(
        what,
        f"not accepted within {ports.wait_timeout:g} s, last refused as {error.cause}",
        "See whether the host comes up; raise wait_timeout if it only needs longer, and run again",
        last=error.cause,
    ) from error


def _pause(clock: Clock) -> Iterator[float]:
    end = clock.now() + PAUSE
    while clock.now() < end:
        yield 0.0
