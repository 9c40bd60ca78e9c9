# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema's version: noted when the first write makes the tables, and looked at by every use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from ..._core.errors import StoreError
from .tables import tables

with suppress(ImportError):
    import sqlalchemy as sa

VERSION = 2
"""Of the tables in tables.py."""

UPGRADES: Mapping[int, Sequence[str]] = {
    2: ("ALTER TABLE xenfleet_maintenances ADD COLUMN booted_at TEXT",),
}
"""What makes the tables of each version out of those of the one before it."""

RELEASE = "0.1.0"
"""The collection's release that brought this version."""

ISO = "%Y-%m-%dT%H:%M:%SZ"
"""How the store writes a time, which is always in UTC."""


def now() -> str:
    """The time as the store writes it."""
    return datetime.now(UTC).strftime(ISO)


def version_of(connection: sa.Connection, label: str) -> int | None:
    """That of the tables, None before they are made. StoreError when it is a newer one."""
    table = tables().schema
    if not connection.dialect.has_table(connection, table.name):
        return None
    newest = connection.execute(
        sa.select(table.c.version, table.c.release).order_by(table.c.version.desc()).limit(1)
    ).one_or_none()
    if newest and newest.version > VERSION:
        raise StoreError(
            label,
            f"it has schema version {newest.version}, this collection knows {VERSION}",
            f"Use xenfleet.compute {newest.release} or later, everywhere that this store is used",
        )
    return newest.version if newest else None


def make_tables(connection: sa.Connection) -> None:
    """Make the tables and note their version, inside the connection's transaction."""
    tables().metadata.create_all(connection)
    _note(connection)


def upgrade_tables(connection: sa.Connection, version: int) -> None:
    """Bring tables of an older version up to date, inside the connection's transaction."""
    for number in range(version + 1, VERSION + 1):
        for statement in UPGRADES[number]:
            connection.exec_driver_sql(statement)
    _note(connection)


def _note(connection: sa.Connection) -> None:
    row = {"version": VERSION, "release": RELEASE, "applied_at": now()}
    connection.execute(sa.insert(tables().schema).values(row))
