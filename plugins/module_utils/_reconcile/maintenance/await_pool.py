# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for a pool whose coordinator restarts in the course of its own maintenance.

Until it answers, no other coordinator knows the host.
"""

from __future__ import annotations

from ..._core.errors import UnavailableError
from ..._core.model import Fleet
from ..._core.ports import FleetReader, Reporter
from ..._core.reading import HOSTS, JOURNAL, reading
from ..._core.wait import Clock, until

INTERVAL = 2.0
GOING = {"shutdown", "reboot"}


def await_pool(
    read: FleetReader, host: str, *, clock: Clock, timeout: float, reporter: Reporter
) -> None:
    """Return once a coordinator knows the host, at once if no maintenance of it is open. One that
    is about to go does not count: host.reboot returns some ten seconds before the host goes, and is
    shown by current_operations until it is back (xapi_host.ml).

    Raises WaitTimeout. An address that answers and is refused is no reason to wait.
    """
    if read(reading(JOURNAL)).open_maintenance(host) is None:
        return
    reported = False

    def missing() -> str:
        nonlocal reported
        try:
            reason = _missing(read(reading(HOSTS)), host)
        except UnavailableError as exc:
            reason = exc.cause
        if reason and not reported:
            reported = True
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


def _missing(fleet: Fleet, host: str) -> str:
    known = fleet.host(host)
    if known is None:
        return f"no answer from {', '.join(fleet.unreachable)}" if fleet.unreachable else ""
    pool = fleet.pool(known.pool_id)
    going = pool is not None and pool.coordinator == host and GOING & set(known.operations)
    return f"{host} is about to restart" if going else ""
