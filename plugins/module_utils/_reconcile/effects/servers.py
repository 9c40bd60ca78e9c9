# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Effects of steps on servers. One that has moved to a host of the scheduler's choice is on host ""."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..._core.model import Fleet, Migration, Server
from ..._core.plan import Step
from .records import change_maintenance, finish_move
from .xen import change_host


def _server(fleet: Fleet, server_id: str, change: Callable[[Server], Server]) -> Fleet:
    return replace(
        fleet, servers=tuple(change(s) if s.id == server_id else s for s in fleet.servers)
    )


def _memory(fleet: Fleet, host: str | None, change: int) -> Fleet:
    if not host:
        return fleet
    return change_host(fleet, host, lambda h: replace(h, memory_free=h.memory_free + change))


def _placed(fleet: Fleet, server: Server, host: str) -> Fleet:
    """With the server on that host. What Nova reports of the old one no longer holds."""
    after = replace(server, host=host)
    if fleet.scheduled:
        service = fleet.service(host)
        zone = service.zone if service else server.zone
        after = replace(after, zone=zone, host_status=None if host else "", node=None)
    return _server(fleet, server.id, lambda _old: after)


# --- moves ----------------------------------------------------------------------------------------


def live_migrate(fleet: Fleet, step: Step) -> Fleet:
    return _moved(fleet, step, "live-migration")


def cold_migrate(fleet: Fleet, step: Step) -> Fleet:
    return _moved(fleet, step, "migration")


def _moved(fleet: Fleet, step: Step, kind: str) -> Fleet:
    server = fleet.server(step.args["id"])
    target = step.args["target"] or ""
    if server is None or server.host == target:
        return fleet
    fleet = _placed(fleet, server, target)
    fleet = _memory(fleet, target, -server.memory)
    fleet = _memory(fleet, server.host, server.memory)
    return _journaled(fleet, step, server, kind) if step.args.get("maintenance") else fleet


def _journaled(fleet: Fleet, step: Step, server: Server, kind: str) -> Fleet:
    source = step.args["source"]
    open_one = fleet.open_maintenance(source)
    if open_one is None:
        return fleet
    move = Migration(
        server_id=server.id,
        server=server.name,
        source=source,
        target=step.args["target"] or "",
        type=kind,
        status="completed",
        memory=server.memory,
    )
    return change_maintenance(fleet, source, moves=(*open_one.moves, move))


def await_migration(fleet: Fleet, step: Step) -> Fleet:
    """The server has arrived. XAPI had reserved its memory on the target from the start, and Nova
    had claimed it. A cold migration waits to be confirmed.
    """
    args = step.args
    server, target = fleet.server(args["id"]), args["target"] or ""
    if server is None:
        return fleet
    if server.host and server.host != target:
        fleet = _memory(fleet, server.host, server.memory)
    fleet = _placed(fleet, server, target)
    if args.get("cold"):
        status, vm_state = "VERIFY_RESIZE", "resized"
    else:
        fleet = finish_move(fleet, args.get("migration"), "completed", target)
        vm_state = server.vm_state
        status = "PAUSED" if vm_state == "paused" else "ACTIVE"
    return _server(
        fleet,
        server.id,
        lambda s: replace(s, status=status, vm_state=vm_state, task_state=None),
    )


def confirm_resize(fleet: Fleet, step: Step) -> Fleet:
    """A server that was stopped is stopped again."""
    server = fleet.server(step.args["id"])
    if server is None:
        return fleet
    fleet = finish_move(fleet, step.args.get("migration"), "completed", server.host)
    status, vm_state = ("ACTIVE", "active") if server.running else ("SHUTOFF", "stopped")
    return _server(fleet, server.id, lambda s: replace(s, status=status, vm_state=vm_state))


# --- power ----------------------------------------------------------------------------------------


def with_server(fleet: Fleet, server: Server) -> Fleet:
    return _server(fleet, server.id, lambda _old: server)


def moved_to(fleet: Fleet, server: Server, host: str) -> Fleet:
    """With the server, and the memory it takes, on that host; on "" if the scheduler chooses."""
    if server.running:
        fleet = _memory(_memory(fleet, server.host, server.memory), host, -server.memory)
    return _placed(fleet, server, host)


def with_power(fleet: Fleet, server_id: str, power: str) -> Fleet:
    """On XAPI a server that stops running gives its memory back, and its host up unless it is bound
    to it; on Nova it keeps both.
    """
    server = fleet.server(server_id)
    if server is None:
        return fleet
    image = server.memory_image if power == "Suspended" else None
    after = replace(server, power_state=power, memory_image=image)
    if fleet.scheduled:
        return with_server(fleet, after)
    if server.host and server.running != after.running:
        fleet = _memory(fleet, server.host, server.memory if server.running else -server.memory)
    if server.running and not after.running:
        after = replace(after, host=_only_host(fleet, server))
    return with_server(fleet, after)


def _only_host(fleet: Fleet, server: Server) -> str | None:
    """The one host on which it can start, if there is only one."""
    hosts = {h.name for h in fleet.members(server.pool_id)}
    if len(hosts) > 1:
        attached = [s.attached for s in fleet.storages if s.id in server.storage]
        hosts = hosts.intersection(*attached) if attached else set()
    return hosts.pop() if len(hosts) == 1 else None
