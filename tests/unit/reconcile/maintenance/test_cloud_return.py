# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking a host of a Nova cloud back into service and bringing its servers home."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.clouds import OURS, cloud, guest, journal, moved, moving, record, service
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ComputeService,
    Fleet,
    Maintenance,
    Server,
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

WANTED = MaintenanceWanted("c1", "patches")
A = guest("a", "c2")
B = guest("b", "c3", "paused")
OFF = guest("off", "c2", "stopped")
GONE_COLD = moved("off", number=3, type="migration")
MOVES = (moved("a", number=1), moved("b", target="c3", number=2))

RETURNING = "record maintenance patches of c1 as returning"
ENABLE = "enable compute service of c1"
UP = "wait until compute service of c1 is up"
HOME = ["live-migrate b from c3 to c1", "live-migrate a from c2 to c1"]
COLD_HOME = "cold-migrate off from c2 to c1 and confirm it"
DONE = "record maintenance patches of c1 as done"


def away(
    *servers: Server,
    at_home: ComputeService = OURS,
    book: Maintenance | None = None,
    others: tuple[ComputeService, ...] = (),
    **sections: object,
) -> Fleet:
    return cloud(
        *servers,
        services=(at_home, *others),
        maintenances=[book or journal("in_maintenance", *MOVES, GONE_COLD)],
        **sections,
    )


PLANS: dict[str, tuple[Fleet, MaintenanceWanted, list[str]]] = {
    "the way back, last to leave first": (
        away(A, B, OFF),
        WANTED,
        [RETURNING, ENABLE, *HOME, COLD_HOME, DONE],
    ),
    "servers stay away if return_servers is off": (
        away(A, B, OFF),
        replace(WANTED, return_servers=False),
        [RETURNING, ENABLE, DONE],
    ),
    "the host is still down": (
        away(A, B, OFF, at_home=replace(OURS, state="down")),
        WANTED,
        [UP, RETURNING, ENABLE, *HOME, COLD_HOME, DONE],
    ),
    "started meanwhile, it returns live": (
        away(guest("off", "c2")),
        WANTED,
        [RETURNING, ENABLE, "live-migrate off from c2 to c1", DONE],
    ),
    "a drain is called off": (
        away(A, guest("b", "c1"), book=journal("draining", MOVES[0])),
        WANTED,
        [RETURNING, ENABLE, HOME[1], DONE],
    ),
    "a drain killed with a move under way is called off": (
        away(
            moving(guest("a", "c1")),
            book=journal("draining", moved("a", "running", target="")),
        ),
        WANTED,
        [
            "wait until a has moved from c1 to a host of the scheduler's choice",
            RETURNING,
            ENABLE,
            "live-migrate a from a host of the scheduler's choice to c1",
            DONE,
        ],
    ),
    "a drain killed before a confirmation is called off": (
        away(
            guest("off", "c2", "resized"),
            book=journal("draining", moved("off", "running", "", type="migration")),
            migrations=[record("off")],
        ),
        WANTED,
        ["confirm the resize of off", RETURNING, ENABLE, COLD_HOME, DONE],
    ),
    "killed on the way back": (
        away(
            A,
            guest("b", "c1", "paused"),
            at_home=service("c1"),
            book=journal("returning", *MOVES),
        ),
        WANTED,
        [HOME[1], DONE],
    ),
    "killed with one on its way home": (
        away(A, moving(B), at_home=service("c1"), book=journal("returning", *MOVES)),
        WANTED,
        ["wait until b has moved from c3 to c1", HOME[1], DONE],
    ),
    "killed with one on its way home cold": (
        away(
            replace(OFF, task_state="resize_prep", status="RESIZE"),
            at_home=service("c1"),
            book=journal("returning", GONE_COLD),
            migrations=[record("off", "c2", "c1", "migrating")],
        ),
        WANTED,
        ["wait until off has moved from c2 to c1", "confirm the resize of off", DONE],
    ),
    "killed before the confirmation at home": (
        away(
            guest("off", "c1", "resized"),
            at_home=service("c1"),
            book=journal("returning", GONE_COLD),
            migrations=[record("off", "c2", "c1")],
        ),
        WANTED,
        ["confirm the resize of off", DONE],
    ),
    "another's resize at home is not confirmed": (
        away(
            guest("off", "c1", "resized"),
            at_home=service("c1"),
            book=journal("returning", GONE_COLD),
            migrations=[record("off", "c2", "c1", kind="resize")],
        ),
        WANTED,
        [DONE],
    ),
    "in service already": (cloud(), WANTED, []),
    "done before": (away(A, B, at_home=service("c1"), book=journal("done", *MOVES)), WANTED, []),
    "done before, and the operator's own disable stands": (
        away(
            at_home=service("c1", status="disabled", disabled_reason="broken fan"),
            book=journal("done"),
        ),
        WANTED,
        [],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), PLANS.values(), ids=PLANS.keys())
