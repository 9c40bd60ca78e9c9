# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compute services in the store: the operator's switches. Signs of life come from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..._core.model import ComputeService
from .hosts import Hosts, unknown_host
from .schema import now
from .tables import tables
from .transactions import Database

with suppress(ImportError):
    import sqlalchemy as sa


class Services:
    """ServicePort. A host without a record is enabled and not forced down.

    Its first change makes the record. Without an id, a host must be known (NotFoundError).
    """

    def __init__(self, database: Database, hosts: Hosts) -> None:
        self._database = database
        self._hosts = hosts

    def enable(self, host: str, host_id: str | None) -> None:
        """Enable and forget the reason."""
        self._set(host, host_id, disabled=False, disabled_reason=None)

    def disable(self, host: str, host_id: str | None, reason: str | None) -> None:
        """Disable; without a reason a stored one is erased, as Nova does."""
        self._set(host, host_id, disabled=True, disabled_reason=reason)

    def set_forced_down(self, host: str, host_id: str | None, forced_down: bool) -> None:
        """Declare the service down whatever its sign of life, or take that back."""
        self._set(host, host_id, forced_down=forced_down)

    def delete(self, host: str) -> None:
        """Forget the host, its service and its memberships; the journal keeps its past.

        NotFoundError when the store knows no host of that name.
        """
        hosts = tables().hosts
        with self._database.writing() as connection:
            uuid = self._hosts.find(connection, host)
            if uuid is None:
                raise unknown_host(host)
            connection.execute(sa.delete(hosts).where(hosts.c.uuid == uuid))

    def _set(self, host: str, host_id: str | None, **values: Any) -> None:
        services = tables().services
        with self._database.writing() as connection:
            host_uuid = self._hosts.resolve(connection, host, host_id)
            values["updated_at"] = now()
            changed = connection.execute(
                sa.update(services).where(services.c.host_uuid == host_uuid).values(values)
            )
            if not changed.rowcount:
                row = {"host_uuid": host_uuid, "disabled": False, "forced_down": False, **values}
                connection.execute(sa.insert(services).values(row))


def read_services(
    connection: sa.Connection, names: Mapping[str, str]
) -> tuple[ComputeService, ...]:
    """A service for every host ever stored, by host name: one that was only made a member of an
    aggregate has it too, enabled. State and zone are the reader's to fill in.
    """
    hosts, services = tables().hosts, tables().services
    joined = hosts.outerjoin(services, services.c.host_uuid == hosts.c.uuid)
    compute_services = [
        ComputeService(
            host=names[row.uuid],
            host_id=row.uuid,
            status="disabled" if row.disabled else "enabled",
            disabled_reason=row.disabled_reason,
            forced_down=bool(row.forced_down),
            updated_at=row.updated_at,
        )
        for row in connection.execute(sa.select(hosts.c.uuid, services).select_from(joined))
    ]
    return tuple(sorted(compute_services, key=lambda service: service.host))
