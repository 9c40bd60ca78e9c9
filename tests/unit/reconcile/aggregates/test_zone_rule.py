# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with servers and their zone: who is counted, who is named, what is accepted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.fleets import fleet, host, server
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate, Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.changes import (
    MembersWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.plan import (
    AggregateWanted,
    plan_aggregate,
    plan_members,
)

STOPPED = {"status": "SHUTOFF", "vm_state": "stopped", "power_state": "Halted"}
SUSPENDED = {"status": "SUSPENDED", "vm_state": "suspended", "power_state": "Suspended"}
SERVERS = [
    server("keep", "p1"),
    server("off1", "p1", **STOPPED),
    server("off2", "p2", **STOPPED),
    server("asleep", "p2", **SUSPENDED),
    server("db", "p3"),
]
"""p1 runs one and has another, p2 has two that don't run, p3 runs one."""
ALL = ["p1", "p2", "p3"]
ZONED = Aggregate("prod", {"availability_zone": "za"})
PLAIN = Aggregate("prod", {}, ("p1", "p2", "p3"))


def known(*aggregates: Aggregate) -> Fleet:
    return fleet([host(name) for name in ALL], list(aggregates), servers=SERVERS)


def on_nova(*aggregates: Aggregate) -> Fleet:
    return replace(known(*aggregates), traits=NOVA)


def test_the_vm_of_the_hosts_own_nova_compute_is_no_server_except_to_nova() -> None:
    own = server("nova-compute", "p1")
    before = fleet([host("p1")], [ZONED], servers=[own])
    plan = plan_members(before, MembersWanted("prod", ["p1"]))
    assert (len(plan.steps), plan.warnings) == (1, ())
    with pytest.raises(ConflictError, match="nova-compute"):
        plan_members(replace(before, traits=NOVA), MembersWanted("prod", ["p1"]))


def test_stopped_servers_go_along_where_servers_are_bound_to_no_zone() -> None:
    plan = assert_fixed_point(plan_members, known(ZONED), MembersWanted("prod", ["p2"]))
    assert [str(s) for s in plan.steps] == ["add host p2 to aggregate prod"]
    assert [s.why for s in plan.steps] == [
        "with its servers off2 (not running) and asleep (not running)"
    ]
    assert plan.warnings == (
        "host p2: availability zone of off2 (not running) and asleep (not running) changes from the "
        "default one to za",
    )


def test_stopped_servers_count_where_servers_may_be_bound_to_a_zone() -> None:
    with pytest.raises(ConflictError) as caught:
        plan_members(on_nova(ZONED), MembersWanted("prod", ["p2"]))
    assert "has servers (off2 and asleep)" in caught.value.message
    assert caught.value.remedy == "Move its servers to other hosts first"


def test_all_hosts_that_cannot_enter_a_zone_are_named() -> None:
    with pytest.raises(ConflictError) as caught:
        plan_members(known(ZONED), MembersWanted("prod", ALL))
    assert caught.value.message == (
        "host p1: changing aggregate prod would move it from the default availability zone to za "
        "while it has servers (keep); off1, not running, would go along; host p3: changing aggregate "
        "prod would move it from the default availability zone to za while it has servers (db); "
        "servers that do not run and would go along are off2 and asleep on p2. Move its servers to other "
        "hosts first, or set allow_zone_change to true to let their zone change with that of the "
        "host."
    )
    verdicts = caught.value.details["verdicts"]
    assert [v["subject"] for v in verdicts] == ["host p1", "host p3"]


def test_all_members_that_hold_an_aggregate_in_its_zone_are_named() -> None:
    with pytest.raises(InvalidError) as caught:
        plan_aggregate(known(PLAIN), AggregateWanted("prod", zone="za"))
    assert "while host p1 has servers (keep), whose zone would change" in caught.value.message
    assert "while host p3 has servers (db), whose zone would change" in caught.value.message
    assert (
        "servers that do not run and would go along are off2 and asleep on p2"
        in caught.value.message
    )
    assert "allow_zone_change" in caught.value.remedy


def test_hosts_of_other_zones_are_all_named() -> None:
    other = Aggregate("other", {"availability_zone": "zo"}, ("p1", "p3"))
    with pytest.raises(ConflictError) as entering:
        plan_members(known(ZONED, other), MembersWanted("prod", ALL))
    with pytest.raises(InvalidError) as rezoning:
        plan_aggregate(known(PLAIN, other), AggregateWanted("prod", zone="za"))
    for error in (entering.value, rezoning.value):
        for name in ("p1", "p3"):
            assert f"host {name}" in error.message
            assert error.remedy.startswith("Remove")


def test_every_kind_of_problem_is_reported_at_once_as_the_first_in_nova_s_order() -> None:
    with pytest.raises(NotFoundError) as caught:
        plan_members(known(ZONED), MembersWanted("prod", ["p3", "x1", "p1", "x2"]))
    assert caught.value.message.startswith("hosts x1 and x2: no compute service is known under")
    assert "host p1: changing aggregate prod" in caught.value.message
    assert "host p3: changing aggregate prod" in caught.value.message
    with pytest.raises(InvalidError) as bad:
        plan_members(known(ZONED), MembersWanted("prod", ["a b", "x1", "c d"]))
    assert all(text in bad.value.message for text in ("'a b'", "'c d'", "host x1"))


def test_leaving_and_entering_in_one_task_are_refused_together() -> None:
    prod = Aggregate("prod", {"availability_zone": "za"}, ("p1",))
    with pytest.raises(ConflictError) as caught:
        plan_aggregate(known(prod), AggregateWanted("prod", hosts=["p2", "p3"]))
    assert "would move it from availability zone za to the default one" in caught.value.message
    assert "host p3: changing aggregate prod" in caught.value.message


CHANGES = {
    "entering": ([ZONED], MembersWanted("prod", ALL, allow_zone_change=True)),
    "leaving": (
        [replace(ZONED, hosts=tuple(ALL))],
        MembersWanted("prod", ALL, present=False, allow_zone_change=True),
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_members_change_zone_with_their_servers_where_it_is_accepted(case: str) -> None:
    aggregates, wanted = CHANGES[case]
    plan = assert_fixed_point(plan_members, known(*aggregates), wanted)
    assert [s.args.to_dict()["host"] for s in plan.steps] == ALL
    assert plan.steps[0].why == "with its servers keep and off1 (not running)"
    assert len(plan.warnings) == 3
    assert "keep and off1 (not running) changes from" in plan.warnings[0]


def test_an_aggregate_gets_a_zone_with_its_servers_where_it_is_accepted() -> None:
    wanted = AggregateWanted("prod", zone="za", hosts=ALL, allow_zone_change=True)
    plan = assert_fixed_point(plan_aggregate, known(PLAIN), wanted)
    assert [str(s) for s in plan.steps] == ["set availability zone of aggregate prod to za"]
    assert "keep and off1 (not running)" in plan.steps[0].why
    assert "db" in plan.steps[0].why
    assert len(plan.warnings) == 3


def test_another_zone_of_a_host_is_no_change_for_its_servers_that_can_be_accepted() -> None:
    """A host in two zones is a state that no rule knows."""
    other = Aggregate("other", {"availability_zone": "zo"}, ("p1",))
    with pytest.raises(ConflictError, match="in availability zone zo through aggregate other"):
        plan_members(known(ZONED, other), MembersWanted("prod", ["p1"], allow_zone_change=True))


def test_what_nova_refuses_by_itself_cannot_be_accepted() -> None:
    for planner, wanted in (
        (plan_members, MembersWanted("prod", ["p1"], allow_zone_change=True)),
        (plan_aggregate, AggregateWanted("prod", zone="za", allow_zone_change=True)),
    ):
        with pytest.raises(UnsupportedError, match="Nova itself refuses") as caught:
            planner(on_nova(PLAIN), wanted)  # type: ignore[operator]
        assert "move the servers" in caught.value.remedy
