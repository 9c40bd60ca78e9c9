# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the store. A change to them makes another schema version (schema.py).

They are built on demand, since this file is imported also where SQLAlchemy is not installed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

with suppress(ImportError):
    import sqlalchemy as sa

PREFIX = "xenfleet_"
"""Lets the store share a PostgreSQL database."""


@dataclass(frozen=True)
class Tables:
    """One attribute per table, without the prefix. Times are texts, ISO 8601 in UTC."""

    metadata: sa.MetaData
    schema: sa.Table
    hosts: sa.Table
    aggregates: sa.Table
    aggregate_metadata: sa.Table
    aggregate_hosts: sa.Table
    services: sa.Table
    maintenances: sa.Table
    migrations: sa.Table
    server_updates: sa.Table
    deleted_servers: sa.Table
    locks: sa.Table


@cache
def tables() -> Tables:
    """The tables, built once per process."""
    metadata = sa.MetaData()
    return Tables(
        metadata=metadata,
        schema=_table(
            metadata,
            "schema",
            sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
            _text("release"),
            _text("applied_at"),
        ),
        hosts=_table(
            metadata,
            "hosts",
            sa.Column("uuid", sa.Text, primary_key=True),
            _text("name", unique=True),
            _text("first_seen"),
            _text("last_seen"),
        ),
        **_aggregate_tables(metadata),
        services=_table(
            metadata,
            "services",
            _owned("host_uuid", "hosts.uuid", primary_key=True),
            sa.Column("disabled", sa.Boolean, nullable=False),
            _text("disabled_reason", nullable=True),
            sa.Column("forced_down", sa.Boolean, nullable=False),
            _text("updated_at"),
        ),
        **_journal_tables(metadata),
        **_server_tables(metadata),
        locks=_table(
            metadata,
            "locks",
            sa.Column("name", sa.Text, primary_key=True),
            _text("token", unique=True),
            _text("node"),
            _text("machine"),
            sa.Column("pid", sa.Integer, nullable=False),
            _text("process_started"),
            _text("purpose"),
            _text("acquired_at"),
            _text("expires_at"),
        ),
    )


def _aggregate_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    return {
        "aggregates": _table(
            metadata,
            "aggregates",
            sa.Column("id", sa.Integer, primary_key=True),
            _text("uuid", unique=True),
            _text("name", unique=True),
            _text("created_at"),
            _text("updated_at", nullable=True),
        ),
        "aggregate_metadata": _table(
            metadata,
            "aggregate_metadata",
            _owned("aggregate_id", "aggregates.id", primary_key=True),
            sa.Column("key", sa.Text, primary_key=True),
            _text("value"),
        ),
        "aggregate_hosts": _table(
            metadata,
            "aggregate_hosts",
            # Nova lists members in order of joining; the first becomes a pool's coordinator.
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("aggregate_id", sa.ForeignKey(f"{PREFIX}aggregates.id"), nullable=False),
            _owned("host_uuid", "hosts.uuid"),
            sa.UniqueConstraint("aggregate_id", "host_uuid"),
        ),
    }


def _journal_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    """These refer to no host's row, since the past outlives its hosts."""
    maintenances = _table(
        metadata,
        "maintenances",
        sa.Column("id", sa.Integer, primary_key=True),
        _text("host_uuid", nullable=True),
        _text("host"),
        _text("name"),
        _text("phase"),
        sa.Column("service_disabled", sa.Boolean, nullable=False),
        sa.Column("host_disabled", sa.Boolean, nullable=False),
        _text("booted_at", nullable=True),
        _text("started_at"),
        _text("updated_at"),
        _text("finished_at", nullable=True),
    )
    migrations = _table(
        metadata,
        "migrations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("maintenance_id", sa.ForeignKey(f"{PREFIX}maintenances.id"), index=True),
        _text("type"),
        _text("status"),
        _text("server_uuid"),
        _text("server"),
        _text("source"),
        _text("target"),
        # Bytes: more than an integer of PostgreSQL holds.
        sa.Column("memory", sa.BigInteger, nullable=False),
        _text("created_at"),
        _text("updated_at"),
    )
    return {"maintenances": maintenances, "migrations": migrations}


def _server_tables(metadata: sa.MetaData) -> dict[str, sa.Table]:
    """Neither metadata nor tags of deleted servers, which Nova drops too, and which may hold
    secrets.
    """
    return {
        "server_updates": _table(
            metadata,
            "server_updates",
            sa.Column("server_uuid", sa.Text, primary_key=True),
            _text("updated_at"),
        ),
        "deleted_servers": _table(
            metadata,
            "deleted_servers",
            sa.Column("server_uuid", sa.Text, primary_key=True),
            _text("server"),
            _text("pool_uuid"),
            _text("host", nullable=True),
            sa.Column("memory", sa.BigInteger, nullable=False),
            sa.Column("vcpus", sa.Integer, nullable=False),
            sa.Column("locked", sa.Boolean, nullable=False),
            _text("locked_reason", nullable=True),
            _text("created_at", nullable=True),
            _text("launched_at", nullable=True),
            _text("deleting_at"),
            _text("deleted_at", nullable=True),
        ),
    }


def _table(metadata: sa.MetaData, name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    """SQLite would give the number of a deleted row to a new one by default."""
    numbered = any(isinstance(item, sa.Column) and item.name == "id" for item in items)
    return sa.Table(f"{PREFIX}{name}", metadata, *items, sqlite_autoincrement=numbered)


def _text(name: str, *, nullable: bool = False, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, unique=unique)


def _owned(name: str, owner: str, *, primary_key: bool = False) -> sa.Column[Any]:
    """A column whose row goes with the one that it refers to."""
    return sa.Column(
        name,
        sa.ForeignKey(f"{PREFIX}{owner}", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )
