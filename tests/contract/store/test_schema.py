# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores of other schema versions. schema-N.*.sql are dumps of what version N wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store import schema
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import StoreError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Maintenance

VERSIONS = "SELECT version FROM xenfleet_schema ORDER BY version"
CURRENT = [(number + 1,) for number in range(len(schema.RELEASES))]
COLUMNS = {
    "sqlite": """SELECT m.name, c.name, c.type, c."notnull", c.pk, c.dflt_value
        FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
        AND m.name LIKE 'xenfleet_%' ORDER BY 1, 2""",
    "postgresql": """SELECT table_name, column_name, data_type, is_nullable FROM
        information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2""",
}
CONSTRAINTS = {
    "sqlite": """SELECT m.name, i."unique", i.origin, (SELECT group_concat(name)
        FROM pragma_index_info(i.name)) FROM sqlite_master m, pragma_index_list(m.name) i
        WHERE m.type = 'table' AND m.name LIKE 'xenfleet_%' ORDER BY 1, 3, 4""",
    "postgresql": """SELECT relname, conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
        JOIN pg_class t ON t.oid = conrelid WHERE connamespace = current_schema()::regnamespace
        ORDER BY 1, 2""",
}


def shape(place: Place) -> list[list[tuple[Any, ...]]]:
    return [place.sql(COLUMNS[place.kind]), place.sql(CONSTRAINTS[place.kind])]


def write(store: Store) -> None:
    store.aggregates.set_metadata("edge", {"rack": "r8"})


def test_there_is_a_way_from_each_version_to_the_next() -> None:
    assert len(schema.UPGRADES) == len(schema.RELEASES) - 1


def test_a_new_store_has_the_current_version(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    assert place.sql(VERSIONS) == CURRENT


@pytest.mark.parametrize("version", [1, 2])
def test_reading_an_older_store_leaves_it_as_it_is(
    place: Place, store: Store, version: int
) -> None:
    place.load(f"schema-{version}")
    before = [place.tables(), place.sql(VERSIONS), shape(place)]
    records = store.read(deleted=True)
    (edge,) = records.aggregates
    assert (edge.name, edge.hosts, edge.availability_zone) == ("edge", ("cmp-1",), "zone-1")
    assert records.services[0].disabled_reason == "new disks"
    assert [m.name for m in records.maintenances] == ["disks"][: version - 1]
    assert (dict(records.updates), records.deleted) == ({}, ())
    assert [place.tables(), place.sql(VERSIONS), shape(place)] == before


def test_the_first_write_upgrades_an_older_store(place: Place, store: Store) -> None:
    place.load("schema-1")
    write(store)
    number = store.journal.begin(Maintenance(host="cmp-1", name="disks"))

    assert place.sql(VERSIONS) == CURRENT
    assert place.sql("SELECT value FROM xenfleet_aggregate_metadata ORDER BY key") == [
        ("zone-1",),
        ("r8",),
    ]
    assert place.sql("SELECT name FROM xenfleet_hosts") == [("cmp-1",)]
    assert place.sql("SELECT id, phase FROM xenfleet_maintenances") == [(number, "draining")]


def test_the_first_note_of_a_change_upgrades_an_older_store(place: Place, store: Store) -> None:
    place.load("schema-2")
    store.servers.changed(["v-1"])
    assert place.sql(VERSIONS) == CURRENT
    assert place.sql("SELECT server_uuid FROM xenfleet_server_updates") == [("v-1",)]
    assert place.sql("SELECT server, status FROM xenfleet_migrations") == [("web1", "completed")]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_upgraded_store_is_like_a_new_one(
    kind: str, version: int, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(kind)
    place.open().aggregates.create("edge", None)
    new = shape(place)
    for table in place.tables():
        place.sql(f"DROP TABLE {table}{' CASCADE' if kind == 'postgresql' else ''}")
    place.load(f"schema-{version}")
    assert shape(place) != new
    write(place.open())
    assert shape(place) == new


def test_a_failed_upgrade_leaves_the_older_store(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_connection: object) -> None:
        raise StoreError("upgrade", "broken off")

    steps: tuple[Callable[..., None], ...] = (*schema.UPGRADES, break_off)
    monkeypatch.setattr(schema, "UPGRADES", steps)
    monkeypatch.setattr(schema, "RELEASES", (*schema.RELEASES, "9.0.0"))
    place.load("schema-1")
    before = [place.tables(), place.sql(VERSIONS), shape(place)]
    with pytest.raises(StoreError, match="broken off"):
        write(store)
    assert [place.tables(), place.sql(VERSIONS), shape(place)] == before


@pytest.mark.parametrize("use", [Store.read, write], ids=["read", "written"])
def test_a_newer_store_is_refused(
    place: Place, store: Store, use: Callable[[Store], object]
) -> None:
    store.aggregates.create("edge", None)
    place.sql("INSERT INTO xenfleet_schema VALUES (99, '7.2.0', '2031-01-01T00:00:00Z')")
    with pytest.raises(
        StoreError, match=r"schema version 99, .* Use xenfleet\.compute 7\.2\.0 or later"
    ):
        use(place.open())
    assert place.sql("SELECT * FROM xenfleet_aggregate_metadata") == []
