# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compute services of a cloud, by host name; Nova knows them by uuid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.errors import NotFoundError
from ..._core.model import COMPUTE, ComputeService
from .api import Api
from .times import timestamp

READABLE, LEAST, MOST = "2.1", "2.53", "2.69"
"""Any cloud lists its services. From 2.53 on one request updates status, reason and forced_down by
uuid; from 2.69 on the services of a cell that is down are listed, too, as UNKNOWN.
"""


def read_services(api: Api) -> tuple[ComputeService, ...]:
    body = api.get("/os-services", api.version(READABLE, MOST), binary=COMPUTE)
    services = (_service(item) for item in body["services"])
    return tuple(sorted(services, key=lambda s: s.host))


class NovaServices:
    """ServicePort. Ids come from the plan's own steps."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def enable(self, host: str, host_id: str | None) -> None:
        self._update(host, host_id, {"status": "enabled"})

    def disable(self, host: str, host_id: str | None, reason: str | None) -> None:
        given = {"disabled_reason": reason} if reason is not None else {}
        self._update(host, host_id, {"status": "disabled", **given})

    def set_forced_down(self, host: str, host_id: str | None, forced_down: bool) -> None:
        self._update(host, host_id, {"forced_down": forced_down})

    def delete(self, host: str) -> None:
        self._api.delete(self._path(host, None), self._version, what=_called(host))

    def _update(self, host: str, host_id: str | None, changes: Mapping[str, Any]) -> None:
        self._api.put(self._path(host, host_id), self._version, changes, what=_called(host))

    @property
    def _version(self) -> str:
        return self._api.version(LEAST, MOST)

    def _path(self, host: str, host_id: str | None) -> str:
        if host_id is None:
            known = {s.host: s.host_id for s in read_services(self._api)}
            host_id = known.get(host)
        if host_id is None:
            raise NotFoundError(
                _called(host), "Nova knows none", "List the existing ones with compute_service_info"
            )
        return f"/os-services/{host_id}"


def _called(host: str) -> str:
    return f"compute service of host {host}"


def _service(item: Mapping[str, Any]) -> ComputeService:
    """Of a cell that is down only binary, host and status UNKNOWN are shown (2.69)."""
    return ComputeService(
        host=item["host"],
        host_id=None if item.get("id") is None else str(item["id"]),
        status=item["status"],
        state=item.get("state", "down"),
        disabled_reason=item.get("disabled_reason"),
        forced_down=bool(item.get("forced_down")),
        zone=item.get("zone"),
        updated_at=timestamp(item.get("updated_at")),
        binary=item["binary"],
    )
