# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a planner needs to know about the maintenances of a host, and what it repairs in their
journal before it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._core.errors import ConflictError, InvalidError, NotFoundError, UnsupportedError
from .._core.model import ComputeService, Fleet, Host, Maintenance, Migration, Server
from .._core.plan import Step
from .._core.reading import (
    AGGREGATES,
    HOSTS,
    JOURNAL,
    MIGRATIONS,
    SERVERS,
    SERVICES,
    Reading,
    reading,
)
from .lookup import unknown
from .rules import check_name

MIGRATING = "migrating"
"""Nova's task_state of a server on its way (nova/compute/task_states.py)."""

RESIZING = frozenset({"resize_prep", "resize_migrating", "resize_migrated", "resize_finish"})
"""Those of one that is migrated cold, which ends in vm_state resized until it is confirmed."""

COLD = "migration"
"""migration_type of a cold migration; a resize to another flavor has one of its own."""


@dataclass(frozen=True)
class MaintenanceWanted:
    """One maintenance of one host and how to go about it."""

    host: str
    name: str = "maintenance"
    max_parallel: int = 3
    network: str | None = None
    """Network to migrate over, by name or uuid; None leaves the choice to XAPI (management)."""
    enforce_groups: bool = True
    return_servers: bool = True
    cold_migrate: bool = False
    """Whether servers that are stopped leave the host, too; on Nova only."""


def needs(fleet: Fleet, wanted: MaintenanceWanted) -> Reading:
    """Everything about the host, and the servers that the open maintenance has moved elsewhere."""
    current = fleet.open_maintenance(wanted.host)
    return reading(
        JOURNAL,
        AGGREGATES,
        SERVICES,
        HOSTS,
        SERVERS,
        MIGRATIONS,
        hosts=(wanted.host,),
        servers=[m.server_id for m in current.moves] if current else (),
    )


def lock_name(fleet: Fleet, wanted: MaintenanceWanted) -> str | None:
    """What no other run may work on: the pool, whose hosts share their room, or with a scheduler,
    which knows about that, the host.
    """
    host = fleet.host(wanted.host)
    if host is None:
        return None
    return f"host:{host.id}" if fleet.scheduled else f"pool:{host.pool_id}"


LONGEST_NAME = 200
"""With our prefix it must fit into disabled_reason, 255 characters in Nova."""


def check(fleet: Fleet, wanted: MaintenanceWanted) -> None:
    """Raises InvalidError for values that no fleet would accept, UnsupportedError for those that
    this control plane can't heed.
    """
    what = f"maintenance of host {wanted.host}"
    check_name(what, wanted.name)
    if len(wanted.name) > LONGEST_NAME:
        raise InvalidError(
            what, f"the name has {len(wanted.name)} characters", f"Use 1 to {LONGEST_NAME} of them"
        )
    if wanted.max_parallel < 1:
        raise InvalidError(what, f"max_parallel is {wanted.max_parallel}", "Use 1 or more")
    if fleet.scheduled:
        _check_scheduled(wanted)
    elif wanted.cold_migrate:
        raise UnsupportedError(
            "option cold_migrate",
            "a stopped server of a Xen pool is on no host, so there is none for it to leave",
            "Leave it out",
        )


def _check_scheduled(wanted: MaintenanceWanted) -> None:
    if wanted.network is not None:
        raise UnsupportedError(
            "option network",
            "Nova does not let its users choose the network of a migration",
            "Leave it out, and set live_migration_inbound_addr in nova.conf of the hosts",
        )
    if not wanted.enforce_groups:
        raise UnsupportedError(
            "option anti_affinity",
            "Nova's scheduler always heeds the policies of server groups",
            "Leave it out; for a group that may meet use the policy soft-anti-affinity",
        )


def reason_of(name: str) -> str:
    """The disabled_reason that marks a compute service as disabled by this maintenance."""
    return f"xenfleet maintenance: {name}"


def marked(service: ComputeService, name: str) -> bool:
    """Whether this maintenance has disabled the service."""
    return service.status == "disabled" and service.disabled_reason == reason_of(name)


def get_host(fleet: Fleet, name: str) -> Host:
    host = fleet.host(name)
    if host is not None:
        return host
    raise NotFoundError(
        f"host {name}",
        unknown(fleet),
        "Check the name; it is that of the compute service, as compute_service_info tells"
        if fleet.scheduled
        else "Check the name and that endpoints lists the coordinator of its pool",
    )


