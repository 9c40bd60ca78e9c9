# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Emptying a host of a Nova cloud: steps in order, resuming, refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.clouds import OURS, cloud, guest, journal, moved, moving, record, service
from unit.fleets import GIB
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    NotFoundError,
    PlanRefused,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)

WANTED = MaintenanceWanted("c1", "patches")
COLD = replace(WANTED, cold_migrate=True)
SMALL = guest("small")
BIG = guest("big", memory=8 * GIB)
PAUSED = guest("paused", vm_state="paused", memory=4 * GIB)
OFF = guest("off", vm_state="stopped")
SOMEWHERE = "a host of the scheduler's choice"

BEGIN = "begin maintenance patches of c1"
DISABLE = "disable compute service of c1, reason: xenfleet maintenance: patches"
REACHED = "record maintenance patches of c1 as in_maintenance"


def live(name: str) -> str:
    return f"live-migrate {name} from c1 to {SOMEWHERE}"


def cold(name: str) -> str:
    return f"cold-migrate {name} from c1 to {SOMEWHERE} and confirm it"


PLANS: dict[str, tuple[Fleet, MaintenanceWanted, list[str]]] = {
    "the biggest first, paused ones too, stopped ones stay": (
        cloud(SMALL, BIG, PAUSED, OFF, guest("elsewhere", "c2")),
        WANTED,
        [BEGIN, DISABLE, live("big"), live("paused"), live("small"), REACHED],
    ),
    "stopped ones leave if that is wanted": (
        cloud(OFF, SMALL, guest("sleeping", vm_state="suspended")),
        COLD,
        [BEGIN, DISABLE, live("small"), cold("off"), REACHED],
    ),
    "an empty host": (cloud(), WANTED, [BEGIN, DISABLE, REACHED]),
    "an operator's own reason stays": (
        cloud(SMALL, services=(service("c1", status="disabled", disabled_reason="broken fan"),)),
        WANTED,
        [BEGIN, live("small"), REACHED],
    ),
    "killed in the middle": (
        cloud(
            replace(BIG, host="c2"),
            SMALL,
            services=(OURS,),
            maintenances=[journal("draining", moved("big"))],
        ),
        WANTED,
        [live("small"), REACHED],
    ),
    "killed with a move under way, whose target nobody knows": (
        cloud(
            moving(BIG),
            SMALL,
            services=(OURS,),
            maintenances=[journal("draining", moved("big", "running", target=""))],
        ),
        WANTED,
        [f"wait until big has moved from c1 to {SOMEWHERE}", live("small"), REACHED],
    ),
    "killed with a move that ended since": (
        cloud(
            replace(BIG, host="c3"),
            services=(OURS,),
            maintenances=[journal("draining", moved("big", "running", target=""))],
        ),
        WANTED,
        ["record move of big from c1 to c3 as completed", REACHED],
    ),
    "killed with a move that failed since, as after the compute's restart": (
        cloud(
            BIG,
            services=(OURS,),
            maintenances=[journal("draining", moved("big", "running", target=""))],
        ),
        WANTED,
        [f"record move of big from c1 to {SOMEWHERE} as failed", live("big"), REACHED],
    ),
    "killed while one is being moved cold": (
        cloud(
            replace(OFF, task_state="resize_migrating", status="RESIZE"),
            services=(OURS,),
            maintenances=[journal("draining", moved("off", "running", "", type="migration"))],
            migrations=[record("off", status="migrating")],
        ),
        COLD,
        [
            f"wait until off has moved from c1 to {SOMEWHERE}",
            "confirm the resize of off",
            REACHED,
        ],
    ),
    "killed between a cold migration and its confirmation": (
        cloud(
            guest("off", "c2", "resized"),
            services=(OURS,),
            maintenances=[journal("draining", moved("off", "running", "", type="migration"))],
            migrations=[record("off")],
        ),
        WANTED,
        ["confirm the resize of off", REACHED],
    ),
    "confirmed, and killed before that was written down": (
        cloud(
            guest("off", "c2", "stopped"),
            services=(OURS,),
            maintenances=[journal("draining", moved("off", "running", "", type="migration"))],
            migrations=[record("off", status="confirmed")],
        ),
        WANTED,
        ["record move of off from c1 to c2 as completed", REACHED],
    ),
    "another's resize of a server that was ours to move is not confirmed": (
        cloud(
            guest("off", "c2", "resized"),
            services=(OURS,),
            maintenances=[journal("draining", moved("off", "running", "", type="migration"))],
            migrations=[record("off", kind="resize")],
        ),
        WANTED,
        ["record move of off from c1 to c2 as completed", REACHED],
    ),
    "somebody has enabled the service, and a server came": (
        cloud(SMALL, maintenances=[journal("in_maintenance")]),
        WANTED,
        [DISABLE, live("small")],
    ),
    "in maintenance already": (
        cloud(
            replace(BIG, host="c2"),
            OFF,
            services=(OURS,),
            maintenances=[journal("in_maintenance", moved("big"))],
        ),
        WANTED,
        [],
    ),
    "in maintenance and switched off": (
        cloud(
            OFF, services=(replace(OURS, state="down"),), maintenances=[journal("in_maintenance")]
        ),
        WANTED,
        [],
    ),
    "done before": (cloud(SMALL, maintenances=[journal("done")]), WANTED, []),
    "on its way back": (cloud(SMALL, maintenances=[journal("returning")]), WANTED, []),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), PLANS.values(), ids=PLANS.keys())
