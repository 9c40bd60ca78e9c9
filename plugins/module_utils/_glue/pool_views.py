# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools and storage as the modules return them."""

from __future__ import annotations

from typing import Any

from .._core.model import POOL_STATE, Fleet, Host, Pool, Storage, to_dict
from .._reconcile.pools.drift import Drift, drifts


def pool_view(fleet: Fleet, pool: Pool | None) -> dict[str, Any] | None:
    """A pool with its members, the coordinator first, and its storage by name."""
    if pool is None:
        return None
    default = fleet.storage(pool.default_sr)
    members = sorted(fleet.members(pool.id), key=lambda h: (h.name != pool.coordinator, h.name))
    storages = sorted(fleet.storages, key=lambda s: (s.name, s.id))
    return {
        **to_dict(pool),
        "default_sr_name": default.name if default else None,
        "members": [_member(pool, host) for host in members],
        "storages": [storage_view(s) for s in storages if s.pool_id == pool.id],
    }


def pool_info_view(fleet: Fleet, pool: Pool) -> dict[str, Any]:
    """A pool with the aggregates that are this pool, and where they have parted."""
    shown = pool_view(fleet, pool) or {}
    return {**shown, "aggregates": [_drift(one) for one in drifts(fleet, pool)]}


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "name": drift.aggregate.name,
        "operational_state": drift.aggregate.metadata.get(POOL_STATE),
        "in_step": drift.in_step,
        "not_in_pool": list(drift.not_in_pool),
        "not_in_aggregate": list(drift.not_in_aggregate),
        "stale_records": list(drift.stale_records),
        "missing_records": list(drift.missing_records),
        "wrong_coordinator": drift.wrong_coordinator,
    }


def _member(pool: Pool, host: Host) -> dict[str, Any]:
    return {
        "host": host.name,
        "id": host.id,
        "address": host.address,
        "coordinator": host.name == pool.coordinator,
        "live": host.live,
        "enabled": host.enabled,
    }


def storage_view(storage: Storage | None) -> dict[str, Any] | None:
    data: dict[str, Any] | None = to_dict(storage) if storage else None
    return data
