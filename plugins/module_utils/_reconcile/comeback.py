# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a pool whose coordinator restarts in the course of its own maintenance: until it
answers, nobody knows the host.
"""

from __future__ import annotations

from .._core.errors import UnavailableError
from .._core.ports import FleetReader, Reporter
from .._core.reading import HOSTS, JOURNAL, reading
from .._core.wait import Clock, until

INTERVAL = 2.0


def await_pool(
    read: FleetReader, host: str, *, clock: Clock, timeout: float, reporter: Reporter
) -> None:
    """Return once a coordinator knows the host, at once if no maintenance of it is open.

    Raises WaitTimeout. An address that answers and is refused is no reason to wait.
    """
    if read(reading(JOURNAL)).open_maintenance(host) is None:
        return
    told = False

    def missing() -> str:
        nonlocal told
        try:
            fleet = read(reading(HOSTS))
            known = fleet.host(host) is not None or not fleet.unreachable
            reason = "" if known else f"no answer from {', '.join(fleet.unreachable)}"
        except UnavailableError as exc:
            reason = exc.cause
        if reason and not told:
            told = True
            reporter.line(f"waiting for the pool of {host}: {reason}")
        return reason

    until(
        missing,
        lambda reason: not reason,
        clock=clock,
        timeout=timeout,
        what=f"pool of host {host}",
        awaited="reachable",
        shown=lambda reason: reason,
        interval=INTERVAL,
        remedy="See whether its coordinator is up, and run again",
    )
