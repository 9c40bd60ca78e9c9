# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions of several steps: shelving, resizing, cold migration."""

from __future__ import annotations

import pytest
from contract.xapi.sites import eventually
from contract.xapi.stage import GIB, Stage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    ConflictError,
    InvalidError,
)

BROKEN = ("INTERNAL_ERROR", "the database is down")


def sizes(stage: Stage, name: str = "web") -> tuple[int, int]:
    record = stage.record(name)
    limits = {record[f"memory_{kind}"] for kind in ("static_max", "dynamic_max", "dynamic_min")}
    assert len(limits) == 1
    assert record["VCPUs_max"] == record["VCPUs_at_startup"]
    return int(record["VCPUs_max"]), int(limits.pop()) // GIB


# --- shelving -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["web", "off"])
def test_shelved_and_unshelved(stage: Stage, name: str) -> None:
    stage.done("shelve", name)
    assert stage.states(name) == ("SHELVED_OFFLOADED", "shelved_offloaded", None)
    assert stage.server(name).host is None
    assert stage.guest(name)["power_state"] == "Halted"
    error = stage.act("start", name)
    assert isinstance(error, ConflictError)
    assert "shelved" in error.cause
    stage.done("unshelve", name, host="xen3")
    assert stage.states(name) == ("ACTIVE", "active", None)
    assert stage.guest(name)["host"] == "xen3"
    assert stage.clean(name)


def test_a_server_tied_to_its_host_is_not_offloaded(stage: Stage) -> None:
    """Its disk is on an SR of one host, so that this host stays its own."""
    api = stage.api
    (vbd,) = (v for v in stage.record()["VBDs"] if api.VBD.get_type(v) == "Disk")
    local = next(
        r for r, s in api.SR.get_all_records().items() if s["name_label"].startswith("Local")
    )
    where = api.PBD.get_host(api.SR.get_PBDs(local)[0])
    stage.done("stop")
    disk = api.VBD.get_VDI(vbd)
    row = {**api.VDI.get_record(disk), "SR": local, "virtual_size": "1024"}
    moved = api.VDI.create(row)
    api.VBD.create({**api.VBD.get_record(vbd), "VDI": moved, "userdevice": "5"})
    stage.done("shelve")
    assert stage.states() == ("SHELVED", "shelved", None)
    assert stage.server().host == api.host.get_name_label(where)
    error = stage.act("shelve_offload")
    assert isinstance(error, ConflictError)
    assert "Local storage" in error.cause
    assert stage.states() == ("SHELVED", "shelved", None)
    stage.done("unshelve")
    assert stage.states() == ("ACTIVE", "active", None)


def test_a_shelving_that_fails_keeps_the_state(stage: Stage) -> None:
    stage.fail("VM.shutdown", *BROKEN)
    assert isinstance(stage.act("shelve"), BackendError)
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.clean()


def test_an_unshelving_that_its_host_refuses_keeps_it_shelved(stage: Stage) -> None:
    stage.done("shelve")
    stage.api.host.disable(stage.api.host.get_by_name_label("xen2")[0])
    error = stage.act("unshelve", host="xen2")
    assert isinstance(error, ConflictError)
    assert "xen2 is disabled" in error.cause
    assert stage.states() == ("SHELVED_OFFLOADED", "shelved_offloaded", None)
    assert isinstance(stage.act("start"), ConflictError)


def test_a_shelved_server_that_runs_is_active(stage: Stage) -> None:
    """Somebody took the blocks away and started it; the mark does not outweigh that."""
    stage.done("shelve")
    stage.api.VM.set_blocked_operations(stage.vm(), {})
    stage.api.VM.start(stage.vm(), False, False)
    assert stage.states() == ("ACTIVE", "active", None)


# --- resize ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "status"), [("web", "ACTIVE"), ("off", "SHUTOFF")])
def test_resized_and_confirmed(stage: Stage, name: str, status: str) -> None:
    before = sizes(stage, name)
    stage.done("resize", name, vcpus=4, memory=8 * GIB)
    assert stage.states(name) == ("VERIFY_RESIZE", "resized", None)
    assert sizes(stage, name) == (4, 8) != before
    stage.done("confirm_resize", name)
    assert stage.states(name)[0::2] == (status, None)
    assert stage.clean(name)
    stage.done("resize", name, vcpus=1)
    assert sizes(stage, name) == (1, 8)


@pytest.mark.parametrize(("name", "status"), [("web", "ACTIVE"), ("off", "SHUTOFF")])
def test_resized_and_reverted(stage: Stage, name: str, status: str) -> None:
    before, host = stage.record(name), stage.guest(name)["host"]
    stage.done("resize", name, vcpus=1, memory=1 * GIB)
    stage.done("revert_resize", name)
    assert stage.states(name)[0::2] == (status, None)
    assert stage.guest(name)["host"] == host
    after = stage.record(name)
    for key in ("VCPUs_max", "VCPUs_at_startup", "memory_static_max", "memory_static_min"):
        assert after[key] == before[key]
    assert stage.clean(name)