def test_plan(before: Fleet, wanted: MaintenanceWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_in_maintenance, before, wanted)
    assert [str(s) for s in plan.steps] == steps


def test_what_stays_is_reported() -> None:
    before = cloud(OFF, guest("sleeping", vm_state="suspended"), guest("put", vm_state="shelved"))
    verdicts = [
        (v.subject, v.decision, v.reason) for v in plan_in_maintenance(before, WANTED).verdicts
    ]
    assert verdicts == [
        ("off", "skip", "is SHUTOFF and stays; cold_migrate moves it"),
        ("put", "skip", "is SHELVED and stays"),
        ("sleeping", "skip", "is SUSPENDED and stays"),
    ]
    warnings = plan_in_maintenance(before, COLD).warnings
    assert [w.split(".")[0] for w in warnings] == [
        "put: stays on the host, as Nova moves no server that is SHELVED",
        "sleeping: stays on the host, as Nova moves no server that is SUSPENDED",
    ]


def test_the_service_is_distinguished_from_the_hypervisor() -> None:
    """Nova's ids of the two differ, and the store knows hosts by the hypervisor's."""
    begin, disable, *_rest = plan_in_maintenance(cloud(), WANTED).steps
    assert begin.args.host_id == "uuid-c1"
    assert disable.args.host_id == "service-c1"


def test_the_journal_remembers_what_we_switched_off() -> None:
    before = cloud(SMALL)
    kept = project_all(before, plan_in_maintenance(before, WANTED).steps).open_maintenance("c1")
    assert kept is not None
    assert (kept.phase, kept.service_disabled, kept.host_disabled) == (
        "in_maintenance",
        True,
        False,
    )
    assert [(m.server, m.source, m.target, m.type) for m in kept.moves] == [
        ("small", "c1", "", "live-migration")
    ]
    foreign = cloud(services=(service("c1", status="disabled", disabled_reason="broken fan"),))
    begin = plan_in_maintenance(foreign, WANTED).steps[0]
    assert begin.args.service_disabled is False


def test_an_old_disk_that_stays_behind_is_reported() -> None:
    before = cloud(guest("grown", "c2", "resized"), migrations=[record("grown", kind="resize")])
    (warning,) = plan_in_maintenance(before, WANTED).warnings
    assert warning == (
        "grown: has left c1 by a resize that keeps its old disk there. Confirm or revert it"
    )


def test_one_that_its_move_has_hurt_is_reported() -> None:
    before = cloud(
        guest("a", "c3", "error"),
        services=(OURS,),
        maintenances=[journal("draining", moved("a", "running", target=""))],
    )
    plan = assert_fixed_point(plan_in_maintenance, before, WANTED)
    assert [str(s) for s in plan.steps] == ["record move of a from c1 to c3 as completed", REACHED]
    assert plan.warnings == (
        "a: is in ERROR on c3. See its fault, and if its guest runs there, reset its state to "
        "active",
    )


