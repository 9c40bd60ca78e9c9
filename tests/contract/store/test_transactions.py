# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units of work: whole or not at all, one writer at a time, readers undisturbed."""

from __future__ import annotations

import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store import (
    engine,
    transactions,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    LockedError,
    StoreError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Maintenance,
    Migration,
)

HOST = "7d3b2c1e-0000-4000-8000-000000000001"
NAMES = "SELECT name FROM xenfleet_aggregates ORDER BY id"
EVERYTHING = (
    NAMES,
    "SELECT key, value FROM xenfleet_aggregate_metadata ORDER BY key",
    "SELECT host_uuid FROM xenfleet_aggregate_hosts",
    "SELECT * FROM xenfleet_hosts",
    "SELECT * FROM xenfleet_services",
    "SELECT * FROM xenfleet_maintenances",
)


class BrokenOff(Exception):
    """What ends a unit half-way."""


def test_a_unit_is_seen_inside_at_once_and_outside_at_its_end(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    with store.aggregates.exclusive():
        store.aggregates.rename("edge", "far")
        store.aggregates.create("core", None)
        assert [a.name for a in store.read().aggregates] == ["far", "core"]
        assert place.sql(NAMES) == [("edge",)]
        assert [a.name for a in place.open().read().aggregates] == ["edge"]
    assert place.sql(NAMES) == [("far",), ("core",)]


def change_everything(store: Store) -> None:
    """A unit that writes to every table, sees what it wrote, and fails."""
    with store.aggregates.exclusive():
        store.aggregates.set_zone("edge", "zone-1")
        store.aggregates.add_host("edge", "cmp-1", HOST)
        store.services.disable("cmp-1", HOST, "why")
        store.journal.begin(Maintenance(host="cmp-1", name="disks", host_id=HOST))
        assert len(store.read().maintenances) == 1
        raise BrokenOff


def test_a_unit_broken_off_leaves_nothing(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    before = [place.sql(query) for query in EVERYTHING]

    with pytest.raises(BrokenOff):
        change_everything(store)

    assert [place.sql(query) for query in EVERYTHING] == before
    store.aggregates.rename("edge", "usable again")
    assert place.sql(NAMES) == [("usable again",)]


def test_a_refusal_inside_a_unit_undoes_only_its_own_call(place: Place, store: Store) -> None:
    with store.aggregates.exclusive():
        store.aggregates.create("edge", None)
        with pytest.raises(ConflictError):
            store.aggregates.create("edge", "zone-1")
        with pytest.raises(StoreError):
            store.journal.record_move(Migration("uuid", "web", "a", "b", maintenance=99))
        store.aggregates.create("core", None)
    assert place.sql(NAMES) == [("edge",), ("core",)]


def test_nothing_of_a_killed_process_remains(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    worker = place.worker("exclusive", "lost")
    assert worker.said() == "ready"
    worker.kill()
    store.aggregates.create("core", None)
    assert place.sql(NAMES) == [("edge",), ("core",)]
    assert [a.name for a in store.read().aggregates] == ["edge", "core"]


def test_processes_that_count_together_lose_nothing(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    store.aggregates.set_metadata("edge", {"count": "0"})
    workers = [place.worker("count", "edge", "8") for _worker in range(3)]
    assert [w.said() for w in workers] == ["ready"] * 3
    for worker in workers:
        worker.go_on()
    assert [w.said() for w in workers] == ["done"] * 3
    assert place.sql("SELECT value FROM xenfleet_aggregate_metadata") == [("24",)]


def test_a_writer_waits_for_another_ones_unit(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    first, second = place.worker("exclusive", "core"), place.worker("create", "core")
    assert [first.said(), second.said()] == ["ready", "ready"]
    second.go_on()
    assert [a.name for a in store.read().aggregates] == ["edge"]
    first.go_on()
    assert first.said() == "done"
    assert second.said().startswith("ConflictError: aggregate core: it exists already")


def test_a_writer_does_not_wait_for_ever(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (engine, transactions):
        monkeypatch.setattr(module, "BUSY_TIMEOUT", 1)
    worker = place.worker("exclusive", "core")
    assert worker.said() == "ready"
    with pytest.raises(
        LockedError, match=r"another run has been writing to it for 1 s\. Run again"
    ):
        place.open().aggregates.create("edge", None)


def test_both_make_the_tables_at_once(place: Place) -> None:
    """The first write makes the store; two of them may be the first."""
    workers = [place.worker("create", name) for name in ("edge", "core")]
    assert [w.said() for w in workers] == ["ready"] * 2
    for worker in workers:
        worker.go_on()
    assert [w.said() for w in workers] == ["done"] * 2
    assert sorted(place.sql(NAMES)) == [("core",), ("edge",)]
    assert place.sql("SELECT version FROM xenfleet_schema") == [(2,)]
