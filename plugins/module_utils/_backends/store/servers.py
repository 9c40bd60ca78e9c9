# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times of servers' changes, and deleted servers: what XAPI does not keep."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from ..._core.model import Server
from .schema import ISO, now
from .tables import tables
from .transactions import Database

with suppress(ImportError):
    import sqlalchemy as sa

KEPT_DAYS = 90
"""For so long deleted servers can be read; Nova keeps them until an operator archives them."""


class ServerRecords:
    """Writes; reading is ``Store.read``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changed(self, server_ids: Iterable[str]) -> None:
        """They change now."""
        moment = now()
        with self._database.writing() as connection:
            for server_id in server_ids:
                _touch(connection, server_id, moment)

    def deleting(self, server: Server) -> None:
        """It is about to be deleted. Forgets those whose deletion is long past."""
        table, moment = tables().deleted_servers, now()
        row = {
            "server_uuid": server.id,
            "server": server.name,
            "pool_uuid": server.pool_id,
            "host": server.host,
            "memory": server.memory_max,
            "vcpus": server.vcpus,
            "locked": server.locked,
            "locked_reason": server.locked_reason,
            "created_at": server.created_at,
            "launched_at": server.started_at,
            "deleting_at": moment,
        }
        oldest = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).strftime(ISO)
        with self._database.writing() as connection:
            connection.execute(
                sa.delete(table).where(
                    sa.or_(table.c.deleting_at < oldest, table.c.server_uuid == server.id)
                )
            )
            connection.execute(sa.insert(table).values(row))
            _touch(connection, server.id, moment)

    def deleted(self, server_id: str) -> None:
        """Its deletion has ended well."""
        t = tables()
        with self._database.writing() as connection:
            connection.execute(
                sa.update(t.deleted_servers)
                .where(t.deleted_servers.c.server_uuid == server_id)
                .values(deleted_at=now())
            )
            connection.execute(
                sa.delete(t.server_updates).where(t.server_updates.c.server_uuid == server_id)
            )


def _touch(connection: sa.Connection, server_id: str, moment: str) -> None:
    table, row = tables().server_updates, {"server_uuid": server_id, "updated_at": moment}
    known = connection.execute(sa.update(table).where(table.c.server_uuid == server_id).values(row))
    if not known.rowcount:
        connection.execute(sa.insert(table).values(row))


def read_updates(connection: sa.Connection) -> dict[str, str]:
    """Server uuid to time."""
    table = tables().server_updates
    rows = connection.execute(sa.select(table.c.server_uuid, table.c.updated_at))
    return {row.server_uuid: row.updated_at for row in rows}


def read_deleted(connection: sa.Connection) -> tuple[Server, ...]:
    """By name. Those whose deletion was not seen to end have no ``terminated_at``."""
    table = tables().deleted_servers
    return tuple(
        Server(
            id=row.server_uuid,
            name=row.server,
            status="DELETED",
            vm_state="deleted",
            power_state="",
            host=row.host,
            pool_id=row.pool_uuid,
            memory_max=row.memory,
            vcpus=row.vcpus,
            locked=row.locked,
            locked_reason=row.locked_reason,
            created_at=row.created_at,
            started_at=row.launched_at,
            updated_at=row.deleted_at or row.deleting_at,
            terminated_at=row.deleted_at,
        )
        for row in connection.execute(sa.select(table).order_by(table.c.server))
    )
