# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every planner that chooses hosts, on every site: no server leaves its zone or its
migration group unasked, none comes to a host that lacks what it needs or wants, none is overfilled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from unit.guests import wants
from unit.sites import NAMES, WITHIN, equipped, faults, fulfils, parted, sites

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import MoveArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    FleetError,
    PlanRefused,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet, Server
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan, project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.consolidation import (
    ConsolidationWanted,
    plan_consolidation,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.leave import (
    plan_in_service,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.rolling_update import (
    RollingUpdateWanted,
    plan_rolling_update,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    plan_server_action,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.targets import (
    SCHEDULED,
    STARTS,
)

EXAMPLES = 20
"""Of each kind in make test; five times as many in make test-all."""
TIERS = [pytest.param(1, id="few"), pytest.param(5, id="many", marks=pytest.mark.full)]

OFF: dict[str, Any] = {"on": None}
ACTIONS: Mapping[str, tuple[dict[str, Any], ...]] = {
    # action: the servers that it is asked for, each with further fields
    "live_migrate": ({},),
    "migrate": ({}, {"vm_state": "stopped", "on": "q1"}, {"vm_state": "stopped", **OFF}),
    "resize": ({}, {"vm_state": "stopped", "on": "q1"}),
    "start": ({"vm_state": "stopped", **OFF}, {"vm_state": "stopped", "on": "q1"}),
    "reboot_hard": ({}, {"vm_state": "suspended", **OFF}),
    "resume": ({"vm_state": "suspended", **OFF}, {"vm_state": "suspended", "on": "q1"}),
    "rebuild": ({}, {"vm_state": "stopped", **OFF}),
    "rescue": ({}, {"vm_state": "stopped", **OFF}),
    "unrescue": ({"vm_state": "rescued", "stand_in": True},),
    "restore": ({"vm_state": "soft-delete", **OFF}, {"vm_state": "soft-delete", "on": "q1"}),
    "revert_resize": ({"vm_state": "resized", "resized_from": "q3"},),
    "unshelve": (
        {"vm_state": "shelved_offloaded", "shelved_from": "q1", **OFF},
        {"vm_state": "shelved_offloaded", **OFF},
        {"vm_state": "shelved", "on": "q1"},
    ),
    "evacuate": ({"on": "q1", "storage": frozenset()}, {"on": "q1"}),
}
NAMED = ("live_migrate", "migrate", "evacuate", "unshelve")
MEMORY, VCPUS = 6 * 1024, 8


def test_every_action_that_needs_a_host_is_here() -> None:
    assert set(ACTIONS) == {"live_migrate", *STARTS}


@st.composite
def tasks(draw: st.DrawFn, action: str) -> tuple[Fleet, dict[str, Any]]:
    """A site, and the options of a task."""
    site = draw(sites(draw(st.sampled_from(ACTIONS[action])), down=action == "evacuate"))
    options: dict[str, Any] = {"within": draw(WITHIN)}
    if action in NAMED:
        options["host"] = draw(st.sampled_from([None, None, None, None, "q1", "q2", "q3"]))
    if action == "resize":
        options.update(memory_mb=MEMORY, vcpus=VCPUS)
    if action == "evacuate":
        options["power_on"] = True
    if action == "rescue":
        options["image"] = "golden"
    return site, options


def placements(plan: Plan) -> Iterator[tuple[str, str]]:
    """Uuids of servers and where they are put."""
    for step in plan.steps:
        target = getattr(step.args, "target", None) or getattr(step.args, "host", None)
        if step.verb.name.startswith("server.") and target:
            yield getattr(step.args, "id", ""), target


def home_of(server: Server, action: str) -> str | None:
    """The host that it may stay on whatever aggregates say."""
    if action == "revert_resize":
        return server.resized_from
    return None if action in SCHEDULED and server.vm_state != "shelved" else server.host


def wrong(
    known: Fleet, server: Server, target: str, action: str, options: Mapping[str, Any]
) -> list[str]:
    if target == home_of(server, action) and options.get("host") is None and action in STARTS:
        parts = parted(known, server.host or target, target)
        return [
            *(["parted"] if parts else []),
            *(["unable"] if not equipped(known, server, target) else []),
        ]
    if target == server.host:
        fine = equipped(known, server, target) and fulfils(known, server, target)
        return [] if fine and action not in ("migrate", "live_migrate", "evacuate") else ["stays"]
    named = options.get("host") is not None
    return list(faults(known, server, target, options["within"], named=named))


def overfull(known: Fleet, puts: Iterable[tuple[Server, str]]) -> list[str]:
    """Hosts that are to take more than they have free, whatever leaves them meanwhile."""
    taken: dict[str, int] = {}
    for server, target in puts:
        before = known.server(server.id)
        there = before is not None and before.running and before.host == target
        mine = before.memory if before and there else 0
        taken[target] = taken.get(target, 0) + server.memory - mine
    free = {h.name: h.memory_free for h in known.hosts}
    return [name for name, memory in taken.items() if memory > max(free[name], 0)]


def check_action(known: Fleet, plan: Plan, action: str, options: Mapping[str, Any]) -> int:
    """How many servers are put somewhere."""
    puts = []
    for uuid, target in placements(plan):
        server = known.server(uuid)
        assert server is not None
        if action == "resize":
            server = replace(server, memory=MEMORY * 1024**2, vcpus=VCPUS)
        assert wrong(known, server, target, action, options) == [], (server.name, target)
        puts.append((server, target))
    assert overfull(known, puts) == []
    return len(puts)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_puts_a_server_where_it_may_not_be(action: str, tier: int) -> None:
    placed = 0

    @settings(max_examples=EXAMPLES * tier, deadline=None)
    @given(tasks(action))
    def holds(task: tuple[Fleet, dict[str, Any]]) -> None:
        nonlocal placed
        known, options = task
        names = [s.name for s in known.servers]
        for asked in [*([name] for name in names), *([names] if len(names) > 1 else [])]:
            try:
                plan = plan_server_action(known, wants(action, *asked, **options))
            except FleetError:
                continue
            placed += check_action(known, plan, action, options)

    holds()
    assert placed or tier == 1  # few random sites may refuse all of them


# --- plans for hosts ------------------------------------------------------------------------------


def moves(plan: Plan) -> list[tuple[str, str]]:
    return [
        (a.id, str(a.target))
        for step in plan.steps
        if isinstance(a := step.args, MoveArgs) and step.verb.name.startswith("server.")
    ]


def check_drain(known: Fleet, plan: Plan, within: str | None) -> Fleet:
    """The fleet afterwards."""
    puts = [(s, target) for uuid, target in moves(plan) if (s := known.server(uuid))]
    for server, target in puts:
        assert list(faults(known, server, target, within)) == [], (server.name, target)
    assert overfull(known, puts) == []
    return project_all(known, plan.steps)


def check_return(known: Fleet, host: str, name: str) -> Fleet:
    """Zones and ``within`` don't keep a server from coming home, migration groups do."""
    plan = plan_in_service(known, MaintenanceWanted(host, name))
    puts = [(s, target) for uuid, target in moves(plan) if (s := known.server(uuid))]
    for server, target in puts:
        assert target == host
        assert fulfils(known, server, target)
        assert equipped(known, server, target)
        assert not parted(known, server.host or "", target)
    assert overfull(known, puts) == []
    return project_all(known, plan.steps)


@pytest.mark.parametrize("tier", TIERS)
def test_no_drain_and_no_return_does(tier: int) -> None:
    @settings(max_examples=4 * EXAMPLES * tier, deadline=None)
    @given(sites(), WITHIN, st.booleans(), st.sampled_from(NAMES[1:]))
    def holds(known: Fleet, within: str | None, enforce: bool, foreign: str) -> None:
        wanted = MaintenanceWanted("q1", "m", within=within, enforce_groups=enforce)
        try:
            plan = plan_in_maintenance(known, wanted)
        except PlanRefused:
            event("refused")
            return
        away = check_drain(known, plan, within)
        event(f"{len(moves(plan))} moves")
        check_return(away, "q1", "m")
        # Meanwhile somebody makes a group that the host is not in.
        group = replace(
            known.aggregates[-1], metadata={"migration_group": "true"}, hosts=(foreign,)
        )
        changed = replace(away, aggregates=(*away.aggregates[:-1], group))
        check_return(changed, "q1", "m")

    holds()


@pytest.mark.parametrize("tier", TIERS)
def test_no_rolling_update_does(tier: int) -> None:
    """Every host that the update says can be emptied is, one after the other, each in its turn."""

    @settings(max_examples=EXAMPLES * tier, deadline=None)
    @given(sites(), WITHIN)
    def holds(known: Fleet, within: str | None) -> None:
        wanted = RollingUpdateWanted("u", hosts=NAMES, within=within)
        update = plan_rolling_update(known, wanted)
        blocked = {v.subject.removeprefix("host ") for v in update.blockers}
        for turn in update.turns:
            if turn.host in blocked or turn.todo != "maintenance":
                continue
            away = check_drain(known, plan_in_maintenance(known, wanted.of(turn.host)), within)
            check_return(away, turn.host, "u")
            event("a turn")

    holds()


@pytest.mark.parametrize("tier", TIERS)
def test_no_consolidation_does(tier: int) -> None:
    @settings(max_examples=EXAMPLES * tier, deadline=None)
    @given(sites(), WITHIN, st.sampled_from([0, 20]))
    def holds(known: Fleet, within: str | None, headroom: int) -> None:
        wanted = ConsolidationWanted("c", hosts=NAMES, within=within, headroom=headroom)
        for choice in plan_consolidation(known, wanted):
            if choice.decision == "empty":
                plan = plan_in_maintenance(known, wanted.of(choice.host))
                known = check_drain(known, plan, within)
                event("a host")

    holds()


# --- where a scheduler chooses --------------------------------------------------------------------


@pytest.mark.parametrize("action", NAMED)
def test_with_a_scheduler_only_hosts_that_were_asked_for_are_named(action: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(tasks(action), st.sampled_from([None, "zone-a", "zone-b"]))
    def holds(task: tuple[Fleet, dict[str, Any]], zone: str | None) -> None:
        known, options = task
        options.pop("within")
        options.pop("power_on", None)
        servers = tuple(replace(s, pinned_zone=zone) for s in known.servers)
        cloud = replace(known, pools=(), servers=servers, traits=NOVA)
        names = [s.name for s in servers]
        try:
            plan = plan_server_action(cloud, wants(action, *names, **options))
        except FleetError:
            event("refused")
            return
        event("planned")
        for _server, target in placements(plan):
            assert target == options["host"]
            if action == "live_migrate":
                assert zone in (None, cloud.zone_of(target))

    holds()
