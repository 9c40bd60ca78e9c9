# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host has to be seen restarting before its servers come home."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Fleet,
    Maintenance,
    Migration,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.hosts.verbs import (
    rebooted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.leave import (
    plan_in_service,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)

BEFORE = "2026-11-01T10:00:00Z"
SINCE = "2026-11-28T10:00:00Z"
REBOOT = f"wait until host xen1, up since {BEFORE}, has restarted"
READY = "wait until host xen1 is live, enabled and has its storage"


def away(recorded: str | None = BEFORE, **home: Any) -> Fleet:
    """xen1 in maintenance, its server on xen2."""
    move = Migration("uuid-a", "a", "xen1", "xen2", status="completed", id=1)
    record = Maintenance(
        "xen1",
        "patches",
        "in_maintenance",
        id=7,
        service_disabled=True,
        host_disabled=True,
        moves=(move,),
        booted_at=recorded,
    )
    fields = {"enabled": False, "booted_at": BEFORE, **home}
    return fleet(
        [host("xen1", "p", **fields), host("xen2", "p")],
        servers=[server("a", "xen2", "p")],
        maintenances=[record],
    )


def wants(wait: str) -> MaintenanceWanted:
    return MaintenanceWanted("xen1", "patches", wait_for_reboot=wait)


PENDING = {"pending_guidances": ("restart_toolstack", "reboot_host")}
GOING = {"operations": ("reboot",)}
BACK = {"enabled": True, "booted_at": SINCE}
WAITS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("true", {}, [REBOOT, READY]),
    ("true", {"enabled": True}, [REBOOT, READY]),
    ("true", GOING, [REBOOT, READY]),
    ("true", {"live": False}, [REBOOT, READY]),
    ("true", BACK, []),
    ("true", {"booted_at": SINCE}, ["enable host xen1"]),
    ("auto", {}, ["enable host xen1"]),
    ("auto", PENDING, [REBOOT, READY]),
    ("auto", {**PENDING, "booted_at": SINCE}, ["enable host xen1"]),
    ("auto", {"pending_guidances": ("restart_toolstack",)}, ["enable host xen1"]),
    ("auto", GOING, [READY]),
    ("auto", {"live": False}, [READY]),
    ("auto", BACK, []),
    ("false", {}, ["enable host xen1"]),
    ("false", PENDING, ["enable host xen1"]),
    ("false", {"live": False}, [READY]),
]


@pytest.mark.parametrize(("wait", "home", "waits"), WAITS, ids=str)
def test_what_is_waited_for_before_servers_come_home(
    wait: str, home: dict[str, Any], waits: list[str]
) -> None:
    before = away(**home)
    plan = plan_in_service(before, wants(wait))
    steps = [str(step) for step in plan.steps]
    assert steps == [
        "record maintenance patches of xen1 as returning",
        *waits,
        "live-migrate a from xen2 to xen1",
        "record maintenance patches of xen1 as done",
    ]
    assert plan_in_service(project_all(before, plan.steps), wants(wait)).steps == ()


def test_a_wait_that_was_cut_off_goes_on_and_ends() -> None:
    before = away()
    plan = plan_in_service(before, wants("true"))
    on_the_way = project_all(before, plan.steps[:1])
    again = plan_in_service(on_the_way, wants("true"))
    assert [str(step) for step in again.steps] == [str(step) for step in plan.steps[1:]]
    seen = project_all(on_the_way, plan.steps[1:2])
    home = tuple(replace(h, booted_at=SINCE) if h.name == "xen1" else h for h in seen.hosts)
    rest = plan_in_service(replace(seen, hosts=home), wants("true"))
    assert REBOOT not in [str(step) for step in rest.steps]


def test_what_is_told_at_the_beginning_is_recorded() -> None:
    before = fleet([host("xen1", "p", booted_at=BEFORE), host("xen2", "p")])
    after = project_all(before, plan_in_maintenance(before, wants("true")).steps)
    assert after.maintenances[0].booted_at == BEFORE


def test_a_restart_that_could_not_be_seen_is_refused_before_the_drain() -> None:
    silent = fleet([host("xen1", "p"), host("xen2", "p")])
    with pytest.raises(ConflictError, match=r"host xen1: .*not known when it was started"):
        plan_in_maintenance(silent, wants("true"))
    assert plan_in_maintenance(silent, wants("auto")).changed
    with pytest.raises(ConflictError, match="not known when it was started before"):
        plan_in_service(away(None), wants("true"))
    assert plan_in_service(away(None), wants("auto")).changed


@pytest.mark.parametrize("planner", [plan_in_maintenance, plan_in_service])
def test_a_plane_that_does_not_tell_refuses_it(planner: Any) -> None:
    cloud = replace(away(), traits=NOVA)
    with pytest.raises(UnsupportedError, match=r"option wait_for_reboot.*ansible\.builtin\.reboot"):
        planner(cloud, wants("true"))


@pytest.mark.parametrize(
    ("booted_at", "expected"),
    [
        (BEFORE, False),
        ("2026-11-01T10:00:03Z", False),
        ("2026-11-01T09:00:00Z", False),
        ("2026-11-01T10:01:01Z", True),
        (SINCE, True),
        (None, False),
    ],
)
def test_a_restarted_toolstack_is_no_restarted_host(booted_at: str | None, expected: bool) -> None:
    """It calculates the time of the start anew."""
    assert rebooted(BEFORE, booted_at) is expected
