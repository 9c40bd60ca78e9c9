# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions in trouble: dead hosts, aborted migrations, killed runs, restarting toolstacks, two at once."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from contract.xapi.sites import Connect, Plain, Simulate, eventually, finish, mark, methods, pool_of
from contract.xapi.stage import GIB, Stage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    NotFoundError,
)

# --- evacuation -----------------------------------------------------------------------------------


@pytest.fixture
def half_dead(simulate: Simulate, fleet_of: Connect, plain: Plain) -> Stage:
    """xen3, where web ran, has lost its power."""
    sim = simulate(
        pool_of(3, {"name": "web", "where": "xen3"}, {"name": "off", "state": "halted"}, factor=200)
    )
    stage = Stage(sim, fleet_of(sim), plain(sim))
    stage.server()
    sim.post("/faults", {"action": "kill", "target": "xen3"})
    return stage


@pytest.mark.parametrize(
    ("args", "status", "host"),
    [
        ({"target": "xen2"}, "ACTIVE", "xen2"),
        ({"target": "xen2", "start": True}, "ACTIVE", "xen2"),
        ({"start": False}, "SHUTOFF", None),
    ],
)
def test_evacuated(half_dead: Stage, args: dict[str, Any], status: str, host: str | None) -> None:
    half_dead.done("evacuate", **args)
    assert half_dead.states()[0::2] == (status, None)
    assert half_dead.guest()["host"] == host
    assert half_dead.clean()


def test_an_evacuation_for_which_there_is_no_host_is_not_begun(half_dead: Stage) -> None:
    error = half_dead.act("evacuate")
    assert isinstance(error, ConflictError)
    assert "no valid host" in error.cause
    assert half_dead.states() == ("ACTIVE", "active", None)
    assert (half_dead.guest()["host"], half_dead.clean()) == ("xen3", True)


def test_a_lock_does_not_block_an_evacuation(half_dead: Stage) -> None:
    half_dead.done("lock", reason="audit")
    half_dead.done("evacuate", target="xen1")
    assert half_dead.states() == ("ACTIVE", "active", None)
    assert half_dead.guest()["host"] == "xen1"
    assert (half_dead.server().locked, half_dead.server().locked_reason) == (True, "audit")
    assert set(half_dead.record()["blocked_operations"]) > {"start", "start_on", "destroy"}


def test_an_evacuation_that_finds_no_host_is_an_error(half_dead: Stage) -> None:
    half_dead.done("lock")
    half_dead.api.host.disable(half_dead.api.host.get_by_name_label("xen2")[0])
    error = half_dead.act("evacuate", target="xen2")
    assert isinstance(error, ConflictError)
    server = half_dead.server()
    assert (server.status, server.task_state, server.locked) == ("ERROR", None, True)
    assert "xen2 is disabled" in server.fault
    assert server.host == "xen3", "it has not left, for whoever looks for those that are to leave"
    half_dead.done("evacuate", target="xen1", start=True)
    assert half_dead.states() == ("ACTIVE", "active", None)
    half_dead.done("unlock")
    assert half_dead.clean()


def killed_after_the_start(stage: Stage, fleet_of: Connect) -> None:
    """A run that is killed once XAPI has begun to start the server on xen2."""
    stage.begin("evacuate", source="xen3", target="xen2")
    stage.fleet.close()
    stage.fleet = fleet_of(stage.sim)
    eventually(lambda: stage.guest()["has_domain"])
    eventually(lambda: not stage.record()["current_operations"])


