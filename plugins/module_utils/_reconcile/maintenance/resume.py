# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resume a maintenance: find it in the journal, close or complete the moves that were left open."""

from __future__ import annotations

from collections.abc import Iterator

from ..._core.args import ActionArgs, AwaitArgs
from ..._core.errors import ConflictError
from ..._core.model import Fleet, Maintenance, Migration, Server
from ..._core.plan import Step
from ..._core.status import COLD, MIGRATING, RESIZING
from ..servers.verbs import await_migration, confirm_resize
from .verbs import SettleArgs, settle_move
from .wanted import MaintenanceWanted


def resumable_maintenance(fleet: Fleet, wanted: MaintenanceWanted) -> Maintenance | None:
    """The open maintenance of the host, which must be the one wanted."""
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
    """Corrections of records that do not show where the servers are now: those that a killed
    run left open, and those of moves that were given up but went on and arrived.
    """
    last = {m.server_id: m for m in moves}
    for move in moves:
        server = fleet.server(move.server_id)
        target = move.target or (server and _away(server, move)) or None
        arrived = server is not None and server.host == target
        late = move.status == "failed" and arrived and move is last[move.server_id]
        late = late and fleet.traits.late_arrivals
        if (move.status in Migration.FINAL and not late) or on_the_way(fleet, server, move):
            continue
        yield settle_move(
            move.server,
            SettleArgs(
                migration=move.id,
                id=move.server_id,
                source=move.source,
                target=target,
                status="completed" if arrived else "failed",
            ),
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
    """Nova's record distinguishes a migration off this host from anybody's resize."""
    waiting = server.vm_state == "resized" and server.task_state is None
    if move.type != COLD or not (waiting or server.task_state in RESIZING):
        return False
    record = latest_migration(fleet, server.id)
    return record is not None and (record.type, record.source) == (COLD, move.source)


def latest_migration(fleet: Fleet, server_id: str) -> Migration | None:
    """The newest of the server's migrations, where the control plane lists them."""
    return next((m for m in reversed(fleet.migrations) if m.server_id == server_id), None)


def under_way(fleet: Fleet, moves: tuple[Migration, ...]) -> Iterator[Step]:
    """What completes the moves that an earlier run had started and that still run. All waits come
    first, so that they run side by side.
    """
    confirmations = []
    for move in {m.server_id: m for m in moves}.values():
        server = fleet.server(move.server_id)
        unfinished = move.status not in Migration.FINAL or (
            fleet.traits.late_arrivals and server and server.host == move.source
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
    return await_migration(
        server.name,
        AwaitArgs(
            id=server.id,
            source=source,
            target=target,
            memory=server.memory,
            migration=migration,
            cold=cold,
        ),
        why="started by an earlier run",
    )


def confirm_step(server: Server, source: str, target: str | None, migration: int | None) -> Step:
    """Nova gives up the old disk and its place on the source only then."""
    return confirm_resize(
        server.name,
        ActionArgs(id=server.id, source=source, target=target, migration=migration),
        why="cold-migrated by an earlier run",
    )


def wanted_maintenance(fleet: Fleet, wanted: MaintenanceWanted) -> Maintenance | None:
    """The open one, else the latest of that name."""
    same = [m for m in fleet.maintenances if (m.host, m.name) == (wanted.host, wanted.name)]
    return next((m for m in reversed(same) if m.open), None) or (same[-1] if same else None)
