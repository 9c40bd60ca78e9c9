# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks, images and backups, deletion and restoration, resets of the state."""

from __future__ import annotations

from typing import Any

import pytest
from contract.xapi.stage import Stage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    ConflictError,
    UnsupportedError,
)

# --- locks ----------------------------------------------------------------------------------------


def test_a_locked_server_refuses_what_changes_it(stage: Stage) -> None:
    stage.done("lock", reason="quarter-end books")
    server = stage.server()
    assert (server.locked, server.locked_reason, server.status) == (
        True,
        "quarter-end books",
        "ACTIVE",
    )
    for verb in ("stop", "pause", "suspend", "reboot_hard"):
        error = stage.act(verb)
        assert isinstance(error, ConflictError)
        assert "quarter-end books" in error.cause
    assert stage.guest()["power_state"] == "Running"
    stage.done("create_image", image_name="allowed")
    assert stage.record("allowed")["is_a_snapshot"]


def test_a_lock_without_reason(stage: Stage) -> None:
    stage.done("lock")
    assert (stage.server().locked, stage.server().locked_reason) == (True, None)


def test_locking_again_keeps_the_reason(stage: Stage) -> None:
    stage.done("lock", reason="first")
    stage.done("lock", reason="second")
    assert stage.server().locked_reason == "first"


def test_unlocking_takes_away_only_our_blocks(stage: Stage) -> None:
    stage.api.VM.add_to_blocked_operations(stage.vm(), "pool_migrate", "licence dongle")
    stage.done("lock")
    assert stage.record()["blocked_operations"]["pool_migrate"] == "licence dongle"
    stage.done("unlock")
    assert stage.record()["blocked_operations"] == {"pool_migrate": "licence dongle"}
    assert not stage.server().locked
    stage.done("unlock")
    stage.done("pause")


# --- images ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "status"), [("web", "ACTIVE"), ("off", "SHUTOFF")])
def test_an_image_is_a_snapshot(stage: Stage, name: str, status: str) -> None:
    handle = stage.begin("create_image", name, image_name="monday", metadata={"release": "7"})
    stage.halfway(handle, status, "image_snapshot", name)
    while not stage.fleet.servers.poll([handle])[0].done:
        pass
    image = stage.record("monday")
    assert image["snapshot_of"] == stage.vm(name)
    assert image["other_config"]["release"] == "7"
    assert stage.ours("monday") == {"image_type": "snapshot"}
    assert stage.states(name)[0::2] == (status, None)
    assert stage.clean(name)
    assert "monday" not in [s.name for s in stage.fleet.read().servers]


def test_a_failed_image_leaves_nothing(stage: Stage) -> None:
    before = stage.vdis()
    stage.fail("VM.set_other_config")
    error = stage.act("create_image", image_name="monday")
    assert isinstance(error, BackendError)
    assert stage.api.VM.get_by_name_label("monday") == []
    assert stage.vdis() == before
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.clean()


def test_backups_rotate_by_server_and_type(stage: Stage) -> None:
    stage.done("create_image", image_name="image")
    stage.done("create_backup", "off", image_name="other", backup_type="daily", rotation=1)
    stage.done("create_backup", image_name="weekly", backup_type="weekly", rotation=2)
    before = stage.vdis()
    for day in ("mon", "tue", "wed"):
        stage.done("create_backup", image_name=day, backup_type="daily", rotation=2)
    names = {stage.api.VM.get_name_label(s) for s in stage.record()["snapshots"]}
    assert names == {"image", "weekly", "tue", "wed"}
    assert stage.record("other")["is_a_snapshot"]
    assert len(stage.vdis() - before) == 2
    assert stage.ours("wed") == {"image_type": "backup", "backup_type": "daily"}
    assert stage.clean()


def test_a_backup_that_is_not_to_be_kept_is_not(stage: Stage) -> None:
    before = stage.vdis()
    stage.done("create_backup", image_name="now", backup_type="daily", rotation=0)
    assert stage.record()["snapshots"] == []
    assert stage.vdis() == before


