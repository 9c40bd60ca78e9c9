# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Compute API's rules on servers and their moves, rows 31 to 33, 40, 41 and 52, through the
modules, on both control planes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.control import Control
from contract.rules.keeping import judge
from contract.rules.memory_control import MemoryControl
from contract.rules.nova_control import NovaControl
from contract.rules.xapi_control import SERVERS, XapiControl
from simulators.launch import Simulator


class SiteControl(XapiControl):
    busy, idle, spare1, spare2 = "xen1", "xen2", "xen3", "lone"


@pytest.fixture
def control(request: pytest.FixtureRequest, plane: str, tmp_path: Path) -> Iterator[Control]:
    """On a site of its own, since servers do change."""
    if plane == "xapi":
        with Simulator(SERVERS) as site:
            here = SiteControl(site, tmp_path / "store.db")
            yield here
            judge(request, here)
        return
    if plane == "memory":
        third = MemoryControl()
        yield third
        judge(request, third)
        return
    there = NovaControl(request.getfixturevalue("bed"), tmp_path / "store.db")
    there.settle()
    yield there
    judge(request, there)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteControl]:
    """For what only XAPI has."""
    with Simulator(SERVERS) as site:
        yield SiteControl(site, tmp_path / "store.db")


def to(host: str | None, *servers: str) -> dict[str, Any]:
    return {"action": "live_migrate", "servers": list(servers or ("web1",)), "host": host}


def test_row_31_disabled_host_is_no_target(control: Control) -> None:
    control.given("compute_service", hosts=[control.idle], status="disabled")
    control.refused(
        409, f"target host {control.idle}: it has its", "server_action", **to(control.idle)
    )
    control.done("server_action", **to(None))
    assert control.server("web1")["host"] not in (control.busy, control.idle)
    everywhere = [control.busy, control.idle, control.spare1, control.spare2]
    control.given("compute_service", hosts=everywhere, status="disabled")
    control.refused(400, "no valid host was found", "server_action", **to(None))


def test_row_31_disabled_host_is_a_source(control: Control) -> None:
    control.given("compute_service", hosts=[control.busy], status="disabled")
    control.done("server_action", **to(control.idle))
    assert control.server("web1")["host"] == control.idle


@pytest.mark.memory
def test_row_31_disabled_host_takes_no_server_that_leaves_its_own(control: Control) -> None:
    control.given("compute_service", hosts=[control.idle], status="disabled")
    control.done("server_action", action="migrate", servers=["web1"])
    assert control.server("web1")["host"] not in (control.busy, control.idle)
    control.given("server_action", action="confirm_resize", servers=["web1"])
    control.given("server_action", action="shelve", servers=["web1"])
    control.done("server_action", action="unshelve", servers=["web1"])
    assert control.server("web1")["host"] != control.idle


@pytest.mark.memory
def test_row_31_stopped_server_and_disabled_hosts(control: Control) -> None:
    control.given("compute_service", hosts=[control.idle], status="disabled")
    control.given("server_action", action="stop", servers=["web1"])
    control.done("server_action", action="start", servers=["web1"])
    assert control.server("web1")["host"] != control.idle
    control.given("server_action", action="stop", servers=["web1"])
    everywhere = [control.busy, control.idle, control.spare1, control.spare2]
    control.given("compute_service", hosts=everywhere, status="disabled")
    control.differs("a stopped server", "server_action", action="start", servers=["web1"])


NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.mark.memory
def test_row_32_unknown_server(control: Control) -> None:
    control.refused(
        404,
        f"server nobody and {NOBODY}: no server has this name or uuid",
        "server_action",
        action="stop",
        servers=["web1", "nobody", NOBODY],
    )


@pytest.mark.memory
def test_row_32_name_of_two_servers(control: Control) -> None:
    uuids = control.twins()
    error = control.refused(
        409, "2 servers have this name", "server_action", action="stop", servers=["twin"]
    )
    assert error["details"]["servers"] == {"twin": sorted(uuids)}


WRONG = [
    ("stopped", ["stop"], ["pause", "unpause", "suspend", "resume", "reboot_soft", "live_migrate"]),
    ("paused", ["pause"], ["start", "stop", "suspend", "resume", "reboot_soft"]),
    (
        "suspended",
        ["suspend"],
        ["start", "stop", "pause", "unpause", "reboot_soft", "live_migrate"],
    ),
    ("active", ["start", "unpause", "resume"], []),
]
TO_STATE = {"stopped": "stop", "paused": "pause", "suspended": "suspend"}


