# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hypervisors as hosts: by the name of their service, as aggregates and services have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.model import Host
from ..._core.reading import Page
from ..._core.units import MIB
from .api import Api
from .queries import page_of, page_query

LEAST, MOST = "2.53", "2.87"
"""From 2.53 on ids are uuids; from 2.88 on memory and processors are no longer shown."""


def read_hosts(api: Api, page: Page | None = None) -> tuple[Host, ...]:
    """By name; a page of them in Nova's own order."""
    items = api.listed(
        "/os-hypervisors/detail", "hypervisors", api.version(LEAST, MOST), **page_query(page)
    )
    hosts = [_host(item) for item in page_of(items, page)]
    return tuple(sorted(hosts, key=lambda h: h.name) if page is None else hosts)


def _host(item: Mapping[str, Any]) -> Host:
    service = item["service"]
    return Host(
        id=str(item["id"]),
        name=service["host"],
        node=item["hypervisor_hostname"],
        pool_id="",
        address=item.get("host_ip") or "",
        live=item["state"] == "up",
        enabled=item["status"] == "enabled",
        memory_total=_number(item, "memory_mb") * MIB,
        memory_free=_number(item, "free_ram_mb") * MIB,
        cpus=_number(item, "vcpus"),
        cpus_used=_number(item, "vcpus_used"),
        running_vms=_number(item, "running_vms"),
        workload=_number(item, "current_workload"),
        type=item.get("hypervisor_type") or "",
        software={"product_version": str(item.get("hypervisor_version") or "")},
    )


def _number(item: Mapping[str, Any], key: str) -> int:
    return int(item.get(key) or 0)
