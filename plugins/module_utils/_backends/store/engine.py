# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Targets of the store and the errors of its drivers. No statement is sent from here.

A target is the path of an SQLite file or a ``postgresql://`` URL. The password never becomes part
of the URL, so that no message, repr or log can show it.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
import stat
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..._core.errors import (
    AuthError,
    ConfigError,
    FleetError,
    LockedError,
    MissingLibraryError,
    StoreError,
    UnavailableError,
)

IMPORT_TRACE = ""
try:
    import sqlalchemy as sa

    # Loaded with the library, once for all tasks of a play, and not when a task makes its engine.
    importlib.import_module("sqlalchemy.dialects.sqlite")
except ImportError:
    IMPORT_TRACE = traceback.format_exc()

BUSY_TIMEOUT = 30
"""Seconds to wait for another run's write transaction."""

CONNECT_TIMEOUT = 10
"""Seconds to wait for a PostgreSQL server's answer."""

LOCAL_HOSTS = frozenset({"", "localhost", "127.0.0.1", "::1"})

LOGIN_REMEDY = "Give the password in the option store_password or in XENFLEET_STORE_PASSWORD"


@dataclass(frozen=True)
class Target:
    """Where a store is. ``label`` is what messages call it."""

    label: str
    password: str | None = field(default=None, repr=False, kw_only=True)

    def engine(self) -> sa.Engine:
        """An engine that has not connected yet. Transactions are begun by transactions.py."""
        raise NotImplementedError

    def exists(self) -> bool:
        """Whether there is anything to read."""
        return True

    def make(self) -> None:
        """Make what the first write needs."""

    def scrubbed(self, text: str) -> str:
        """A driver's message on one line and without the password."""
        line = " ".join(text.split())
        return line.replace(self.password, "********") if self.password else line


@dataclass(frozen=True)
class SqliteFile(Target):
    """A file that only its owner may write to. SQLite gives its journal the same mode."""

    path: Path

    def engine(self) -> sa.Engine:
        """The file is never created by connecting to it: mode=rw, not rwc."""
        return sa.create_engine(
            "sqlite://", creator=self._connect, poolclass=sa.pool.NullPool, hide_parameters=True
        )

    def _connect(self) -> sqlite3.Connection:
        """Read-write for readers too: SQLite may have to roll back what a killed writer left."""
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT, isolation_level=None
        )
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def exists(self) -> bool:
        """Whether the file is there. StoreError when others than its owner may have changed it."""
        try:
            info = self.path.stat()
        except FileNotFoundError:
            return False
        except OSError as exc:
            cause = exc.strerror or "it cannot be read"
            raise StoreError(self.label, cause, "Check the path") from None
        if not stat.S_ISREG(info.st_mode):
            raise StoreError(
                self.label, "it is not a file", "Give the path of a file, existing or new"
            )
        if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StoreError(
                self.label,
                "accounts other than its owner may write to it, so its contents cannot be trusted",
                f"Check its contents, then run chmod go-w {self.path}",
            )
        return True

    def make(self) -> None:
        """Make the file, and its directory if there is none, for their owner only."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as exc:
            raise StoreError(
                self.label,
                f"it cannot be made: {exc.strerror}",
                "Name a path that this account may write to",
            ) from None


@dataclass(frozen=True)
class PostgresqlDatabase(Target):
    """A database that exists already."""

    url: sa.URL

    def engine(self) -> sa.Engine:
        """MissingLibraryError without psycopg."""
        secret = {"password": self.password} if self.password else {}
        try:
            return sa.create_engine(
                self.url,
                connect_args={**connect_args(self.url), **secret},
                pool_size=1,
                pool_pre_ping=True,
                hide_parameters=True,
            )
        except ImportError:
            raise MissingLibraryError("psycopg[binary]", traceback.format_exc()) from None


def parse(target: str, password: str | None = None) -> Target:
    """Raise MissingLibraryError without SQLAlchemy, ConfigError for a target that is unusable."""
    if IMPORT_TRACE:
        raise MissingLibraryError("SQLAlchemy", IMPORT_TRACE)
    if "://" in target:
        return _parse_url(target, password)
    path = Path(target).expanduser().absolute()
    return SqliteFile(f"store {path}", path)


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Turn drivers' errors into FleetErrors, without the chain: their texts may hold secrets."""
    try:
        yield
    except sa.exc.DBAPIError as exc:
        raise _translate(target, exc.orig) from None
    except sa.exc.SQLAlchemyError as exc:
        raise StoreError(target.label, target.scrubbed(str(exc))) from None


def _translate(target: Target, cause: BaseException | None) -> FleetError:
    """SQLite has an error code for it, PostgreSQL an SQLSTATE, which is missing until the login."""
    text = target.scrubbed(str(cause))
    if getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        return _busy(target)
    state = getattr(cause, "sqlstate", None)
    if state == "55P03":
        return _busy(target)
    if isinstance(target, SqliteFile):
        return StoreError(target.label, text, "Check that the file is whole and may be written")
    if "authentication failed" in text or "no password supplied" in text:
        return AuthError(target.label, text, LOGIN_REMEDY)
    if state is None or state.startswith(("08", "57P")):
        return UnavailableError(target.label, text, "Check the server and the URL, then run again")
    return StoreError(target.label, text, "Check the account's rights in that database")


def _busy(target: Target) -> LockedError:
    return LockedError(
        target.label,
        f"another run has been writing to it for {BUSY_TIMEOUT} s",
        "Run again when that run has ended",
    )


def _parse_url(target: str, password: str | None) -> Target:
    try:
        url = sa.make_url(target)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigError(
            "store", "its URL cannot be understood", "Write postgresql://user@host/database"
        ) from None
    if url.password is not None or "password" in url.query:
        raise ConfigError("store", "its URL contains a password", LOGIN_REMEDY)
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise ConfigError(
            "store",
            f"it cannot be a {url.drivername} database",
            "Give a path for SQLite, or postgresql://user@host/database",
        )
    return PostgresqlDatabase(
        f"store {url.set(drivername='postgresql', query={})}",
        url.set(drivername="postgresql+psycopg"),
        password=password,
    )


def connect_args(url: sa.URL) -> dict[str, Any]:
    """Options for libpq besides the URL.

    It would accept any certificate, or none, so a remote server's is verified unless the URL or the
    environment says otherwise.
    """
    args: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT}
    host = str(url.query.get("host") or url.host or os.environ.get("PGHOST", ""))
    if host not in LOCAL_HOSTS and not host.startswith("/") and "PGSSLMODE" not in os.environ:
        args["sslmode"] = "verify-full"
    return {key: value for key, value in args.items() if key not in url.query}
