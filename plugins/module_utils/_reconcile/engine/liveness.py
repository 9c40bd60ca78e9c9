# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch the hosts of running actions: Nova leaves a dead host's servers in their task_state."""

from __future__ import annotations

from dataclasses import dataclass

from ..._core.errors import FleetError, UnavailableError, joined
from ..._core.ports import JobState, Ports
from ..._core.reading import SERVERS, SERVICES, reading
from .waiting import Waiting

INTERVAL = 5.0
"""Seconds between looks at the compute services; one look serves all steps that are running."""

ENOUGH = 2
"""Looks in a row that must find a service down: it may have missed one report."""


WAITING = (
    "Wait until its task_state is null: a process that finds the request in its queue when it starts "
    "again carries it out, and the server ends in ERROR"
)
"""Nova's init resets the task_state first (nova/compute/manager.py, _reset_live_migration), and
what the queue has kept then fails at its end.
"""


class SourceLost(UnavailableError):
    """A compute service that carries out an action is down, and the action's state is unknown."""


@dataclass(frozen=True)
class Watched:
    """An action on a server. ``doing`` names it; ``hosts`` are those that take part in it, empty
    where it takes place on the server's own host, wherever that is. A move leaves ``source``.
    """

    server: str
    id: str
    doing: str
    hosts: tuple[str, ...] = ()
    source: str | None = None
    move: bool = False


def watched(ports: Ports, action: Watched, work: Waiting) -> Waiting:
    """Carry the work on, as long as the compute services of the server's hosts are up or it makes
    progress.

    Raises SourceLost. Where no compute service does the work nothing is watched: XAPI ends its tasks
    itself.
    """
    if not ports.traits.service_processes:
        return (yield from work)
    watch = _Watch(ports, action)
    while True:
        try:
            progress = next(work)
        except StopIteration as end:
            ended: JobState | None = end.value
            return ended
        watch.look(progress)
        yield progress


class _Watch:
    """Checks the services at intervals."""

    def __init__(self, ports: Ports, action: Watched) -> None:
        self._ports = ports
        self._action = action
        self._hosts = list(action.hosts)
        self._next = ports.clock.now() + INTERVAL
        self._progress = 0.0
        self._downs = 0

    def look(self, progress: float) -> None:
        if self._ports.clock.now() < self._next:
            return
        down = self._down()
        stuck = down and progress <= self._progress
        self._downs = self._downs + 1 if stuck else int(bool(down))
        self._progress = progress
        self._next = self._ports.clock.now() + INTERVAL
        if self._downs >= ENOUGH:
            raise self._lost(down)

    def _down(self) -> list[str]:
        """Hosts of the server that are known to be down; none for an account that may not see
        services.
        """
        try:
            services = self._ports.recent(reading(SERVICES), INTERVAL / 2).services
            down = [s.host for s in services if s.state != "up"]
            if down and not self._hosts:
                self._hosts = self._present()
        except FleetError:
            return []
        return [host for host in self._hosts if host in down]

    def _present(self) -> list[str]:
        """Where it is; the host that it is evacuated from is down to begin with."""
        uuid = self._action.id
        server = self._ports.read(reading(SERVERS, servers=(uuid,))).server(uuid)
        host = server.host if server else None
        return [host] if host and host != self._action.source else []

    def _lost(self, down: list[str]) -> SourceLost:
        action, hosts = self._action, joined(down)
        # Its record is "accepted" until the source has taken the request.
        waiting = action.move and self._progress == 0
        return SourceLost(
            f"server {action.server}",
            f"{action.doing} does not {'begin' if waiting else 'continue'}, as the compute service of {hosts}"
            " is down",
            (f"{WAITING}. " if waiting else "")
            + f"Start nova-compute on {hosts} and run again. If that host is lost, fence it and "
            "evacuate its servers",
        )
