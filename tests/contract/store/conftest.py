# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places for a store, SQLite and PostgreSQL, and plain SQL to look into them with."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from contract.store.workers import Worker
from postgres import find_binaries, postgres

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store


@dataclass
class Place:
    """Where a store is, or is to be. ``kind`` is sqlite or postgresql."""

    kind: str
    target: str
    stack: ExitStack = field(repr=False)
    client: psycopg.Connection[tuple[Any, ...]] | None = field(default=None, repr=False)

    def open(self) -> Store:
        """A store of this process, closed after the test."""
        return self.stack.enter_context(closing(Store.open(self.target)))

    def worker(self, command: str, *args: str) -> Worker:
        """A process of its own that uses the store, ended after the test."""
        return self.stack.enter_context(Worker(self.target, command, *args))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What a plain client of the database gets, in a transaction of its own."""
        if self.kind == "postgresql":
            if self.client is None:
                self.client = self.stack.enter_context(
                    psycopg.connect(self.target, autocommit=True)
                )
            cursor = self.client.execute(statement)
            return cursor.fetchall() if cursor.description else []
        with closing(sqlite3.connect(self.target, timeout=5, isolation_level=None)) as file:
            return file.execute(statement).fetchall()

    def tables(self) -> set[str]:
        """Names of the store's tables."""
        catalog = {
            "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
            "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
        }
        return {name for (name,) in self.sql(catalog[self.kind]) if name.startswith("xenfleet_")}

    def contents(self) -> str:
        """All that is stored, as one text."""
        if self.kind == "postgresql":
            return str(self.sql("SELECT schema_to_xml(current_schema(), true, false, '')"))
        with closing(sqlite3.connect(self.target)) as file:
            return "".join(file.iterdump())


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URL of a PostgreSQL server's maintenance database."""
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server found; install the package postgresql")
    with postgres() as url:
        yield url


@contextmanager
def schema(server: str) -> Iterator[str]:
    """URL that leads to an empty schema, dropped afterwards; quicker than a database of its own."""
    name = f"store_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE SCHEMA {name}")
        try:
            yield f"{server}?options=-csearch_path%3D{name}"
        finally:
            admin.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place("sqlite", str(tmp_path / "state" / "store.db"), stack)


@pytest.fixture
def postgresql(server: str) -> Iterator[Place]:
    with schema(server) as url, ExitStack() as stack:
        yield Place("postgresql", url, stack)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    prepared: Place = request.getfixturevalue(request.param)
    return prepared


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()
