# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the store is, and what its drivers' errors mean. No statement is sent from here.

A target is the path of an SQLite file or a ``postgresql://`` URL. The password never becomes part
of the URL, so that no message, repr or log can show it.
"""

from __future__ import annotations

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
except ImportError:
    IMPORT_TRACE = traceback.format_exc()

BUSY_TIMEOUT = 30
"""Seconds to wait for another run's write transaction."""

CONNECT_TIMEOUT = 10
"""Seconds to wait for a PostgreSQL server's answer."""

LOCAL_HOSTS = frozenset({"", "localhost", "127.0.0.1", "::1"})

PASSWORD_REMEDY = "Give the password in the option store_password or in XENFLEET_STORE_PASSWORD"  # noqa: S105 - a sentence, not a secret


@dataclass(frozen=True)
class Target:
    """Where the store is: either ``path`` or ``url`` is set. ``label`` is what messages call it."""

    label: str
    path: Path | None = None
    url: sa.URL | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, target: str, password: str | None = None) -> Target:
        """Raise MissingLibraryError without SQLAlchemy, ConfigError for an unusable target."""
        if IMPORT_TRACE:
            raise MissingLibraryError("SQLAlchemy", IMPORT_TRACE)
        if "://" not in target:
            path = Path(target).expanduser().absolute()
            return cls(label=f"store {path}", path=path)
        return _parse_url(target, password)

    def engine(self) -> sa.Engine:
        """An engine that has not connected yet. Transactions are begun by transactions.py."""
        if self.path is not None:
            return _sqlite_engine(self.path)
        return _postgresql_engine(self)

    def scrubbed(self, text: str) -> str:
        """A driver's message on one line and without the password."""
        line = " ".join(text.split())
        return line.replace(self.password, "********") if self.password else line

    def check_file(self) -> bool:
        """Whether there is anything to read. StoreError for a file that others may have changed."""
        if self.path is None:
            return True
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise StoreError(
                self.label, exc.strerror or "cannot be read", "Check the path"
            ) from None
        if not stat.S_ISREG(found.st_mode):
            raise StoreError(
                self.label, "it is not a file", "Name a file, in a directory of its own"
            )
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StoreError(
                self.label,
                "others than its owner may write to it, so its contents cannot be trusted",
                f"Look through it, then run chmod go-w {self.path}",
            )
        return True

    def make_file(self) -> None:
        """Make the SQLite file for its owner only; SQLite gives its journal the same mode."""
        if self.path is None:
            return
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
    """SQLite tells by error code, PostgreSQL by SQLSTATE, which is missing until the login."""
    text = target.scrubbed(str(cause))
    if getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        return _busy(target)
    state = getattr(cause, "sqlstate", None)
    if state == "55P03":
        return _busy(target)
    if target.path is not None:
        return StoreError(target.label, text, "Check that the file is whole and may be written")
    if "authentication failed" in text or "no password supplied" in text:
        return AuthError(target.label, text, PASSWORD_REMEDY)
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
        raise ConfigError("store", "its URL contains a password", PASSWORD_REMEDY)
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise ConfigError(
            "store",
            f"it cannot be a {url.drivername} database",
            "Give a path for SQLite, or postgresql://user@host/database",
        )
    return Target(
        label=f"store {url.set(drivername='postgresql', query={})}",
        url=url.set(drivername="postgresql+psycopg"),
        password=password,
    )


def _sqlite_engine(path: Path) -> sa.Engine:
    """Never creates the file: mode=rw, not rwc. Read-write even for readers, for SQLite has to be
    able to roll back what a killed writer left behind.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT, isolation_level=None
        )
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    return sa.create_engine(
        "sqlite://", creator=connect, poolclass=sa.pool.NullPool, hide_parameters=True
    )


def _postgresql_engine(target: Target) -> sa.Engine:
    try:
        import psycopg  # noqa: F401, PLC0415 - only this store needs it, and it is slow to load
    except ImportError:
        raise MissingLibraryError("psycopg[binary]", traceback.format_exc()) from None
    url = target.url
    if url is None:
        raise StoreError(target.label, "it has no URL")
    secret = {"password": target.password} if target.password else {}
    return sa.create_engine(
        url,
        connect_args={**connect_args(url), **secret},
        pool_size=1,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def connect_args(url: sa.URL) -> dict[str, Any]:
    """What libpq is told besides the URL.

    It would accept any certificate, or none, so a remote server's is verified unless the URL or the
    environment says otherwise.
    """
    args: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT}
    host = str(url.query.get("host", url.host or ""))
    if host not in LOCAL_HOSTS and not host.startswith("/") and "PGSSLMODE" not in os.environ:
        args["sslmode"] = "verify-full"
    return {key: value for key, value in args.items() if key not in url.query}