def test_the_start_of_a_killed_run_goes_on(half_dead: Stage, fleet_of: Connect) -> None:
    """Nobody was there to unmark it: it is what it is, and evacuating it once more does no harm."""
    half_dead.done("lock", reason="audit")
    whole = half_dead.record()["blocked_operations"]
    killed_after_the_start(half_dead, fleet_of)
    assert set(half_dead.ours()) == {"left", "task_state"}
    assert half_dead.states() == ("ACTIVE", "active", None)
    server = half_dead.server()
    assert (server.host, server.evacuated_from) == ("xen2", "xen3")
    assert (server.locked, server.locked_reason) == (True, "audit")
    half_dead.done("evacuate", source="xen3", target="xen1")
    assert half_dead.guest()["host"] == "xen2"
    assert half_dead.record()["blocked_operations"] == whole
    half_dead.done("unlock")
    assert half_dead.clean()


@pytest.mark.parametrize(
    ("verb", "status"), [("stop", "SHUTOFF"), ("suspend", "SUSPENDED"), ("resize", "VERIFY_RESIZE")]
)
def test_what_a_killed_run_has_evacuated_is_a_server_like_any_other(
    half_dead: Stage, fleet_of: Connect, verb: str, status: str
) -> None:
    killed_after_the_start(half_dead, fleet_of)
    half_dead.done(verb, **({"vcpus": 4} if verb == "resize" else {}))
    assert half_dead.states()[0::2] == (status, None)
    assert half_dead.server().host != "xen3"
    assert not {"left", "task_state"} & set(half_dead.ours())


def test_its_new_host_may_fail_as_well(half_dead: Stage, fleet_of: Connect) -> None:
    killed_after_the_start(half_dead, fleet_of)
    half_dead.sim.post("/faults", {"action": "revive", "target": "xen3"})
    half_dead.sim.post("/faults", {"action": "kill", "target": "xen2"})
    half_dead.done("evacuate", source="xen2", target="xen1", start=True)
    assert half_dead.states() == ("ACTIVE", "active", None)
    assert half_dead.guest()["host"] == "xen1"
    assert half_dead.clean()


def test_a_server_on_a_living_host_is_not_evacuated(stage: Stage) -> None:
    """On a supporter; XAPI names one on the coordinator differently."""
    stage.done("live_migrate", target="xen2")
    error = stage.act("evacuate", target="xen3")
    assert isinstance(error, ConflictError)
    assert "xen2 is live" in error.cause
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.guest()["host"] == "xen2"
    assert stage.clean()


def test_a_server_on_the_coordinator_is_not_evacuated(stage: Stage) -> None:
    error = stage.act("evacuate", target="xen3")
    assert isinstance(error, ConflictError)
    assert "still runs" in error.cause
    assert stage.states() == ("ACTIVE", "active", None)


def test_deletion_on_a_dead_host_asks_for_an_evacuation_first(half_dead: Stage) -> None:
    error = half_dead.act("delete")
    assert error is not None
    assert "host xen3 is offline" in error.cause
    assert "evacuate its servers first" in error.remedy
    assert half_dead.states() == ("ACTIVE", "active", None)
    half_dead.done("evacuate", target="xen2")
    half_dead.done("delete")
    assert half_dead.api.VM.get_by_name_label("web") == []


# --- aborted migrations ---------------------------------------------------------------------------


@pytest.fixture
def slow(simulate: Simulate, fleet_of: Connect, plain: Plain) -> Stage:
    """A server that takes its time to move."""
    sim = simulate(
        pool_of(2, {"name": "web", "memory": "32 GiB", "where": "xen1"}, link_gbit=1, factor=20)
    )
    stage = Stage(sim, fleet_of(sim), plain(sim))
    stage.server()
    return stage


def test_an_aborted_migration_leaves_the_server_where_it_is(slow: Stage, fleet_of: Connect) -> None:
    """Aborted by another run, and the run that migrates reports it."""
    moving = slow.begin("live_migrate", target="xen2")
    slow.halfway(moving, "MIGRATING", "migrating")
    other = fleet_of(slow.sim)
    other.read()
    assert (
        finish(
            other.servers,
            other.servers.start_action("live_migrate_abort", ActionArgs(id=slow.server().id)),
        ).error
        is None
    )
    assert slow.states() == ("ACTIVE", "active", None)
    assert slow.guest()["host"] == "xen1"
    error = finish(slow.fleet.servers, moving).error
    assert isinstance(error, ConflictError)
    assert "cancelled" in error.cause


