# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema's version: noted with the tables, and refused when it is another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import StoreError

VERSIONS = "SELECT version, release FROM xenfleet_schema"
CURRENT = [(1, "0.1.0")]


def write(store: Store) -> None:
    store.aggregates.set_metadata("edge", {"rack": "r8"})


def test_a_new_store_has_the_current_version(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    assert place.sql(VERSIONS) == CURRENT
    write(place.open())
    assert place.sql(VERSIONS) == CURRENT


@pytest.mark.parametrize("use", [Store.read, write], ids=["read", "written"])
def test_a_newer_store_is_refused(
    place: Place, store: Store, use: Callable[[Store], object]
) -> None:
    store.aggregates.create("edge", None)
    place.sql("INSERT INTO xenfleet_schema VALUES (99, '7.2.0', '2031-01-01T00:00:00Z')")
    before = place.contents()
    with pytest.raises(
        StoreError,
        match=r"schema version 99, this collection knows 1\. Use xenfleet\.compute 7\.2\.0 or later",
    ):
        use(place.open())
    assert place.contents() == before
