# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts by uuid, under the names that they have at the moment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from ..._core.errors import NotFoundError
from .schema import now
from .tables import tables

with suppress(ImportError):
    import sqlalchemy as sa


def current_names(recorded: Mapping[str, str], reported: Mapping[str, str]) -> dict[str, str]:
    """Names of the recorded hosts, by uuid, now that coordinators report these.

    A name belongs to the host that is reported under it. A recorded host that is not reported
    itself, and whose name another one now has, goes by its uuid.
    """
    taken = set(reported.values())
    return {
        uuid: reported.get(uuid) or (uuid if name in taken else name)
        for uuid, name in recorded.items()
    }


class Hosts:
    """The hosts that records refer to, under the names that they have now."""

    def __init__(self) -> None:
        self._reported: dict[str, str] = {}

    def follow(self, names: Mapping[str, str]) -> None:
        """Show hosts under these names, by uuid; the next write stores them."""
        taken = set(names.values())
        kept = {uuid: name for uuid, name in self._reported.items() if name not in taken}
        self._reported = {**kept, **names}

    def names(self, connection: sa.Connection) -> dict[str, str]:
        """Every recorded host's present name, by uuid."""
        hosts = tables().hosts
        rows = connection.execute(sa.select(hosts.c.uuid, hosts.c.name))
        return current_names({row.uuid: row.name for row in rows}, self._reported)

    def find(self, connection: sa.Connection, name: str) -> str | None:
        """The uuid of the recorded host of that name."""
        self._store_names(connection)
        hosts = tables().hosts
        return connection.scalar(sa.select(hosts.c.uuid).where(hosts.c.name == name))

    def resolve(self, connection: sa.Connection, name: str, uuid: str | None) -> str:
        """The uuid of the host, which is recorded if it was not.

        NotFoundError when only its name is given, and no host is recorded under it.
        """
        if uuid is None:
            known = self.find(connection, name)
            if known is None:
                raise unknown_host(name)
            return known
        self.follow({uuid: name})
        self._store_names(connection)
        hosts, moment = tables().hosts, now()
        updated = connection.execute(
            sa.update(hosts).where(hosts.c.uuid == uuid).values(last_seen=moment)
        )
        if not updated.rowcount:
            row = {"uuid": uuid, "name": name, "first_seen": moment, "last_seen": moment}
            connection.execute(sa.insert(hosts).values(row))
        return uuid

    def _store_names(self, connection: sa.Connection) -> None:
        """Names are unique and hosts may have swapped theirs, so each first gives up its own."""
        hosts = tables().hosts
        stored = {r.uuid: r.name for r in connection.execute(sa.select(hosts.c.uuid, hosts.c.name))}
        current = current_names(stored, self._reported)
        changed = {uuid: name for uuid, name in current.items() if name != stored[uuid]}
        for names in ({uuid: uuid for uuid in changed}, changed):
            for uuid, name in names.items():
                connection.execute(sa.update(hosts).where(hosts.c.uuid == uuid).values(name=name))


def unknown_host(name: str) -> NotFoundError:
    """The error that Nova answers with 404 ComputeHostNotFound."""
    return NotFoundError(
        f"host {name}",
        "the store knows no host of this name",
        "Check the spelling, which is case-sensitive",
    )
