# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blockers of the zone that hosts of a pool to be come into."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    InvalidError,
    PlanRefused,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate, Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.membership import (
    MembershipWanted,
    plan_membership,
)

STOPPED = {"status": "SHUTOFF", "vm_state": "stopped", "power_state": "Halted"}
SERVERS = [
    server("keep", "p1", "pool-p1"),
    server("off", "p2", "pool-p2", **STOPPED),
]
OTHER = Aggregate("other", {"availability_zone": "zo"}, ("p3",))


def known(*aggregates: Aggregate) -> Fleet:
    return fleet([host(f"p{n}") for n in (1, 2, 3)], list(aggregates), servers=SERVERS)


def wanted(**options: Any) -> MembershipWanted:
    return MembershipWanted(["p1", "p2", "p3"], member="p1", state="joinable", **options)


def refusal(state: Fleet, **options: Any) -> PlanRefused:
    with pytest.raises(PlanRefused) as caught:
        plan_membership(state, wanted(**options))
    return caught.value


def test_all_hosts_are_looked_at() -> None:
    error = refusal(known(OTHER), into_aggregate="prod", zone="za")
    assert [v["subject"] for v in error.details["verdicts"]] == ["p3", "p1"]
    assert "p3: it is in availability zone zo through aggregate other" in error.message
    assert "p1: changing aggregate prod would move it" in error.message
    assert "servers that do not run and would go along are off on p2" in error.message
    assert all(v["remedy"] for v in error.details["verdicts"])


def test_the_zone_that_the_aggregate_has_counts_too() -> None:
    zoned = Aggregate("prod", {"availability_zone": "za"})
    assert (
        "from the default availability zone to za"
        in refusal(known(zoned), into_aggregate="prod").message
    )


@pytest.mark.parametrize(
    "options",
    [
        {"into_aggregate": "prod"},
        {"into_aggregate": "prod", "zone": "za", "allow_zone_change": True},
    ],
    ids=["no zone", "accepted"],
)
def test_nothing_hinders(options: dict[str, Any]) -> None:
    assert plan_membership(known(), wanted(**options)) == Plan()


def test_where_servers_may_be_bound_to_a_zone_they_are_not_those_of_xenapi() -> None:
    state = replace(known(OTHER), traits=NOVA)
    error = refusal(state, into_aggregate="prod", zone="za")
    assert [v["subject"] for v in error.details["verdicts"]] == ["p3"]
    with pytest.raises(UnsupportedError):
        plan_membership(state, wanted(into_aggregate="prod", allow_zone_change=True))


ACTIVE = {
    "hypervisor_pool": "true",
    "availability_zone": "za",
    "operational_state": "active",
    "master_compute": "p1",
    "p1": "uuid-p1",
}


def leave(aggregate: Aggregate, *hosts: str, **options: Any) -> Plan:
    state = fleet([host("p1"), host("p2")], [aggregate], servers=[server("web", "p1")])
    return plan_membership(
        state, MembershipWanted(hosts, aggregate="prod", state="absent", **options)
    )


def test_a_host_that_leaves_and_runs_on_keeps_its_zone_unless_that_is_accepted() -> None:
    last = Aggregate("prod", ACTIVE, ("p1",))
    with pytest.raises(PlanRefused, match="from availability zone za to the default one") as caught:
        leave(last, "p1")
    assert "allow_zone_change" in caught.value.message
    plan = leave(last, "p1", allow_zone_change=True)
    assert str(plan.steps[-1]) == "remove host p1 from aggregate prod"
    assert plan.warnings == (
        "host p1: availability zone of web changes from za to the default one",
    )


def test_options_are_for_joinable() -> None:
    with pytest.raises(InvalidError, match="state is present"):
        plan_membership(known(), MembershipWanted(["p1"], member="p1", into_aggregate="prod"))
