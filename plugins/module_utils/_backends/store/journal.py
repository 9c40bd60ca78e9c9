# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal in the store: maintenances and the moves that they ordered. It outlives its hosts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress

from ..._core.errors import ConflictError, NotFoundError
from ..._core.model import Maintenance, Migration
from .hosts import Hosts
from .locks import hold_lock
from .schema import now
from .tables import tables
from .transactions import Database

with suppress(ImportError):
    import sqlalchemy as sa


class Journal:
    """JournalPort: maintenances, their moves, and locks."""

    def __init__(self, database: Database, hosts: Hosts) -> None:
        self._database = database
        self._hosts = hosts

    def begin(self, maintenance: Maintenance) -> int:
        """Record a new maintenance and return its id. ConflictError while the host has an open one."""
        table, moment = tables().maintenances, now()
        host, host_id = maintenance.host, maintenance.host_id
        with self._database.writing() as connection:
            if host_id is not None:
                self._hosts.resolve(connection, host, host_id)
            same = table.c.host == host if host_id is None else table.c.host_uuid == host_id
            current = connection.execute(
                sa.select(table.c.name).where(same, table.c.phase != "done")
            ).first()
            if current is not None:
                raise ConflictError(
                    f"host {host}",
                    f"maintenance {current.name} of it is open",
                    "Finish that one first",
                )
            row = {
                "host_uuid": host_id,
                "host": host,
                "name": maintenance.name,
                "phase": maintenance.phase,
                "service_disabled": maintenance.service_disabled,
                "host_disabled": maintenance.host_disabled,
                "booted_at": maintenance.booted_at,
                "started_at": moment,
                "updated_at": moment,
            }
            return _inserted(connection, table, row)

    def advance(self, maintenance_id: int, phase: str) -> None:
        """Record the phase reached; "done" closes it. NotFoundError for an unknown id."""
        table, moment = tables().maintenances, now()
        with self._database.writing() as connection:
            changed = connection.execute(
                sa.update(table)
                .where(table.c.id == maintenance_id)
                .values(
                    phase=phase,
                    updated_at=moment,
                    finished_at=moment if phase == "done" else None,
                )
            )
            if not changed.rowcount:
                raise _unknown("maintenance", maintenance_id)

    def record_move(self, migration: Migration) -> int:
        """Record a move that is about to start and return its id."""
        table, moment = tables().migrations, now()
        row = {
            "maintenance_id": migration.maintenance,
            "type": migration.type,
            "status": migration.status,
            "server_uuid": migration.server_id,
            "server": migration.server,
            "source": migration.source,
            "target": migration.target,
            "memory": migration.memory,
            "created_at": moment,
            "updated_at": moment,
        }
        with self._database.writing() as connection:
            return _inserted(connection, table, row)

    def finish_move(self, migration_id: int, status: str, target: str | None = None) -> None:
        """Record how it ended: completed, failed, cancelled; and where, if that was left open.

        NotFoundError for an unknown id.
        """
        table = tables().migrations
        where = {} if target is None else {"target": target}
        with self._database.writing() as connection:
            changed = connection.execute(
                sa.update(table)
                .where(table.c.id == migration_id)
                .values(status=status, updated_at=now(), **where)
            )
            if not changed.rowcount:
                raise _unknown("migration", migration_id)

    def lock(self, name: str, purpose: str) -> AbstractContextManager[None]:
        """Hold the named lock, across processes and machines. To be taken outside any transaction.

        LockedError while another live run holds it.
        """
        return hold_lock(self._database, name, purpose)


def read_migrations(connection: sa.Connection) -> tuple[Migration, ...]:
    """All moves in order of departure, hosts under the names that they had."""
    table = tables().migrations
    return tuple(
        Migration(
            server_id=row.server_uuid,
            server=row.server,
            source=row.source,
            target=row.target,
            type=row.type,
            status=row.status,
            maintenance=row.maintenance_id,
            id=row.id,
            memory=row.memory,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in connection.execute(sa.select(table).order_by(table.c.id))
    )


def read_maintenances(
    connection: sa.Connection, names: Mapping[str, str], migrations: tuple[Migration, ...]
) -> tuple[Maintenance, ...]:
    """All maintenances, oldest first. A host that is forgotten goes by the name that it had."""
    table = tables().maintenances
    moves: dict[int | None, list[Migration]] = defaultdict(list)
    for migration in migrations:
        moves[migration.maintenance].append(migration)
    return tuple(
        Maintenance(
            host=names.get(row.host_uuid, row.host),
            name=row.name,
            phase=row.phase,
            id=row.id,
            host_id=row.host_uuid,
            service_disabled=row.service_disabled,
            host_disabled=row.host_disabled,
            booted_at=row.booted_at,
            moves=tuple(moves[row.id]),
            started_at=row.started_at,
            updated_at=row.updated_at,
            finished_at=row.finished_at,
        )
        for row in connection.execute(sa.select(table).order_by(table.c.id))
    )


def _inserted(connection: sa.Connection, table: sa.Table, row: Mapping[str, object]) -> int:
    return int(connection.execute(sa.insert(table).values(row).returning(table.c.id)).scalar_one())


def _unknown(kind: str, number: int) -> NotFoundError:
    return NotFoundError(f"{kind} {number}", "the journal has no such record", "Read it again")
