# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units of work: what is read or written together.

Writers exclude each other for as long as their transaction lasts, so a rule that was checked inside
it still holds when the change is made. Readers see one state of the whole store and exclude nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .engine import BUSY_TIMEOUT, Target, translated
from .schema import VERSION, make_tables, upgrade_tables, version_of

with suppress(ImportError):
    import sqlalchemy as sa

ADVISORY_KEY = int.from_bytes(b"xenfleet", "big")
"""PostgreSQL's advisory locks are named by a 64-bit number."""


class Database:
    """Connections to one store, and the transaction that is open, if any. Not for several threads,
    except for ``apart``.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._engine = target.engine()
        self._open: sa.Connection | None = None

    def close(self) -> None:
        """End the connections that are kept."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection | None]:
        """A consistent view, the open unit's if there is one. None when nothing was ever stored."""
        if self._open is not None:
            with translated(self.target):
                yield self._open
            return
        if not self.target.exists():
            yield None
            return
        with translated(self.target), self._begun(write=False) as connection:
            version = version_of(connection, self.target.label)
            if version in (None, VERSION):
                yield connection if version else None
                return
        with self.apart():
            pass  # which brings older tables up to date
        with translated(self.target), self._begun(write=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A unit that is stored as a whole or not at all; inside another one, a part of that."""
        if self._open is not None:
            with translated(self.target), self._open.begin_nested():
                yield self._open
            return
        with self.apart() as connection:
            self._open = connection
            try:
                yield connection
            finally:
                self._open = None

    @contextmanager
    def apart(self) -> Iterator[sa.Connection]:
        """A writing unit of its own, whatever else is open."""
        if not self.target.exists():
            self.target.make()
        with translated(self.target), self._begun(write=True) as connection:
            version = version_of(connection, self.target.label)
            if version is None:
                make_tables(connection)
            elif version < VERSION:
                upgrade_tables(connection, version)
            yield connection

    @contextmanager
    def _begun(self, *, write: bool) -> Iterator[sa.Connection]:
        """A connection in a transaction that ends with the block, in a rollback on an error."""
        with self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                _begin_sqlite(connection, write=write)
            else:
                _begin_postgresql(connection, write=write)
            yield connection


def _begin_sqlite(connection: sa.Connection, *, write: bool) -> None:
    """A reader promises not to write; a writer takes the write lock before its first read."""
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if write else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _begin_postgresql(connection: sa.Connection, *, write: bool) -> None:
    """The advisory lock ends with the transaction, or with the session of a killed run."""
    if write:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT}s'")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_KEY)))
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
