# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aggregates in the store, with the refusals that the Compute API gives."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from ..._core.errors import ConflictError, InvalidError, NotFoundError
from ..._core.model import ZONE_KEY, Aggregate
from .hosts import Hosts
from .schema import now
from .tables import tables
from .transactions import Database

with suppress(ImportError):
    import sqlalchemy as sa


class Aggregates:
    """RecordPort: aggregates, their metadata and their members."""

    def __init__(self, database: Database, hosts: Hosts) -> None:
        self._database = database
        self._hosts = hosts

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One unit for all reads and writes inside, of services and the journal too."""
        with self._database.writing():
            yield

    def create(self, name: str, zone: str | None) -> None:
        """A new, empty aggregate. ConflictError when there is one of that name."""
        aggregates = tables().aggregates
        with self._database.writing() as connection:
            _refuse_taken(connection, name)
            row = {"uuid": str(uuid.uuid4()), "name": name, "created_at": now()}
            connection.execute(sa.insert(aggregates).values(row))
            if zone is not None:
                _merge(connection, _id_of(connection, name), {ZONE_KEY: zone})

    def rename(self, name: str, new_name: str) -> None:
        """Give it another name; its own is accepted. ConflictError when another one has it."""
        with self._database.writing() as connection:
            aggregate_id = _id_of(connection, name)
            if new_name != name:
                _refuse_taken(connection, new_name)
            _update(connection, aggregate_id, name=new_name)

    def set_zone(self, name: str, zone: str) -> None:
        """Set or change the zone."""
        self.set_metadata(name, {ZONE_KEY: zone})

    def set_metadata(self, name: str, changes: Mapping[str, str | None]) -> None:
        """Merge; None removes a key, an absent one silently."""
        with self._database.writing() as connection:
            aggregate_id = _id_of(connection, name)
            _merge(connection, aggregate_id, changes)
            _update(connection, aggregate_id)

    def add_host(self, name: str, host: str, host_id: str | None) -> None:
        """Make the host a member and record it under that name. Without an id, the host must be
        recorded already (NotFoundError). ConflictError when it is a member.
        """
        members = tables().aggregate_hosts
        with self._database.writing() as connection:
            aggregate_id = _id_of(connection, name)
            host_uuid = self._hosts.resolve(connection, host, host_id)
            row = {"aggregate_id": aggregate_id, "host_uuid": host_uuid}
            if connection.scalar(sa.select(members.c.id).filter_by(**row)) is not None:
                raise ConflictError(
                    f"aggregate {name}", f"host {host} is a member already", "Nothing to do"
                )
            connection.execute(sa.insert(members).values(row))
            _update(connection, aggregate_id)

    def remove_host(self, name: str, host: str) -> None:
        """End the membership. NotFoundError when there is none."""
        members = tables().aggregate_hosts
        with self._database.writing() as connection:
            aggregate_id = _id_of(connection, name)
            ended = connection.execute(
                sa.delete(members).where(
                    members.c.aggregate_id == aggregate_id,
                    members.c.host_uuid == self._hosts.find(connection, host),
                )
            )
            if not ended.rowcount:
                raise NotFoundError(
                    f"aggregate {name}", f"host {host} is not a member", "Check the host's name"
                )
            _update(connection, aggregate_id)

    def delete(self, name: str) -> None:
        """Remove the aggregate and its metadata. InvalidError while it has members."""
        t = tables()
        with self._database.writing() as connection:
            aggregate_id = _id_of(connection, name)
            count = connection.scalar(
                sa.select(sa.func.count())
                .select_from(t.aggregate_hosts)
                .where(t.aggregate_hosts.c.aggregate_id == aggregate_id)
            )
            if count:
                raise InvalidError(
                    f"aggregate {name}",
                    f"it has {count} host{'s' if count > 1 else ''}",
                    "Remove them from it first",
                )
            connection.execute(sa.delete(t.aggregates).where(t.aggregates.c.id == aggregate_id))


def read_aggregates(connection: sa.Connection, names: Mapping[str, str]) -> tuple[Aggregate, ...]:
    """All aggregates in order of their making, members in order of their joining."""
    t = tables()
    metadata: dict[int, dict[str, str]] = defaultdict(dict)
    for item in connection.execute(sa.select(t.aggregate_metadata)):
        metadata[item.aggregate_id][item.key] = item.value
    members: dict[int, list[str]] = defaultdict(list)
    for member in connection.execute(sa.select(t.aggregate_hosts).order_by(t.aggregate_hosts.c.id)):
        members[member.aggregate_id].append(names[member.host_uuid])
    return tuple(
        Aggregate(
            name=row.name,
            metadata=metadata[row.id],
            hosts=tuple(members[row.id]),
            id=row.id,
            uuid=row.uuid,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in connection.execute(sa.select(t.aggregates).order_by(t.aggregates.c.id))
    )


def _id_of(connection: sa.Connection, name: str) -> int:
    aggregates = tables().aggregates
    aggregate_id = connection.scalar(sa.select(aggregates.c.id).where(aggregates.c.name == name))
    if aggregate_id is None:
        raise NotFoundError(
            f"aggregate {name}", "the store has none of this name", "Create it first"
        )
    return int(aggregate_id)


def _refuse_taken(connection: sa.Connection, name: str) -> None:
    aggregates = tables().aggregates
    if connection.scalar(sa.select(aggregates.c.id).where(aggregates.c.name == name)) is not None:
        raise ConflictError(f"aggregate {name}", "it exists already", "Choose another name")


def _update(connection: sa.Connection, aggregate_id: int, **values: str) -> None:
    aggregates = tables().aggregates
    connection.execute(
        sa.update(aggregates)
        .where(aggregates.c.id == aggregate_id)
        .values(updated_at=now(), **values)
    )


def _merge(connection: sa.Connection, aggregate_id: int, changes: Mapping[str, str | None]) -> None:
    items = tables().aggregate_metadata
    connection.execute(
        sa.delete(items).where(items.c.aggregate_id == aggregate_id, items.c.key.in_(changes))
    )
    rows = [
        {"aggregate_id": aggregate_id, "key": key, "value": value}
        for key, value in changes.items()
        if value is not None
    ]
    if rows:
        connection.execute(sa.insert(items), rows)
