# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aggregates of a cloud, by name; Nova knows them by number."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..._core.errors import NotFoundError
from ..._core.model import Aggregate
from .api import Api
from .times import timestamp

LEAST, MOST = "2.1", "2.41"
"""From 2.41 on answers have the uuid; later versions only add image caching."""


class NovaAggregates:
    """RecordPort: what one aggregate's call changes is done when it returns."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ids: dict[str, int] = {}

    def read(self) -> tuple[Aggregate, ...]:
        """All of them; the API has neither filters nor pages."""
        body = self._api.get("/os-aggregates", self._version)
        aggregates = tuple(_aggregate(item) for item in body["aggregates"])
        self._ids = {a.name: a.id for a in aggregates if a.id is not None}
        return aggregates

    @property
    def _version(self) -> str:
        return self._api.version(LEAST, MOST)

    def exclusive(self) -> AbstractContextManager[None]:
        """Nothing: Nova has no transactions."""
        return nullcontext()

    def create(self, name: str, zone: str | None) -> None:
        wanted = {"name": name, "availability_zone": zone}
        body = self._api.post(
            "/os-aggregates", self._version, {"aggregate": wanted}, what=f"aggregate {name}"
        )
        self._ids[name] = body["aggregate"]["id"]

    def rename(self, name: str, new_name: str) -> None:
        self._update(name, {"name": new_name})
        self._ids[new_name] = self._ids.pop(name)

    def set_zone(self, name: str, zone: str) -> None:
        self._update(name, {"availability_zone": zone})

    def _update(self, name: str, changes: Mapping[str, str]) -> None:
        self._api.put(
            self._path(name), self._version, {"aggregate": changes}, what=f"aggregate {name}"
        )

    def set_metadata(self, name: str, changes: Mapping[str, str | None]) -> None:
        """A merge, whatever the API's own documentation says; null removes a key."""
        self._act(name, "set_metadata", {"metadata": dict(changes)})

    def add_host(self, name: str, host: str, host_id: str | None) -> None:
        self._act(name, "add_host", {"host": host})

    def remove_host(self, name: str, host: str) -> None:
        self._act(name, "remove_host", {"host": host})

    def _act(self, name: str, action: str, body: Mapping[str, Any]) -> None:
        self._api.post(
            f"{self._path(name)}/action", self._version, {action: body}, what=f"aggregate {name}"
        )

    def delete(self, name: str) -> None:
        self._api.delete(self._path(name), self._version, what=f"aggregate {name}")
        del self._ids[name]

    def _path(self, name: str) -> str:
        if name not in self._ids:
            self.read()
        if name not in self._ids:
            raise NotFoundError(
                f"aggregate {name}", "Nova knows none of this name", "Create it first"
            )
        return f"/os-aggregates/{self._ids[name]}"


def _aggregate(item: Mapping[str, Any]) -> Aggregate:
    return Aggregate(
        name=item["name"],
        metadata=dict(item.get("metadata") or {}),
        hosts=tuple(item.get("hosts") or ()),
        id=item["id"],
        uuid=item.get("uuid"),
        created_at=timestamp(item.get("created_at")),
        updated_at=timestamp(item.get("updated_at")),
    )
