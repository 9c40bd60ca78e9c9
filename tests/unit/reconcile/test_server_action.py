# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server actions: every action from every state, then where live migrations go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import GIB, fleet, host, network, pool, server, storage
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
    Server,
    Storage,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import SENTENCES
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.project import (
    project_all,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.server_action import (
    ACTIONS,
    ServerActionWanted,
    plan_server_action,
)

STATES = {
    "active": ("ACTIVE", "Running"),
    "stopped": ("SHUTOFF", "Halted"),
    "paused": ("PAUSED", "Paused"),
    "suspended": ("SUSPENDED", "Suspended"),
    "error": ("ERROR", "Running"),
}
EVERYTHING = frozenset(op for action in ACTIONS.values() for op in action.starts.values())
ALLOWED = EVERYTHING | {"hard_shutdown"}


def guest(name: str, vm_state: str = "active", on: str | None = "xen1", **fields: Any) -> Server:
    """A server of pool p that XAPI would let do anything."""
    status, power = STATES[vm_state]
    base: dict[str, Any] = {"status": status, "vm_state": vm_state, "power_state": power}
    return server(name, on, "p", **{**base, "allowed": ALLOWED, **fields})


def three(*servers: Server, **sections: Any) -> Fleet:
    """Pool p: xen1, and xen2 with less memory free than xen3."""
    hosts = sections.pop("hosts", None) or [
        host("xen1", "p"),
        host("xen2", "p", memory_free=20 * GIB),
        host("xen3", "p", memory_free=30 * GIB),
    ]
    return fleet(hosts, pools=[pool("p", "xen1", name="prod")], servers=list(servers), **sections)


def wants(action: str, *names: str, **fields: Any) -> ServerActionWanted:
    return ServerActionWanted(action, names or ("web1",), **fields)


# --- every action from every state ----------------------------------------------------------------

# The Compute API's matrix: X acts, = is satisfied already, everything else is refused.
MATRIX = """
               active stopped paused suspended error
start          =      X       -      -         -
stop           X      =       -      -         X
reboot_soft    X      -       -      -         -
reboot_hard    X      X       X      X         X
pause          X      -       =      -         -
unpause        =      -       X      -         -
suspend        X      -       -      =         -
resume         =      -       -      X         -
live_migrate   X      -       X      -         -
"""
ROWS = [line.split() for line in MATRIX.strip().splitlines()]
CELLS = [
    (row[0], state, mark) for row in ROWS[1:] for state, mark in zip(ROWS[0], row[1:], strict=True)
]


def test_matrix_has_every_action_and_every_action_a_verb() -> None:
    assert {row[0] for row in ROWS[1:]} == set(ACTIONS)
    assert {f"server.{action}" for action in ACTIONS} <= set(SENTENCES)


@pytest.mark.parametrize(("action", "state", "mark"), CELLS)
def test_matrix(action: str, state: str, mark: str) -> None:
    before = three(guest("web1", state))
    target = "xen2" if action == "live_migrate" else None
    wanted = wants(action, host=target)
    if mark == "-":
        with pytest.raises(ConflictError) as caught:
            plan_server_action(before, wanted)
        assert f"Cannot '{action}' server uuid-web1 while it is in vm_state {state}" in str(
            caught.value
        )
        return
    plan = assert_fixed_point(plan_server_action, before, wanted)
    assert [s.verb for s in plan.steps] == ([f"server.{action}"] if mark == "X" else [])


@pytest.mark.parametrize("action", ACTIONS)
def test_busy_server_is_left_alone(action: str) -> None:
    start = next(iter(ACTIONS[action].starts))
    busy = guest("web1", start, task_state="migrating")
    with pytest.raises(ConflictError, match="while it is in task_state migrating"):
        plan_server_action(three(busy), wants(action))


def test_satisfied_but_busy_server_is_not_satisfied() -> None:
    leaving = guest("web1", "active", task_state="powering-off")
    with pytest.raises(ConflictError, match="task_state powering-off"):
        plan_server_action(three(leaving), wants("start"))


def test_hard_reboot_cuts_short_a_soft_one() -> None:
    before = three(guest("web1", status="REBOOT", task_state="rebooting"))
    assert plan_server_action(before, wants("reboot_hard")).changed


@pytest.mark.parametrize(
    ("action", "state", "operation"),
    [
        ("stop", "active", "clean_shutdown"),
        ("stop", "error", "hard_shutdown"),
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
    assert [s.args for s in plan.steps] == [{"id": "uuid-web1", "force": True}]


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
    assert [s.args["id"] for s in plan.steps] == ["uuid-other"]


def test_unknown_servers_are_all_named() -> None:
    with pytest.raises(NotFoundError, match="server db1 and db2: no server has this name or uuid"):
        plan_server_action(three(guest("web1")), wants("stop", "db1", "web1", "db2"))


def test_several_in_the_way_are_told_together() -> None:
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
}


@pytest.mark.parametrize("wanted", OPTIONS.values(), ids=OPTIONS)
def test_options_that_do_not_go_together(wanted: ServerActionWanted) -> None:
    with pytest.raises(InvalidError):
        plan_server_action(three(guest("web1")), wanted)


# --- where live migrations go ---------------------------------------------------------------------

MIGRATE = "live-migrate {} from xen1 to {}"
NFS = storage("nfs", "p", {"xen1", "xen3"})
LOCAL = storage("local", "p", {"xen1"}, shared=False)
ISO = storage("isos", "p", {"xen1", "xen2"}, content_type="iso")
BLUE = network("blue", "p", {"xen1", "xen3"})

MOVES: dict[str, tuple[Fleet, ServerActionWanted, list[str]]] = {
    "to the host asked for": (
        three(guest("web1")),
        wants("live_migrate", host="xen2"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "there already": (three(guest("web1", on="xen2")), wants("live_migrate", host="xen2"), []),
    "there already, and that host is disabled": (
        three(guest("web1", on="xen2"), services=[ComputeService("xen2", status="disabled")]),
        wants("live_migrate", host="xen2"),
        [],
    ),
    "some of them are there": (
        three(guest("web1"), guest("web2", on="xen2")),
        wants("live_migrate", "web1", "web2", host="xen2"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "from a disabled host": (
        three(guest("web1"), services=[ComputeService("xen1", status="disabled")]),
        wants("live_migrate", host="xen2"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "to the roomiest": (
        three(guest("web1")),
        wants("live_migrate"),
        [MIGRATE.format("web1", "xen3")],
    ),
    "spread when there are many": (
        three(guest("web1", memory=15 * GIB), guest("web2", memory=14 * GIB)),
        wants("live_migrate", "web1", "web2"),
        [MIGRATE.format("web1", "xen3"), MIGRATE.format("web2", "xen2")],
    ),
    "past a disabled host": (
        three(guest("web1"), services=[ComputeService("xen3", status="disabled")]),
        wants("live_migrate"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "past a host in maintenance": (
        three(guest("web1"), maintenances=[Maintenance("xen3", "november")]),
        wants("live_migrate"),
        [MIGRATE.format("web1", "xen2")],
    ),
    "where its storage is": (
        three(
            guest("web1", storage=frozenset({ISO.id})),
            storages=[ISO],
        ),
        wants("live_migrate"),
        [MIGRATE.format("web1", "xen2")],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), MOVES.values(), ids=MOVES)
def test_moves(before: Fleet, wanted: ServerActionWanted, steps: list[str]) -> None:
    if wanted.host is None:
        plan = plan_server_action(before, wanted)  # any host is right: it has no end state
    else:
        plan = assert_fixed_point(plan_server_action, before, wanted)
    assert [str(s) for s in plan.steps] == steps
    assert [set(s.args) for s in plan.steps] == [{"id", "source", "target", "memory"}] * len(steps)


TO2 = wants("live_migrate", host="xen2")
ANYWHERE = wants("live_migrate")

NO_MOVE: dict[str, tuple[Fleet, ServerActionWanted, type[FleetError], str]] = {
    "disabled target": (
        three(guest("web1"), services=[ComputeService("xen2", status="disabled")]),
        TO2,
        ConflictError,
        "compute service disabled",
    ),
    "target in maintenance": (
        three(guest("web1"), maintenances=[Maintenance("xen2", "november")]),
        TO2,
        ConflictError,
        "is in maintenance",
    ),
    "target forced down": (
        three(guest("web1"), services=[ComputeService("xen2", state="down", forced_down=True)]),
        TO2,
        InvalidError,
        "is forced down",
    ),
    "target down": (
        three(guest("web1"), hosts=[host("xen1", "p"), host("xen2", "p", live=False)]),
        TO2,
        InvalidError,
        "is down",
    ),
    "target disabled in XAPI": (
        three(guest("web1"), hosts=[host("xen1", "p"), host("xen2", "p", enabled=False)]),
        TO2,
        ConflictError,
        "is disabled",
    ),
    "unknown target": (
        three(guest("web1")),
        wants("live_migrate", host="xen9"),
        InvalidError,
        "Known hosts: xen1, xen2 and xen3",
    ),
    "target in another pool": (
        three(guest("web1"), hosts=[host("xen1", "p"), host("xen7", "q")]),
        wants("live_migrate", host="xen7"),
        InvalidError,
        "in another pool",
    ),
    "source down": (
        three(guest("web1"), hosts=[host("xen1", "p", live=False), host("xen2", "p")]),
        TO2,
        InvalidError,
        "its host xen1 is down",
    ),
    "storage missing": (
        three(guest("web1", storage=frozenset({NFS.id})), storages=[NFS]),
        TO2,
        InvalidError,
        "SR nfs is not attached",
    ),
    "network missing": (
        three(guest("web1", networks=frozenset({BLUE.id})), networks=[BLUE]),
        TO2,
        InvalidError,
        "network blue is missing",
    ),
    "memory missing": (
        three(guest("web1", memory=21 * GIB)),
        TO2,
        InvalidError,
        "21.0 GiB of memory is needed for web1, and 20.0 GiB is free",
    ),
    "memory missing for all of them together": (
        three(guest("web1", memory=11 * GIB), guest("web2", memory=10 * GIB)),
        wants("live_migrate", "web1", "web2", host="xen2"),
        InvalidError,
        "21.0 GiB of memory is needed for web1 and web2",
    ),
    "no host has its storage": (
        three(guest("web1", storage=frozenset({LOCAL.id})), storages=[LOCAL]),
        ANYWHERE,
        InvalidError,
        "no valid host was found: xen2 SR local is not attached",
    ),
    "no host has its memory": (
        three(guest("web1", memory=31 * GIB)),
        ANYWHERE,
        InvalidError,
        "free is xen2 20.0 GiB and xen3 30.0 GiB",
    ),
    "no other host": (
        three(guest("web1"), hosts=[host("xen1", "p")]),
        ANYWHERE,
        InvalidError,
        "the pool has no other",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), NO_MOVE.values(), ids=NO_MOVE)
def test_no_move(
    before: Fleet, wanted: ServerActionWanted, kind: type[FleetError], text: str
) -> None:
    with pytest.raises(kind) as caught:
        plan_server_action(before, wanted)
    assert type(caught.value) is kind
    assert text in caught.value.message
    assert caught.value.remedy


def test_company_of_its_own_group_is_warned_of() -> None:
    before = three(guest("web1", groups=("web",)), guest("web2", on="xen2", groups=("web",)))
    assert plan_server_action(before, TO2).warnings == (
        "web1: shares xen2 with web2 of its anti-affinity group",
    )


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