# --- deletion -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["web", "off"])
@pytest.mark.parametrize("verb", ["delete", "force_delete"])
def test_a_deleted_server_is_gone_with_its_disks(stage: Stage, name: str, verb: str) -> None:
    disk = stage.disks(name)["0"]
    stage.done("create_image", name, image_name="kept")
    stage.done(verb, name)
    assert stage.api.VM.get_by_name_label(name) == []
    assert disk not in stage.vdis()
    assert stage.disks("kept")["0"] in stage.vdis()
    assert name not in [s.name for s in stage.fleet.read().servers]


def test_disks_of_others_survive(stage: Stage) -> None:
    """A CD, a disk attached without being owned, and one that another VM uses as well."""
    api = stage.api
    lent, shared = stage.disks("model")["0"], stage.disks("web")["0"]
    sr = api.VDI.get_SR(lent)
    iso = api.VDI.create(_vdi(sr, "tools.iso"))
    api.VBD.create(_vbd(stage.vm("web"), lent, "1"))
    api.VBD.create(_vbd(stage.vm("off"), shared, "1"))
    api.VBD.create(_vbd(stage.vm("web"), iso, "3", type="CD", mode="RO", owner=True))
    stage.done("delete", "web")
    assert {lent, shared, iso} <= stage.vdis()


def _vdi(sr: str, name: str) -> dict[str, Any]:
    return {
        "name_label": name,
        "name_description": "",
        "SR": sr,
        "virtual_size": "1024",
        "type": "user",
        "sharable": False,
        "read_only": True,
        "other_config": {},
    }


def _vbd(vm: str, vdi: str, device: str, owner: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "VM": vm,
        "VDI": vdi,
        "userdevice": device,
        "bootable": False,
        "mode": "RW",
        "type": "Disk",
        "empty": False,
        "other_config": {"owner": ""} if owner else {},
        "qos_algorithm_type": "",
        "qos_algorithm_params": {},
        **more,
    }


def test_a_server_that_may_not_be_destroyed_keeps_its_disks(stage: Stage) -> None:
    stage.api.VM.add_to_blocked_operations(stage.vm(), "destroy", "protected")
    stage.done("lock")
    before = stage.vdis(), stage.record()["blocked_operations"]
    error = stage.act("delete")
    assert isinstance(error, ConflictError)
    assert "protected" in error.cause
    assert (stage.vdis(), stage.record()["blocked_operations"]) == before
    assert stage.states()[1:] == ("stopped", None)


def test_a_locked_server_can_be_deleted_by_force(stage: Stage) -> None:
    stage.done("lock")
    stage.done("force_delete")
    assert stage.api.VM.get_by_name_label("web") == []


def test_a_deletion_that_fails_midway_is_an_error_and_can_be_repeated(stage: Stage) -> None:
    stage.fail("VM.destroy", "INTERNAL_ERROR", "database is down")
    error = stage.act("delete")
    assert isinstance(error, BackendError)
    server = stage.server()
    assert (server.status, server.task_state) == ("ERROR", None)
    assert "database is down" in server.fault
    stage.done("delete")
    assert stage.api.VM.get_by_name_label("web") == []


@pytest.mark.parametrize("name", ["web", "off"])
def test_soft_deleted_and_restored(stage: Stage, name: str) -> None:
    stage.done("delete", name, soft=True)
    assert stage.states(name) == ("SOFT_DELETED", "soft-delete", None)
    assert stage.guest(name)["power_state"] == "Halted"
    error = stage.act("start", name)
    assert isinstance(error, ConflictError)
    assert "soft-delete" in error.cause
    stage.done("restore", name)
    assert stage.states(name) == ("ACTIVE", "active", None)
    assert stage.clean(name)


def test_a_restoration_that_fails_leaves_it_soft_deleted(stage: Stage) -> None:
    stage.done("delete", soft=True)
    stage.fail("VM.start_on", "HOST_DISABLED", "OpaqueRef:xen1")
    assert isinstance(stage.act("restore"), ConflictError)
    assert stage.states() == ("SOFT_DELETED", "soft-delete", None)
    assert isinstance(stage.act("start"), ConflictError)
    stage.done("force_delete")
    assert stage.api.VM.get_by_name_label("web") == []


