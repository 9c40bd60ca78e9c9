# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking a host out of service: steps in order, resuming, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import GIB, fleet, host, network, server
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    NotFoundError,
    PlanRefused,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ComputeService,
    Fleet,
    Maintenance,
    Migration,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)

LIST = "MAINTENANCE_MODE_EVACUATED_VMS_MIGRATED"
OURS = ComputeService(
    "xen1", "uuid-xen1", status="disabled", disabled_reason="xenfleet maintenance: patches"
)
WANTED = MaintenanceWanted("xen1", "patches")
A = server("a", "xen1", memory=2 * GIB)
B = server("b", "xen1", memory=4 * GIB)
ELSEWHERE = server("c", "xen2")


def pool(*servers: Any, xen1: dict[str, Any] | None = None, **sections: Any) -> Fleet:
    hosts = [host("xen3", "p"), host("xen1", "p", **(xen1 or {})), host("xen2", "p")]
    return fleet(hosts, servers=list(servers), **sections)


def journal(phase: str, *moves: Migration, **fields: Any) -> Maintenance:
    base = {"id": 7, "service_disabled": True, "host_disabled": True}
    return Maintenance("xen1", "patches", phase, moves=moves, **{**base, **fields})


def moved(name: str, status: str = "completed", target: str = "xen2", number: int = 1) -> Migration:
    return Migration(f"uuid-{name}", name, "xen1", target, status=status, id=number, maintenance=7)


AWAY = {"enabled": False, "other_config": {LIST: "uuid-a,uuid-b", "MAINTENANCE_MODE": "true"}}

