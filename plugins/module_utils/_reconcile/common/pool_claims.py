# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Xen pool an aggregate is, by what its metadata records."""

from __future__ import annotations

from collections.abc import Iterable

from ..._core.model import POOL_COORDINATOR, POOL_STATE, Aggregate, Fleet, Pool


def claimed_pool(fleet: Fleet, aggregate: Aggregate) -> Pool | None:
    """The pool that most of the records of an aggregate flagged hypervisor_pool speak of: uuids of
    members, the coordinator, and the name together with a member. None if there is none, as before
    the first join, or if the aggregate is dismissed.
    """
    if not aggregate.is_pool or aggregate.metadata.get(POOL_STATE) == "dismissed":
        return None
    ranked = [(_records(fleet, aggregate, pool), pool) for pool in fleet.pools]
    most, pool = max(ranked, key=lambda one: one[0], default=(0, None))
    return pool if most else None


def _records(fleet: Fleet, aggregate: Aggregate, pool: Pool) -> int:
    members = fleet.members(pool.id)
    recorded = sum(aggregate.metadata.get(h.name) == h.id for h in members)
    coordinated = aggregate.metadata.get(POOL_COORDINATOR) == pool.coordinator
    named = pool.name == aggregate.name and any(h.name in aggregate.hosts for h in members)
    return recorded + coordinated + named


def claiming(fleet: Fleet, pool: Pool) -> tuple[Aggregate, ...]:
    """The aggregates that are this pool."""
    return tuple(a for a in fleet.aggregates if claimed_pool(fleet, a) == pool)


def pool_members(fleet: Fleet, aggregate: Aggregate, hosts: Iterable[str]) -> tuple[str, ...]:
    """Those of the hosts that are members of the aggregate's Xen pool. Where no coordinator is asked,
    or none knows the host, only the aggregate's own record tells.
    """
    if not aggregate.is_pool:
        return ()
    asked = fleet.traits.hosts_in_pools
    pool = claimed_pool(fleet, aggregate)
    members = {h.name for h in fleet.members(pool.id)} if pool else set()
    return tuple(
        h for h in hosts if (h in members if asked and fleet.host(h) else _recorded(aggregate, h))
    )


def _recorded(aggregate: Aggregate, host: str) -> bool:
    return host in aggregate.metadata or aggregate.metadata.get(POOL_COORDINATOR) == host
