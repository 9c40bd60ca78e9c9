# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small fleets for planner tests: each builder fills in what a test does not care about."""

from __future__ import annotations

from typing import Any

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    ComputeService,
    Fleet,
    Host,
    Network,
    Pool,
    Server,
    Storage,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import XAPI

GIB = 1024**3


def host(name: str, pool_id: str | None = None, **fields: Any) -> Host:
    """A live, enabled host; without a pool it stands alone in ``pool-NAME``."""
    base: dict[str, Any] = {
        "id": f"uuid-{name}",
        "address": f"{name}.example.com",
        "memory_total": 64 * GIB,
        "memory_free": 60 * GIB,
        "cpus": 16,
        "cpu_vendor": "GenuineIntel",
    }
    return Host(name=name, pool_id=pool_id or f"pool-{name}", **{**base, **fields})


def pool(pool_id: str, coordinator: str, **fields: Any) -> Pool:
    return Pool(id=pool_id, coordinator=coordinator, **{"name": "", **fields})


def server(name: str, on: str | None = None, pool_id: str = "", **fields: Any) -> Server:
    """A running guest of 2 GiB; on no host it is shut off."""
    state: dict[str, Any] = (
        {"status": "ACTIVE", "vm_state": "active", "power_state": "Running"}
        if on
        else {"status": "SHUTOFF", "vm_state": "stopped", "power_state": "Halted"}
    )
    base: dict[str, Any] = {"memory": 2 * GIB, "allowed": frozenset({"pool_migrate"})}
    return Server(
        id=f"uuid-{name}", name=name, host=on, pool_id=pool_id, **{**state, **base, **fields}
    )


def storage(name: str, pool_id: str, attached: set[str], **fields: Any) -> Storage:
    base: dict[str, Any] = {"shared": True, "type": "nfs"}
    return Storage(
        id=f"uuid-{name}",
        name=name,
        pool_id=pool_id,
        attached=frozenset(attached),
        known_to=frozenset(attached),
        **{**base, **fields},
    )


def network(name: str, pool_id: str, hosts: set[str]) -> Network:
    return Network(id=f"uuid-{name}-{pool_id}", name=name, pool_id=pool_id, hosts=frozenset(hosts))


def fleet(
    hosts: list[Host] | None = None,
    aggregates: list[Aggregate] | None = None,
    services: list[ComputeService] | None = None,
    pools: list[Pool] | None = None,
    **sections: Any,
) -> Fleet:
    """A fleet in which every host has a service and every pool_id a pool unless given otherwise."""
    hosts = hosts or []
    aggregates = aggregates or []
    given = {s.host: s for s in services or []}
    bare = Fleet(aggregates=tuple(aggregates))
    default_services = [
        given.pop(
            h.name,
            ComputeService(
                host=h.name,
                host_id=h.id,
                zone=bare.zone_of(h.name),
                state="up" if h.live else "down",
            ),
        )
        for h in hosts
    ]
    known = {p.id for p in pools or []}
    firsts: dict[str, str] = {}
    for h in hosts:
        firsts.setdefault(h.pool_id, h.name)
    others = [pool(i, name) for i, name in firsts.items() if i not in known]
    return Fleet(
        hosts=tuple(hosts),
        aggregates=tuple(aggregates),
        services=(*default_services, *given.values()),
        pools=(*(pools or []), *others),
        traits=XAPI,
        **{k: tuple(v) if isinstance(v, list) else v for k, v in sections.items()},
    )
