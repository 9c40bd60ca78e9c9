# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault does what it says, so that tests built on one are not green for want of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from testbeds.openstack.client import Bed, until
from testbeds.openstack.looking import logged, settled

pytestmark = pytest.mark.nova

DELAY_S = 0.7


def migrate(bed: Bed, server: str, state: str) -> dict[str, Any]:
    """Begin a live migration to compute2; its record, once it has that status."""
    bed.action(server, "os-migrateLive", {"host": "compute2", "block_migration": "auto"})
    return until(f"migration {state}", lambda: in_state(bed, server, state))


def in_state(bed: Bed, server: str, state: str) -> dict[str, Any] | None:
    records = bed.migrations(server)
    return records[-1] if records and records[-1]["status"] == state else None


def test_a_live_migration_that_fails_leaves_the_server_where_it_was(bed: Bed) -> None:
    (server,) = bed.servers({"stays": "compute1"}).values()
    with bed.fault(fail={"live_migration": "link lost"}):
        migrate(bed, server, "failed")
    found = bed.wait_server(server, "ACTIVE")
    assert found["OS-EXT-SRV-ATTR:host"] == "compute1"


def test_a_live_migration_that_fails_late_ends_in_error(bed: Bed) -> None:
    (server,) = bed.servers({"lost": "compute1"}).values()
    with bed.fault(fail={"live_migration_late": "link lost"}):
        migrate(bed, server, "error")
        # Without a "fault": Nova writes none for this.
        assert bed.wait_server(server, "ERROR")["OS-EXT-SRV-ATTR:host"] == "compute1"


def test_a_live_migration_lasts_until_the_fault_ends(bed: Bed) -> None:
    (server,) = bed.servers({"slow": "compute1"}).values()
    with bed.fault(live_migration_seconds=600):
        migrate(bed, server, "running")
        time.sleep(2)
        assert in_state(bed, server, "running")
    until("completed", lambda: in_state(bed, server, "completed"))
    assert bed.wait_server(server, "ACTIVE")["OS-EXT-SRV-ATTR:host"] == "compute2"


@pytest.mark.parametrize(
    ("action", "state", "host"),
    [
        ("live_migration_abort", "cancelled", "compute1"),
        ("live_migration_force_complete", "completed", "compute2"),
    ],
)
def test_a_running_live_migration_obeys_or_not(
    bed: Bed, action: str, state: str, host: str
) -> None:
    (server,) = bed.servers({"moving": "compute1"}).values()
    text = f"sabotaged {action} of {server}"
    with bed.fault(live_migration_seconds=600, fail={action: text}, delay={action: DELAY_S}):
        path = f"/servers/{server}/migrations/{migrate(bed, server, 'running')['id']}"
        began = time.monotonic()
        ask(bed, path, action)
        until(f"{text!r} in a log of the hosts", lambda: logged(bed, text))
        assert time.monotonic() - began >= DELAY_S
        assert in_state(bed, server, "running")
        with bed.fault(live_migration_seconds=600):
            ask(bed, path, action)
            until(state, lambda: in_state(bed, server, state))
    assert bed.wait_server(server, "ACTIVE")["OS-EXT-SRV-ATTR:host"] == host


def ask(bed: Bed, path: str, action: str) -> None:
    if action == "live_migration_abort":
        bed.api("DELETE", path)
    else:
        bed.api("POST", f"{path}/action", {"force_complete": None})


def test_a_fault_of_one_host_leaves_the_others_alone(bed: Bed) -> None:
    made = bed.servers({"here": "compute1", "there": "compute2"})
    with bed.fault(hosts={"compute1": {"fail": {"pause": "stuck"}}}):
        bed.action(made["there"], "pause", status="PAUSED")
        bed.action(made["here"], "pause")
        until("the failure", lambda: logged(bed, "stuck"))
        until("no task", lambda: settled(bed, made["here"]) == "ACTIVE")
