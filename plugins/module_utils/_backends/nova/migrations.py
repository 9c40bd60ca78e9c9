# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Migration records: the only true account of how a move stands and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._core.model import Migration
from ..._core.reading import Reading
from .api import PAGE, Api

LEAST, MOST = "2.59", "2.59"
"""From 2.59 on records have a uuid, come newest first and in pages."""


def read_migrations(api: Api, wanted: Reading) -> tuple[Migration, ...]:
    """Oldest first; those from or to the wanted hosts."""
    by_uuid = {m.uuid: m for item in _items(api, wanted) if (m := migration(item))}
    return tuple(sorted(by_uuid.values(), key=lambda m: (m.created_at or "", m.id or 0)))


def _items(api: Api, wanted: Reading) -> Iterator[Mapping[str, Any]]:
    """``host`` matches source or target."""
    version = api.version(LEAST, MOST)
    if wanted.hosts is None:
        yield from api.listed("/os-migrations", "migrations", version, limit=PAGE)
    for host in wanted.hosts or ():
        yield from api.listed("/os-migrations", "migrations", version, limit=PAGE, host=host)


def newest(api: Api, limit: int, server_id: str | None = None) -> list[Migration]:
    """The newest records, newest first; of one server, if it is named."""
    query = {"instance_uuid": server_id} if server_id else {}
    body = api.get("/os-migrations", api.version(LEAST, MOST), limit=limit, **query)
    return [migration(item) for item in body["migrations"]]


def in_progress(api: Api, server_id: str) -> Migration | None:
    """The server's live migration that is queued, preparing or running: the newest, since one that
    has just moved the server is among them for a moment.
    """
    path = f"/servers/{server_id}/migrations"
    listed = api.get(path, api.version(LEAST, MOST))["migrations"]
    items = sorted(listed, key=lambda item: int(item["id"]))
    return migration({**items[-1], "instance_uuid": server_id}) if items else None


def migration(item: Mapping[str, Any]) -> Migration:
    """The record does not know the server's name."""
    return Migration(
        server_id=item["instance_uuid"],
        server=item["instance_uuid"],
        source=item.get("source_compute") or "",
        target=item.get("dest_compute") or "",
        type=item.get("migration_type") or "migration",
        status=item.get("status") or "",
        id=item["id"],
        uuid=item["uuid"],
        created_at=item.get("created_at"),
        updated_at=item.get("updated_at"),
    )
