# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers go where so that hosts are evenly full, what stays, and what is refused."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.clouds import cloud, guest, service
from unit.fleets import GIB, fleet, host, network, server, storage
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    Fleet,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan, project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.engine.apply import (
    grouped,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.loads import (
    imbalance,
    loads_of,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.spread import (
    SpreadWanted,
    lock_names,
    plan_spread,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.spread_report import (
    loads_view,
    moves_view,
    spread_summary,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.placing.placement import (
    peers,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.live_migration import (
    plan_moves,
)

ALL = ("xen1", "xen2", "xen3")
WANTED = SpreadWanted(ALL)


def pool(*servers: Any, changes: dict[str, dict[str, Any]] | None = None, **sections: Any) -> Fleet:
    """Three hosts of 100 GiB, of which servers leave free what they don't take."""
    used = {n: sum(s.memory for s in servers if s.host == n and s.running) for n in ALL}
    size = {"memory_total": 100 * GIB, "cpus": 16}
    hosts = [
        host(n, "p", **{**size, "memory_free": 100 * GIB - used[n], **(changes or {}).get(n, {})})
        for n in ALL
    ]
    return fleet(hosts, servers=list(servers), **sections)


def guests(on: str, *sizes: int, **fields: Any) -> list[Any]:
    base = {"pool_id": "p"}
    return [
        server(f"{on}-{i}", on, memory=size * GIB, **{**base, **fields})
        for i, size in enumerate(sizes, 1)
    ]


def moves(plan: Plan) -> list[str]:
    """In order; one that waits begins with a +."""
    return [
        f"{'+' * s.waits}{s.subject} {s.args.to_dict()['source']} {s.args.to_dict()['target']}"
        for s in plan.steps
    ]


def planned(known: Fleet, **wanted: Any) -> list[str]:
    return moves(assert_fixed_point(plan_spread, known, replace(WANTED, **wanted)))


def warnings(known: Fleet, **wanted: Any) -> tuple[str, ...]:
    return plan_spread(known, replace(WANTED, **wanted)).warnings


# --- which moves ----------------------------------------------------------------------------------


def test_the_fullest_gives_to_the_emptiest_what_gains_most() -> None:
    known = pool(*guests("xen1", 10, 40, 20), *guests("xen2", 30))
    assert planned(known) == ["xen1-2 xen1 xen3"], "40 GiB at once, and not 10 and 20"
    after = project_all(known, plan_spread(known, WANTED).steps)
    assert (imbalance(loads_of(known, ALL)), imbalance(loads_of(after, ALL))) == (70, 10)


@pytest.mark.parametrize(
    ("threshold", "number"), [(3, 3), (4, 2), (7, 2), (8, 1), (12, 0), (99, 0)]
)
def test_hosts_that_differ_by_no_more_than_the_threshold_are_left_alone(
    threshold: int, number: int
) -> None:
    """12, 6 and 0 percent, in servers of 2 GiB."""
    known = pool(*guests("xen1", *[2] * 6), *guests("xen2", *[2] * 3))
    assert len(planned(known, threshold=threshold)) == number


def test_no_more_moves_than_allowed() -> None:
    known = pool(*guests("xen1", *[10] * 9))
    assert [len(plan_spread(known, replace(WANTED, most=n)).steps) for n in (0, 1, 2)] == [0, 1, 2]
    assert len(planned(known)) == 6


def test_hosts_of_different_size_are_made_equally_full() -> None:
    small = {"memory_total": 20 * GIB, "memory_free": 20 * GIB}
    known = pool(*guests("xen1", *[5] * 11), changes={"xen3": small})
    after = project_all(known, plan_spread(known, WANTED).steps)
    assert {n: load.memory_percent for n, load in loads_of(after, ALL).items()} == {
        "xen1": 25,
        "xen2": 25,
        "xen3": 25,
    }


def test_no_host_becomes_fuller_than_the_one_that_gives() -> None:
    """44 and 52 percent would differ less than 50 and 40 do."""
    changes = {
        "xen1": {"memory_total": 200 * GIB, "memory_free": 100 * GIB},
        "xen2": {"memory_free": 60 * GIB},
    }
    held = server("held", "xen1", memory=88 * GIB, pool_id="p", locked=True)
    known = pool(*guests("xen1", 12), held, changes=changes)
    assert planned(known, hosts=("xen1", "xen2")) == []


CHAIN = [Aggregate("x", hosts=("xen1", "xen2")), Aggregate("y", hosts=("xen2", "xen3"))]
"""Near xen1 is xen2, near xen2 is xen3, too."""


def test_a_server_that_would_be_moved_on_goes_there_at_once() -> None:
    known = pool(*guests("xen1", *[10] * 6), aggregates=CHAIN)
    went = planned(known)
    assert len(went) == 4
    assert {line.split()[1] for line in went} == {"xen1"}
    assert Counter(line.split()[2] for line in went) == {"xen2": 2, "xen3": 2}


def test_it_goes_by_way_of_another_host_if_it_must() -> None:
    known = pool(*guests("xen1", *[10] * 6), aggregates=CHAIN)
    went = planned(known, within="aggregate")
    assert Counter(" ".join(line.split()[1:]) for line in went) == {"xen1 xen2": 3, "xen2 xen3": 1}
    again = [line for line in went if line.endswith("xen2 xen3")]
    assert again[0].startswith("+"), "once it is there"


def test_a_host_that_gives_may_take_but_only_after_it_has_given() -> None:
    rest = server("rest", "xen1", memory=34 * GIB, pool_id="p", locked=True)
    known = pool(*guests("xen1", 60), rest, *guests("xen2", 31, 31, 31))
    assert planned(known) == ["xen1-1 xen1 xen3", "+xen2-1 xen2 xen1"]


def test_virtual_cpus_decide_between_equals_and_are_evened_out_too() -> None:
    busy = server("busy", "xen1", memory=20 * GIB, pool_id="p", vcpus=8)
    assert planned(pool(*guests("xen1", 20), busy)) == ["busy xen1 xen2"]
    known = pool(*guests("xen1", 2, 2, 2, 1, vcpus=6), *guests("xen2", 3), *guests("xen3", 3))
    assert planned(known, threshold=10) == ["xen1-1 xen1 xen2", "xen1-4 xen1 xen3"]
    even = pool(*guests("xen1", 2, 2, vcpus=6), *guests("xen2", 4), *guests("xen3", 4))
    assert planned(even) == [], "memory would be the worse for it"


# --- what stays -----------------------------------------------------------------------------------


FULL = guests("xen1", 20, 20, 20)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"locked": True}, "is locked"),
        ({"vm_state": "paused", "status": "PAUSED", "power_state": "Paused"}, "is paused"),
        ({"task_state": "migrating"}, "is busy: its task_state is migrating"),
        ({"allowed": frozenset()}, "does not allow pool_migrate"),
        ({"blocked": {"pool_migrate": "dongle"}}, "among its blocked_operations (dongle)"),
        ({"vm_state": "rescued"}, "the VM that it is rescued from"),
    ],
)
def test_a_server_that_cannot_be_moved_stays_and_is_named(fields: Any, why: str) -> None:
    known = pool(*(replace(s, **fields) for s in FULL))
    assert planned(known) == []
    (warning,) = warnings(known)
    assert warning.startswith("xen1: stays 60% full: xen1-1 ")
    assert why in warning


@pytest.mark.parametrize(
    "sections",
    [
        {"changes": {"xen3": {"enabled": False}}},
        {"changes": {"xen3": {"live": False}}},
        {"services": [service("xen3", status="disabled")]},
        {"maintenances": [Maintenance("xen3", "patches", "draining")]},
    ],
)
def test_hosts_out_of_service_give_nothing_and_take_nothing(sections: Any) -> None:
    known = pool(*guests("xen1", 20, 20), **sections)
    assert planned(known) == ["xen1-1 xen1 xen2"]
    assert planned(pool(*guests("xen3", 20, 20), **sections)) == []
    shown = loads_view(known, WANTED)["hosts"][2]
    assert shown["left_out"] is not None


def test_hosts_of_the_group_only() -> None:
    known = pool(*FULL)
    assert planned(known, hosts=("xen1", "xen2")) == ["xen1-1 xen1 xen2"]
    group = Aggregate("prod", hosts=("xen1", "xen3"), id=7)
    known = pool(*FULL, aggregates=[group])
    for word in ("prod", "7"):
        assert planned(known, hosts=None, aggregate=word) == ["xen1-1 xen1 xen3"]


def test_storage_network_and_processors_are_asked_for() -> None:
    bound = {
        "storage": frozenset({"uuid-local"}),
        "networks": frozenset({"uuid-lan-p"}),
    }
    local = storage("local", "p", {"xen1"}, shared=False)
    lan = network("lan", "p", {"xen1", "xen2"})
    assert (
        planned(pool(*(replace(s, storage=bound["storage"]) for s in FULL), storages=[local])) == []
    )
    known = pool(*(replace(s, networks=bound["networks"]) for s in FULL), networks=[lan])
    assert planned(known) == ["xen1-1 xen1 xen2"]
    assert planned(
        pool(
            *FULL,
            changes={
                "xen2": {"software": {"platform_version": "3.1"}},
                "xen1": {"software": {"platform_version": "3.2"}},
            },
        )
    ) == ["xen1-1 xen1 xen3"]


def test_zone_and_aggregates_as_everywhere() -> None:
    zones = [
        Aggregate("a", {"availability_zone": "a"}, ("xen1", "xen2")),
        Aggregate("b", {"availability_zone": "b"}, ("xen3",)),
    ]
    known = pool(*FULL, aggregates=zones)
    assert planned(known) == ["xen1-1 xen1 xen2"]
    wide = plan_spread(known, replace(WANTED, within="pool"))
    assert moves(wide) == ["xen1-1 xen1 xen2", "xen1-2 xen1 xen3"], "in the zone first"
    assert "from zone a into zone b" in wide.warnings[0]
    only = pool(*FULL, aggregates=zones[1:])
    assert planned(only, hosts=("xen1", "xen3")) == []
    assert (
        "nowhere to go for xen1-1, xen1-2 and xen1-3 (xen3 has zone b instead of nova)"
        in (warnings(only, hosts=("xen1", "xen3"))[0])
    )


def test_peers_of_a_group_do_not_meet_unless_they_may() -> None:
    group = {"groups": ("db",)}
    known = pool(
        *guests("xen1", 20, **group),
        server("other", "xen1", memory=20 * GIB, pool_id="p", locked=True),
        *guests("xen2", 1, **group),
        *guests("xen3", 2, **group),
    )
    assert planned(known) == []
    relaxed = plan_spread(known, replace(WANTED, enforce_groups=False, most=1))
    assert moves(relaxed) == ["xen1-1 xen1 xen2"]
    assert relaxed.warnings[0].startswith("xen1-1: shares xen2 with xen2-1 of its anti-affinity")


def test_a_target_must_have_the_memory() -> None:
    """xen3 is bigger, and all the same nearly full."""
    known = pool(
        *guests("xen1", 60, 38),
        changes={
            "xen2": {"memory_free": 2 * GIB, "memory_total": 4 * GIB},
            "xen3": {"live": False},
        },
    )
    assert planned(known) == []


# --- control planes, options ----------------------------------------------------------------------


def test_on_a_cloud_targets_are_named_and_zones_kept() -> None:
    full = [guest(f"g{i}", memory=16 * GIB) for i in range(3)]
    hosts = ("c1", "c2", "c3")
    known = cloud(*full, services=(service("c3", zone="b"),))
    known = replace(
        known,
        aggregates=(Aggregate("b", {"availability_zone": "b"}, ("c3",)),),
        hosts=tuple(
            replace(h, memory_free=(12 if h.name == "c1" else 60) * GIB) for h in known.hosts
        ),
    )
    wanted = SpreadWanted(hosts)
    assert moves(assert_fixed_point(plan_spread, known, wanted)) == ["g0 c1 c2"]
    locked = replace(known, servers=tuple(replace(s, locked=True) for s in known.servers))
    assert plan_spread(locked, wanted).steps == ()
    for options in ({"network": "x"}, {"enforce_groups": False}, {"within": "pool"}):
        with pytest.raises(UnsupportedError):
            plan_spread(known, replace(wanted, **options))
    assert lock_names(known, wanted) == ["spread"]


def test_on_a_cloud_loads_are_those_of_the_servers() -> None:
    """Nova's hypervisors show the memory that they had in use at their last report."""
    there = [guest(f"g{i}", on=f"c{i}", memory=16 * GIB) for i in (1, 2, 3)]
    known = cloud(*there, guest("off", "c1", "stopped", memory=GIB))
    stale = replace(
        known,
        hosts=tuple(
            replace(h, memory_free=(20 if h.name == "c1" else 60) * GIB) for h in known.hosts
        ),
    )
    assert plan_spread(stale, SpreadWanted(("c1", "c2", "c3"))).steps == ()
    assert loads_of(stale, ["c1"])["c1"].memory == 17 * GIB


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"threshold": 0}, InvalidError),
        ({"threshold": 100}, InvalidError),
        ({"most": -1}, InvalidError),
        ({"max_parallel": 0}, InvalidError),
        ({"within": "nowhere"}, NotFoundError),
        ({"hosts": ("xen1", "xen9")}, NotFoundError),
        ({"hosts": ()}, InvalidError),
        ({"hosts": None, "aggregate": "none"}, NotFoundError),
        ({"network": "none"}, NotFoundError),
        ({"network": "lan"}, ConflictError),
    ],
)
def test_what_makes_no_sense_is_refused(options: Any, error: type[FleetError]) -> None:
    known = pool(*FULL, networks=[network("lan", "p", {"xen1"})])
    with pytest.raises(error):
        plan_spread(known, replace(WANTED, **options))


