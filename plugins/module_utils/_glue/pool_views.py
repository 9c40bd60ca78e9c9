# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools and storage as the modules return them."""

from __future__ import annotations

from typing import Any

from .._core.model import Fleet, Host, Pool, Storage, to_dict


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