def test_nothing_to_abort(slow: Stage) -> None:
    with pytest.raises(ConflictError, match="no live migration"):
        slow.begin("live_migrate_abort")


# --- killed runs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "args", "status", "task_state"),
    [
        ("resize", {"vcpus": 4, "memory": 4 * GIB}, "RESIZE", "resize_finish"),
        ("migrate", {"target": "xen2"}, "RESIZE", "resize_migrating"),
        ("rebuild", {"image": "golden"}, "REBUILD", "rebuild_block_device_mapping"),
        ("rescue", {"image": "golden"}, "ACTIVE", "rescuing"),
        ("shelve", {}, "ACTIVE", "shelving"),
        ("delete", {}, "ACTIVE", "deleting"),
    ],
)
def test_a_killed_run_is_seen_and_can_be_got_over(
    stage: Stage, fleet_of: Connect, verb: str, args: dict[str, Any], status: str, task_state: str
) -> None:
    """Its handle is dropped where it stands. What XAPI was doing ends by itself, the rest stays
    undone; then the state is reset and the server rebuilt, and nothing is left over.
    """
    stage.template()
    disks = stage.vdis()
    handle = stage.begin(verb, **args)
    stage.halfway(handle, status, task_state)
    del handle
    stage.fleet.close()
    stage.fleet = fleet_of(stage.sim)
    eventually(lambda: not stage.record()["current_operations"])
    server = stage.server()
    assert server.task_state == task_state
    _state, since = stage.record()["other_config"]["xenfleet:task_state"].split(" ")
    assert abs(time.time() - _epoch(since)) < 60
    # XAPI may have started the guest since then.
    assert server.updated_at is not None
    assert server.updated_at >= since
    with pytest.raises(ConflictError, match=f"task_state {task_state} since {since}"):
        stage.begin("shelve")
    stage.done("reset_state", state="active")
    assert stage.server().task_state is None
    stage.done("rebuild", image="golden")
    assert stage.states()[0] in ("ACTIVE", "SHUTOFF")
    assert len(stage.vdis()) == len(disks)
    assert {s.name for s in stage.fleet.read().servers} == {"web", "off", "model"}
    assert stage.clean()


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@pytest.mark.parametrize("at", ["VDI.destroy", "VM.destroy"])
def test_a_deletion_killed_midway_is_completed_by_the_next(stage: Stage, at: str) -> None:
    own, server_id = set(stage.disks().values()), stage.server().id
    disks = stage.vdis()
    handle = stage.begin("delete")
    before = mark(stage.sim)

    def there() -> bool:
        assert not stage.fleet.servers.poll([handle])[0].done or at == "VM.destroy"
        return f"Async.{at}" in methods(stage.sim, before)

    eventually(there)
    eventually(lambda: not _busy(stage))
    if at == "VM.destroy":
        assert stage.api.VM.get_by_name_label("web") == []
        with pytest.raises(NotFoundError):
            stage.fleet.servers.start_action("delete", ActionArgs(id=server_id))
    else:
        assert stage.server().task_state == "deleting"
        stage.done("delete")
    assert stage.api.VM.get_by_name_label("web") == []
    assert stage.vdis() == disks - own


def _busy(stage: Stage) -> bool:
    return any(t["status"] == "pending" for t in stage.api.task.get_all_records().values())


