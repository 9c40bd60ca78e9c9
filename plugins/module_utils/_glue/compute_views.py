# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services, hypervisors and servers as the Compute API shows them, without its extensions' prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .._core.model import ComputeService, Fleet, Host, Server, to_dict
from .._core.units import MIB
from .._reconcile.servers.filters import server_zone
from .._reconcile.servers.listing import POWER_STATES


def service_view(service: ComputeService) -> dict[str, Any]:
    view = to_dict(service)
    return {"id": view.pop("host_id"), **view}


def service_views(fleet: Fleet, hosts: Sequence[str]) -> list[dict[str, Any]]:
    """Those of these hosts that exist, in this order, each once."""
    services = (fleet.service(host) for host in dict.fromkeys(hosts))
    return [service_view(s) for s in services if s is not None]


def hypervisor_view(fleet: Fleet, host: Host, with_servers: bool = False) -> dict[str, Any]:
    service = fleet.service(host.name)
    pool = fleet.pool(host.pool_id)
    servers = fleet.servers_on(host.name)
    running = [s for s in servers if s.running]
    view = {
        "id": host.id,
        "hypervisor_hostname": host.node or host.name,
        "host": host.name,
        "host_ip": host.address,
        "hypervisor_type": host.type,
        "version": host.software.get("product_version", ""),
        "state": service.state if service else "down",
        "status": service.status if service else "disabled",
        "enabled": host.enabled,
        "live": host.live,
        "availability_zone": (service and service.zone) or fleet.zone_of(host.name),
        "pool": (pool.name if pool else "") or None,
        "pool_id": host.pool_id or None,
        "coordinator": pool is not None and pool.coordinator == host.name,
        "memory_mb": host.memory_total // MIB,
        "memory_mb_used": (host.memory_total - host.memory_free) // MIB,
        "free_ram_mb": host.memory_free // MIB,
        "vcpus": host.cpus,
        "vcpus_used": _or(host.cpus_used, sum(s.vcpus for s in running)),
        "running_vms": _or(host.running_vms, len(running)),
        "current_workload": _or(host.workload, sum(1 for s in servers if s.task_state is not None)),
    }
    if with_servers:
        view["servers"] = [{"uuid": s.id, "name": s.name} for s in servers]
    return view


def _or(reported: int | None, counted: int) -> int:
    return counted if reported is None else reported


def server_view(fleet: Fleet, server: Server) -> dict[str, Any]:
    pool = fleet.pool(server.pool_id)
    return {
        "id": server.id,
        "name": server.name,
        "status": server.status,
        "vm_state": server.vm_state,
        "task_state": server.task_state,
        "power_state": POWER_STATES.get(server.power_state, 0),
        "host": server.host,
        "hypervisor_hostname": server.node or server.host,
        "host_status": host_status(fleet, server),
        "availability_zone": server_zone(fleet, server),
        "pool": (pool.name if pool else "") or None,
        "memory_mb": server.memory_max // MIB,
        "vcpus": server.vcpus,
        "metadata": dict(server.metadata),
        "tags": list(server.tags),
        "flavor": server.flavor or None,
        "locked": server.locked,
        "locked_reason": server.locked_reason,
        "fault": server.fault or None,
        "project_id": server.project_id,
        "created_at": server.created_at,
        "launched_at": server.started_at,
        "updated_at": server.updated_at,
        "terminated_at": server.terminated_at,
    }


def server_details(server: Server) -> dict[str, Any]:
    """What server_info shows besides."""
    addresses: dict[str, list[dict[str, Any]]] = {}
    for one in server.addresses:
        addresses.setdefault(one.network, []).append(
            {"addr": one.address, "version": one.version, "mac_addr": one.mac, "type": one.type}
        )
    return {
        "addresses": addresses,
        "access_ipv4": server.access_ipv4,
        "access_ipv6": server.access_ipv6,
        "image": server.image,
        "progress": server.progress,
        "user_id": server.user_id,
        "reservation_id": server.reservation_id,
    }


def console_views(fleet: Fleet, server: Server) -> list[dict[str, Any]]:
    return [asdict(console) for console in fleet.consoles.get(server.id, ())]


def host_status(fleet: Fleet, server: Server) -> str:
    """Nova's precedence: forced down, then disabled, then the sign of life; empty without a host."""
    if server.host_status is not None:
        return server.host_status
    service = fleet.service(server.host) if server.host else None
    if service is None:
        return ""
    if service.forced_down:
        return "DOWN"
    if service.status == "disabled":
        return "MAINTENANCE"
    return "UP" if service.state == "up" else "UNKNOWN"
