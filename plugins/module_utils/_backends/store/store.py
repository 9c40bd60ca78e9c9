# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own SQL store: what XAPI has no place for, and what a maintenance did."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from ..._core.model import Records
from .aggregates import Aggregates, read_aggregates
from .engine import Target, parse
from .hosts import Hosts
from .journal import Journal, read_maintenances, read_migrations
from .servers import ServerRecords, read_deleted, read_updates
from .services import Services, read_services
from .tables import tables
from .transactions import Database


def preload() -> None:
    """Build what is the same for every store. A process that forks for its tasks does it once."""
    with suppress(NameError):  # without SQLAlchemy the first use says so
        tables()


class Store:
    """One store. Aggregates and services each have a ``delete``, so every port is an attribute.

    Calls made inside ``aggregates.exclusive()``, on whichever port, are one unit; outside it each
    is its own. Opening and reading create nothing: the SQLite file is made by the first write.
    """

    def __init__(self, target: Target) -> None:
        self._database = Database(target)
        self._hosts = Hosts()
        self.aggregates = Aggregates(self._database, self._hosts)
        self.services = Services(self._database, self._hosts)
        self.journal = Journal(self._database, self._hosts)
        self.servers = ServerRecords(self._database)

    @classmethod
    def open(cls, url_or_path: str, password: str | None = None) -> Store:
        """Use the SQLite file of that path, or the database at that ``postgresql://`` URL.

        Nothing is opened until the first read or write. Raises MissingLibraryError, and ConfigError
        for a URL that cannot be used or that has a password in it.
        """
        return cls(parse(url_or_path, password))

    def close(self) -> None:
        """End the connections."""
        self._database.close()

    def follow(self, names: Mapping[str, str]) -> None:
        """Show hosts under the names that coordinators report, by uuid; a write stores them."""
        self._hosts.follow(names)

    def read(self, *, deleted: bool = False) -> Records:
        """All records, in one consistent state; of deleted servers only if they are asked for."""
        with self._database.reading() as connection:
            if connection is None:
                return Records()
            names = self._hosts.names(connection)
            migrations = read_migrations(connection)
            return Records(
                aggregates=read_aggregates(connection, names),
                services=read_services(connection, names),
                maintenances=read_maintenances(connection, names, migrations),
                migrations=migrations,
                updates=read_updates(connection),
                deleted=read_deleted(connection) if deleted else (),
            )
