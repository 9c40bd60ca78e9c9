# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks: who may take one, and when a holder has lost it."""

from __future__ import annotations

import os
import time

import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store import locks
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import LockedError

NAME = "host cmp-1"
HOLDERS = "SELECT name, pid, purpose FROM xenfleet_locks"
ELSEWHERE = "UPDATE xenfleet_locks SET node = 'control-2', machine = 'another boot pid:[1]'"
EXPIRED = "UPDATE xenfleet_locks SET expires_at = '2026-01-01T00:00:00Z'"


def take(store: Store) -> None:
    with store.journal.lock(NAME, "test"):
        pass


def test_held_for_the_block(place: Place, store: Store) -> None:
    with store.journal.lock(NAME, "drain"), store.journal.lock("host cmp-2", "drain"):
        assert sorted(place.sql(HOLDERS)) == [
            (NAME, os.getpid(), "drain"),
            ("host cmp-2", os.getpid(), "drain"),
        ]
    assert place.sql(HOLDERS) == []


def test_released_after_an_error_which_is_the_one_reported(place: Place, store: Store) -> None:
    with pytest.raises(ValueError, match="mine"), store.journal.lock(NAME, "drain"):
        raise ValueError("mine")
    assert place.sql(HOLDERS) == []


def test_writes_go_on_under_a_lock(place: Place, store: Store) -> None:
    with store.journal.lock(NAME, "drain"), store.aggregates.exclusive():
        store.aggregates.create("edge", None)
    assert place.sql("SELECT name FROM xenfleet_aggregates") == [("edge",)]


def test_held_by_another_process(place: Place, store: Store) -> None:
    worker = place.worker("lock", NAME, "drain for new disks")
    assert worker.said() == "ready"

    with pytest.raises(LockedError) as caught:
        take(store)

    message, details = str(caught.value), caught.value.details
    assert message.startswith(
        f"{NAME}: process {worker.pid} on {os.uname().nodename} has been working on it"
    )
    assert f"since {details['since']} (drain for new disks)" in message
    assert message.endswith("Wait for that run, or end it; its lock is free when its process ends.")
    assert (details["pid"], details["purpose"]) == (worker.pid, "drain for new disks")
    assert place.sql(HOLDERS) == [(NAME, worker.pid, "drain for new disks")]
    worker.go_on()
    assert worker.said() == "done"
    take(store)


@pytest.mark.parametrize("reap", [True, False], ids=["gone", "not yet looked after"])
def test_free_at_once_when_its_process_was_killed(place: Place, store: Store, reap: bool) -> None:
    worker = place.worker("lock", NAME, "drain")
    assert worker.said() == "ready"
    worker.kill(reap=reap)
    assert place.sql(HOLDERS) == [(NAME, worker.pid, "drain")]
    deadline = time.monotonic() + 5
    while locks.started(worker.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    with store.journal.lock(NAME, "drain again"):
        assert place.sql(HOLDERS) == [(NAME, os.getpid(), "drain again")]


def test_free_at_once_when_its_number_is_another_process_now(place: Place, store: Store) -> None:
    lock = store.journal.lock(NAME, "drain")
    lock.__enter__()
    place.sql("UPDATE xenfleet_locks SET process_started = '1'")
    take(place.open())
    with pytest.raises(LockedError, match="was lost"):
        lock.__exit__(None, None, None)


def test_a_live_process_keeps_it_beyond_its_lease(place: Place, store: Store) -> None:
    """It may have been suspended with the machine; taking over would make it two at work."""
    with store.journal.lock(NAME, "drain"):
        place.sql(EXPIRED)
        with pytest.raises(LockedError):
            take(place.open())


def test_on_another_machine_only_the_lease_counts(place: Place, store: Store) -> None:
    worker = place.worker("lock", NAME, "drain")
    assert worker.said() == "ready"
    worker.kill()
    place.sql(ELSEWHERE)
    with pytest.raises(LockedError, match=r"on control-2 .* its lock is free after .* unless it"):
        take(store)
    place.sql(EXPIRED)
    take(store)
    assert place.sql(HOLDERS) == []


def test_the_lease_is_renewed(place: Place, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "LEASE", 4.0)
    expiry = "SELECT expires_at FROM xenfleet_locks"
    with store.journal.lock(NAME, "drain"):
        first = place.sql(expiry)
        deadline = time.monotonic() + 10
        while place.sql(expiry) == first and time.monotonic() < deadline:
            time.sleep(0.1)
        assert place.sql(expiry) > first


def test_a_lost_lock_is_reported_at_the_end(place: Place, store: Store) -> None:
    with (
        pytest.raises(LockedError, match="its lock was lost to another run"),
        store.journal.lock(NAME, "drain"),
    ):
        place.sql("DELETE FROM xenfleet_locks")


def test_a_lost_lock_does_not_end_the_new_holders(place: Place, store: Store) -> None:
    lock = store.journal.lock(NAME, "drain")
    lock.__enter__()
    place.sql("DELETE FROM xenfleet_locks")
    worker = place.worker("lock", NAME, "another's")
    assert worker.said() == "ready"
    with pytest.raises(LockedError, match="was lost"):
        lock.__exit__(None, None, None)
    assert place.sql(HOLDERS) == [(NAME, worker.pid, "another's")]


def test_where_processes_cannot_be_seen_only_the_lease_counts(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, which has no /proc."""
    monkeypatch.setattr(locks, "_machine", lambda: "")
    worker = place.worker("lock", NAME, "drain")
    assert worker.said() == "ready"
    worker.kill()
    place.sql("UPDATE xenfleet_locks SET machine = ''")
    with pytest.raises(LockedError):
        take(store)
    place.sql(EXPIRED)
    take(store)
