# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts can be emptied, how many of them, and why the others stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.clouds import cloud, guest, service
from unit.fleets import GIB, fleet, host, server, storage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    InvalidError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    Fleet,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.consolidation import (
    Choice,
    ConsolidationWanted,
    choice_views,
    consolidation_summary,
    plan_consolidation,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)

ALL = ("xen1", "xen2", "xen3", "xen4")
WANTED = ConsolidationWanted("night", ALL)


def pool(*servers: Any, changes: dict[str, dict[str, Any]] | None = None, **sections: Any) -> Fleet:
    """Four hosts of 64 GiB, xen1 the coordinator; free is what their servers leave of 60 GiB."""
    used = {n: sum(s.memory for s in servers if s.host == n and s.running) for n in ALL}
    hosts = [
        host(n, "p", **{"memory_free": 60 * GIB - used[n], **(changes or {}).get(n, {})})
        for n in ALL
    ]
    return fleet(hosts, servers=list(servers), **sections)


def guests(on: str, *sizes: int, **fields: Any) -> list[Any]:
    return [
        server(f"{on}-{i}", on, memory=size * GIB, pool_id="p", **fields)
        for i, size in enumerate(sizes)
    ]


def decisions(known: Fleet, **wanted: Any) -> dict[str, str]:
    return {c.host: c.decision for c in plan_consolidation(known, replace(WANTED, **wanted))}


def reason(known: Fleet, name: str, **wanted: Any) -> str:
    choices = plan_consolidation(known, replace(WANTED, **wanted))
    return next(c.reason for c in choices if c.host == name)


LOADED = pool(*guests("xen1", 4), *guests("xen2", 8), *guests("xen3", 2), *guests("xen4", 6))


def test_those_with_least_to_move_go_first_and_the_coordinator_stays() -> None:
    choices = plan_consolidation(LOADED, WANTED)
    assert [(c.host, c.decision) for c in choices] == [
        ("xen3", "empty"),
        ("xen4", "empty"),
        ("xen2", "empty"),
        ("xen1", "keep"),
    ]
    assert choices[0] == Choice(
        "xen3", "empty", "2.0 GiB of servers fit elsewhere", None, True, 2 * GIB
    )
    assert choices[-1].reason == "coordinates pool p, which could not be managed without it"
    assert choice_views(choices)[0]["memory_mb"] == 2048
    assert consolidation_summary(choices, "night").splitlines()[:2] == [
        "consolidation night: 3 of 4 hosts empty",
        "  xen3  empty  2.0 GiB  up  2.0 GiB of servers fit elsewhere",
    ]


@pytest.mark.parametrize(
    ("wanted", "empty"),
    [
        ({"keep": 2}, {"xen3", "xen4"}),
        ({"keep": 4}, set()),
        ({"most": 1}, {"xen3"}),
        ({"most": 0}, set()),
        ({"hosts": ("xen2", "xen4")}, {"xen4"}),
        ({"headroom": 80}, {"xen3"}),
        ({"headroom": 95}, set()),
    ],
)
def test_limits(wanted: dict[str, Any], empty: set[str]) -> None:
    assert {h for h, d in decisions(LOADED, **wanted).items() if d == "empty"} == empty


def test_the_hosts_may_be_those_of_an_aggregate() -> None:
    known = replace(LOADED, aggregates=(Aggregate("rack", hosts=("xen4", "xen3")),))
    assert decisions(known, hosts=None, aggregate="rack") == {"xen3": "empty", "xen4": "keep"}
    with pytest.raises(NotFoundError, match="rack2"):
        decisions(known, hosts=None, aggregate="rack2")


