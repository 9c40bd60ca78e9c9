# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small Nova clouds for planner tests: c1 in the middle of a maintenance, and where to go from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from unit.fleets import GIB, fleet, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ComputeService,
    Fleet,
    Host,
    Maintenance,
    Migration,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA

OUR_REASON = "xenfleet maintenance: patches"
STATES = {
    "active": ("ACTIVE", "Running"),
    "paused": ("PAUSED", "Paused"),
    "stopped": ("SHUTOFF", "Halted"),
    "suspended": ("SUSPENDED", "Suspended"),
    "shelved": ("SHELVED", "Halted"),
    "rescued": ("RESCUE", "Running"),
    "resized": ("VERIFY_RESIZE", "Halted"),
    "building": ("BUILD", ""),
    "error": ("ERROR", "Running"),
}


def guest(name: str, on: str = "c1", vm_state: str = "active", **fields: Any) -> Server:
    """A server of 2 GiB, as Nova shows it: without what only XAPI knows."""
    status, power = STATES[vm_state]
    base = {"status": status, "vm_state": vm_state, "power_state": power, "zone": "nova"}
    return server(name, on, **{**base, "allowed": frozenset(), **fields})


def moving(one: Server, task_state: str = "migrating") -> Server:
    return replace(one, task_state=task_state, status="MIGRATING")


def service(name: str, **fields: Any) -> ComputeService:
    return ComputeService(name, **{"host_id": f"service-{name}", "zone": "nova", **fields})


OURS = service("c1", status="disabled", disabled_reason=OUR_REASON)


def cloud(*servers: Server, services: tuple[ComputeService, ...] = (), **sections: Any) -> Fleet:
    """Hosts c1, c2 and c3, up and enabled unless their services are given otherwise."""
    given = {s.host: s for s in services}
    known = [given.pop(name, service(name)) for name in ("c1", "c2", "c3")]
    hosts = [_shown(s) for s in known]
    return replace(
        fleet(hosts, services=[*known, *given.values()], servers=list(servers), **sections),
        pools=(),
        traits=NOVA,
    )


def _shown(service: ComputeService) -> Host:
    """Nova's hypervisors show their service's state and status."""
    return Host(
        id=f"uuid-{service.host}",
        name=service.host,
        pool_id="",
        live=service.state == "up",
        enabled=service.status == "enabled",
        memory_total=64 * GIB,
        memory_free=60 * GIB,
        cpus=16,
    )


def journal(phase: str, *moves: Migration, **fields: Any) -> Maintenance:
    base = {"id": 7, "service_disabled": True, "host_id": "uuid-c1"}
    return Maintenance("c1", "patches", phase, moves=moves, **{**base, **fields})


def moved(
    name: str, status: str = "completed", target: str = "c2", number: int = 1, **fields: Any
) -> Migration:
    """A move off c1 in the journal."""
    base = {"type": "live-migration", "memory": 2 * GIB, "maintenance": 7}
    return Migration(
        f"uuid-{name}", name, "c1", target, status=status, id=number, **{**base, **fields}
    )


def record(
    name: str,
    source: str = "c1",
    target: str = "c2",
    status: str = "finished",
    kind: str = "migration",
) -> Migration:
    """What Nova has written down about a migration."""
    return Migration(
        f"uuid-{name}", f"uuid-{name}", source, target, type=kind, status=status, id=99
    )