def test_only_a_soft_deleted_server_is_restored(stage: Stage) -> None:
    with pytest.raises(
        ConflictError, match="vm_state stopped, but the action requires soft-delete"
    ):
        stage.begin("restore", "off")
    assert stage.clean("off")


# --- states ---------------------------------------------------------------------------------------


def test_reset_to_error_and_back(stage: Stage) -> None:
    stage.done("reset_state", state="error")
    assert stage.states() == ("ERROR", "error", None)
    assert stage.guest()["power_state"] == "Running"
    stage.done("reset_state", state="active")
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.clean()


@pytest.mark.parametrize(("verb", "status"), [("stop", "SHUTOFF"), ("reboot_hard", "ACTIVE")])
def test_ways_out_of_error(stage: Stage, verb: str, status: str) -> None:
    stage.done("reset_state", state="error")
    stage.done(verb)
    assert stage.states()[0] == status
    assert stage.clean()


def test_hard_reboot_starts_what_is_stopped_or_suspended(stage: Stage) -> None:
    stage.done("suspend")
    stage.done("reboot_hard")
    assert stage.states() == ("ACTIVE", "active", None)
    stage.done("reboot_hard", "off")
    assert stage.states("off") == ("ACTIVE", "active", None)


def test_marks_of_a_copy_are_not_its_own(stage: Stage) -> None:
    """A clone inherits other_config, but neither the lock nor the state that it records."""
    stage.done("reset_state", "off", state="error")
    copy = stage.api.VM.clone(stage.vm("off"), "copy")
    assert stage.states("copy") == ("SHUTOFF", "stopped", None)
    assert not any(k.startswith("xenfleet:") for k in stage.server("copy").metadata)
    stage.done("shelve", "copy")
    stage.done("unshelve", "copy")
    assert stage.clean("copy")
    assert stage.api.VM.get_power_state(copy) == "Running"


@pytest.mark.parametrize(
    "verb", ["change_password", "trigger_crash_dump", "live_migrate_force_complete"]
)
def test_what_xenapi_cannot_do(stage: Stage, verb: str) -> None:
    with pytest.raises(UnsupportedError, match=r"server web: (XAPI|XenAPI) "):
        stage.begin(verb)


# --- one mark upon another ------------------------------------------------------------------------


@pytest.fixture
def rescued(stage: Stage) -> Stage:
    """web is rescued; golden is what from."""
    stage.template()
    stage.done("rescue", image="golden")
    return stage


def others(stage: Stage) -> set[str]:
    """Names of VMs besides those that the stage begins with."""
    rows = stage.api.VM.get_all_records().values()
    names = {row["name_label"] for row in rows if not row["is_control_domain"]}
    return names - {"web", "off", "model", "golden"}


def test_a_rescued_server_that_is_softly_deleted_is_restored_as_it_was(rescued: Stage) -> None:
    disks = rescued.disks()
    rescued.done("delete", soft=True)
    assert rescued.states() == ("SOFT_DELETED", "soft-delete", None)
    assert others(rescued) == set()
    rescued.done("restore")
    assert rescued.states() == ("ACTIVE", "active", None)
    assert rescued.guest()["power_state"] == "Running"
    assert rescued.disks() == disks
    assert rescued.clean()


def test_nothing_is_left_of_a_rescued_server_that_is_deleted_in_two_steps(rescued: Stage) -> None:
    own = set(rescued.disks().values())
    rescued.done("delete", soft=True)
    before = rescued.vdis()
    rescued.done("force_delete")
    assert rescued.api.VM.get_by_name_label("web") == []
    assert others(rescued) == set()
    assert before - rescued.vdis() == own


@pytest.mark.parametrize("verb", ["shelve", "resize"])
def test_softly_deleted_from_another_state(stage: Stage, verb: str) -> None:
    stage.done(verb, **({"vcpus": 3} if verb == "resize" else {}))
    stage.done("delete", soft=True)
    assert set(stage.record()["blocked_operations"].values()) == {"xenfleet: soft-delete"}
    stage.done("restore")
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.clean()


