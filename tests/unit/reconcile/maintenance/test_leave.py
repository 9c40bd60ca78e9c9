# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking a host back into service and bringing its servers home."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import GIB, fleet, host, server, storage
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ComputeService,
    ExtraSpec,
    Fleet,
    Host,
    Maintenance,
    Migration,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.leave import (
    plan_in_service,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)

LIST = "MAINTENANCE_MODE_EVACUATED_VMS_MIGRATED"
KEYS = {LIST: "uuid-a,uuid-b", "MAINTENANCE_MODE": "true"}
OURS = ComputeService(
    "xen1", "uuid-xen1", status="disabled", disabled_reason="xenfleet maintenance: patches"
)
WANTED = MaintenanceWanted("xen1", "patches")
A = server("a", "xen3")
B = server("b", "xen2", memory=4 * GIB)
MOVES = (
    Migration("uuid-b", "b", "xen1", "xen2", status="completed", id=1),
    Migration("uuid-a", "a", "xen1", "xen3", status="completed", id=2),
)
FORGET = f"set other_config of host xen1: -MAINTENANCE_MODE, -{LIST}"
RETURNING = "record maintenance patches of xen1 as returning"
DONE = "record maintenance patches of xen1 as done"
ENABLE = ["enable host xen1", "enable compute service of xen1"]
HOME = ["live-migrate a from xen3 to xen1", "live-migrate b from xen2 to xen1"]


def xen1(**fields: Any) -> Host:
    return host("xen1", "p", **{"enabled": False, "other_config": KEYS, **fields})


def journal(phase: str = "in_maintenance", *moves: Migration, **fields: Any) -> Maintenance:
    base = {"id": 7, "service_disabled": True, "host_disabled": True}
    return Maintenance("xen1", "patches", phase, moves=moves or MOVES, **{**base, **fields})


def pool(
    *servers: Any,
    home: Host | None = None,
    service: ComputeService = OURS,
    record: Maintenance | None = None,
    **sections: Any,
) -> Fleet:
    return fleet(
        [host("xen3", "p"), home or xen1(), host("xen2", "p")],
        servers=list(servers),
        services=[service],
        maintenances=[record or journal()],
        **sections,
    )


PLANS: dict[str, tuple[Fleet, MaintenanceWanted, list[str]]] = {
    "the way back": (pool(A, B), WANTED, [RETURNING, FORGET, *ENABLE, *HOME, DONE]),
    "servers stay away if return_servers is off": (
        pool(A, B),
        MaintenanceWanted("xen1", "patches", return_servers=False),
        [RETURNING, FORGET, *ENABLE, DONE],
    ),
    "the toolstack enabled the host itself": (
        pool(A, B, home=xen1(enabled=True)),
        WANTED,
        [RETURNING, FORGET, ENABLE[1], *HOME, DONE],
    ),
    "the host is rebooting": (
        pool(A, B, home=xen1(operations=("shutdown",), memory_free=0)),
        WANTED,
        [
            RETURNING,
            FORGET,
            "wait until host xen1 is live, enabled and has its storage",
            ENABLE[1],
            *HOME,
            DONE,
        ],
    ),
    "the host is down": (
        pool(A, B, home=xen1(live=False, memory_free=0)),
        WANTED,
        [
            RETURNING,
            FORGET,
            "wait until host xen1 is live, enabled and has its storage",
            ENABLE[1],
            *HOME,
            DONE,
        ],
    ),
    "storage is still missing": (
        pool(A, B, storages=[storage("nfs", "p", {"xen2", "xen3"})]),
        WANTED,
        [
            RETURNING,
            FORGET,
            ENABLE[0],
            "wait until host xen1 is live, enabled and has its storage",
            ENABLE[1],
            *HOME,
            DONE,
        ],
    ),
    "a drain is called off": (
        pool(replace(A, host="xen1"), B, record=journal("draining", MOVES[0])),
        WANTED,
        [RETURNING, FORGET, *ENABLE, HOME[1], DONE],
    ),
    "a drain killed with a move under way is called off": (
        pool(
            replace(A, host="xen1", task_state="migrating", status="MIGRATING"),
            record=journal("draining", replace(MOVES[1], status="running")),
        ),
        WANTED,
        [
            "wait until a has moved from xen1 to xen3",
            RETURNING,
            FORGET,
            *ENABLE,
            HOME[0],
            DONE,
        ],
    ),
    "killed on the way back": (
        pool(
            replace(A, host="xen1"),
            B,
            home=host("xen1", "p"),
            service=ComputeService("xen1", "uuid-xen1"),
            record=journal("returning"),
        ),
        WANTED,
        [HOME[1], DONE],
    ),
    "killed with one on its way home": (
        pool(
            A,
            replace(B, task_state="migrating", status="MIGRATING"),
            home=host("xen1", "p"),
            service=ComputeService("xen1", "uuid-xen1"),
            record=journal("returning"),
        ),
        WANTED,
        ["wait until b has moved from xen2 to xen1", HOME[0], DONE],
    ),
    "moved twice, the last place counts": (
        pool(
            replace(B, host="xen3"),
            record=journal(
                "in_maintenance",
                MOVES[0],
                Migration("uuid-b", "b", "xen1", "xen3", status="completed", id=3),
            ),
        ),
        WANTED,
        [RETURNING, FORGET, *ENABLE, "live-migrate b from xen3 to xen1", DONE],
    ),
    "a move that failed needs no return": (
        pool(
            replace(B, host="xen1"), record=journal("draining", replace(MOVES[0], status="failed"))
        ),
        WANTED,
        [RETURNING, FORGET, *ENABLE, DONE],
    ),
    "a move that was given up and arrived all the same": (
        pool(B, record=journal("draining", replace(MOVES[0], status="failed"))),
        WANTED,
        [
            "record move of b from xen1 to xen2 as completed",
            RETURNING,
            FORGET,
            *ENABLE,
            HOME[1],
            DONE,
        ],
    ),
    "in service already": (
        fleet([host("xen1", "p")]),
        WANTED,
        [],
    ),
    "done before": (
        pool(A, B, home=host("xen1", "p"), record=journal("done")),
        WANTED,
        [],
    ),
    "done before, and the operator's own disable stands": (
        pool(home=host("xen1", "p", enabled=False), record=journal("done", host_disabled=False)),
        WANTED,
        [],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), PLANS.values(), ids=PLANS.keys())
