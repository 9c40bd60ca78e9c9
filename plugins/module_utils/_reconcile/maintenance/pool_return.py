# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Return the servers of a host of a pool, as far as it has room for them."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.model import Fleet, Host, Maintenance, Migration, Server
from ..._core.plan import Step, Verdict, project_all
from ..._core.status import MIGRATING
from ..._core.units import gib
from ..placing.placement import closed_to_guests, peers
from ..placing.predicates import Predicate, first_objection, predicates
from ..placing.within import POOL, Within
from ..servers.verbs import move_step
from .pool_drain import immovable
from .resume import await_step
from .steps import departures
from .verbs import AdvanceArgs, advance
from .wanted import MaintenanceWanted

RESTARTING = frozenset({"shutdown", "reboot"})
"""XAPI keeps one of these in host.current_operations until a rebooted host is back."""


def restarting(host: Host) -> bool:
    """Whether it is about to come back, or down."""
    return not host.live or bool(RESTARTING & set(host.operations))


def plan_return(
    fleet: Fleet, before: Fleet, host: Host, wanted: MaintenanceWanted
) -> tuple[list[Step], list[Verdict]]:
    """Last to leave comes first. ``fleet`` is as it will be once the host is back in service."""
    current = fleet.open_maintenance(host.name)
    if current is None or not wanted.return_servers:
        return [], []
    home = fleet.host(host.name) or host
    closed = closed_to_guests(_without(fleet, current), home)
    # The memory of a host that is down is not known; what ran there before fits there.
    free = home.memory_total if restarting(host) else home.memory_free
    asked = predicates(fleet, Within(fleet, POOL))
    steps: list[Step] = []
    verdicts: list[Verdict] = []
    here = [s for s in fleet.servers_on(home.name) if s.running]
    for move in departures(current.moves):
        server = fleet.server(move.server_id)
        if server is not None and server.host == home.name:
            continue
        if server is not None and _is_returning(server, move, current, before):
            steps.append(await_step(server, move.target, home.name))
            free -= server.memory
            continue
        reason = _stays(fleet, server, move, home, asked, closed, free)
        if reason is not None or server is None:
            verdicts.append(Verdict(move.server, "warn", f"does not return: {reason}"))
            continue
        if met := peers(server, here):
            verdicts.append(
                Verdict(server.name, "warn", f"joins {met[0].name} of its anti-affinity group")
            )
        steps.append(move_step(server, home.name, network=_network(fleet, home, wanted), home=True))
        here.append(server)
        free -= server.memory
    # One group of waits before one group of moves, so that each runs side by side.
    return sorted(steps, key=lambda s: s.verb.name), verdicts


def _without(fleet: Fleet, current: Maintenance) -> Fleet:
    """The fleet as if this maintenance were over: its host may take servers again."""
    return project_all(
        fleet,
        [advance(current.host, AdvanceArgs(name=current.name, phase="done"))],
    )


def _is_returning(server: Server, move: Migration, current: Maintenance, before: Fleet) -> bool:
    """Only a return that was interrupted can have a server of ours migrating from where we put it."""
    was = before.open_maintenance(current.host)
    return (
        was is not None
        and was.phase == "returning"
        and server.task_state == MIGRATING
        and server.host == move.target
    )


def _stays(
    fleet: Fleet,
    server: Server | None,
    move: Migration,
    home: Host,
    asked: Sequence[Predicate],
    closed: str | None,
    free: int,
) -> str | None:
    """Why this server does not come back, or None."""
    if server is None:
        return "it is gone"
    if not server.running:
        return f"it is {server.status}"
    if server.host != move.target:
        return f"it was moved to {server.host} meanwhile"
    if closed is not None:
        return f"{home.name} {closed}"
    if reason := immovable(fleet, server):
        return f"it {reason}"
    if lacking := first_objection(asked, server, home):
        return f"{lacking.reason} on {home.name}"
    if free < server.memory:
        return f"no capacity on {home.name}: it needs {gib(server.memory)}, {gib(free)} are left"
    return None


def _network(fleet: Fleet, home: Host, wanted: MaintenanceWanted) -> str | None:
    """The migration network's uuid, if the host has an interface on it."""
    return next(
        (
            n.id
            for n in fleet.networks
            if n.pool_id == home.pool_id
            and wanted.network in (n.name, n.id)
            and home.name in n.hosts
        ),
        None,
    )
