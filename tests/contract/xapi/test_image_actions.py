# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions of several steps: rebuilding and rescuing."""

from __future__ import annotations

import pytest
from contract.xapi.sites import eventually
from contract.xapi.stage import GIB, Stage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    ConflictError,
    InvalidError,
    NotFoundError,
)

BROKEN = ("INTERNAL_ERROR", "the database is down")


# --- rebuild --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "status"), [("web", "ACTIVE"), ("off", "SHUTOFF")])
@pytest.mark.parametrize("by", ["uuid", "name"])
def test_rebuilt_from_a_template(stage: Stage, name: str, status: str, by: str) -> None:
    uuid = stage.template()
    before, old = stage.record(name), stage.disks(name)["0"]
    macs = [stage.api.VIF.get_MAC(v) for v in before["VIFs"]]
    disks = stage.vdis()
    stage.done("rebuild", name, image=uuid if by == "uuid" else "golden")
    after = stage.record(name)
    assert (after["uuid"], after["name_label"]) == (before["uuid"], before["name_label"])
    assert [stage.api.VIF.get_MAC(v) for v in after["VIFs"]] == macs
    new = stage.disks(name)["0"]
    assert stage.vdis() == disks - {old} | {new}
    assert new not in disks
    assert stage.api.VDI.get_name_label(new) == "model disk"
    assert stage.states(name)[0::2] == (status, None)
    assert stage.clean(name)
    assert stage.api.VM.get_by_name_label(f"{name}-rebuild") == []


def test_rebuilt_from_a_snapshot_of_its_own(stage: Stage) -> None:
    """Only the disks come back: sizes and name changed since stay."""
    stage.done("create_image", image_name="monday")
    stage.done("resize", vcpus=4)
    stage.done("confirm_resize")
    stage.done("rebuild", image="monday", name="web")
    assert stage.record()["VCPUs_max"] == "4"
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.record("monday")["is_a_snapshot"]
    assert stage.clean()


def test_task_states_of_a_rebuild(stage: Stage) -> None:
    stage.template()
    handle = stage.begin("rebuild", image="golden")
    stage.halfway(handle, "REBUILD", "rebuilding")
    stage.halfway(handle, "REBUILD", "rebuild_block_device_mapping")
    stage.halfway(handle, "REBUILD", "rebuild_spawning")
    assert len(stage.fleet.read().servers) == 3
    eventually(lambda: stage.fleet.servers.poll([handle])[0].done)


def test_disks_that_are_not_its_own_survive_a_rebuild(stage: Stage) -> None:
    stage.template()
    lent = stage.disks("model")["0"]
    row = stage.api.VBD.get_record(stage.record()["VBDs"][0])
    stage.api.VBD.create({**row, "VDI": lent, "userdevice": "1", "other_config": {}})
    stage.done("rebuild", image="golden")
    assert stage.disks()["1"] == lent
    assert len(stage.disks()) == 2


def test_a_rebuild_that_cannot_clone_keeps_the_server(stage: Stage) -> None:
    stage.template()
    disks = stage.disks()
    stage.fail("VM.clone", "SR_BACKEND_FAILURE_44", "", "There is insufficient space", "")
    error = stage.act("rebuild", image="golden")
    assert isinstance(error, BackendError)
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.disks() == disks
    assert stage.clean()


def test_a_rebuild_that_breaks_midway_is_an_error_and_can_be_repeated(stage: Stage) -> None:
    stage.template()
    disks = stage.vdis()
    stage.fail("VBD.create", *BROKEN)
    assert isinstance(stage.act("rebuild", image="golden"), BackendError)
    server = stage.server()
    assert (server.status, server.task_state) == ("ERROR", None)
    assert "the database is down" in server.fault
    stage.done("rebuild", image="golden")
    assert stage.states() == ("ACTIVE", "active", None)
    assert len(stage.vdis()) == len(disks)
    assert stage.clean()


