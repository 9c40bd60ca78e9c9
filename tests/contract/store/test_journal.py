# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: what a maintenance did, kept for the run after it."""

from __future__ import annotations

import re

import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    NotFoundError,
    StoreError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Maintenance,
    Migration,
)

HOST = "7d3b2c1e-0000-4000-8000-000000000001"
SERVER = "7d3b2c1e-0000-4000-8000-0000000000aa"
BOOTED = "2026-11-21T04:05:06Z"
PHASES = "SELECT id, host, phase, finished_at IS NULL FROM xenfleet_maintenances ORDER BY id"
MOVES = """SELECT maintenance_id, server_uuid, server, source, target, type, status, memory
    FROM xenfleet_migrations ORDER BY id"""
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def begun(store: Store, name: str = "disks") -> int:
    return store.journal.begin(
        Maintenance(host="cmp-1", name=name, host_id=HOST, service_disabled=True, booted_at=BOOTED)
    )


def move(maintenance: int | None, target: str = "cmp-2") -> Migration:
    return Migration(
        server_id=SERVER,
        server="web",
        source="cmp-1",
        target=target,
        status="running",
        maintenance=maintenance,
        memory=1 << 40,
    )


def test_from_begin_to_done(place: Place, store: Store) -> None:
    number = begun(store)
    for phase in ("in_maintenance", "returning"):
        store.journal.advance(number, phase)
        assert place.sql(PHASES) == [(number, "cmp-1", phase, True)]
    store.journal.advance(number, "done")
    assert place.sql(PHASES) == [(number, "cmp-1", "done", False)]

    (read,) = store.read().maintenances
    assert (read.id, read.name, read.host_id) == (number, "disks", HOST)
    assert (read.service_disabled, read.host_disabled, read.open) == (True, False, False)
    assert read.booted_at == BOOTED
    stamps = (read.started_at, read.updated_at, read.finished_at)
    assert all(STAMP.fullmatch(stamp or "") for stamp in stamps)


def test_one_open_maintenance_of_a_host_at_a_time(place: Place, store: Store) -> None:
    number = begun(store)
    with pytest.raises(ConflictError, match="host cmp-1: maintenance disks of it is open"):
        begun(store, "another")
    store.journal.advance(number, "done")
    assert begun(store, "another") == number + 1
    assert [phase for _id, _host, phase, _open in place.sql(PHASES)] == ["done", "draining"]


def test_without_a_host_id_the_name_is_the_host(place: Place, store: Store) -> None:
    store.journal.begin(Maintenance(host="cmp-1", name="disks"))
    with pytest.raises(ConflictError):
        store.journal.begin(Maintenance(host="cmp-1", name="again"))
    store.journal.begin(Maintenance(host="cmp-2", name="disks"))
    assert [host for _id, host, _phase, _open in place.sql(PHASES)] == ["cmp-1", "cmp-2"]
    assert place.sql("SELECT * FROM xenfleet_hosts") == []


def test_moves_in_order_of_departure(place: Place, store: Store) -> None:
    number = begun(store)
    first = store.journal.record_move(move(number, "cmp-2"))
    second = store.journal.record_move(move(number, "cmp-3"))
    apart = store.journal.record_move(move(None, "cmp-4"))
    store.journal.finish_move(first, "failed")
    store.journal.finish_move(second, "completed")

    same = (SERVER, "web", "cmp-1")
    assert place.sql(MOVES) == [
        (number, *same, "cmp-2", "live-migration", "failed", 1 << 40),
        (number, *same, "cmp-3", "live-migration", "completed", 1 << 40),
        (None, *same, "cmp-4", "live-migration", "running", 1 << 40),
    ]
    records = store.read()
    assert [m.id for m in records.migrations] == [first, second, apart]
    assert records.maintenances[0].moves == records.migrations[:2]
    assert records.migrations[0].memory == 1 << 40


def test_unknown_numbers(place: Place, store: Store) -> None:
    number = begun(store)
    with pytest.raises(NotFoundError, match=r"maintenance 99: the journal has no such record"):
        store.journal.advance(99, "done")
    with pytest.raises(NotFoundError, match=r"migration 99: the journal has no such record"):
        store.journal.finish_move(99, "completed")
    with pytest.raises(StoreError):
        store.journal.record_move(move(99))
    assert place.sql(PHASES) == [(number, "cmp-1", "draining", True)]
    assert place.sql(MOVES) == []


def test_it_follows_a_rename_and_outlives_its_host(place: Place, store: Store) -> None:
    begun(store)
    store.follow({HOST: "renamed"})
    assert store.read().maintenances[0].host == "renamed"
    store.services.delete("renamed")
    assert place.sql(PHASES) == [(1, "cmp-1", "draining", True)]
    assert place.open().read().maintenances[0].host == "cmp-1"
