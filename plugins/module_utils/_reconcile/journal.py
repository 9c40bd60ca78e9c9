# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a planner needs to know about the maintenances of a host, and what it repairs in their
journal before it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._core.errors import ConflictError, InvalidError, NotFoundError
from .._core.model import Fleet, Host, Maintenance, Migration, Server
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
from .lookup import silent
from .rules import check_name

MIGRATING = "migrating"
"""Nova's task_state of a server on its way (nova/compute/task_states.py)."""


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


LONGEST_NAME = 200
"""With our prefix it must fit into disabled_reason, 255 characters in Nova."""


def check(wanted: MaintenanceWanted) -> None:
    """Raises InvalidError for values that no fleet would accept."""
    what = f"maintenance of host {wanted.host}"
    check_name(what, wanted.name)
    if len(wanted.name) > LONGEST_NAME:
        raise InvalidError(
            what, f"the name has {len(wanted.name)} characters", f"Use 1 to {LONGEST_NAME} of them"
        )
    if wanted.max_parallel < 1:
        raise InvalidError(what, f"max_parallel is {wanted.max_parallel}", "Use 1 or more")


def reason_of(name: str) -> str:
    """The disabled_reason that marks a compute service as disabled by this maintenance."""
    return f"xenfleet maintenance: {name}"


def get_host(fleet: Fleet, name: str) -> Host:
    host = fleet.host(name)
    if host is not None:
        return host
    raise NotFoundError(
        f"host {name}",
        f"no coordinator that answered knows it{silent(fleet)}",
        "Check the name and that endpoints lists the coordinator of its pool",
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
        arrived = server is not None and server.host == move.target
        late = move.status == "failed" and arrived and move is last[move.server_id]
        if (move.status in Migration.FINAL and not late) or _migrating(server):
            continue
        yield Step(
            "maintenance.settle_move",
            move.server,
            {
                "migration": move.id,
                "id": move.server_id,
                "source": move.source,
                "target": move.target,
                "status": "completed" if arrived else "failed",
            },
            why="an earlier run did not see its end",
        )


def _migrating(server: Server | None) -> bool:
    return server is not None and server.task_state == MIGRATING


def under_way(fleet: Fleet, moves: tuple[Migration, ...]) -> Iterator[Step]:
    """Waits for the moves that an earlier run had started and XAPI still carries on."""
    for move in {m.server_id: m for m in moves}.values():
        server = fleet.server(move.server_id)
        unfinished = move.status not in Migration.FINAL or (server and server.host == move.source)
        if server is not None and _migrating(server) and unfinished:
            yield await_step(server, move.source, move.target, move.id)


def await_step(server: Server, source: str, target: str, migration: int | None = None) -> Step:
    return Step(
        "server.await_migration",
        server.name,
        {
            "id": server.id,
            "source": source,
            "target": target,
            "memory": server.memory,
            "migration": migration,
        },
        why="started by an earlier run",
    )
