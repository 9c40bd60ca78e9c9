# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server actions: every action from every state, and names that are not what they seem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import GIB, storage
from unit.guests import ALLOWED, cloud, guest, three, wants
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import ANY, TABLE
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PlanRefused,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ComputeService,
    Fleet,
    Storage,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import XAPI
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.filters import (
    ServerFilter,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    plan_server_action,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.wanted import (
    ServerActionWanted,
)

# --- every action from every state ----------------------------------------------------------------

# The Compute API's matrix: X acts, = is satisfied already, everything else is refused.
MATRIX = """
                 act stp pau sus err res rsz she off bld sft
start             =   X   -   -   -   -   -   -   -   -   -
stop              X   =   -   -   X   -   -   -   -   -   -
reboot_soft       X   -   -   -   -   -   -   -   -   -   -
reboot_hard       X   X   X   X   X   -   -   -   -   -   -
pause             X   -   =   -   -   -   -   -   -   -   -
unpause           =   -   X   -   -   -   -   -   -   -   -
suspend           X   -   -   =   -   -   -   -   -   -   -
resume            =   -   -   X   -   -   -   -   -   -   -
rescue            X   X   -   -   X   =   -   -   -   -   -
unrescue          =   =   =   =   -   X   -   -   -   -   -
rebuild           X   X   -   -   X   -   -   -   -   -   -
resize            X   X   -   -   -   -   -   -   -   -   -
migrate           X   X   -   -   -   -   -   -   -   -   -
confirm_resize    =   =   =   =   -   -   X   -   -   -   -
revert_resize     =   =   -   -   -   -   X   -   -   -   -
create_image      X   X   X   X   -   -   -   -   -   -   -
create_backup     X   X   X   X   -   -   -   -   -   -   -
shelve            X   X   X   X   -   -   -   =   =   -   -
shelve_offload    -   -   -   -   -   -   -   X   =   -   -
unshelve          =   =   =   =   -   =   =   X   X   -   -
lock              X   X   X   X   X   X   X   X   X   X   X
unlock            =   =   =   =   =   =   =   =   =   =   =
change_password   X   -   -   -   -   -   -   -   -   -   -
trigger_crash_dump X  -   X   -   X   X   X   -   -   -   -
live_migrate      X   -   X   -   -   -   -   -   -   -   -
live_migrate_abort =  =   =   =   =   =   =   =   =   =   =
live_migrate_force_complete = = = = = =   =   =   =   =   =
evacuate          X   X   -   -   X   -   -   -   -   -   -
delete            X   X   X   X   X   X   X   X   X   X   =
force_delete      X   X   X   X   X   X   X   X   X   X   X
restore           =   =   =   =   -   =   =   -   -   -   X
reset_state       X   X   X   X   =   X   X   X   X   X   X
"""
SHORT = {
    "act": "active",
    "stp": "stopped",
    "pau": "paused",
    "sus": "suspended",
    "err": "error",
    "res": "rescued",
    "rsz": "resized",
    "she": "shelved",
    "off": "shelved_offloaded",
    "bld": "building",
    "sft": "soft-delete",
}
ROWS = [line.split() for line in MATRIX.strip().splitlines()]
CELLS = [
    (row[0], SHORT[state], mark)
    for row in ROWS[1:]
    for state, mark in zip(ROWS[0], row[1:], strict=True)
]
FAILED_HOST = [ComputeService("xen1", state="down", forced_down=True)]
MORE: dict[str, dict[bool, dict[str, Any]]] = {
    "resize": {True: {"flavor": "big"}, False: {"vcpus": 8}},
    "change_password": {True: {"admin_password": "secret"}},
    "rescue": {True: {}, False: {"image": "rescue"}},
}
"""What some actions need besides, by whether a scheduler places servers."""


def beyond_xapi(action: str) -> bool:
    return f"action {action}" in XAPI.unsupported


def case(action: str, state: str, scheduled: bool) -> tuple[Fleet, ServerActionWanted]:
    """A server in that state, and what makes the action possible but for it."""
    services = FAILED_HOST if action == "evacuate" else []
    make = cloud if scheduled else three
    before = make(guest("web1", state), services=services)
    moving = action in ("live_migrate", "migrate", "evacuate")
    more = MORE.get(action, {}).get(scheduled, {})
    return before, wants(action, host="xen2" if moving else None, **more)


def test_matrix_has_every_action() -> None:
    assert {row[0] for row in ROWS[1:]} == set(TABLE)


@pytest.mark.parametrize("scheduled", [True, False], ids=["nova", "xapi"])
@pytest.mark.parametrize(("action", "state", "mark"), CELLS)
def test_matrix(action: str, state: str, mark: str, scheduled: bool) -> None:
    before, wanted = case(action, state, scheduled)
    if not scheduled and beyond_xapi(action):
        with pytest.raises(UnsupportedError):
            plan_server_action(before, wanted)
        return
    if mark == "-":
        with pytest.raises(ConflictError) as caught:
            plan_server_action(before, wanted)
        assert (
            f"action '{action}' of server uuid-web1 is refused while it is in vm_state {state}"
            in str(caught.value)
        )
        return
    plan = assert_fixed_point(plan_server_action, before, wanted)
    assert [s.verb.name for s in plan.steps] == ([f"server.{action}"] if mark == "X" else [])


STRICT = sorted(
    n for n, a in TABLE.items() if not a.busy and a.starts is not ANY and not beyond_xapi(n)
)


@pytest.mark.parametrize("action", STRICT)
def test_busy_server_is_left_alone(action: str) -> None:
    before, wanted = case(action, min(TABLE[action].starts), scheduled=True)
    busy = tuple(replace(s, task_state="migrating") for s in before.servers)
    with pytest.raises(ConflictError, match="while it is in task_state migrating"):
        plan_server_action(replace(before, servers=busy), wanted)


def test_satisfied_but_busy_server_is_not_satisfied() -> None:
    leaving = guest("web1", "active", task_state="powering-off")
    with pytest.raises(ConflictError, match="task_state powering-off"):
        plan_server_action(three(leaving), wants("start"))


@pytest.mark.parametrize("host", [None, "xen3"])
@pytest.mark.parametrize(
    "state", [{}, {"vm_state": "error"}, {"task_state": "rebuilding"}], ids=str
)
def test_an_evacuation_that_a_killed_run_began_is_ended_where_it_runs(
    host: str | None, state: dict[str, str]
) -> None:
    """Its host is up, the one that failed is not."""
    moved = replace(guest("web1", on="xen2", evacuated_from="xen1"), **state)
    before = three(moved, services=[*FAILED_HOST, ComputeService("xen2")])
    plan = plan_server_action(before, wants("evacuate", host=host))
    assert [step.args.source for step in plan.steps] == ["xen1"]
    after = project_all(before, plan.steps).server("uuid-web1")
    assert after is not None
    assert (after.host, after.status, after.evacuated_from) == ("xen2", "ACTIVE", None)


def test_what_a_killed_run_evacuated_is_evacuated_again_when_that_host_fails_too() -> None:
    """The first one is up again."""
    services = [ComputeService("xen1"), ComputeService("xen2", state="down", forced_down=True)]
    before = three(guest("web1", on="xen2", evacuated_from="xen1"), services=services)
    wanted = wants("evacuate", host="xen1", power_on=True)
    plan = plan_server_action(before, wanted)
    assert [step.args.source for step in plan.steps] == ["xen2"]
    after = project_all(before, plan.steps).server("uuid-web1")
    assert after is not None
    assert (after.host, after.status, after.evacuated_from) == ("xen1", "ACTIVE", None)


@pytest.mark.parametrize(
    ("state", "power_on", "status"),
    [("active", True, "ACTIVE"), ("active", False, "SHUTOFF"), ("stopped", True, "SHUTOFF")],
)
def test_an_evacuated_server_runs_if_it_ran_before(state: str, power_on: bool, status: str) -> None:
    before = cloud(guest("web1", state), services=FAILED_HOST)
    wanted = wants("evacuate", host="xen2", power_on=power_on)
    after = project_all(before, plan_server_action(before, wanted).steps).server("uuid-web1")
    assert after is not None
    assert (after.host, after.status) == ("xen2", status)


def test_hard_reboot_cuts_short_a_soft_one() -> None:
    before = three(guest("web1", status="REBOOT", task_state="rebooting"))
    assert plan_server_action(before, wants("reboot_hard")).changed


@pytest.mark.parametrize(
    ("action", "state", "operation"),
    [
        ("stop", "active", "clean_shutdown"),
        ("shelve", "active", "clean_shutdown"),
        ("create_backup", "stopped", "snapshot"),
        ("reboot_hard", "suspended", "hard_shutdown"),
        ("reboot_soft", "active", "clean_reboot"),
        ("reboot_hard", "active", "hard_reboot"),
        ("reboot_hard", "stopped", "start"),
        ("suspend", "active", "suspend"),
        ("live_migrate", "active", "pool_migrate"),
    ],
)
def test_what_xapi_does_not_allow(action: str, state: str, operation: str) -> None:
    without = guest("web1", state, allowed=ALLOWED - {operation})
    with pytest.raises(ConflictError, match=f"does not allow {operation}"):
        plan_server_action(three(without), wants(action))
    blocked = guest("web1", state, blocked={operation: "by the owner"})
    with pytest.raises(ConflictError, match=r"blocked_operations \(by the owner\)"):
        plan_server_action(three(blocked), wants(action))


def test_force_needs_no_guest_tools() -> None:
    before = three(guest("web1", allowed=ALLOWED - {"clean_shutdown"}))
    plan = plan_server_action(before, wants("stop", force=True))
    assert [s.args.to_dict() for s in plan.steps] == [{"id": "uuid-web1", "force": True}]


def test_force_ends_a_shutdown_that_hangs() -> None:
    before = three(guest("web1", task_state="powering-off"))
    assert plan_server_action(before, wants("stop", force=True)).changed
    moving = three(guest("web1", task_state="migrating"))
    with pytest.raises(ConflictError, match="task_state migrating"):
        plan_server_action(moving, wants("stop", force=True))


# --- names ----------------------------------------------------------------------------------------


def test_names_and_uuids_each_once_in_order() -> None:
    before = three(guest("web1"), guest("web2"), guest("web3"))
    plan = plan_server_action(before, wants("pause", "web2", "UUID-WEB1", "uuid-web2"))
    assert [s.subject for s in plan.steps] == ["web2", "web1"]


def test_a_name_that_two_servers_have() -> None:
    before = three(guest("web1"), replace(guest("web1"), id="uuid-other"))
    with pytest.raises(ConflictError, match="uuid-other and uuid-web1"):
        plan_server_action(before, wants("pause"))
    plan = plan_server_action(before, wants("pause", "uuid-other"))
    assert [s.args.id for s in plan.steps] == ["uuid-other"]


def test_unknown_servers_are_all_named() -> None:
    with pytest.raises(NotFoundError, match="server db1 and db2: no server has this name or uuid"):
        plan_server_action(three(guest("web1")), wants("stop", "db1", "web1", "db2"))


def test_several_in_the_way_are_reported_together() -> None:
    before = three(guest("web1", "paused"), guest("web2"), guest("web3", task_state="migrating"))
    with pytest.raises(PlanRefused) as caught:
        plan_server_action(before, wants("stop", "web1", "web2", "web3"))
    assert [v["subject"] for v in caught.value.details["verdicts"]] == [
        "server web1",
        "server web3",
    ]


def test_window() -> None:
    plan = plan_server_action(three(guest("web1")), wants("stop", max_parallel=4))
    assert plan.window == 4


OPTIONS = {
    "force where there is none": wants("start", force=True),
    "a target for something else": wants("stop", host="xen2"),
    "no server at a time": wants("stop", max_parallel=0),
    "filters without a condition": wants("delete", where=ServerFilter()),
}


@pytest.mark.parametrize("wanted", OPTIONS.values(), ids=OPTIONS)
def test_options_that_do_not_go_together(wanted: ServerActionWanted) -> None:
    with pytest.raises(InvalidError):
        plan_server_action(three(guest("web1")), wanted)


def test_a_filter_on_the_past_chooses_what_can_still_be_acted_on() -> None:
    gone = replace(guest("gone"), status="DELETED", vm_state="deleted", power_state="")
    known = three(guest("web1"), gone, guest("soft", vm_state="stopped"))
    soft = replace(known.servers[2], status="SOFT_DELETED", vm_state="soft-delete")
    known = replace(known, servers=(*known.servers[:2], soft))
    past = ServerFilter(deleted=True)
    plan = plan_server_action(known, wants("restore", where=past))
    assert [step.subject for step in plan.steps] == ["soft"]


NFS = storage("nfs", "p", {"xen1", "xen3"})
LOCAL = storage("local", "p", {"xen1"}, shared=False)


@pytest.mark.parametrize(
    ("disk", "bound_to"), [(LOCAL, "xen1"), (NFS, None), (None, None)], ids=["local", "nfs", "none"]
)
@pytest.mark.parametrize("action", ["stop", "suspend"])
def test_prediction_of_a_server_that_stops_running(
    action: str, disk: Storage | None, bound_to: str | None
) -> None:
    fields = {"storage": frozenset({disk.id})} if disk else {}
    before = three(guest("web1", **fields), storages=[disk] if disk else [])
    after = project_all(before, plan_server_action(before, wants(action)).steps)
    server, source = after.server("uuid-web1"), after.host("xen1")
    assert server is not None
    assert source is not None
    assert (server.host, source.memory_free) == (bound_to, 62 * GIB)
    if bound_to:
        again = "start" if action == "stop" else "resume"
        restarted = project_all(after, plan_server_action(after, wants(again)).steps)
        assert restarted == before


@pytest.mark.parametrize(
    ("fields", "there"),
    [
        ({"power_state": "Halted"}, "stopped"),
        ({"power_state": "Suspended"}, "suspended"),
        ({"power_state": "Running"}, "active"),
        ({"power_state": "Running", "stand_in": True}, "rescued"),
    ],
)
def test_a_reset_to_active_is_what_runs(fields: dict[str, Any], there: str) -> None:
    before = replace(three(guest("web1", "error", **fields)), traits=XAPI)
    wanted = wants("reset_state", vm_state="active")
    after = project_all(before, plan_server_action(before, wanted).steps)
    assert after.servers[0].vm_state == there
    assert after.servers[0].power_state == fields["power_state"]
    assert not plan_server_action(after, wanted).steps


@pytest.mark.parametrize("action", ["stop", "reboot_hard", "rebuild", "evacuate"])
def test_what_brings_a_server_out_of_error_ends_its_rescue(action: str) -> None:
    rescued = guest("web1", "error", stand_in=True, allowed=frozenset())
    services = FAILED_HOST if action == "evacuate" else []
    before = replace(three(rescued, services=services), traits=XAPI)
    more = {"power_on": True, "host": "xen2"} if action == "evacuate" else {}
    plan = plan_server_action(before, wants(action, **more))
    after = project_all(before, plan.steps).servers[0]
    assert (after.vm_state, after.stand_in) == ("stopped" if action == "stop" else "active", False)
    if action == "reboot_hard":
        assert plan.steps[0].args.host == "xen1"


def test_a_stop_that_ends_a_rescue_has_to_be_waited_for() -> None:
    before = replace(three(guest("web1", "error", stand_in=True)), traits=XAPI)
    with pytest.raises(ConflictError, match="another VM runs in its place"):
        plan_server_action(before, wants("stop", wait=False))
