# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Availability zones of a cloud, as users and as administrators see them
(nova/api/openstack/compute/availability_zone.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._core.model import ComputeService, Zone
from .api import Api
from .times import timestamp

VERSION = "2.1"
"""Later versions answer the same."""


def read_zones(api: Api, *, with_services: bool) -> tuple[Zone, ...]:
    """The list for users leaves out the zone of Nova's own services. Neither has pages."""
    path = "/os-availability-zone/detail" if with_services else "/os-availability-zone"
    body = api.get(path, api.version(VERSION))
    zones = (_zone(item) for item in body["availabilityZoneInfo"])
    return tuple(sorted(zones, key=lambda z: z.name))


def _zone(item: Mapping[str, Any]) -> Zone:
    """``hosts`` is null in the list for users, and where no service is enabled."""
    name = item["zoneName"]
    services = _services(name, item.get("hosts") or {})
    return Zone(name, item["zoneState"]["available"], tuple(services))


def _services(zone: str, hosts: Mapping[str, Any]) -> Iterator[ComputeService]:
    for host, binaries in sorted(hosts.items()):
        for binary, item in sorted(binaries.items()):
            yield ComputeService(
                host,
                status="enabled" if item["active"] else "disabled",
                state="up" if item["available"] else "down",
                zone=zone,
                updated_at=timestamp(item["updated_at"]),
                binary=binary,
            )