REASONS: dict[str, tuple[Fleet, dict[str, Any], str]] = {
    "coordinator": (LOADED, {"hosts": ("xen1", "xen2")}, "coordinates pool p"),
    "disabled": (pool(changes={"xen1": {"enabled": False}}), {}, "is disabled"),
    "down": (pool(changes={"xen1": {"live": False}}), {}, "is down"),
    "other": (
        pool(maintenances=[Maintenance("xen1", "fan", "in_maintenance")]),
        {},
        "is in maintenance 'fan' (in_maintenance)",
    ),
    "returning": (
        pool(maintenances=[Maintenance("xen1", "night", "returning")]),
        {},
        "is in maintenance 'night' (returning)",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_why_a_host_stays(name: str) -> None:
    known, wanted, words = REASONS[name]
    assert words in reason(known, "xen1", **wanted)


def test_a_server_that_can_not_move_keeps_its_host() -> None:
    known = pool(*guests("xen2", 2, status="PAUSED", power_state="Paused"))
    assert "is paused" in reason(known, "xen2")


def test_a_stopped_server_that_is_bound_to_its_host_keeps_it() -> None:
    off = server("off", "xen2", status="SHUTOFF", vm_state="stopped", power_state="Halted")
    known = pool(off, storages=[storage("local", "p", {"xen2"}, shared=False)])
    assert reason(known, "xen2") == "off would stay on it and could not be started any more"
    assert decisions(known)["xen3"] == "empty"


def test_a_name_that_is_used_up_is_reported() -> None:
    done = Maintenance("xen2", "night", "done", finished_at="2026-11-20T06:00:00Z")
    assert "needs another name" in reason(pool(maintenances=[done]), "xen2")


def test_begun_ones_go_on_first_and_count() -> None:
    begun = [
        Maintenance("xen2", "night", "draining", id=1),
        Maintenance("xen4", "night", "in_maintenance", id=2),
    ]
    known = pool(
        *guests("xen2", 8),
        *guests("xen3", 2),
        changes={"xen4": {"live": False}, "xen2": {"enabled": False}},
        maintenances=begun,
    )
    choices = plan_consolidation(known, replace(WANTED, keep=2))
    assert [(c.host, c.decision, c.up) for c in choices] == [
        ("xen2", "empty", True),
        ("xen4", "emptied", False),
        ("xen1", "keep", True),
        ("xen3", "keep", True),
    ]


def test_a_host_that_is_shutting_down_counts_as_off() -> None:
    known = pool(
        changes={"xen4": {"operations": ("shutdown",), "enabled": False}},
        maintenances=[Maintenance("xen4", "night", "in_maintenance", id=2)],
    )
    assert plan_consolidation(known, WANTED)[0].up is False


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"headroom": 100}, {"most": -1}, {"hosts": ()}])
def test_impossible_wishes(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        decisions(LOADED, **wrong)


def test_an_unknown_host() -> None:
    with pytest.raises(NotFoundError, match="xen9"):
        decisions(LOADED, hosts=("xen1", "xen9"))


# --- where a scheduler chooses --------------------------------------------------------------------

HOSTS = ("c1", "c2", "c3")


def clouded(*servers: Any, free: int = 60, **sections: Any) -> Fleet:
    known = cloud(*servers, **sections)
    return replace(known, hosts=tuple(replace(h, memory_free=free * GIB) for h in known.hosts))


def test_a_cloud_is_emptied_as_far_as_memory_goes() -> None:
    a, b = guest("a", "c1", memory=2 * GIB), guest("b", "c2", memory=4 * GIB)
    assert decisions(clouded(a, b), hosts=HOSTS) == {"c3": "empty", "c1": "empty", "c2": "keep"}
    full = clouded(a, b, free=13)
    assert decisions(full, hosts=HOSTS) == {"c3": "empty", "c1": "keep", "c2": "keep"}
    assert "less than 20 percent of memory would be left: c2" in reason(full, "c1", hosts=HOSTS)
    assert "no host has the memory for a" in reason(clouded(a, b, free=1), "c1", hosts=HOSTS)


def test_a_disabled_service_is_nobody_to_count_on() -> None:
    known = clouded(services=(service("c2", status="disabled"),))
    assert decisions(known, hosts=HOSTS, keep=2) == dict.fromkeys(HOSTS, "keep")


def test_a_stopped_server_keeps_its_compute_host_unless_it_moves_cold() -> None:
    known = clouded(guest("off", "c1", "stopped"))
    assert "off would stay" in reason(known, "c1", hosts=HOSTS)
    chosen = decisions(known, hosts=("c1", "c2"), cold_migrate=True)
    assert sorted(chosen.values()) == ["empty", "keep"]


# --- once it is done, there is nothing left to do -------------------------------------------------

sizes = st.lists(st.integers(1, 40), max_size=4)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(sizes, sizes, sizes, sizes).filter(lambda t: all(sum(s) <= 60 for s in t)),
    st.integers(1, 3),
    st.sampled_from([0, 10, 30]),
)
def test_a_second_run_finds_nothing_to_do(
    loads: tuple[list[int], ...], keep: int, headroom: int
) -> None:
    known = pool(*(s for name, load in zip(ALL, loads, strict=True) for s in guests(name, *load)))
    wanted = replace(WANTED, keep=keep, headroom=headroom)
    before = plan_consolidation(known, wanted)
    empty = [c.host for c in before if c.decision == "empty"]
    assert len(empty) <= len(ALL) - keep
    for name in empty:
        known = project_all(known, plan_in_maintenance(known, wanted.of(name)).steps)
        assert not known.servers_on(name)
    after = {c.host: c.decision for c in plan_consolidation(known, wanted)}
    assert after == {c.host: "emptied" if c.host in empty else "keep" for c in before}