def test_plan(before: Fleet, wanted: MaintenanceWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_in_service, before, wanted)
    assert [str(s) for s in plan.steps] == steps


STAYS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "moved meanwhile": (
        replace(B, host="xen3"),
        {},
        "b: does not return: it was moved to xen3 meanwhile",
    ),
    "stopped": (
        replace(B, host=None, status="SHUTOFF", power_state="Halted"),
        {},
        "b: does not return: it is SHUTOFF",
    ),
    "gone": (server("other", "xen2"), {}, "b: does not return: it is gone"),
    "paused": (
        replace(B, status="PAUSED", power_state="Paused"),
        {},
        "b: does not return: it is paused, and only a running server can be moved",
    ),
    "no capacity": (
        B,
        {"home": xen1(memory_free=3 * GIB)},
        "b: does not return: no capacity on xen1: it needs 4.0 GiB, 3.0 GiB are left",
    ),
    "storage": (
        replace(B, storage=frozenset({"uuid-new"})),
        {"storages": [storage("new", "p", {"xen2"}, shared=False)]},
        "b: does not return: SR new is not attached on xen1",
    ),
    "aggregates": (
        replace(B, extra_specs=(ExtraSpec("ssd", "true"),)),
        {},
        "b: does not return: no aggregate with the wanted ssd=true on xen1",
    ),
    "service disabled by its operator": (
        B,
        {"service": ComputeService("xen1", status="disabled", disabled_reason="broken fan")},
        "b: does not return: xen1 has its compute service disabled",
    ),
    "host disabled by its operator": (
        B,
        {"record": journal("in_maintenance", MOVES[0], host_disabled=False)},
        "b: does not return: xen1 is disabled",
    ),
}


@pytest.mark.parametrize(("away", "sections", "warning"), STAYS.values(), ids=STAYS.keys())
def test_one_that_stays_is_reported_and_fails_nothing(
    away: Any, sections: dict[str, Any], warning: str
) -> None:
    before = pool(away, **{"record": journal("in_maintenance", MOVES[0]), **sections})
    plan = assert_fixed_point(plan_in_service, before, WANTED)
    assert warning in plan.warnings
    assert not [s for s in plan.steps if s.verb.name == "server.live_migrate"]
    assert str(plan.steps[-1]) == DONE


def test_room_at_home_is_given_to_the_last_to_leave_first() -> None:
    before = pool(A, B, home=xen1(memory_free=5 * GIB))
    plan = plan_in_service(before, WANTED)
    assert HOME[0] in [str(s) for s in plan.steps]
    assert plan.warnings == (
        "b: does not return: no capacity on xen1: it needs 4.0 GiB, 3.0 GiB are left",
    )


def test_an_operators_own_disable_stays() -> None:
    """A reason that is not ours, whoever disabled first."""
    before = pool(service=ComputeService("xen1", status="disabled", disabled_reason="broken fan"))
    plan = plan_in_service(before, WANTED)
    assert "enable compute service of xen1" not in [str(s) for s in plan.steps]
    assert any(
        "stays disabled, as someone else disabled it (reason: broken fan)" in w
        for w in plan.warnings
    )


REFUSED: dict[str, tuple[Fleet, type[FleetError], str]] = {
    "unknown host": (
        fleet([host("xen2")]),
        NotFoundError,
        "host xen1: it is unknown to every coordinator",
    ),
    "another one is open": (
        pool(record=replace(journal(), name="disk swap")),
        ConflictError,
        "maintenance 'disk swap' of it is open",
    ),
    "disabled by somebody else": (
        fleet([host("xen1", enabled=False)]),
        ConflictError,
        "it is disabled, but not by a maintenance that the store knows",
    ),
    "XenCenter's maintenance mode": (
        fleet([host("xen1", other_config={"MAINTENANCE_MODE": "true"})]),
        ConflictError,
        "it is marked as in maintenance mode, but not by",
    ),
}


@pytest.mark.parametrize(("before", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refusal(before: Fleet, kind: type[FleetError], text: str) -> None:
    with pytest.raises(FleetError) as caught:
        plan_in_service(before, WANTED)
    assert caught.type is kind
    assert text in str(caught.value)
    assert caught.value.remedy


def test_there_and_back_again_restores_everything_but_the_journal() -> None:
    names = ("a", "b", "c", "d")
    before = fleet(
        [host("xen1", "p"), host("xen2", "p"), host("xen3", "p")],
        servers=[server(n, "xen1", memory=(i + 1) * GIB) for i, n in enumerate(names)],
    )
    away = project_all(before, plan_in_maintenance(before, WANTED).steps)
    assert away.servers_on("xen1") == ()
    home = project_all(away, plan_in_service(away, WANTED).steps)
    assert replace(home, maintenances=()) == before
    assert home.maintenances[0].phase == "done"