def open_maintenance(fleet: Fleet, wanted: MaintenanceWanted) -> Maintenance | None:
    """The one under way, which must be the one wanted."""
    current = fleet.open_maintenance(wanted.host)
    if current is not None and current.name != wanted.name:
        raise ConflictError(
            f"host {wanted.host}",
            f"maintenance {current.name!r} of it is open ({current.phase}, since "
            f"{current.started_at or 'just now'}), so {wanted.name!r} can't begin or end now",
            f"Finish that one first: host_maintenance with name {current.name!r} and state "
            "in_service",
            maintenance=current.name,
            phase=current.phase,
        )
    return current


def finished_maintenance(fleet: Fleet, wanted: MaintenanceWanted) -> Maintenance | None:
    """The latest completed one of that host and name."""
    same = [m for m in fleet.maintenances if (m.host, m.name) == (wanted.host, wanted.name)]
    return next((m for m in reversed(same) if not m.open), None)


def settled(fleet: Fleet, moves: tuple[Migration, ...]) -> Iterator[Step]:
    """Corrections of records that tell less than what became of the servers: those that a killed
    run left open, and those of moves that were given up but went on and arrived.
    """
    last = {m.server_id: m for m in moves}
    for move in moves:
        server = fleet.server(move.server_id)
        target = move.target or (server and _away(server, move)) or None
        arrived = server is not None and server.host == target
        late = move.status == "failed" and arrived and move is last[move.server_id]
        late = late and not fleet.scheduled
        if (move.status in Migration.FINAL and not late) or on_the_way(fleet, server, move):
            continue
        yield Step(
            "maintenance.settle_move",
            move.server,
            {
                "migration": move.id,
                "id": move.server_id,
                "source": move.source,
                "target": target,
                "status": "completed" if arrived else "failed",
            },
            why="an earlier run did not see its end",
        )


def _away(server: Server, move: Migration) -> str | None:
    """Where the scheduler has put a server whose target was left to it."""
    return server.host if server.host != move.source else None


def on_the_way(fleet: Fleet, server: Server | None, move: Migration) -> bool:
    """Whether the server is being moved, or waits for our cold migration to be confirmed."""
    if server is None:
        return False
    return server.task_state == MIGRATING or _cold_under_way(fleet, server, move)


def _cold_under_way(fleet: Fleet, server: Server, move: Migration) -> bool:
    """Nova's record tells a migration off this host from anybody's resize."""
    waiting = server.vm_state == "resized" and server.task_state is None
    if move.type != COLD or not (waiting or server.task_state in RESIZING):
        return False
    record = latest(fleet, server.id)
    return record is not None and (record.type, record.source) == (COLD, move.source)


def latest(fleet: Fleet, server_id: str) -> Migration | None:
    """The newest of the server's migrations, where the control plane lists them."""
    return next((m for m in reversed(fleet.migrations) if m.server_id == server_id), None)


def under_way(fleet: Fleet, moves: tuple[Migration, ...]) -> Iterator[Step]:
    """What completes the moves that an earlier run had started and that still go on. All waits come
    first, so that they run side by side.
    """
    confirmations = []
    for move in {m.server_id: m for m in moves}.values():
        server = fleet.server(move.server_id)
        unfinished = move.status not in Migration.FINAL or (
            not fleet.scheduled and server and server.host == move.source
        )
        if server is None or not unfinished or not on_the_way(fleet, server, move):
            continue
        cold = server.task_state != MIGRATING
        if server.task_state is not None:
            yield await_step(server, move.source, move.target or None, move.id, cold=cold)
        if cold:
            confirmations.append(confirm_step(server, move.source, move.target or None, move.id))
    yield from confirmations


def await_step(
    server: Server,
    source: str,
    target: str | None,
    migration: int | None = None,
    *,
    cold: bool = False,
) -> Step:
    return Step(
        "server.await_migration",
        server.name,
        {
            "id": server.id,
            "source": source,
            "target": target,
            "memory": server.memory,
            "migration": migration,
            **({"cold": True} if cold else {}),
        },
        why="started by an earlier run",
    )


def confirm_step(server: Server, source: str, target: str | None, migration: int | None) -> Step:
    """Nova gives up the old disk and its place on the source only then."""
    return Step(
        "server.confirm_resize",
        server.name,
        {"id": server.id, "source": source, "target": target, "migration": migration},
        why="cold-migrated by an earlier run",
    )