# --- restarting toolstacks ------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["resize_migrating", "resize_finish"])
def test_a_resize_outlasts_a_restart_of_the_toolstack(
    simulate: Simulate, fleet_of: Connect, plain: Plain, when: str
) -> None:
    """Tasks and sessions are gone with it; what had been started is found out from the guest."""
    sim = simulate(pool_of(2, {"name": "web", "where": "xen2"}, factor=20))
    stage = Stage(sim, fleet_of(sim, grace=5), plain(sim))
    handle = stage.begin("resize", vcpus=4)
    stage.halfway(handle, "RESIZE", when)
    sim.post("/faults", {"action": "restart_toolstack", "target": "xen1"})
    eventually(lambda: not sim.get("/state")["hosts"]["xen1"]["answers"])
    state = finish(stage.fleet.servers, handle, 40)
    assert state.error is None
    stage.api = plain(sim)
    assert stage.states() == ("VERIFY_RESIZE", "resized", None)
    assert stage.record()["VCPUs_max"] == "4"
    assert stage.guest()["power_state"] == "Running"


@pytest.mark.parametrize(
    "method", ["VM.remove_from_other_config", "VM.add_to_other_config", "VM.set_VCPUs_max"]
)
@pytest.mark.parametrize("action", ["drop_before", "drop_after", "drop_midway"])
def test_a_call_whose_answer_is_lost_is_made_again(stage: Stage, method: str, action: str) -> None:
    handle = stage.begin("resize", vcpus=4)
    stage.sim.post("/faults", {"action": action, "method": method})
    assert finish(stage.fleet.servers, handle).error is None
    assert stage.states() == ("VERIFY_RESIZE", "resized", None)
    assert stage.record()["VCPUs_max"] == "4"
    stage.done("confirm_resize")
    assert stage.clean()


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "drop_midway"])
def test_a_start_whose_answer_is_lost_is_not_made_twice(stage: Stage, action: str) -> None:
    handle = stage.begin("resize", vcpus=4)
    stage.halfway(handle, "RESIZE", "resize_migrating")
    before = mark(stage.sim)
    stage.sim.post("/faults", {"action": action, "method": "VM.start_on"})
    assert finish(stage.fleet.servers, handle).error is None
    assert stage.states() == ("VERIFY_RESIZE", "resized", None)
    journal = stage.sim.get(f"/journal?since={before}")
    assert len([e for e in journal if e["method"] == "Async.VM.start_on" and e["task"]]) == 1


# --- two at once ----------------------------------------------------------------------------------


def test_actions_of_several_steps_go_on_side_by_side(stage: Stage) -> None:
    stage.template()
    names = {"web": "resize", "off": "rebuild", "model": "shelve"}
    args: dict[str, dict[str, Any]] = {"web": {"vcpus": 4}, "off": {"image": "golden"}, "model": {}}
    works = [stage.begin(verb, name, **args[name]) for name, verb in names.items()]
    progress: list[float] = []

    def done() -> bool:
        states = stage.fleet.servers.poll(works)
        progress.append(states[0].progress)
        return all(s.done for s in states)

    eventually(done)
    assert [w.error for w in works] == [None] * 3
    assert progress == sorted(progress)
    assert stage.states("web")[0] == "VERIFY_RESIZE"
    assert stage.states("off")[0] == "SHUTOFF"
    assert stage.states("model")[0] == "SHELVED_OFFLOADED"


def test_the_second_of_two_runs_is_refused_because_of_the_first(
    stage: Stage, fleet_of: Connect
) -> None:
    """Both had planned while the server was free."""
    other = fleet_of(stage.sim)
    (server,) = (s for s in other.read().servers if s.name == "web")
    first = stage.begin("resize", vcpus=4)
    with pytest.raises(ConflictError, match="task_state resize_"):
        other.servers.start_action("resize", ActionArgs(id=server.id, vcpus=2, host="xen1"))
    assert finish(stage.fleet.servers, first).error is None
    assert stage.record()["VCPUs_max"] == "4"


def test_errors_name_the_server_and_no_references(stage: Stage) -> None:
    stage.template()
    stage.fail("VBD.create", "VDI_IN_USE", stage.disks()["0"], "attach")
    error = stage.act("rebuild", image="golden")
    assert error is not None
    assert "server web" in error.what
    assert "OpaqueRef" not in str(error.to_dict()) + stage.server().fault
