# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves on a real Nova: live, cold, resized and evacuated, to their end or not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from contract.nova.acting import Acting, host
from testbeds.openstack.client import Bed, until

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.api import Api
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    InvalidError,
    UnsupportedError,
)

pytestmark = pytest.mark.nova


def other(bed: Bed, server: str) -> str:
    """A host that the server is not on."""
    here = host(bed.server(server))
    return next(name for name in bed.hosts if name != here)


# --- reaching their end ---------------------------------------------------------------------------


def test_live_migration_to_the_schedulers_choice(bed: Bed, acting: Acting, server: str) -> None:
    source = host(bed.server(server))
    state = acting.done("live_migrate", server)
    shown = bed.server(server)
    assert state.target == host(shown) != source
    assert bed.migrations(server)[-1]["status"] == "completed"
    assert shown["status"] == "ACTIVE"


def test_live_migration_of_a_paused_server_to_a_host(bed: Bed, acting: Acting, server: str) -> None:
    bed.action(server, "pause", status="PAUSED")
    target = other(bed, server)
    assert acting.done("live_migrate", server, target=target).target == target
    shown = bed.server(server)
    assert (host(shown), shown["status"]) == (target, "PAUSED")


def test_one_migration_after_the_other_of_the_same_server(
    bed: Bed, acting: Acting, server: str
) -> None:
    """The record of the first, a moment old, is not taken for the second's."""
    first = other(bed, server)
    back = host(bed.server(server))
    assert acting.done("live_migrate", server, target=first).target == first
    assert acting.done("live_migrate", server, target=back).target == back
    assert host(bed.server(server)) == back


def test_cold_migration_ends_before_its_confirmation(bed: Bed, acting: Acting, server: str) -> None:
    target = other(bed, server)
    assert acting.done("migrate", server, target=target).target == target
    shown = bed.server(server)
    assert (host(shown), shown["status"]) == (target, "VERIFY_RESIZE")
    acting.done("confirm_resize", server)
    assert bed.server(server)["status"] == "ACTIVE"
    assert bed.migrations(server)[-1]["status"] == "confirmed"


def test_cold_migration_of_a_stopped_server(bed: Bed, acting: Acting, server: str) -> None:
    bed.action(server, "os-stop", status="SHUTOFF")
    source = host(bed.server(server))
    target = acting.done("migrate", server).target
    acting.done("confirm_resize", server)
    shown = bed.server(server)
    assert (host(shown), shown["status"]) == (target, "SHUTOFF")
    assert target != source


def test_resize_by_name_and_revert(bed: Bed, acting: Acting, server: str) -> None:
    source = host(bed.server(server))
    acting.done("resize", server, flavor="m1.micro")
    assert bed.server(server)["flavor"]["original_name"] == "m1.micro"
    acting.done("revert_resize", server)
    shown = bed.server(server)
    assert (shown["flavor"]["original_name"], host(shown)) == ("m1.nano", source)
    assert shown["status"] == "ACTIVE"


def test_forced_to_complete(bed: Bed, acting: Acting, server: str) -> None:
    with bed.fault(live_migration_seconds=30):
        handle = acting.running(server)
        acting.done("live_migrate_force_complete", server)
    state = acting.ended(handle)
    assert state.error is None
    assert state.target == host(bed.server(server))


# --- not reaching it ------------------------------------------------------------------------------


def test_aborted_by_us(bed: Bed, acting: Acting, server: str) -> None:
    source = host(bed.server(server))
    with bed.fault(live_migration_seconds=30):
        acting.running(server)
        acting.done("live_migrate_abort", server)
    shown = bed.server(server)
    assert (host(shown), shown["status"]) == (source, "ACTIVE")
    assert bed.migrations(server)[-1]["status"] == "cancelled"


def test_aborted_by_somebody_else(bed: Bed, acting: Acting, server: str) -> None:
    """The server is ACTIVE without a task afterwards, as it would be had it moved."""
    source = host(bed.server(server))
    with bed.fault(live_migration_seconds=30):
        handle = acting.running(server)
        number = bed.migrations(server)[-1]["id"]
        bed.api("DELETE", f"/servers/{server}/migrations/{number}")
        error = acting.ended(handle).error
    assert isinstance(error, BackendError)
    assert "was cancelled; it is ACTIVE on " + source in error.cause


@pytest.mark.parametrize(
    ("fault", "words", "status"),
    [
        ("live_migration", "ended in status failed", "ACTIVE"),
        ("pre_live_migration", "the far side is full", "ACTIVE"),
        ("check_can_live_migrate_source", "the far side is full", "ACTIVE"),
        ("live_migration_late", "left it in ERROR", "ERROR"),
    ],
)
def test_live_migration_that_fails(
    bed: Bed, acting: Acting, server: str, fault: str, words: str, status: str
) -> None:
    source = host(bed.server(server))
    with bed.fault(fail={fault: "the far side is full"}):
        error = acting.failed("live_migrate", server)
    assert words in error.cause
    assert error.remedy
    shown = bed.server(server)
    assert (host(shown), shown["status"]) == (source, status)


def test_no_valid_host(bed: Bed, acting: Acting, server: str) -> None:
    """Accepted, and shown by nothing but the record and the events of the request."""
    error = acting.failed("live_migrate", server, target=host(bed.server(server)))
    assert "No valid host was found" in error.cause
    assert "Bring a host into service" in error.remedy


