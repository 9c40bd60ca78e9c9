# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When servers were changed, and those that were deleted."""

from __future__ import annotations

import re
from dataclasses import replace

from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Server

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UPDATES = "SELECT server_uuid, updated_at FROM xenfleet_server_updates ORDER BY 1"
DELETED = "SELECT server, deleting_at, deleted_at FROM xenfleet_deleted_servers ORDER BY 1"
WEB1 = Server(
    id="5f0c6a1e-0000-4000-8000-000000000001",
    name="web1",
    status="ACTIVE",
    host="xen1",
    pool_id="5f0c6a1e-9999-4000-8000-000000000001",
    memory=1 << 30,
    memory_max=1 << 33,
    vcpus=2,
    metadata={"password": "hunter2"},
    tags=("hunter3",),
    created_at="2026-01-01T00:00:00Z",
    started_at="2026-01-02T00:00:00Z",
    locked=True,
    locked_reason="keep",
)


def test_the_time_of_the_last_change(place: Place, store: Store) -> None:
    store.servers.changed(["v-1", "v-2"])
    place.sql("UPDATE xenfleet_server_updates SET updated_at = '2026-01-01T00:00:00Z'")
    store.servers.changed(["v-2"])
    first, second = place.sql(UPDATES)
    assert first == ("v-1", "2026-01-01T00:00:00Z")
    assert STAMP.fullmatch(second[1])
    assert second[1] > first[1]
    assert store.read().updates == dict([first, second])


def test_a_deletion_that_was_begun(place: Place, store: Store) -> None:
    store.servers.deleting(WEB1)
    ((name, began, ended),) = place.sql(DELETED)
    assert (name, ended) == ("web1", None)
    assert STAMP.fullmatch(began)
    assert place.sql(UPDATES) == [(WEB1.id, began)]
    (deleted,) = store.read(deleted=True).deleted
    assert (deleted.updated_at, deleted.terminated_at) == (began, None)


def test_a_deleted_server_is_kept_without_what_may_be_secret(place: Place, store: Store) -> None:
    store.servers.deleting(WEB1)
    store.servers.deleted(WEB1.id)
    ((_name, _began, ended),) = place.sql(DELETED)
    assert place.sql(UPDATES) == []
    assert "hunter" not in place.contents()
    (deleted,) = store.read(deleted=True).deleted
    assert deleted == replace(
        WEB1,
        status="DELETED",
        vm_state="deleted",
        power_state="",
        memory=0,
        metadata={},
        tags=(),
        updated_at=ended,
        terminated_at=ended,
    )
    assert store.read().deleted == ()


def test_a_deletion_that_is_begun_again(place: Place, store: Store) -> None:
    store.servers.deleting(WEB1)
    store.servers.deleting(replace(WEB1, host="xen2"))
    (deleted,) = store.read(deleted=True).deleted
    assert deleted.host == "xen2"
    assert len(place.sql(DELETED)) == 1


def test_deletions_long_past_are_forgotten_with_the_next(place: Place, store: Store) -> None:
    store.servers.deleting(WEB1)
    store.servers.deleted(WEB1.id)
    place.sql("UPDATE xenfleet_deleted_servers SET deleting_at = '2026-01-01T00:00:00Z'")
    assert len(store.read(deleted=True).deleted) == 1
    store.servers.deleting(replace(WEB1, id="5f0c6a1e-0000-4000-8000-000000000002", name="web2"))
    assert [row[0] for row in place.sql(DELETED)] == ["web2"]
