# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which aggregates are a pool, and where the two have parted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, pool

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate, Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.drift import drifts

POOL = pool("pa", "p1", name="prod")
RECORDS = {
    "hypervisor_pool": "true",
    "operational_state": "active",
    "master_compute": "p1",
    "p1": "uuid-p1",
    "p2": "uuid-p2",
}
PROD = Aggregate("prod", RECORDS, ("p1", "p2"))


def known(*aggregates: Aggregate) -> Fleet:
    """p1 and p2 are the pool, p3 stands alone."""
    hosts = [host("p1", "pa"), host("p2", "pa"), host("p3")]
    return fleet(hosts, list(aggregates), pools=[POOL])


def recorded(**changes: str | None) -> Aggregate:
    return PROD.with_metadata(changes)


def test_in_step() -> None:
    (found,) = drifts(known(PROD), POOL)
    assert found.in_step


PARTED: dict[str, tuple[Aggregate, dict[str, Any]]] = {
    "a host that is not in the pool": (
        replace(PROD, hosts=("p1", "p2", "p3")),
        {"not_in_pool": ("p3",)},
    ),
    "a member that is not in the aggregate": (
        replace(PROD, hosts=("p1",)),
        {"not_in_aggregate": ("p2",)},
    ),
    "a key of a host that has left": (recorded(p3="uuid-p3"), {"stale_records": ("p3",)}),
    "a key of a host that was installed anew": (
        recorded(p2="uuid-old"),
        {"stale_records": ("p2",)},
    ),
    "a key by another name": (
        recorded(old="uuid-p2"),
        {"stale_records": ("old",)},
    ),
    "no key": (recorded(p2=None), {"missing_records": ("p2",)}),
    "another coordinator": (recorded(master_compute="p2"), {"wrong_coordinator": "p2"}),
}


@pytest.mark.parametrize("case", PARTED)
def test_parted(case: str) -> None:
    aggregate, expected = PARTED[case]
    (found,) = drifts(known(aggregate), POOL)
    assert not found.in_step
    names = (
        "not_in_pool",
        "not_in_aggregate",
        "stale_records",
        "missing_records",
        "wrong_coordinator",
    )
    told = {name: getattr(found, name) for name in names if getattr(found, name)}
    assert told == expected


NOT_THIS_POOL = {
    "no pool": replace(PROD, metadata={}),
    "dismissed": recorded(operational_state="dismissed"),
    "before the first join": Aggregate("new", {"hypervisor_pool": "true"}, ("p1", "p2")),
    "most records are another pool's": Aggregate(
        "new", {"hypervisor_pool": "true", "p3": "uuid-p3", "master_compute": "p3"}, ("p1",)
    ),
}


@pytest.mark.parametrize("case", NOT_THIS_POOL)
def test_aggregates_that_are_not_this_pool(case: str) -> None:
    assert drifts(known(NOT_THIS_POOL[case]), POOL) == ()


def test_other_metadata_is_no_record() -> None:
    (found,) = drifts(
        known(recorded(rack="12", image="0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21")), POOL
    )
    assert found.in_step