def test_no_valid_host_for_a_resize(bed: Bed, acting: Acting, server: str) -> None:
    error = acting.failed("resize", server, flavor="m1.huge")
    assert "No valid host" in error.cause
    assert bed.server(server)["status"] == "ACTIVE"


@contextmanager
def closed(bed: Bed) -> Iterator[None]:
    """Every host is disabled."""
    paths = [f"/os-services/{service['id']}" for service in bed.services().values()]
    for path in paths:
        bed.api("PUT", path, {"status": "disabled"})
    try:
        yield
    finally:
        for path in paths:
            bed.api("PUT", path, {"status": "enabled"})


def test_no_valid_host_to_unshelve_on(bed: Bed, acting: Acting, server: str) -> None:
    bed.action(server, "shelve", status="SHELVED_OFFLOADED")
    with closed(bed):
        error = acting.failed("unshelve", server)
    assert "No valid host" in error.cause
    assert bed.server(server)["status"] == "SHELVED_OFFLOADED"


def test_cold_migration_that_fails(bed: Bed, acting: Acting, server: str) -> None:
    with bed.fault(fail={"migrate_disk_and_power_off": "the disk is stuck"}):
        error = acting.failed("migrate", server)
    assert "the disk is stuck" in error.cause


def test_unknown_target(acting: Acting, server: str) -> None:
    with pytest.raises(InvalidError, match="nowhere could not be found"):
        acting.start("live_migrate", server, target="nowhere")


def test_server_deleted_while_it_moves(bed: Bed, acting: Acting, boot: Any) -> None:
    uuid = boot({"moving-away": "compute2"})["moving-away"]
    with bed.fault(live_migration_seconds=2):
        handle = acting.running(uuid)
        bed.action(uuid, "forceDelete")
        until("server gone", lambda: not named(bed, "moving-away"))
    assert "deleted meanwhile" in str(acting.ended(handle).error)


def named(bed: Bed, name: str) -> list[Any]:
    listed: list[Any] = bed.api("GET", f"/servers?all_tenants=1&name=^{name}$")["servers"]
    return listed


# --- older clouds ---------------------------------------------------------------------------------


@pytest.fixture
def as_old_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Nova keeps to the rules of the microversion it is asked in."""
    return lambda major, minor: monkeypatch.setattr(Api, "highest", (major, minor))


def test_live_migration_on_an_older_cloud(
    bed: Bed, acting: Acting, server: str, as_old_as: Callable[[int, int], None]
) -> None:
    as_old_as(2, 60)
    with bed.requests() as requests:
        target = acting.done("live_migrate", server).target
    assert target == host(bed.server(server))
    (sent,) = [one for one in requests if one.action == "os-migrateLive"]
    assert sent.microversion == "compute 2.60"


@pytest.mark.parametrize(
    ("action", "args", "needed"),
    [
        ("migrate", {"target": "compute1"}, "2.56"),
        ("lock", {"reason": "mine"}, "2.73"),
        ("unshelve", {"host": "compute1"}, "2.91"),
        ("rebuild", {"image": "cirros", "hostname": "h"}, "2.90"),
    ],
)
def test_option_that_the_cloud_is_too_old_for(
    acting: Acting,
    server: str,
    as_old_as: Callable[[int, int], None],
    action: str,
    args: dict[str, Any],
    needed: str,
) -> None:
    as_old_as(2, 55)
    with pytest.raises(UnsupportedError, match=rf"ends at microversion 2\.55, .* needs {needed}"):
        acting.start(action, server, **args)


# --- many at once ---------------------------------------------------------------------------------


def test_many_are_followed_in_two_requests(bed: Bed, acting: Acting, boot: Any) -> None:
    """Records in one list and servers in another; distinguished although all move at once."""
    servers = list(boot({f"many{number}": "compute2" for number in range(5)}).values())
    with bed.fault(live_migration_seconds=1):
        with bed.requests() as started:
            handles = [acting.start("live_migrate", uuid, target="compute4") for uuid in servers]
        # Nothing is asked for the first answer; the first look learns the cloud's time.
        acting.port.poll(handles)
        began = time.monotonic()
        acting.port.poll(handles)
        took = time.monotonic() - began
        until("all recorded", lambda: all(bed.migrations(uuid) for uuid in servers))
        # There is no look for as long as the last one took.
        time.sleep(took)
        with bed.requests() as looked:
            # One by one, as those ask who follow an action each.
            for handle in handles:
                acting.port.poll([handle])
    until("all moved", lambda: all(state.done for state in acting.port.poll(handles)), within=90)
    states = acting.port.poll(handles)
    assert [(state.error, state.target) for state in states] == [(None, "compute4")] * 5
    assert {host(bed.server(uuid)) for uuid in servers} == {"compute4"}
    assert len([one for one in started if one.path.endswith("/os-migrations")]) == 1
    assert [one.path for one in looked] == ["/v2.1/os-migrations", "/v2.1/servers/detail"]


def test_following_ended_actions_asks_nothing(bed: Bed, acting: Acting, server: str) -> None:
    handle = acting.start("live_migrate", server)
    acting.ended(handle)
    with bed.requests() as requests:
        assert acting.port.poll([handle])[0].done
    assert requests == []
