# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every action that leaves a server on its host, on a real Nova, looked at with plain requests."""

from __future__ import annotations

import time
from typing import Any

import pytest
from contract.nova.acting import Acting, discard, host, images_called
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed

pytestmark = pytest.mark.nova

STATES = [
    ("start", ("os-stop", "SHUTOFF"), "ACTIVE"),
    ("stop", None, "SHUTOFF"),
    ("reboot_soft", None, "ACTIVE"),
    ("reboot_hard", None, "ACTIVE"),
    ("reboot_hard", ("os-stop", "SHUTOFF"), "ACTIVE"),
    ("pause", None, "PAUSED"),
    ("unpause", ("pause", "PAUSED"), "ACTIVE"),
    ("suspend", None, "SUSPENDED"),
    ("resume", ("suspend", "SUSPENDED"), "ACTIVE"),
    ("rescue", None, "RESCUE"),
    ("unrescue", ("rescue", "RESCUE"), "ACTIVE"),
    ("shelve", None, "SHELVED_OFFLOADED"),
    ("unshelve", ("shelve", "SHELVED_OFFLOADED"), "ACTIVE"),
    ("restore", ("delete", "SOFT_DELETED"), "ACTIVE"),
    ("delete", None, "SOFT_DELETED"),
]


@pytest.mark.parametrize(("action", "before", "after"), STATES)
def test_action_is_done_when_nova_shows_its_end(
    bed: Bed, acting: Acting, server: str, action: str, before: Any, after: str
) -> None:
    if before and before[0] == "delete":
        bed.api("DELETE", f"/servers/{server}")
        bed.wait_server(server, before[1])
    elif before:
        bed.action(server, before[0], status=before[1])
    acting.done(action, server)
    shown = bed.server(server)
    assert (shown["status"], shown["OS-EXT-STS:task_state"]) == (after, None)
    if after == "SHELVED_OFFLOADED":
        assert host(shown) is None


def events(bed: Bed, server: str, action: str) -> list[str]:
    """Results of the newest request of that name, as Nova has them."""
    actions = bed.api("GET", f"/servers/{server}/os-instance-actions")["instanceActions"]
    newest = next(one for one in actions if one["action"] == action)
    path = f"/servers/{server}/os-instance-actions/{newest['request_id']}"
    return [event["result"] for event in bed.api("GET", path)["instanceAction"]["events"]]


@pytest.mark.parametrize(
    ("action", "args", "name"),
    [
        ("reboot_soft", {}, "reboot"),
        ("trigger_crash_dump", {}, "trigger_crash_dump"),
        ("change_password", {"admin_pass": "n3w"}, "changePassword"),
    ],
)
def test_action_without_a_trace_in_the_state_is_done_when_its_events_are(
    bed: Bed, acting: Acting, server: str, action: str, args: Any, name: str
) -> None:
    acting.done(action, server, **args)
    assert events(bed, server, name) == ["Success"]


def test_lock_and_unlock(bed: Bed, acting: Acting, server: str) -> None:
    acting.done("lock", server, reason="do not touch")
    assert bed.server(server)["locked_reason"] == "do not touch"
    acting.done("unlock", server)
    assert bed.server(server)["locked"] is False


def test_rebuild_with_an_image_by_name(bed: Bed, acting: Acting, server: str) -> None:
    images = bed.api("GET", "/images?name=cirros-rescue", service="glance")["images"]
    acting.done("rebuild", server, image="cirros-rescue", name="rebuilt", metadata={"a": "b"})
    shown = bed.server(server)
    assert (shown["image"]["id"], shown["name"]) == (images[0]["id"], "rebuilt")
    assert (shown["metadata"], shown["status"]) == ({"a": "b"}, "ACTIVE")


def test_rebuild_leaves_a_stopped_server_stopped(bed: Bed, acting: Acting, server: str) -> None:
    bed.action(server, "os-stop", status="SHUTOFF")
    acting.done("rebuild", server, image="cirros")
    assert bed.server(server)["status"] == "SHUTOFF"


def test_image_is_usable_when_its_creation_is_done(bed: Bed, acting: Acting, server: str) -> None:
    try:
        acting.done("create_image", server, image_name="taken", metadata={"why": "test"})
        (image,) = images_called(bed, "taken")
        assert (image["status"], image["why"]) == ("active", "test")
    finally:
        discard(bed, "taken")


def test_backups_beyond_the_rotation_are_gone_when_it_is_done(
    bed: Bed, acting: Acting, server: str
) -> None:
    backup = {"image_name": "kept", "backup_type": "daily", "rotation": 1}
    try:
        acting.done("create_backup", server, **backup)
        # Nova keeps the latest by created_at, in Glance's database a whole second: of two of one
        # second it may remove the one just made (nova/compute/manager.py, _rotate_backups).
        time.sleep(1)
        acting.done("create_backup", server, **backup)
        assert [image["status"] for image in images_called(bed, "kept")] == ["active"]
    finally:
        discard(bed, "kept")


def test_snapshot_that_fails_is_reported_although_its_events_succeed(
    bed: Bed, acting: Acting, server: str
) -> None:
    with bed.fault(fail={"snapshot": "no room in the store"}):
        error = acting.failed("create_image", server, image_name="lost")
    assert "removed the image" in error.cause
    assert images_called(bed, "lost") == []


def test_reset_state_and_hard_reboot_out_of_it(bed: Bed, acting: Acting, server: str) -> None:
    acting.done("reset_state", server, state="error")
    assert bed.server(server)["status"] == "ERROR"
    acting.done("reboot_hard", server)
    assert bed.server(server)["status"] == "ACTIVE"


def test_force_delete(bed: Bed, acting: Acting, boot: Any) -> None:
    uuid = boot({"short-lived": "compute2"})["short-lived"]
    acting.done("force_delete", uuid)
    with pytest.raises(ApiError, match="404"):
        bed.server(uuid)
