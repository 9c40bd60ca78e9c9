# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of the schema, and the way from one to the next.

A writer brings an older store up to date in the transaction that it writes in; a reader does so in
a transaction that it then rolls back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from ..._core.errors import StoreError
from .tables import tables

with suppress(ImportError):
    import sqlalchemy as sa

ISO = "%Y-%m-%dT%H:%M:%SZ"
"""How the store writes a time, which is always in UTC."""


def now() -> str:
    """The time as the store writes it."""
    return datetime.now(UTC).strftime(ISO)


def version_of(connection: sa.Connection, label: str) -> int:
    """The store's version, 0 when it is empty. StoreError when it is newer than this code."""
    table = tables().schema
    if not connection.dialect.has_table(connection, table.name):
        return 0
    newest = connection.execute(
        sa.select(table.c.version, table.c.release).order_by(table.c.version.desc()).limit(1)
    ).one_or_none()
    version = int(newest.version) if newest else 0
    if newest and version > len(RELEASES):
        raise StoreError(
            label,
            f"it has schema version {version}, this collection knows {len(RELEASES)}",
            f"Use xenfleet.compute {newest.release} or later, everywhere that this store is used",
        )
    return version


def bring_up_to_date(connection: sa.Connection, version: int) -> None:
    """Create or upgrade the tables, inside the connection's transaction."""
    if version == 0:
        tables().metadata.create_all(connection)
    else:
        for upgrade in UPGRADES[version - 1 :]:
            upgrade(connection)
    for number in range(version + 1, len(RELEASES) + 1):
        row = {"version": number, "release": RELEASES[number - 1], "applied_at": now()}
        connection.execute(sa.insert(tables().schema).values(row))


def _add_journal(connection: sa.Connection) -> None:
    """From 1 to 2: maintenances, their moves, and locks."""
    t = tables()
    t.metadata.create_all(connection, tables=[t.maintenances, t.migrations, t.locks])


def _add_servers(connection: sa.Connection) -> None:
    """From 2 to 3: when servers were changed, and those that were deleted."""
    t = tables()
    t.metadata.create_all(connection, tables=[t.server_updates, t.deleted_servers])


RELEASES: tuple[str, ...] = ("0.1.0", "0.1.0", "0.1.0")
"""The collection's release that brought each schema version, version 1 first."""

UPGRADES: tuple[Callable[[sa.Connection], None], ...] = (_add_journal, _add_servers)
"""What leads from version 1 to 2, from 2 to 3, and so on: never changed once released."""