def test_plan(before: Fleet, wanted: MaintenanceWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_in_service, before, wanted)
    assert [str(s) for s in plan.steps] == steps


FAN = service("c1", status="disabled", disabled_reason="broken fan")
STAYS: dict[str, tuple[Fleet, str]] = {
    "gone": (away(), "a: does not return: it is gone"),
    "moved": (away(guest("a", "c3")), "a: does not return: it was moved to c3 meanwhile"),
    "stopped": (away(guest("a", "c2", "stopped")), "a: does not return: it is SHUTOFF"),
    "in error": (
        away(guest("a", "c2", "error")),
        "a: does not return: it is ERROR. See its fault, and if its guest runs there, reset its "
        "state to active",
    ),
    "suspended": (away(guest("a", "c2", "suspended")), "a: does not return: it is SUSPENDED"),
    "busy": (
        away(replace(A, task_state="rebooting")),
        "a: does not return: it is busy: its task_state is rebooting",
    ),
    "its host is down": (
        away(A, others=(service("c2", state="down"),)),
        "a: does not return: its host c2 is down",
    ),
    "pinned to another zone": (
        away(replace(A, pinned_zone="east")),
        "a: does not return: c1 is in zone nova, and the server is pinned to east",
    ),
    "disabled by its operator": (
        away(A, at_home=FAN),
        "a: does not return: c1 has its compute service disabled",
    ),
    "forced down": (
        away(A, at_home=replace(OURS, state="down", forced_down=True)),
        "a: does not return: c1 is forced down",
    ),
}


@pytest.mark.parametrize(("before", "warning"), STAYS.values(), ids=STAYS.keys())
def test_one_that_stays_is_reported_and_fails_nothing(before: Fleet, warning: str) -> None:
    book = journal("in_maintenance", MOVES[0])
    plan = assert_fixed_point(plan_in_service, replace(before, maintenances=(book,)), WANTED)
    assert warning in plan.warnings
    assert not [s for s in plan.steps if "migrate" in s.verb.name]
    assert str(plan.steps[-1]) == DONE


def test_an_operators_own_disable_stays() -> None:
    plan = plan_in_service(away(at_home=FAN), WANTED)
    assert ENABLE not in [str(s) for s in plan.steps]
    assert any(
        "stays disabled, as someone else disabled it (reason: broken fan)" in w
        for w in plan.warnings
    )


REFUSED: dict[str, tuple[Fleet, MaintenanceWanted, type[FleetError], str]] = {
    "unknown host": (cloud(), MaintenanceWanted("c9"), NotFoundError, "Nova knows no such host"),
    "a network": (cloud(), replace(WANTED, network="x"), UnsupportedError, "option network"),
    "another one is open": (
        away(book=replace(journal("draining"), name="disk swap")),
        WANTED,
        ConflictError,
        "maintenance 'disk swap' of it is open",
    ),
    "disabled by somebody else": (
        cloud(services=(FAN,)),
        WANTED,
        ConflictError,
        "its compute service is disabled (reason: broken fan), but not by a maintenance",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refusal(
    before: Fleet, wanted: MaintenanceWanted, kind: type[FleetError], text: str
) -> None:
    with pytest.raises(FleetError) as caught:
        plan_in_service(before, wanted)
    assert caught.type is kind
    assert text in str(caught.value)
    assert caught.value.remedy


def test_there_and_back_again_restores_everything_but_the_journal() -> None:
    """In check mode, too, where nobody knows where the scheduler would put them."""
    wanted = replace(WANTED, cold_migrate=True)
    before = cloud(guest("a"), guest("b", vm_state="paused"), guest("off", vm_state="stopped"))
    gone = project_all(before, plan_in_maintenance(before, wanted).steps)
    assert gone.servers_on("c1") == ()
    home = project_all(gone, plan_in_service(gone, wanted).steps)
    assert {s.name: (s.host, s.status, s.zone) for s in home.servers} == {
        s.name: (s.host, s.status, s.zone) for s in before.servers
    }
    assert home.services == before.services
    assert [h.memory_free for h in home.hosts] == [h.memory_free for h in before.hosts]
    assert home.maintenances[0].phase == "done"