def test_the_network_is_given_by_its_uuid_and_pools_are_locked() -> None:
    known = pool(*FULL, networks=[network("storage", "p", set(ALL))])
    (first, *_rest) = plan_spread(known, replace(WANTED, network="storage")).steps
    assert first.args.to_dict()["network"] == "uuid-storage-p"
    assert lock_names(known, WANTED) == ["pool:p"]


def test_the_summary_says_it_at_a_glance() -> None:
    known = pool(*guests("xen1", 10, 40, 20, vcpus=1), *guests("xen2", 30, vcpus=1))
    plan = plan_spread(known, WANTED)
    after = project_all(known, plan.steps)
    done = moves_view([s.to_dict() for s in plan.steps], {s.id: s.host for s in after.servers})
    text = spread_summary(loads_view(known, WANTED), loads_view(after, WANTED), done)
    assert text.splitlines() == [
        "imbalance 70.0% before, 10.0% after 1 move (40.0 GiB)",
        "  host  memory before  after  vCPUs before  after",
        "  xen1  70.0%          30.0%  19%           12%",
        "  xen2  30.0%          30.0%  6%            6%",
        "  xen3  0.0%           40.0%  0%            6%",
        "  server  memory    from  to    now on",
        "  xen1-2  40.0 GiB  xen1  xen3  xen3",
    ]
    assert spread_summary(loads_view(after, WANTED), loads_view(after, WANTED), []).startswith(
        "imbalance 10.0%, nothing to move\n"
    )


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Two zones of a pool with overlapping aggregates, a migration group at times, locked servers, peers."""
    names = [f"h{i}" for i in range(draw(st.integers(2, 6)))]
    some = st.lists(st.sampled_from(names), unique=True, max_size=4)
    servers, used = [], dict.fromkeys(names, 0)
    for i in range(draw(st.integers(0, 24))):
        on, size = draw(st.sampled_from(names)), draw(st.integers(0, 30)) * GIB
        if used[on] + size > 100 * GIB:
            continue
        used[on] += size
        fields = {
            "memory": size,
            "vcpus": draw(st.integers(0, 9)),
            "locked": draw(st.integers(0, 9)) == 0,
            "groups": draw(st.sampled_from([(), (), ("db",), ("web",)])),
        }
        servers.append(server(f"s{i}", on, "p", **fields))
    hosts = [
        host(
            n,
            "p",
            memory_total=(total := draw(st.sampled_from([100, 128, 200])) * GIB),
            memory_free=total - used[n],
            cpus=draw(st.sampled_from([0, 8, 16])),
        )
        for n in names
    ]
    aggregates = [
        Aggregate("zone-a", {"availability_zone": "a"}, tuple(draw(some))),
        Aggregate(
            "x", {"migration_group": draw(st.sampled_from(["true", "false"]))}, tuple(draw(some))
        ),
        Aggregate(
            "y", {"migration_group": draw(st.sampled_from(["true", "false"]))}, tuple(draw(some))
        ),
    ]
    return fleet(hosts, aggregates, servers=servers)


@settings(max_examples=300, deadline=None)
@given(
    fleets(),
    st.integers(1, 40),
    st.sampled_from([None, "aggregate", "pool", "x"]),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 5)),
    st.integers(1, 5),
)
def test_never_worse_never_over_memory_and_never_out_of_the_group(
    known: Fleet, threshold: int, within: str | None, apart: bool, most: int | None, window: int
) -> None:
    names = tuple(h.name for h in known.hosts)
    wanted = SpreadWanted(
        names,
        threshold=threshold,
        most=most,
        within=within,
        enforce_groups=apart,
        max_parallel=window,
    )
    plan = (
        plan_spread(known, wanted)
        if most is not None
        else assert_fixed_point(plan_spread, known, wanted)
    )
    assert most is None or len(plan.steps) <= most
    assert_fits_all_along(known, plan)
    state = known
    for step in plan.steps:
        assert imbalance(loads_of(project_all(known, plan.steps), names)) <= imbalance(
            loads_of(known, names)
        )
        moving = state.server(step.args.id)
        assert moving
        assert not moving.locked
        moved = plan_moves(state, [moving], step.args.target, within)
        assert not moved.errors, "a move that server_action would refuse"
        if within != "pool" and within != "x":
            assert known.zone_of(step.args.source) == known.zone_of(step.args.target)
        if apart:
            assert not peers(moving, state.servers_on(step.args.target))
        state = step.project(state)


def assert_fits_all_along(known: Fleet, plan: Plan) -> None:
    """In the worst order that the engine allows: those that run side by side have all begun, and none
    has ended.
    """
    state = known
    for group in grouped(plan.steps):
        free = {h.name: h.memory_free for h in state.hosts}
        ids = [step.args.id for step in group]
        assert len(set(ids)) == len(ids), "a server that moves twice at once"
        for step in group:
            free[step.args.target] -= step.args.memory
        assert min(free.values()) >= 0
        state = project_all(state, group)


def test_thousands_of_servers_take_no_time() -> None:
    names = [f"h{i:02}" for i in range(64)]
    servers = [
        server(f"s{i}", names[i * i % 40], "p", memory=(1 + i % 7) * GIB, vcpus=1 + i % 5)
        for i in range(2000)
    ]
    used = dict.fromkeys(names, 0)
    for s in servers:
        used[s.host or ""] += s.memory
    hosts = [
        host(n, "p", memory_total=2048 * GIB, memory_free=2048 * GIB - used[n], cpus=64)
        for n in names
    ]
    known = fleet(hosts, servers=servers)
    begun = time.process_time()
    plan = plan_spread(known, SpreadWanted(tuple(names), threshold=1))
    assert time.process_time() - begun < 2
    assert len(plan.steps) > 100
