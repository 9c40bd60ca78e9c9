# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema's version: noted with the tables, and refused when it is another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import StoreError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Maintenance

VERSIONS = "SELECT version, release FROM xenfleet_schema"
CURRENT = [(2, "0.1.0")]


def write(store: Store) -> None:
    store.aggregates.set_metadata("edge", {"rack": "r8"})


def test_a_new_store_has_the_current_version(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    assert place.sql(VERSIONS) == CURRENT
    write(place.open())
    assert place.sql(VERSIONS) == CURRENT


def aged(place: Place) -> None:
    """As the tables of version 1 were."""
    place.sql("ALTER TABLE xenfleet_maintenances DROP COLUMN booted_at")
    place.sql("UPDATE xenfleet_schema SET version = 1")


@pytest.mark.parametrize("use", [Store.read, write], ids=["read", "written"])
def test_an_older_store_is_brought_up_to_date(
    place: Place, store: Store, use: Callable[[Store], object]
) -> None:
    store.aggregates.create("edge", None)
    store.journal.begin(Maintenance(host="cmp-1", name="disks"))
    aged(place)
    use(place.open())
    assert place.sql(f"{VERSIONS} ORDER BY version") == [(1, "0.1.0"), *CURRENT]
    (kept,) = place.open().read().maintenances
    assert (kept.name, kept.booted_at) == ("disks", None)


@pytest.mark.parametrize("use", [Store.read, write], ids=["read", "written"])
def test_a_newer_store_is_refused(
    place: Place, store: Store, use: Callable[[Store], object]
) -> None:
    store.aggregates.create("edge", None)
    place.sql("INSERT INTO xenfleet_schema VALUES (99, '7.2.0', '2031-01-01T00:00:00Z')")
    before = place.contents()
    with pytest.raises(
        StoreError,
        match=r"schema version 99, this collection knows 2\. Use xenfleet\.compute 7\.2\.0 or later",
    ):
        use(place.open())
    assert place.contents() == before
