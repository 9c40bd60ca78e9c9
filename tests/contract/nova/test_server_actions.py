# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every action that leaves a server on its host, on a real Nova, looked at with plain requests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from contract.nova.acting import Acting, auth, host
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed, until

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.api import sign_in
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.servers import (
    NovaServers,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    ConflictError,
    InvalidError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState

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
    seen = bed.server(server)
    assert (seen["status"], seen["OS-EXT-STS:task_state"]) == (after, None)
    if after == "SHELVED_OFFLOADED":
        assert host(seen) is None


def events(bed: Bed, server: str, action: str) -> list[str]:
    """Results of the newest request of that name, as Nova has them."""
    actions = bed.api("GET", f"/servers/{server}/os-instance-actions")["instanceActions"]
    newest = next(found for found in actions if found["action"] == action)
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
    seen = bed.server(server)
    assert (seen["image"]["id"], seen["name"]) == (images[0]["id"], "rebuilt")
    assert (seen["metadata"], seen["status"]) == ({"a": "b"}, "ACTIVE")


def test_rebuild_leaves_a_stopped_server_stopped(bed: Bed, acting: Acting, server: str) -> None:
    bed.action(server, "os-stop", status="SHUTOFF")
    acting.done("rebuild", server, image="cirros")
    assert bed.server(server)["status"] == "SHUTOFF"


def images_called(bed: Bed, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bed.api("GET", f"/images?name={name}", service="glance")["images"]
    return found


def discard(bed: Bed, name: str) -> None:
    for image in images_called(bed, name):
        bed.api("DELETE", f"/images/{image['id']}", service="glance")


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
    try:
        for _round in range(2):
            acting.done("create_backup", server, image_name="kept", backup_type="daily", rotation=1)
        assert [image["status"] for image in images_called(bed, "kept")] == ["active"]
    finally:
        discard(bed, "kept")


def test_snapshot_that_fails_is_told_although_its_events_succeed(
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


# --- refused at once ------------------------------------------------------------------------------


def test_wrong_state_is_a_conflict_in_novas_words(acting: Acting, server: str) -> None:
    with pytest.raises(ConflictError, match=r"Cannot .start. instance .* vm_state active"):
        acting.start("start", server)


def test_unknown_server(acting: Acting) -> None:
    with pytest.raises(NotFoundError, match="Nova answers 404: Instance 00000000"):
        acting.start("stop", "00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize(
    ("action", "args"), [("rebuild", {"image": "none"}), ("resize", {"flavor": "none"})]
)
def test_unknown_image_or_flavor(acting: Acting, server: str, action: str, args: Any) -> None:
    with pytest.raises(NotFoundError, match=r"(image|flavor) none: the cloud shows none"):
        acting.start(action, server, **args)


def test_ambiguous_image(bed: Bed, acting: Acting, server: str) -> None:
    try:
        for _round in range(2):
            acting.done("create_image", server, image_name="twins")
        with pytest.raises(ConflictError, match="are called so"):
            acting.start("rescue", server, image="twins")
    finally:
        discard(bed, "twins")


def test_invalid_value(acting: Acting, server: str) -> None:
    with pytest.raises(InvalidError, match="Nova answers 400"):
        acting.start("create_backup", server, image_name="b", backup_type="daily", rotation=-1)


def test_nothing_to_abort(acting: Acting, server: str) -> None:
    with pytest.raises(ConflictError, match="no live migration in progress"):
        acting.start("live_migrate_abort", server)


def test_driver_without_the_feature(bed: Bed, acting: Acting, server: str) -> None:
    """What the guest's agent answers comes with the answer to the request."""
    with (
        bed.fault(fail={"set_admin_password": "no agent"}),
        pytest.raises((UnsupportedError, ConflictError, BackendError)) as caught,
    ):
        acting.start("change_password", server, admin_pass="s3cret")
    assert "s3cret" not in str(caught.value)


# --- failing later --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "args", "hook", "after"),
    [
        ("stop", {}, "power_off", "ACTIVE"),
        ("pause", {}, "pause", "ACTIVE"),
        ("trigger_crash_dump", {}, "trigger_crash_dump", "ACTIVE"),
        (
            "create_backup",
            {"image_name": "b", "backup_type": "daily", "rotation": 1},
            "snapshot",
            "ACTIVE",
        ),
        ("suspend", {}, "suspend", "ERROR"),
        ("rebuild", {"image": "cirros"}, "spawn", "ERROR"),
    ],
)
def test_failure_is_told_in_the_requests_own_words(
    bed: Bed, acting: Acting, server: str, action: str, args: Any, hook: str, after: str
) -> None:
    with bed.fault(fail={hook: f"{hook} is broken"}):
        error = acting.failed(action, server, **args)
    assert f"{hook} is broken" in error.cause
    assert error.what.startswith("server ")
    assert bed.server(server)["status"] == after


def test_server_deleted_midway(bed: Bed, acting: Acting, boot: Any) -> None:
    uuid = boot({"doomed": "compute3"})["doomed"]
    with bed.fault(delay={"power_off": 1}):
        handle = acting.start("stop", uuid)
        bed.action(uuid, "forceDelete")
        until("server gone", lambda: uuid not in servers_on(bed, "compute3"))
    assert "deleted meanwhile" in str(acting.ended(handle).error)


def servers_on(bed: Bed, name: str) -> list[str]:
    found = bed.api("GET", f"/servers?all_tenants=1&host={name}")["servers"]
    return [server["id"] for server in found]


def test_fault_of_an_older_failure_is_not_told_as_the_cause(
    bed: Bed, acting: Acting, server: str
) -> None:
    with bed.fault(fail={"suspend": "an old story"}):
        acting.failed("suspend", server)
    bed.action(server, "os-resetState", {"state": "active"})
    with bed.fault(delay={"pause": 2}):
        handle = acting.start("pause", server)
        bed.action(server, "os-resetState", {"state": "error"})
        state = acting.ended(handle)
    assert "ERROR" in str(state.error)
    assert "an old story" not in str(state.error)


# --- the cloud itself in trouble ------------------------------------------------------------------


@contextmanager
def unresponsive(bed: Bed) -> Iterator[None]:
    """An API that takes requests and does not answer: stopped with all its workers."""
    leader = bed.processes.pid("nova-api")
    assert leader
    group = os.getpgid(leader)
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


def test_action_outlasts_an_api_that_does_not_answer(bed: Bed, acting: Acting, server: str) -> None:
    options = {"auth": auth(bed), "region_name": "RegionOne", "api_timeout": 3}
    with closing(sign_in(options)) as api:
        impatient = NovaServers(api)
        assert api.highest > (2, 1), "signed in"
        handle = acting.start("pause", server)
        with unresponsive(bed):
            assert impatient.poll([handle]) == [JobState(done=False)]
    assert acting.ended(handle).error is None
    assert bed.server(server)["status"] == "PAUSED"