def test_an_image_that_cannot_be_used_is_reported_before_anything_is_done(stage: Stage) -> None:
    stage.template("twin")
    stage.template("twin")
    stage.api.VM.checkpoint(stage.vm(), "memory")
    with pytest.raises(NotFoundError, match=r"image off: .* has no template or snapshot"):
        stage.begin("rebuild", image="off")
    with pytest.raises(NotFoundError, match=r"has no template or snapshot"):
        stage.begin("rebuild", image="00000000-0000-4000-8000-000000000000")
    with pytest.raises(InvalidError, match="no image is given"):
        stage.begin("rescue")
    with pytest.raises(ConflictError, match="several templates or snapshots"):
        stage.begin("rebuild", image="twin")
    with pytest.raises(InvalidError, match="checkpoint"):
        stage.begin("rebuild", image="memory")
    assert stage.clean()


# --- rescue ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["web", "off"])
def test_rescued_and_unrescued(stage: Stage, name: str) -> None:
    stage.template()
    disks, before = stage.vdis(), stage.record(name)
    stage.done("rescue", name, image="golden")
    server = stage.server(name)
    assert (server.status, server.vm_state, server.task_state) == ("RESCUE", "rescued", None)
    assert stage.guest(name)["power_state"] == "Halted"
    rescue = stage.guest(f"{name}-rescue")
    assert (rescue["power_state"], rescue["host"]) == (server.power_state, server.host)
    assert rescue["power_state"] == "Running"
    assert list(stage.disks(f"{name}-rescue").values())[1:] == list(stage.disks(name).values())
    (mine,), (theirs,) = before["VIFs"], stage.record(f"{name}-rescue")["VIFs"]
    assert stage.api.VIF.get_MAC(mine) == stage.api.VIF.get_MAC(theirs)
    assert {s.name for s in stage.fleet.read().servers} == {"web", "off", "model"}
    assert isinstance(stage.act("start", name), ConflictError)
    stage.done("unrescue", name)
    assert stage.states(name) == ("ACTIVE", "active", None)
    assert stage.api.VM.get_by_name_label(f"{name}-rescue") == []
    assert stage.vdis() == disks
    assert stage.clean(name)


def test_the_rescue_vm_takes_the_server_s_place(stage: Stage) -> None:
    """Same host, same sizes: what was reserved for the one serves the other."""
    stage.template()
    stage.done("resize", vcpus=4, memory=3 * GIB)
    stage.done("confirm_resize")
    host = stage.guest()["host"]
    stage.done("rescue", image="golden")
    assert stage.guest("web-rescue")["host"] == host
    record = stage.record("web-rescue")
    assert (record["VCPUs_max"], int(record["memory_static_max"])) == ("4", 3 * GIB)


def test_a_rescue_that_fails_is_an_error_and_can_be_repeated(stage: Stage) -> None:
    stage.template()
    disks = stage.vdis()
    stage.fail("VM.start_on", "HOST_DISABLED", "OpaqueRef:xen1")
    error = stage.act("rescue", image="golden")
    assert isinstance(error, ConflictError)
    assert stage.states() == ("ERROR", "error", None)
    stage.done("rescue", image="golden")
    assert stage.states() == ("RESCUE", "rescued", None)
    stage.done("unrescue")
    assert stage.vdis() == disks
    assert stage.clean()


def test_deleting_a_rescued_server_takes_all_of_it(stage: Stage) -> None:
    stage.template()
    disks, own = stage.vdis(), set(stage.disks().values())
    stage.done("rescue", image="golden")
    stage.done("delete")
    assert stage.api.VM.get_by_name_label("web-rescue") == []
    assert stage.vdis() == disks - own


def test_unrescue_of_a_server_whose_rescue_vm_is_gone(stage: Stage) -> None:
    stage.template()
    stage.done("rescue", image="golden")
    stage.api.VM.hard_shutdown(stage.vm("web-rescue"))
    stage.api.VM.destroy(stage.vm("web-rescue"))
    assert stage.states() == ("RESCUE", "rescued", None)
    stage.done("unrescue")
    assert stage.states() == ("ACTIVE", "active", None)
    assert stage.clean()
