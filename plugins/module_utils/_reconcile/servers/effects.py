# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Effects of steps on servers. One that has moved to a host of the scheduler's choice is on host ""."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..._core.args import MoveArgs
from ..._core.model import Fleet, Migration, Server
from ..._core.status import BY_POWER
from ..._core.traits import Traits
from ..common.changes import change_host, change_maintenance


def change_server(fleet: Fleet, server_id: str, change: Callable[[Server], Server]) -> Fleet:
    return replace(
        fleet, servers=tuple(change(s) if s.id == server_id else s for s in fleet.servers)
    )


def with_server(fleet: Fleet, server: Server) -> Fleet:
    return change_server(fleet, server.id, lambda _old: server)


def memory_freed(fleet: Fleet, host: str | None, memory: int) -> Fleet:
    """With so much more memory free on the host."""
    if not host:
        return fleet
    return change_host(fleet, host, lambda h: replace(h, memory_free=h.memory_free + memory))


def placed(fleet: Fleet, server: Server, host: str) -> Fleet:
    """With the server on that host. What was reported of the old one no longer holds."""
    after = replace(server, host=host)
    if (server.zone, server.host_status) != (None, None):
        service = fleet.service(host)
        zone = service.zone if service else server.zone
        after = replace(after, zone=zone, host_status=None if host else "", node=None)
    return with_server(fleet, after)


# --- moves ----------------------------------------------------------------------------------------


def moved(fleet: Fleet, args: MoveArgs, kind: str) -> Fleet:
    """With the server on the target; in the journal, too, if a maintenance orders the move."""
    server = fleet.server(args.id)
    target = args.target or ""
    if server is None or server.host == target:
        return fleet
    fleet = placed(fleet, server, target)
    fleet = memory_freed(fleet, target, -server.memory)
    fleet = memory_freed(fleet, server.host, server.memory)
    return _journaled(fleet, args, server, kind) if args.maintenance else fleet


def _journaled(fleet: Fleet, args: MoveArgs, server: Server, kind: str) -> Fleet:
    source = args.source or ""
    open_one = fleet.open_maintenance(source)
    if open_one is None:
        return fleet
    move = Migration(
        server_id=server.id,
        server=server.name,
        source=source,
        target=args.target or "",
        type=kind,
        status="completed",
        memory=server.memory,
    )
    return change_maintenance(fleet, source, moves=(*open_one.moves, move))


def moved_to(fleet: Fleet, server: Server, host: str) -> Fleet:
    """With the server, and the memory it takes, on that host; on "" if the scheduler chooses."""
    if server.running:
        fleet = memory_freed(fleet, server.host, server.memory)
        fleet = memory_freed(fleet, host, -server.memory)
    return placed(fleet, server, host)


# --- states ---------------------------------------------------------------------------------------


def by_power(server: Server) -> str:
    """The vm_state of a server of which nothing but its power state is known."""
    return "rescued" if server.stand_in else BY_POWER.get(server.power_state, server.vm_state)


def after_reset(traits: Traits, server: Server, state: str) -> str:
    """The vm_state once it has been reset to this one."""
    return by_power(server) if state == "active" and traits.reset_by_power else state


# --- power ----------------------------------------------------------------------------------------


def with_power(fleet: Fleet, server_id: str, power: str) -> Fleet:
    """A server that stops running gives its memory back, and its host up unless it is bound to it,
    where it does not keep both.
    """
    server = fleet.server(server_id)
    if server is None:
        return fleet
    image = server.memory_image if power == "Suspended" else None
    after = replace(server, power_state=power, memory_image=image)
    if fleet.traits.keeps_stopped:
        return with_server(fleet, after)
    if server.host and server.running != after.running:
        change = server.memory if server.running else -server.memory
        fleet = memory_freed(fleet, server.host, change)
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