DOWN = tuple(service(name, state="down") for name in ("c2", "c3"))
BLOCKED: dict[str, tuple[Fleet, MaintenanceWanted, str]] = {
    "building": (cloud(guest("a", vm_state="building")), WANTED, "a: is being built"),
    "rescued": (cloud(guest("a", vm_state="rescued")), WANTED, "a: is in rescue mode"),
    "waiting for confirmation": (
        cloud(guest("a", vm_state="resized")),
        WANTED,
        "a: waits for its resize to be confirmed",
    ),
    "in error, and running": (
        cloud(guest("a", vm_state="error")),
        WANTED,
        "a: is in ERROR while its guest runs",
    ),
    "active, and not running": (
        cloud(guest("a", power_state="Halted")),
        WANTED,
        "a: is ACTIVE, but the hypervisor does not run it",
    ),
    "busy": (
        cloud(replace(SMALL, task_state="rebooting")),
        WANTED,
        "small: is busy: its task_state is rebooting",
    ),
    "being moved by somebody else": (
        cloud(moving(SMALL)),
        WANTED,
        "small: is busy: its task_state is migrating",
    ),
    "stopped, and busy": (
        cloud(replace(OFF, task_state="powering-on")),
        WANTED,
        "off: is busy: its task_state is powering-on",
    ),
    "nowhere to go": (
        cloud(SMALL, services=(service("c2", status="disabled"), service("c3", state="down"))),
        WANTED,
        "small: no valid host was found: c2 has its compute service disabled and c3 is down",
    ),
    "nowhere to go for one that is off": (
        cloud(OFF, services=DOWN),
        COLD,
        "off: no valid host was found: c2 is down and c3 is down",
    ),
    "nowhere to go in its zone": (
        cloud(
            replace(SMALL, pinned_zone="east", zone="east"),
            services=(service("c1", zone="east"), service("c2", zone="east", forced_down=True)),
        ),
        WANTED,
        "small: no valid host was found: c2 is forced down and c3 is in zone nova, and the server"
        " is pinned to east",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "text"), BLOCKED.values(), ids=BLOCKED.keys())
def test_blocker(before: Fleet, wanted: MaintenanceWanted, text: str) -> None:
    with pytest.raises(PlanRefused) as caught:
        plan_in_maintenance(before, wanted)
    assert text in str(caught.value)
    assert all(v["remedy"] for v in caught.value.details["verdicts"])


def test_every_blocker_is_reported() -> None:
    before = cloud(
        guest("a", vm_state="rescued"), replace(SMALL, task_state="rebooting"), BIG, services=DOWN
    )
    with pytest.raises(PlanRefused) as caught:
        plan_in_maintenance(before, WANTED)
    assert {v["subject"] for v in caught.value.details["verdicts"]} == {"a", "small", "big"}


REFUSED: dict[str, tuple[Fleet, MaintenanceWanted, type[FleetError], str]] = {
    "unknown host": (
        cloud(),
        MaintenanceWanted("c9"),
        NotFoundError,
        "host c9: Nova knows no such host",
    ),
    "a network": (
        cloud(),
        replace(WANTED, network="fast"),
        UnsupportedError,
        "option network: Nova does not let its users choose",
    ),
    "relaxed groups": (
        cloud(),
        replace(WANTED, enforce_groups=False),
        UnsupportedError,
        "option anti_affinity: Nova's scheduler always follows",
    ),
    "another one is open": (
        cloud(maintenances=[replace(journal("draining"), name="disk swap")]),
        WANTED,
        ConflictError,
        "maintenance 'disk swap' of it is open",
    ),
    "down": (
        cloud(SMALL, services=(service("c1", state="down"),)),
        WANTED,
        ConflictError,
        "it is down, and servers can't be moved off a host that does not answer (on it: small)",
    ),
    "down with a stopped server that is to leave": (
        cloud(
            OFF, services=(replace(OURS, state="down"),), maintenances=[journal("in_maintenance")]
        ),
        COLD,
        ConflictError,
        "(on it: off). Start nova-compute there",
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
    assert caught.value.remedy


def test_a_plan_says_once_who_chooses() -> None:
    plan = plan_in_maintenance(cloud(SMALL, BIG), WANTED)
    (verdict,) = plan.verdicts
    assert (verdict.subject, verdict.decision) == ("c1", "act")
    assert "for Nova's scheduler to choose" in verdict.reason
    assert plan_in_maintenance(cloud(), WANTED).verdicts == ()
