# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a Xen pool and the aggregates that are this pool have parted."""

from __future__ import annotations

from dataclasses import dataclass

from ..._core.model import POOL_COORDINATOR, Aggregate, Fleet, Pool
from ..common.pool_claims import claiming


@dataclass(frozen=True)
class Drift:
    """Of one aggregate; all empty where it is in step with the pool. ``stale_records`` are hosts whose
    key in the metadata is not the uuid of a member, ``missing_records`` members that have none.
    ``wrong_coordinator`` is the recorded one, if it is not the pool's.
    """

    aggregate: Aggregate
    not_in_pool: tuple[str, ...]
    not_in_aggregate: tuple[str, ...]
    stale_records: tuple[str, ...]
    missing_records: tuple[str, ...]
    wrong_coordinator: str | None

    @property
    def in_step(self) -> bool:
        return not (
            self.not_in_pool
            or self.not_in_aggregate
            or self.stale_records
            or self.missing_records
            or self.wrong_coordinator
        )


def drifts(fleet: Fleet, pool: Pool) -> tuple[Drift, ...]:
    """For each aggregate that is this pool, by name."""
    aggregates = sorted(claiming(fleet, pool), key=lambda a: a.name)
    return tuple(_drift(fleet, pool, aggregate) for aggregate in aggregates)


def _drift(fleet: Fleet, pool: Pool, aggregate: Aggregate) -> Drift:
    members = {h.name: h.id for h in fleet.members(pool.id)}
    records = _records(fleet, aggregate)
    recorded = aggregate.metadata.get(POOL_COORDINATOR)
    return Drift(
        aggregate,
        tuple(sorted(set(aggregate.hosts) - set(members))),
        tuple(sorted(set(members) - set(aggregate.hosts))),
        tuple(sorted(h for h, uuid in records.items() if members.get(h) != uuid)),
        tuple(sorted(set(members) - set(records))),
        recorded if recorded != pool.coordinator else None,
    )


def _records(fleet: Fleet, aggregate: Aggregate) -> dict[str, str]:
    """The items of the metadata that speak of hosts: by a host's name, or with a host's uuid."""
    names = {*aggregate.hosts, *(h.name for h in fleet.hosts)}
    uuids = {h.id for h in fleet.hosts}
    return {k: v for k, v in aggregate.metadata.items() if k in names or v in uuids}
