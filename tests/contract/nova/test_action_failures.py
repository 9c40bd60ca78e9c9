# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that a real Nova refuses, or that fail after it has accepted them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from contract.nova.acting import Acting, auth, discard
from testbeds.openstack.client import Bed, until

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.api import sign_in
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.servers import (
    NovaServers,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState

pytestmark = pytest.mark.nova


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
        with pytest.raises(ConflictError, match="have this name"):
            acting.start("rescue", server, image="twins")
    finally:
        discard(bed, "twins")


def test_invalid_value(acting: Acting, server: str) -> None:
    with pytest.raises(InvalidError, match="Nova answers 400"):
        acting.start("create_backup", server, image_name="b", backup_type="daily", rotation=-1)


def test_value_that_nova_quotes_is_not_shown_if_secret(acting: Acting, server: str) -> None:
    with pytest.raises(InvalidError, match=r"user_data\. Value: \*+") as caught:
        acting.start("rebuild", server, image="cirros", user_data="no base64: s3cret")
    assert "s3cret" not in str(caught.value)


def test_nothing_to_abort(acting: Acting, server: str) -> None:
    with pytest.raises(ConflictError, match="no live migration in progress"):
        acting.start("live_migrate_abort", server)


def test_password_that_the_guest_does_not_take(bed: Bed, acting: Acting, server: str) -> None:
    """Nova waits for the guest's agent before it answers."""
    with (
        bed.fault(fail={"set_admin_password": "no agent"}),
        pytest.raises(ConflictError, match="Failed to set admin password") as caught,
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
def test_failure_is_reported_in_the_requests_own_words(
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
    listed = bed.api("GET", f"/servers?all_tenants=1&host={name}")["servers"]
    return [server["id"] for server in listed]


def test_fault_of_an_older_failure_is_not_reported_as_the_cause(
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
def unresponsive(bed: Bed, service: str) -> Iterator[None]:
    """A service that takes requests and does not answer: stopped with all its workers."""
    leader = bed.processes.pid(service)
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
        with unresponsive(bed, "nova-api"):
            assert impatient.poll([handle]) == [JobState(done=False)]
    assert acting.ended(handle).error is None
    assert bed.server(server)["status"] == "PAUSED"


def test_moves_that_no_conductor_has_taken_up(bed: Bed, acting: Acting, boot: Any) -> None:
    """Their records are written by the conductor; without a task they look as if they had ended."""
    servers = list(boot({f"not-taken-up-{number}": "compute1" for number in (1, 2)}).values())
    with unresponsive(bed, "nova-conductor"):
        handles = [acting.start("live_migrate", server) for server in servers]
        for server in servers:
            bed.action(server, "os-resetState", {"state": "active"})
            assert bed.server(server)["OS-EXT-STS:task_state"] is None
            assert bed.migrations(server) == []
        # The first answer is what was known from the start.
        acting.port.poll(handles)
        with bed.requests() as looked:
            states = acting.port.poll(handles)
    assert states == [JobState(done=False)] * 2
    assert looked
