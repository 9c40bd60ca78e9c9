# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What planners make of the traits of a control plane that they have never heard of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from contract.rules.control import Result
from contract.rules.memory_control import GIB, HOSTS, MemoryControl
from contract.rules.memory_plane import ENDS, FIXED

WEB1 = {"servers": ["web1"]}


@pytest.fixture
def memory() -> MemoryControl:
    return MemoryControl()


def texts(result: Result) -> list[str]:
    return [action["text"] for action in result["actions"]]


def planned_and_done(memory: MemoryControl, module: str, **params: Any) -> list[str]:
    """The steps, which are those of check mode."""
    planned = memory.run(module, check_mode=True, **params)
    assert not planned.get("failed"), planned["msg"]
    assert texts(memory.done(module, **params)) == texts(planned)
    return texts(planned)


def test_a_live_migration_is_refused_with_cause_and_remedy(memory: MemoryControl) -> None:
    error = memory.refused(501, "", "server_action", action="live_migrate", **WEB1)
    assert (error["code"], error["cause"], error["remedy"]) == ("unsupported", *FIXED)


@pytest.mark.parametrize("action", ["rebuild", "delete", "lock"])
def test_no_other_action_is_begun_that_it_has_not(memory: MemoryControl, action: str) -> None:
    options = {"image": "debian"} if action == "rebuild" else {}
    text = "servers in memory have no such action"
    memory.refused(501, text, "server_action", action=action, **WEB1, **options)


def test_a_server_that_is_not_seen_as_the_action_leaves_it_is_told(
    memory: MemoryControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plane says that it was stopped, and that it was started."""
    told = "web1: stop was done, and yet it is ACTIVE on mem1 now"
    monkeypatch.setitem(cast("dict[str, Any]", ENDS), "stop", ENDS["start"])
    for check_mode, warnings in ((True, 0), (False, 1)):
        result = memory.run("server_action", check_mode=check_mode, action="stop", **WEB1)
        assert [s["outcome"] for s in result["servers"]] == ["done"]
        assert [told in warning for warning in memory.warnings] == [True] * warnings


def test_a_cold_migration_names_its_target(memory: MemoryControl) -> None:
    memory.given("compute_service", hosts=[memory.idle], status="disabled")
    uuid = "uuid-big"
    memory.memory.servers[uuid] = replace(
        memory.memory.servers["uuid-web1"], id=uuid, name="big", memory=8 * GIB, host=memory.spare1
    )
    steps = planned_and_done(memory, "server_action", action="migrate", **WEB1)
    assert steps == ["cold-migrate web1 from mem1 to mem4"]
    assert memory.server("web1")["host"] == "mem4"
    steps = planned_and_done(memory, "server_action", action="confirm_resize", **WEB1)
    assert memory.server("web1") == {"id": "uuid-web1", "host": "mem4", "vm_state": "active"}


def test_a_server_is_started_where_there_is_room(memory: MemoryControl) -> None:
    memory.given("server_action", action="stop", **WEB1)
    memory.given("compute_service", hosts=[memory.busy, memory.spare1], status="disabled")
    steps = planned_and_done(memory, "server_action", action="start", **WEB1)
    assert steps == ["start web1 on mem2"]
    assert memory.server("web1")["host"] == "mem2"


def test_a_server_that_no_host_takes_is_not_moved(memory: MemoryControl) -> None:
    others = [memory.idle, memory.spare1, memory.spare2]
    memory.given("compute_service", hosts=others, status="disabled")
    text = "no valid host was found: mem2 has its compute service disabled"
    memory.refused(400, text, "server_action", action="migrate", **WEB1)


def test_a_failed_host_is_evacuated(memory: MemoryControl) -> None:
    memory.given("compute_service", hosts=[memory.busy], forced_down=True)
    evacuate = {"action": "evacuate", "power_on": True, **WEB1}
    steps = planned_and_done(memory, "server_action", **evacuate)
    assert steps == ["evacuate web1 from mem1 to mem2"]
    assert memory.server("web1") == {"id": "uuid-web1", "host": "mem2", "vm_state": "active"}


# --- maintenance ----------------------------------------------------------------------------------

PATCHES = {"name": "patches"}


def test_a_host_with_a_running_server_is_not_emptied(memory: MemoryControl) -> None:
    text = f"web1: can't be moved while it runs: {FIXED.cause} ({FIXED.remedy})"
    memory.refused(409, text, "host_maintenance", host=memory.busy, **PATCHES)


def test_a_rolling_update_says_what_blocks_it(memory: MemoryControl) -> None:
    result = memory.run("rolling_update_info", name="patches", hosts=list(HOSTS))
    assert [one["subject"] for one in result["blockers"]] == ["host mem1"]
    assert FIXED.cause in result["refusal"]


def test_a_maintenance_switches_what_there_is_to_switch(memory: MemoryControl) -> None:
    """A server that was stopped is on no host, and starts elsewhere meanwhile."""
    memory.given("server_action", action="stop", **WEB1)
    patches = {"host": memory.busy, **PATCHES}
    assert planned_and_done(memory, "host_maintenance", **patches) == [
        "begin maintenance patches of mem1",
        "disable compute service of mem1, reason: xenfleet maintenance: patches",
        "record maintenance patches of mem1 as in_maintenance",
    ]
    memory.kept("host_maintenance", **patches)
    assert planned_and_done(memory, "server_action", action="start", **WEB1) == [
        "start web1 on mem2"
    ]
    assert planned_and_done(memory, "host_maintenance", state="in_service", **patches) == [
        "record maintenance patches of mem1 as returning",
        "enable compute service of mem1",
        "record maintenance patches of mem1 as done",
    ]
    assert memory.service(memory.busy)["status"] == "enabled"
    memory.kept("host_maintenance", state="in_service", **patches)


def test_a_host_that_somebody_has_disabled_is_not_taken_for_in_service(
    memory: MemoryControl,
) -> None:
    memory.given("compute_service", hosts=[memory.idle], status="disabled")
    text = "not by a maintenance that the store knows"
    memory.refused(409, text, "host_maintenance", host=memory.idle, state="in_service")


def test_a_stopped_server_is_not_migrated_from_a_host_that_it_is_not_on(
    memory: MemoryControl,
) -> None:
    text = "a stopped server in memory is on no host"
    memory.refused(501, text, "host_maintenance", host=memory.idle, cold_migrate=True)
