# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follow started operations to their end, as iterators of progress."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

from ..._core.errors import ConfigError, UnavailableError
from ..._core.model import Fleet
from ..._core.ports import JobState, Ports
from ..._core.reading import POOLS, Reading, reading
from ..._core.wait import probed

T = TypeVar("T")

Waiting: TypeAlias = Generator[float, None, "JobState | None"]
"""How far something is, 0 to 1, until it has ended; then its last state, if it has one."""


def present(port: T | None, subject: str) -> T:
    """The port, which a control plane may lack."""
    if port is None:
        raise ConfigError(
            "control plane", f"this task has no {subject} to work with", "Use control_plane xapi"
        )
    return port


def done_so_far(state: JobState) -> str:
    return f"{state.progress:.0%} done"


def operation(
    ports: Ports,
    what: str,
    probe: Callable[[], JobState],
    shown: Callable[[JobState], str] = done_so_far,
) -> Waiting:
    """Until a started operation, ``what``, has ended. Raises its error, or WaitTimeout."""
    state = None
    for state in probed(
        probe,
        lambda s: s.done,
        clock=ports.clock,
        timeout=ports.wait_timeout,
        what=what,
        awaited="finished",
        shown=shown,
        remedy="The operation was left running; raise wait_timeout if it only needs longer, "
        "and run again",
    ):
        if state.error is not None:
            raise state.error
        if not state.done:
            yield state.progress
    return state


def readiness(
    ports: Ports,
    what: str,
    missing: Callable[[Fleet], tuple[str, ...]],
    wanted: Reading | None = None,
    look: str = "Check it with xe or XenCenter",
) -> Waiting:
    """Until nothing is missing in what is read, by default the Xen pools. Losing the connection is
    part of it: toolstacks restart meanwhile.
    """
    most = 1
    wanted = wanted or reading(POOLS)

    def probe() -> tuple[str, ...]:
        try:
            return missing(ports.read(wanted))
        except UnavailableError as exc:
            return (f"reachable ({exc.cause})",)

    for reasons in probed(
        probe,
        lambda items: not items,
        clock=ports.clock,
        timeout=ports.wait_timeout,
        what=what,
        awaited="ready",
        shown=lambda items: "not " + ", not ".join(items),
        remedy=f"{look}; raise wait_timeout if it only needs longer, and run again",
    ):
        most = max(most, len(reasons))
        if reasons:
            yield 1.0 - len(reasons) / (most + 1)
    return None