PLANS: dict[str, tuple[Fleet, MaintenanceWanted, list[str]]] = {
    "from the start": (
        pool(A, B, ELSEWHERE),
        WANTED,
        [
            "begin maintenance patches of xen1",
            "disable compute service of xen1, reason: xenfleet maintenance: patches",
            f"set other_config of host xen1: {LIST}=uuid-a,uuid-b",
            "disable host xen1",
            "set other_config of host xen1: MAINTENANCE_MODE=true",
            "live-migrate b from xen1 to xen2",
            "live-migrate a from xen1 to xen3",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
    "an empty host": (
        pool(),
        WANTED,
        [
            "begin maintenance patches of xen1",
            "disable compute service of xen1, reason: xenfleet maintenance: patches",
            f"set other_config of host xen1: {LIST}=",
            "disable host xen1",
            "set other_config of host xen1: MAINTENANCE_MODE=true",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
    "XenCenter's stale lists go": (
        pool(
            xen1={
                "other_config": {
                    LIST: "gone",
                    "MAINTENANCE_MODE_EVACUATED_VMS_SUSPENDED": "x",
                    "MAINTENANCE_MODE_EVACUATED_VMS_HALTED": "y",
                }
            }
        ),
        WANTED,
        [
            "begin maintenance patches of xen1",
            "disable compute service of xen1, reason: xenfleet maintenance: patches",
            f"set other_config of host xen1: {LIST}=, "
            "-MAINTENANCE_MODE_EVACUATED_VMS_SUSPENDED, -MAINTENANCE_MODE_EVACUATED_VMS_HALTED",
            "disable host xen1",
            "set other_config of host xen1: MAINTENANCE_MODE=true",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
    "an operator's own switches stay": (
        pool(
            xen1={"enabled": False},
            services=[ComputeService("xen1", status="disabled", disabled_reason="broken fan")],
        ),
        WANTED,
        [
            "begin maintenance patches of xen1",
            f"set other_config of host xen1: {LIST}=",
            "set other_config of host xen1: MAINTENANCE_MODE=true",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
    "killed in the middle": (
        pool(
            replace(B, host="xen2"),
            A,
            xen1=AWAY,
            services=[OURS],
            maintenances=[journal("draining", moved("b"))],
        ),
        WANTED,
        [
            "live-migrate a from xen1 to xen2",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
    "killed with a move under way": (
        pool(
            replace(B, task_state="migrating", status="MIGRATING", allowed=frozenset()),
            A,
            xen1=AWAY,
            services=[OURS],
            maintenances=[journal("draining", moved("b", "running"))],
        ),
        WANTED,
        [
            "wait until b has moved from xen1 to xen2",
            "live-migrate a from xen1 to xen2",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
    "killed with a move that ended since": (
        pool(
            replace(B, host="xen2"),
            xen1=AWAY,
            services=[OURS],
            maintenances=[journal("draining", moved("b", "running"))],
        ),
        WANTED,
        [
            "record move of b from xen1 to xen2 as completed",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
    "killed with a move that failed since": (
        pool(
            B, xen1=AWAY, services=[OURS], maintenances=[journal("draining", moved("b", "running"))]
        ),
        WANTED,
        [
            "record move of b from xen1 to xen2 as failed",
            "live-migrate b from xen1 to xen2",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
    "a restarted toolstack enabled the host, and a guest came": (
        pool(
            replace(B, host="xen2"),
            server("new", "xen1"),
            xen1={"other_config": {LIST: "uuid-b", "MAINTENANCE_MODE": "true"}},
            services=[OURS],
            maintenances=[journal("in_maintenance", moved("b"))],
        ),
        WANTED,
        [
            f"set other_config of host xen1: {LIST}=uuid-b,uuid-new",
            "disable host xen1",
            "live-migrate new from xen1 to xen2",
        ],
    ),
    "in maintenance already": (
        pool(
            replace(B, host="xen2"),
            xen1=AWAY,
            services=[OURS],
            maintenances=[journal("in_maintenance", moved("b"))],
        ),
        WANTED,
        [],
    ),
    "in maintenance and switched off": (
        pool(
            xen1={**AWAY, "live": False},
            services=[OURS],
            maintenances=[journal("in_maintenance")],
        ),
        WANTED,
        [],
    ),
    "done before": (pool(A, maintenances=[journal("done")]), WANTED, []),
    "on its way back": (pool(A, maintenances=[journal("returning")]), WANTED, []),
    "done before under another name": (
        pool(maintenances=[replace(journal("done"), name="last month")]),
        WANTED,
        [
            "begin maintenance patches of xen1",
            "disable compute service of xen1, reason: xenfleet maintenance: patches",
            f"set other_config of host xen1: {LIST}=",
            "disable host xen1",
            "set other_config of host xen1: MAINTENANCE_MODE=true",
            "record maintenance patches of xen1 as in_maintenance",
        ],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), PLANS.values(), ids=PLANS.keys())
def test_plan(before: Fleet, wanted: MaintenanceWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_in_maintenance, before, wanted)
    assert [str(s) for s in plan.steps] == steps


def test_the_journal_remembers_what_we_switched_off() -> None:
    before = pool(A)
    after = project_all(before, plan_in_maintenance(before, WANTED).steps)
    kept = after.open_maintenance("xen1")
    assert kept is not None
    assert (kept.name, kept.phase) == ("patches", "in_maintenance")
    assert (kept.service_disabled, kept.host_disabled) == (True, True)
    assert [(m.server, m.source, m.target) for m in kept.moves] == [("a", "xen1", "xen2")]


def test_the_window_and_network_go_into_the_plan() -> None:
    before = pool(A, networks=[network("migration", "p", {"xen1", "xen2", "xen3"})])
    plan = plan_in_maintenance(
        before, MaintenanceWanted("xen1", max_parallel=5, network="migration")
    )
    (step,) = [s for s in plan.steps if s.verb.name == "server.live_migrate"]
    assert plan.window == 5
    assert step.args.network == "uuid-migration-p"


def test_draining_a_coordinator_warns() -> None:
    hosts = [host("xen1", "p"), host("xen2", "p")]
    plan = plan_in_maintenance(fleet(hosts), WANTED)
    assert len(plan.warnings) == 1
    assert "coordinates pool p" in plan.warnings[0]
    assert plan_in_maintenance(pool(A), WANTED).warnings == ()


def test_a_completed_one_says_when_and_what_to_do() -> None:
    before = pool(maintenances=[journal("done", finished_at="2026-11-20T10:00:00Z")])
    (verdict,) = plan_in_maintenance(before, WANTED).verdicts
    assert "was completed at 2026-11-20T10:00:00Z" in str(verdict)
    assert "another name" in str(verdict)


REFUSED: dict[str, tuple[Fleet, MaintenanceWanted, type[FleetError], str]] = {
    "unknown host": (
        pool(),
        MaintenanceWanted("xen9"),
        NotFoundError,
        "host xen9: it is unknown to every coordinator that answered",
    ),
    "no name": (pool(), MaintenanceWanted("xen1", ""), InvalidError, "the name has 0 characters"),
    "a name too long for the reason": (
        pool(),
        MaintenanceWanted("xen1", "x" * 201),
        InvalidError,
        "the name has 201 characters",
    ),
    "nothing in parallel": (
        pool(),
        MaintenanceWanted("xen1", max_parallel=0),
        InvalidError,
        "max_parallel is 0",
    ),
    "another one is open": (
        pool(maintenances=[replace(journal("draining"), name="disk swap")]),
        WANTED,
        ConflictError,
        "maintenance 'disk swap' of it is open",
    ),
    "down": (pool(xen1={"live": False}), WANTED, ConflictError, "host xen1: it is down"),
    "down in the middle": (
        pool(A, xen1={"live": False}, maintenances=[journal("in_maintenance")]),
        WANTED,
        ConflictError,
        "host xen1: it is down",
    ),
    "blockers": (
        pool(replace(A, power_state="Paused"), replace(B, memory=99 * GIB)),
        WANTED,
        PlanRefused,
        "b: no capacity: it needs 99.0 GiB of memory",
    ),
    "somebody else migrates one": (
        pool(replace(A, task_state="migrating")),
        WANTED,
        PlanRefused,
        "a: is busy: its task_state is migrating",
    ),
    "unknown network": (
        pool(A),
        MaintenanceWanted("xen1", network="fast"),
        NotFoundError,
        "network fast: the pool of host xen1 has none of this name",
    ),
    "unknown network of an empty host": (
        pool(),
        MaintenanceWanted("xen1", network="fast"),
        NotFoundError,
        "network fast: the pool of host xen1 has none of this name",
    ),
    "network missing on a target": (
        pool(A, networks=[network("fast", "p", {"xen1", "xen3"})]),
        MaintenanceWanted("xen1", network="fast"),
        ConflictError,
        "network fast: xen2 has no interface on it",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refusal(
    before: Fleet, wanted: MaintenanceWanted, kind: type[FleetError], text: str
) -> None:
    with pytest.raises(FleetError) as caught:
        plan_in_maintenance(before, wanted)
    assert caught.type is kind
    assert text in str(caught.value)
    assert caught.value.remedy or kind is NotFoundError


def test_a_refusal_carries_every_blocker() -> None:
    with pytest.raises(PlanRefused) as caught:
        plan_in_maintenance(
            pool(replace(A, power_state="Paused"), replace(B, memory=99 * GIB)), WANTED
        )
    verdicts = caught.value.details["verdicts"]
    assert {v["subject"] for v in verdicts} == {"a", "b"}
    assert all(v["remedy"] for v in verdicts)