def test_a_soft_deletion_that_fails_midway_is_an_error_and_can_be_repeated(rescued: Stage) -> None:
    rescued.fail("VM.destroy", "INTERNAL_ERROR", "database is down")
    assert isinstance(rescued.act("delete", soft=True), BackendError)
    assert rescued.states() == ("ERROR", "error", None)
    rescued.done("delete", soft=True)
    assert others(rescued) == set()
    rescued.done("restore")
    assert rescued.clean()


def test_a_rescued_server_stays_in_rescue_when_its_state_is_reset(rescued: Stage) -> None:
    """The rescue VM runs, and nothing else would show it."""
    rescued.done("reset_state", state="active")
    assert rescued.states() == ("RESCUE", "rescued", None)
    assert rescued.server().power_state == "Running"
    rescued.done("unrescue")
    assert rescued.clean()


@pytest.mark.parametrize(
    ("verb", "status"), [("stop", "SHUTOFF"), ("reboot_hard", "ACTIVE"), ("rebuild", "ACTIVE")]
)
def test_ways_out_of_error_in_rescue(rescued: Stage, verb: str, status: str) -> None:
    rescued.done("reset_state", state="error")
    server = rescued.server()
    assert (server.status, server.power_state, server.host) == ("ERROR", "Running", "xen1")
    rescued.done(verb, **({"image": "golden"} if verb == "rebuild" else {}))
    assert rescued.states()[0] == status
    assert others(rescued) == set()
    assert rescued.clean()


def test_an_unrescue_that_fails_blocks_no_way_out(rescued: Stage) -> None:
    rescued.fail("VM.start_on", "INTERNAL_ERROR", "no domain")
    assert isinstance(rescued.act("unrescue"), BackendError)
    assert rescued.states() == ("ERROR", "error", None)
    assert rescued.record()["blocked_operations"] == {}
    rescued.done("reboot_hard")
    assert rescued.states() == ("ACTIVE", "active", None)
    assert rescued.clean()


@pytest.mark.parametrize("state", ["active", "error"])
def test_a_lock_outlasts_a_reset_whole(stage: Stage, state: str) -> None:
    stage.done("lock", reason="audit")
    whole = stage.record()["blocked_operations"]
    stage.done("unlock")
    stage.done("shelve")
    stage.done("lock", reason="audit")
    stage.done("reset_state", state=state)
    assert stage.record()["blocked_operations"] == whole


def test_the_mark_of_a_state_that_was_ended_by_hand_does_not_come_back(stage: Stage) -> None:
    stage.done("shelve")
    stage.api.VM.set_blocked_operations(stage.vm(), {})
    stage.api.VM.start(stage.vm(), False, False)
    stage.done("stop")
    assert stage.states() == ("SHUTOFF", "stopped", None)
    assert stage.clean()


@pytest.mark.parametrize("verb", ["stop", "reboot_hard"])
@pytest.mark.parametrize("power", ["pause", "suspend"])
def test_ways_out_of_error_whatever_the_power_state(stage: Stage, power: str, verb: str) -> None:
    stage.done(power)
    stage.done("reset_state", state="error")
    before = stage.vdis()
    stage.done(verb)
    assert stage.guest()["power_state"] == ("Halted" if verb == "stop" else "Running")
    assert len(before - stage.vdis()) == (power == "suspend")
    assert stage.clean()


def test_what_a_broken_rebuild_has_left_is_not_forgotten(stage: Stage) -> None:
    stage.template()
    stage.fail("VM.provision")
    assert isinstance(stage.act("rebuild", image="golden"), BackendError)
    assert stage.states() == ("ACTIVE", "active", None)
    assert others(stage) == {"web-rebuild"}
    stage.done("shelve")
    assert others(stage) == set()
    stage.done("unshelve")
    assert stage.clean()


def test_a_disk_in_use_is_named(stage: Stage) -> None:
    disk = stage.disks()["0"]
    name = stage.api.VDI.get_name_label(disk)
    stage.api.VBD.create(_vbd(stage.vm("off"), disk, "1"))
    error = stage.act("start", "off")
    assert isinstance(error, ConflictError)
    assert f"disk {name} is in use" in error.cause