@pytest.mark.memory
@pytest.mark.parametrize(("state", "satisfied", "refused"), WRONG, ids=[w[0] for w in WRONG])
def test_row_33_wrong_vm_state(
    control: Control, state: str, satisfied: list[str], refused: list[str]
) -> None:
    if state in TO_STATE:
        control.done("server_action", action=TO_STATE[state], servers=["web1"])
    for action in satisfied:
        control.kept("server_action", action=action, servers=["web1"])
    uuid = control.server("web1")["id"]
    for action in refused:
        if action in control.without:
            continue
        text = f"action '{action}' of server {uuid} is refused while it is in vm_state {state}"
        control.refused(409, text, "server_action", action=action, servers=["web1"])


def test_row_33_task_state(control: Control) -> None:
    with control.slow_move() as name:
        control.aliases = {name: "moving"}
        control.given("server_action", **to(control.idle, name), wait=False)
        uuid = control.server(name)["id"]
        busy = control.given("server_info", name=f"^{name}$")["servers"][0]
        assert (busy["status"], busy["task_state"]) == ("MIGRATING", "migrating")
        for action in ("stop", "pause", "reboot_hard", "start"):
            text = (
                f"action '{action}' of server {uuid} is refused while it is in task_state migrating"
            )
            control.failed(409, text, "server_action", action=action, servers=[name])


def test_force_ends_a_shutdown_that_hangs(site: SiteControl) -> None:
    """XAPI lets hard_shutdown cancel a clean one; force has no counterpart in Nova."""
    site.site.post("/tweak", {"settings": {"shutdown_s": 1000}})
    site.given("server_action", action="stop", servers=["web1"], wait=False)
    result = site.run("server_action", action="stop", servers=["web1"])
    assert "while it is in task_state powering-off" in result["msg"]
    site.given("server_action", action="stop", servers=["web1"], force=True)
    assert site.guest("web1")["power_state"] == "Halted"


@pytest.mark.memory
def test_row_33_force(control: Control) -> None:
    control.differs("force", "server_action", action="stop", servers=["web1"], force=True)


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "another pool": (to("lone"), "target host lone is in another pool"),
    "storage": (to("xen2", "scratch"), "is not attached"),
    "network": (to("xen2", "private"), "network inside is missing"),
    "memory": (to("xen3", "big"), "of memory is needed for big"),
    "no valid host": (to(None, "scratch"), "no valid host was found"),
}


@pytest.mark.parametrize(("task", "text"), UNFIT.values(), ids=UNFIT)
def test_unfit_target(site: SiteControl, task: dict[str, Any], text: str) -> None:
    """What Nova leaves to its scheduler and to the hosts."""
    site.refused(400, text, "server_action", **task)


def test_row_40_unknown_target(control: Control) -> None:
    control.refused(400, "target host xen9", "server_action", **to("xen9"))


def test_row_40_target_down(control: Control) -> None:
    control.given("compute_service", hosts=[control.idle], forced_down=True)
    control.refused(400, f"target host {control.idle}: it is", "server_action", **to(control.idle))


def test_row_40_only_running_servers(control: Control) -> None:
    control.given("server_action", action="stop", servers=["web1"])
    text = "while it is in vm_state stopped"
    control.refused(409, text, "server_action", **to(control.idle))


def test_row_40_paused_server(control: Control) -> None:
    control.given("server_action", action="pause", servers=["web1"])
    control.differs("a paused server", "server_action", **to(control.idle))


def test_row_40_target_is_where_it_is(control: Control) -> None:
    control.kept("server_action", **to(control.busy))


def test_row_41_failed_move_leaves_the_server_as_it_was(control: Control) -> None:
    before = control.server("web1")
    with control.failing_moves():
        result = control.failed(None, "web1", "server_action", **to(control.idle))
    assert result["error"]["code"] == "backend"
    assert control.server("web1") == before
    server = control.given("server_info", name="^web1$")["servers"][0]
    was = (server["status"], server["task_state"], server["host"])
    control.saw(
        "status, task_state and host", [*was[:2], control.roles[was[2]]], ["ACTIVE", None, "busy"]
    )
    control.done("server_action", **to(control.idle))
    assert control.server("web1")["host"] == control.idle


def test_row_52_account_without_the_right(control: Control) -> None:
    before = control.server("web1")
    with control.stranger():
        control.failed(403, "", "server_action", action="pause", servers=["web1"])
    assert control.server("web1") == before


TASKS: dict[str, dict[str, Any]] = {
    "aggregate": {"name": "prod"},
    "aggregate_info": {},
    "compute_service": {"hosts": ["compute2"], "status": "disabled"},
    "compute_service_info": {},
    "hypervisor_info": {},
    "server_info": {},
}


@pytest.mark.nova
@pytest.mark.parametrize("module", TASKS)
def test_row_52_nothing_without_the_right(
    request: pytest.FixtureRequest, nova: NovaControl, module: str
) -> None:
    with nova.stranger():
        nova.failed(403, "", module, **TASKS[module])
    judge(request, nova)
