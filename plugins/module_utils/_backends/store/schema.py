# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables and their versions.

A writer brings an older store up to date in the transaction that it writes in; a reader does so in
a transaction that it then rolls back. Tables are built on demand, since this file is imported also
where SQLAlchemy is not installed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from ..._core.errors import StoreError

with suppress(ImportError):
    import sqlalchemy as sa

PREFIX = "xenfleet_"
"""Lets the store share a PostgreSQL database."""

RELEASES: tuple[str, ...] = ("0.1.0",)
"""The collection's release that brought each schema version, version 1 first."""

UPGRADES: tuple[Callable[[sa.Connection], None], ...] = ()
"""What leads from version 1 to 2, from 2 to 3, and so on: never changed once released."""


@dataclass(frozen=True)
class Tables:
    """The current version's tables."""

    metadata: sa.MetaData
    schema: sa.Table
    hosts: sa.Table
    aggregates: sa.Table
    aggregate_metadata: sa.Table
    aggregate_hosts: sa.Table
    services: sa.Table


@cache
def tables() -> Tables:
    """Build the tables, once per process."""
    metadata = sa.MetaData()
    return Tables(
        metadata=metadata,
        schema=sa.Table(
            f"{PREFIX}schema",
            metadata,
            sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("release", sa.Text, nullable=False),
            sa.Column("applied_at", sa.Text, nullable=False),
        ),
        hosts=sa.Table(
            f"{PREFIX}hosts",
            metadata,
            sa.Column("uuid", sa.Text, primary_key=True),
            sa.Column("name", sa.Text, nullable=False, unique=True),
            sa.Column("first_seen", sa.Text, nullable=False),
            sa.Column("last_seen", sa.Text, nullable=False),
        ),
        aggregates=sa.Table(
            f"{PREFIX}aggregates",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("uuid", sa.Text, nullable=False, unique=True),
            sa.Column("name", sa.Text, nullable=False, unique=True),
            sa.Column("created_at", sa.Text, nullable=False),
            sa.Column("updated_at", sa.Text),
            sqlite_autoincrement=True,
        ),
        aggregate_metadata=sa.Table(
            f"{PREFIX}aggregate_metadata",
            metadata,
            _reference("aggregate_id", "aggregates.id", primary_key=True),
            sa.Column("key", sa.Text, primary_key=True),
            sa.Column("value", sa.Text, nullable=False),
        ),
        aggregate_hosts=sa.Table(
            f"{PREFIX}aggregate_hosts",
            metadata,
            # Nova lists members in order of joining; the first becomes a pool's coordinator.
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("aggregate_id", sa.ForeignKey(f"{PREFIX}aggregates.id"), nullable=False),
            _reference("host_uuid", "hosts.uuid"),
            sa.UniqueConstraint("aggregate_id", "host_uuid"),
            sqlite_autoincrement=True,
        ),
        services=sa.Table(
            f"{PREFIX}services",
            metadata,
            _reference("host_uuid", "hosts.uuid", primary_key=True),
            sa.Column("disabled", sa.Boolean, nullable=False),
            sa.Column("disabled_reason", sa.Text),
            sa.Column("forced_down", sa.Boolean, nullable=False),
            sa.Column("updated_at", sa.Text, nullable=False),
        ),
    )


def _reference(name: str, target: str, *, primary_key: bool = False) -> sa.Column[Any]:
    """A column whose row goes with the one that it refers to."""
    return sa.Column(
        name,
        sa.ForeignKey(f"{PREFIX}{target}", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def now() -> str:
    """The time as the store writes it: ISO 8601 in UTC, in seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def version_of(connection: sa.Connection, label: str) -> int:
    """The store's version, 0 when it is empty. StoreError when it is newer than this code."""
    table = tables().schema
    if not sa.inspect(connection).has_table(table.name):
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