def test_task_states_of_a_resize(stage: Stage) -> None:
    handle = stage.begin("resize", vcpus=4)
    stage.halfway(handle, "RESIZE", "resize_migrating")
    stage.halfway(handle, "RESIZE", "resize_finish")
    eventually(lambda: stage.fleet.servers.poll([handle])[0].done)
    handle = stage.begin("revert_resize")
    stage.halfway(handle, "REVERT_RESIZE", "resize_reverting")
    eventually(lambda: stage.fleet.servers.poll([handle])[0].done)
    assert stage.states() == ("ACTIVE", "active", None)


def test_a_resize_that_no_host_can_take_leaves_all_as_it_was(stage: Stage) -> None:
    before = sizes(stage)
    error = stage.act("resize", vcpus=2, memory=500 * GIB)
    assert isinstance(error, ConflictError)
    assert "not enough free memory" in error.cause
    assert stage.states() == ("ACTIVE", "active", None)
    assert sizes(stage) == before
    assert stage.guest()["host"] == "xen1"
    assert stage.clean()


def test_a_resize_that_breaks_is_an_error(stage: Stage) -> None:
    stage.fail("VM.set_memory_limits", *BROKEN)
    error = stage.act("resize", memory=4 * GIB)
    assert isinstance(error, BackendError)
    server = stage.server()
    assert (server.status, server.task_state) == ("ERROR", None)
    assert "the database is down" in server.fault
    stage.done("reboot_hard")
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.clean()


@pytest.mark.parametrize("verb", ["confirm_resize", "revert_resize"])
def test_nothing_to_confirm_or_revert(stage: Stage, verb: str) -> None:
    with pytest.raises(InvalidError, match="no finished resize"):
        stage.begin(verb)
    assert stage.clean()


# --- cold migration -------------------------------------------------------------------------------


def test_migrated_and_confirmed(stage: Stage) -> None:
    stage.done("migrate", target="xen3")
    assert stage.states() == ("VERIFY_RESIZE", "resized", None)
    assert stage.guest()["host"] == "xen3"
    stage.done("confirm_resize")
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.guest()["host"] == "xen3"
    assert stage.clean()


def test_migrated_and_reverted(stage: Stage) -> None:
    stage.done("migrate", target="xen3")
    stage.done("revert_resize")
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.guest()["host"] == "xen1"
    assert stage.clean()


def test_a_stopped_server_migrates_by_affinity(stage: Stage) -> None:
    stage.done("migrate", "off", target="xen2")
    server = stage.server("off")
    assert (server.status, server.host, server.power_state) == ("VERIFY_RESIZE", "xen2", "Halted")
    stage.done("confirm_resize", "off")
    assert stage.states("off") == ("SHUTOFF", "stopped", None)
    stage.done("start", "off")
    assert stage.guest("off")["host"] == "xen2"


def test_a_stopped_server_forgets_a_reverted_migration(stage: Stage) -> None:
    before = stage.record("off")["affinity"]
    stage.done("migrate", "off", target="xen2")
    stage.done("revert_resize", "off")
    assert stage.states("off") == ("SHUTOFF", "stopped", None)
    assert stage.record("off")["affinity"] == before
    assert stage.clean("off")


def test_a_migration_that_its_target_refuses_leaves_it_where_it_was(stage: Stage) -> None:
    stage.api.host.disable(stage.api.host.get_by_name_label("xen2")[0])
    error = stage.act("migrate", target="xen2")
    assert isinstance(error, ConflictError)
    assert "xen2 is disabled" in error.cause
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.guest()["host"] == "xen1"
    assert stage.clean()
    asked = [entry["method"] for entry in stage.sim.get("/journal?mutating=1")]
    assert not [method for method in asked if "shutdown" in method]


@pytest.mark.parametrize("refusal", [("HOST_NOT_ENOUGH_FREE_MEMORY", "2", "1"), ("HOST_NOT_LIVE",)])
def test_a_migration_whose_target_is_lost_meanwhile_leaves_it_where_it_was(
    stage: Stage, refusal: tuple[str, ...]
) -> None:
    stage.fail("VM.start_on", *refusal)
    assert stage.act("migrate", target="xen2") is not None
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.guest()["host"] == "xen1"
    assert stage.clean()


@pytest.mark.parametrize("verb", ["start", "unshelve", "resume", "migrate"])
def test_nothing_starts_without_a_planned_host(stage: Stage, verb: str) -> None:
    with pytest.raises(ConflictError, match="no host was chosen for it"):
        stage.fleet.servers.start_action(verb, ActionArgs(id=stage.server().id))
