# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema's version: noted when the first write makes the tables, and looked at by every use."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from ..._core.errors import StoreError
from .tables import tables

with suppress(ImportError):
    import sqlalchemy as sa

VERSION = 1
"""Of the tables in tables.py."""

RELEASE = "0.1.0"
"""The collection's release that brought this version."""

ISO = "%Y-%m-%dT%H:%M:%SZ"
"""How the store writes a time, which is always in UTC."""


def now() -> str:
    """The time as the store writes it."""
    return datetime.now(UTC).strftime(ISO)


def has_tables(connection: sa.Connection, label: str) -> bool:
    """Whether the tables have been made. StoreError when they are of another schema version."""
    table = tables().schema
    if not connection.dialect.has_table(connection, table.name):
        return False
    newest = connection.execute(
        sa.select(table.c.version, table.c.release).order_by(table.c.version.desc()).limit(1)
    ).one_or_none()
    if newest and newest.version != VERSION:
        raise StoreError(
            label,
            f"it has schema version {newest.version}, this collection knows {VERSION}",
            f"Use xenfleet.compute {newest.release} or later, everywhere that this store is used",
        )
    return newest is not None


def make_tables(connection: sa.Connection) -> None:
    """Make the tables and note their version, inside the connection's transaction."""
    tables().metadata.create_all(connection)
    row = {"version": VERSION, "release": RELEASE, "applied_at": now()}
    connection.execute(sa.insert(tables().schema).values(row))
