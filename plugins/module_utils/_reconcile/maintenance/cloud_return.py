# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Return the servers of a host where a scheduler places them."""

from __future__ import annotations

from dataclasses import replace

from ..._core.model import Fleet, Host, Migration, Server
from ..._core.plan import Step, Verdict
from ..._core.status import COLD, MIGRATING, RESIZING
from ..placing.cloud import closed, outside_zone
from ..servers import verbs as servers
from .cloud_drain import LIVE, MENDING
from .resume import await_step, confirm_step, latest_migration
from .steps import departures
from .wanted import MaintenanceWanted

ORDER = (
    servers.await_migration.name,
    servers.confirm_resize.name,
    servers.live_migrate.name,
    servers.cold_migrate.name,
)
"""Neighbours with the same verb run side by side, and what has begun ends first."""


def plan_return(
    fleet: Fleet, before: Fleet, host: Host, wanted: MaintenanceWanted
) -> tuple[list[Step], list[Verdict]]:
    """Last to leave comes first. ``fleet`` is as it will be once the host is back in service."""
    current = fleet.open_maintenance(host.name)
    if current is None or not wanted.return_servers:
        return [], []
    was = before.open_maintenance(host.name)
    returning = was is not None and was.phase == "returning"
    steps: list[Step] = []
    verdicts: list[Verdict] = []
    for move in departures(current.moves):
        server = fleet.server(move.server_id)
        if server is not None and returning and (begun := _begun(fleet, server, move, host.name)):
            steps += begun
            continue
        if server is not None and server.host == host.name:
            continue
        reason = _stays(fleet, server, move, host.name)
        if reason is not None or server is None:
            hurt = server is not None and server.vm_state == "error"
            remedy = MENDING if hurt else ""
            verdicts.append(Verdict(move.server, "warn", f"does not return: {reason}", remedy))
            continue
        cold = server.vm_state not in LIVE
        steps.append(servers.move_step(server, host.name, cold=cold))
    return sorted(steps, key=lambda s: ORDER.index(s.verb.name)), verdicts


def _begun(fleet: Fleet, server: Server, move: Migration, home: str) -> list[Step]:
    """What completes a return that was interrupted: only that can move a server of ours from where
    we had put it to this host.
    """
    if server.task_state == MIGRATING and server.host == move.target:
        return [await_step(server, move.target, home)]
    record = latest_migration(fleet, server.id)
    ours = record is not None and (record.type, record.source, record.target) == (
        COLD,
        move.target,
        home,
    )
    confirm = confirm_step(server, move.target, home, None)
    if ours and server.task_state in RESIZING:
        return [await_step(server, move.target, home, cold=True), confirm]
    if ours and server.vm_state == "resized" and server.task_state is None:
        return [confirm]
    return []


def _stays(fleet: Fleet, server: Server | None, move: Migration, home: str) -> str | None:
    """Why this server does not come back, or None. The scheduler may still refuse it."""
    if server is None:
        return "it is gone"
    if server.host != move.target:
        return f"it was moved to {server.host} meanwhile"
    if not (server.vm_state in LIVE or (server.vm_state == "stopped" and move.type == COLD)):
        return f"it is {server.status}"
    if server.task_state is not None:
        return f"it is busy: its task_state is {server.task_state}"
    # Its maintenance, which is about to end, is no reason to stay away.
    if reason := closed(replace(fleet, maintenances=()), home):
        return f"{home} {reason}"
    if reason := outside_zone(fleet, server, home):
        return f"{home} {reason}"
    source = fleet.service(server.host)
    if source is not None and source.state != "up":
        return f"its host {server.host} is down"
    return None
