# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions on servers: what they do to the guests, how they fail, and what an interrupted one leads to."""

from __future__ import annotations

from typing import Any

import pytest
from contract.xapi.sites import (
    Connect,
    Plain,
    Simulate,
    eventually,
    finish,
    mark,
    methods,
    pool_of,
)
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet import XenFleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    NotFoundError,
    UnavailableError,
)

WEB = {"name": "web"}
OFF = {"name": "off", "state": "halted"}


def act(fleet: XenFleet, sim: Simulator, verb: str, name: str, **args: Any) -> Any:
    handle = fleet.servers.start_action(verb, ActionArgs(id=guest(sim, name)["uuid"], **args))
    return finish(fleet.servers, handle)


def guest(sim: Simulator, name: str) -> Any:
    return sim.get("/state")["vms"][name]


def test_every_action_has_its_effect(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(pool_of(2, WEB))
    fleet = fleet_of(sim)
    fleet.read()
    for verb, args, power_state in (
        ("pause", {}, "Paused"),
        ("unpause", {}, "Running"),
        ("suspend", {}, "Suspended"),
        ("resume", {"host": "xen2"}, "Running"),
        ("reboot_soft", {}, "Running"),
        ("reboot_hard", {}, "Running"),
        ("stop", {}, "Halted"),
        ("start", {"host": "xen1"}, "Running"),
        ("stop", {"force": True}, "Halted"),
        ("reboot_hard", {"host": "xen2"}, "Running"),
    ):
        state = act(fleet, sim, verb, "web", **args)
        assert state.error is None, f"{verb}: {state.error}"
        assert guest(sim, "web")["power_state"] == power_state, verb
    calls = [m for m in methods(sim, mutating=True) if m.startswith("Async.")]
    assert calls == [
        f"Async.VM.{name}"
        for name in (
            "pause",
            "unpause",
            "suspend",
            "resume_on",
            "clean_reboot",
            "hard_reboot",
            "clean_shutdown",
            "start_on",
            "hard_shutdown",
            "start_on",
        )
    ]


def test_finished_tasks_are_removed(simulate: Simulate, fleet_of: Connect, plain: Plain) -> None:
    sim = simulate(pool_of(1, WEB))
    fleet = fleet_of(sim)
    fleet.read()
    act(fleet, sim, "pause", "web")
    act(fleet, sim, "pause", "web")
    remaining = [t["name_label"] for t in plain(sim).task.get_all_records().values()]
    assert "Async.VM.pause" not in remaining


def test_start_on_a_host(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(pool_of(3, OFF))
    fleet = fleet_of(sim)
    fleet.read()
    assert act(fleet, sim, "start", "off", host="xen3").error is None
    assert guest(sim, "off")["host"] == "xen3"


def test_a_migration_moves_the_guest_without_stopping_it(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(pool_of(2, {"name": "big", "memory": "8 GiB"}, link_gbit=2))
    fleet = fleet_of(sim)
    fleet.read()
    handle = fleet.servers.start_action(
        "live_migrate",
        ActionArgs(id=guest(sim, "big")["uuid"], source="xen1", target="xen2"),
    )
    progress = []

    def moved() -> bool:
        state = fleet.servers.poll([handle])[0]
        assert state.error is None
        progress.append(state.progress)
        return state.done

    eventually(moved)
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert guest(sim, "big")["host"] == "xen2"
    history = next(v for v in sim.get("/vms") if v["vm"] == "big")
    assert history["downtime_s"] == 0


def test_side_by_side_migrations_are_polled_with_one_request(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(
        pool_of(2, {"name": "vm", "count": 4, "memory": "8 GiB", "where": "xen1"}, link_gbit=1)
    )
    fleet = fleet_of(sim)
    handles = []
    for server in fleet.read().servers:
        args = ActionArgs(id=server.id, target="xen2")
        handles.append(fleet.servers.start_action("live_migrate", args))
        fleet.read()
    before = mark(sim)
    # The first answer is how it was after the start.
    for requests in (0, 1):
        states = fleet.servers.poll(handles)
        assert [s.done for s in states] == [False] * 4
        assert len(methods(sim, before)) == requests
    eventually(lambda: all(s.done for s in fleet.servers.poll(handles)))
    assert {v["host"] for v in sim.get("/state")["vms"].values()} == {"xen2"}


def test_a_refusal_names_the_server_its_state_and_what_is_needed(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(pool_of(1, OFF))
    fleet = fleet_of(sim)
    fleet.read()
    error = act(fleet, sim, "pause", "off").error
    assert isinstance(error, ConflictError)
    assert "server off" in error.what
    assert error.cause == "its power state is halted, but this operation requires running"
    assert error.details["code"] == "VM_BAD_POWER_STATE"
    assert "OpaqueRef" not in str(error.to_dict())


def test_a_block_is_reported_with_its_reason(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    sim = simulate(pool_of(2, WEB))
    api = plain(sim)
    vm = api.VM.get_by_name_label("web")[0]
    api.VM.add_to_blocked_operations(vm, "pool_migrate", "licence dongle")
    fleet = fleet_of(sim)
    assert fleet.read().servers[0].blocked == {"pool_migrate": "licence dongle"}
    error = act(fleet, sim, "live_migrate", "web", target="xen2").error
    assert isinstance(error, ConflictError)
    assert "licence dongle" in error.cause


def test_a_disabled_target_is_named(simulate: Simulate, fleet_of: Connect, plain: Plain) -> None:
    sim = simulate(pool_of(2, WEB))
    api = plain(sim)
    api.host.disable(api.host.get_by_name_label("xen2")[0])
    fleet = fleet_of(sim)
    fleet.read()
    error = act(fleet, sim, "live_migrate", "web", target="xen2").error
    assert isinstance(error, ConflictError)
    assert error.cause == "host xen2 is disabled"


def test_an_unknown_server_or_target_is_reported_before_anything_is_called(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(pool_of(1, WEB))
    fleet = fleet_of(sim)
    fleet.read()
    with pytest.raises(NotFoundError, match="server 1234"):
        fleet.servers.start_action("stop", ActionArgs(id="1234"))
    with pytest.raises(NotFoundError, match="host nowhere"):
        fleet.servers.start_action(
            "live_migrate", ActionArgs(id=guest(sim, "web")["uuid"], target="nowhere")
        )
    assert methods(sim, mutating=True) == []


def test_a_server_made_after_the_last_read_is_found(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    sim = simulate(pool_of(1, OFF))
    fleet = fleet_of(sim)
    fleet.read()
    api = plain(sim)
    api.VM.clone(api.VM.get_by_name_label("off")[0], "copy")
    assert act(fleet, sim, "start", "copy", host="xen1").error is None
    assert guest(sim, "copy")["power_state"] == "Running"


def test_a_connection_that_breaks_does_not_act_twice(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(pool_of(1, WEB))
    fleet = fleet_of(sim)
    fleet.read()
    sim.post("/faults", {"action": "drop_after", "method": "VM.clean_reboot"})
    with pytest.raises(UnavailableError, match="may have been carried out"):
        fleet.servers.start_action("reboot_soft", ActionArgs(id=guest(sim, "web")["uuid"]))
    assert methods(sim, mutating=True).count("Async.VM.clean_reboot") == 1


def test_a_migration_lost_in_a_restart_is_no_success_and_can_be_repeated(
    simulate: Simulate, fleet_of: Connect
) -> None:
    """Only the coordinator's toolstack restarts, neither source nor target; the task is gone with it."""
    big = {"name": "big", "memory": "16 GiB", "where": "xen2"}
    sim = simulate(pool_of(3, big, link_gbit=2, factor=20))
    fleet = fleet_of(sim)
    server = fleet.read().servers[0]
    args = ActionArgs(id=server.id, target="xen3")
    handle = fleet.servers.start_action("live_migrate", args)
    eventually(lambda: fleet.read().servers[0].task_state == "migrating")
    sim.post("/faults", {"action": "restart_toolstack", "target": "xen1"})
    error = finish(fleet.servers, handle).error
    there = guest(sim, "big")["host"] == "xen3"
    assert (error is None) == there, f"{error} though the guest is on {guest(sim, 'big')['host']}"
    if error is not None:
        assert isinstance(error, UnavailableError)
        assert "task was lost" in error.cause
        again = fleet.servers.start_action("live_migrate", args)
        assert finish(fleet.servers, again).error is None
    assert guest(sim, "big")["host"] == "xen3"
    assert next(v for v in sim.get("/vms") if v["vm"] == "big")["downtime_s"] == 0


def test_a_lost_task_without_effect_is_no_success(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    sim = simulate(pool_of(1, WEB))
    fleet = fleet_of(sim, grace=0.5)
    server = fleet.read().servers[0]
    sim.post("/faults", {"action": "error", "method": "VM.pause", "error": ["TASK_CANCELLED", "x"]})
    handle = fleet.servers.start_action("pause", ActionArgs(id=server.id))
    api = plain(sim)
    eventually(lambda: api.task.get_status(handle.task) != "pending")
    api.task.destroy(handle.task)
    error = finish(fleet.servers, handle).error
    assert isinstance(error, UnavailableError)
    assert "lost" in error.cause
    assert guest(sim, "web")["power_state"] == "Running"


def test_a_vanished_task_with_effect_is_success(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    sim = simulate(pool_of(1, WEB))
    fleet = fleet_of(sim)
    handle = fleet.servers.start_action("pause", ActionArgs(id=fleet.read().servers[0].id))
    api = plain(sim)
    eventually(lambda: api.task.get_status(handle.task) == "success")
    api.task.destroy(handle.task)
    assert finish(fleet.servers, handle).error is None


def test_an_abandoned_action_is_seen_by_the_next_run(simulate: Simulate, fleet_of: Connect) -> None:
    """A killed run leaves its sessions open; the next one finds the migration under way by reading."""
    sim = simulate(pool_of(2, {"name": "big", "memory": "16 GiB"}, link_gbit=1))
    first = fleet_of(sim)
    server = first.read().servers[0]
    first.servers.start_action("live_migrate", ActionArgs(id=server.id, target="xen2"))
    second = fleet_of(sim)
    assert eventually(lambda: second.read().servers[0].task_state) == "migrating"
    eventually(lambda: second.read().servers[0].task_state is None)
    assert second.read().servers[0].host == "xen2"


def test_errors_of_actions_are_fleet_errors_without_references(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(pool_of(2, {"name": "huge", "memory": "60 GiB", "state": "halted", "count": 2}))
    fleet = fleet_of(sim)
    fleet.read()
    assert act(fleet, sim, "start", "huge1", host="xen1").error is None
    error = act(fleet, sim, "start", "huge2", host="xen1").error
    assert isinstance(error, FleetError)
    assert error.details["code"] == "HOST_NOT_ENOUGH_FREE_MEMORY"
    assert "OpaqueRef" not in str(error.to_dict())
