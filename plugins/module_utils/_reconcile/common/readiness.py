# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host must have before guests can be placed on it.

``enabled`` alone is not enough: it is true before storage and networks have come up
(dbsync_slave.ml, xapi.ml).
"""

from __future__ import annotations

from ..._core.model import Fleet


def missing_for_service(fleet: Fleet, host: str, pool_id: str | None) -> tuple[str, ...]:
    """What the host still lacks, as words that complete "not ..."; empty when it is fit for guests.

    Checked are: membership (of ``pool_id``, if given), live, enabled, no operation on it, every
    shared SR that is plugged on the pool's coordinator plugged here too, an interface on every
    network on which the coordinator has one.
    """
    current = fleet.host(host)
    if current is None:
        return ("known to any coordinator that answers",)
    if pool_id is not None and current.pool_id != pool_id:
        return ("a member of the pool",)
    missing = []
    if not current.live:
        missing.append("live")
    if not current.enabled:
        missing.append("enabled")
    if current.operations:
        missing.append(f"free of {', '.join(current.operations)}")
    return (
        *missing,
        *_missing_storage(fleet, host, current.pool_id),
        *_missing_networks(fleet, host, current.pool_id),
    )


def _missing_storage(fleet: Fleet, host: str, pool_id: str) -> list[str]:
    coordinator = _coordinator(fleet, pool_id)
    return [
        f"attached to SR {s.name}"
        for s in fleet.storages
        if s.pool_id == pool_id
        and s.shared
        and not s.tools
        and coordinator in s.attached
        and host not in s.attached
    ]


def _missing_networks(fleet: Fleet, host: str, pool_id: str) -> list[str]:
    coordinator = _coordinator(fleet, pool_id)
    return [
        f"connected to network {n.name}"
        for n in fleet.networks
        if n.pool_id == pool_id and coordinator in n.hosts and host not in n.hosts
    ]


def _coordinator(fleet: Fleet, pool_id: str) -> str | None:
    pool = fleet.pool(pool_id)
    return pool.coordinator if pool else None
