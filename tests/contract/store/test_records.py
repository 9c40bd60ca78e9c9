# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aggregates and services: what is stored, and what is refused as the Compute API refuses it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from contract.store.conftest import Place

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Records
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import (
    JournalPort,
    RecordPort,
    ServicePort,
)

ONE, TWO, THREE = (f"7d3b2c1e-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
MEMBERS = """SELECT a.name, h.name, h.uuid FROM xenfleet_aggregate_hosts m
    JOIN xenfleet_aggregates a ON a.id = m.aggregate_id
    JOIN xenfleet_hosts h ON h.uuid = m.host_uuid ORDER BY m.id"""
ITEMS = "SELECT key, value FROM xenfleet_aggregate_metadata ORDER BY key"
SERVICES = """SELECT h.name, s.disabled, s.disabled_reason, s.forced_down FROM xenfleet_services s
    JOIN xenfleet_hosts h ON h.uuid = s.host_uuid ORDER BY h.name"""
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_each_port_has_its_methods(store: Store) -> None:
    """mypy does the comparing; assigning is all there is to run."""
    records: RecordPort = store.aggregates
    services: ServicePort = store.services
    journal: JournalPort = store.journal
    assert len({id(records), id(services), id(journal)}) == 3


def test_new_aggregate(place: Place, store: Store) -> None:
    store.aggregates.create("edge", "zone-1")
    store.aggregates.create("core", None)

    rows = place.sql(
        "SELECT id, uuid, name, created_at, updated_at FROM xenfleet_aggregates ORDER BY id"
    )
    assert [(row[0], row[2], row[4]) for row in rows] == [(1, "edge", None), (2, "core", None)]
    assert all(len(row[1]) == 36 and STAMP.fullmatch(row[3]) for row in rows)
    assert place.sql(ITEMS) == [("availability_zone", "zone-1")]
    edge, core = store.read().aggregates
    assert (edge.id, edge.uuid, edge.availability_zone) == (1, rows[0][1], "zone-1")
    assert (core.name, dict(core.metadata), core.hosts) == ("core", {}, ())


def test_changed_aggregate(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    store.aggregates.set_zone("edge", "zone-1")
    store.aggregates.set_zone("edge", "zone-2")
    store.aggregates.set_metadata("edge", {"rack": "r7", "row": ""})
    store.aggregates.set_metadata("edge", {"rack": None, "absent": None, "ssd": "true"})
    store.aggregates.rename("edge", "far edge")
    store.aggregates.rename("far edge", "far edge")

    assert place.sql(ITEMS) == [("availability_zone", "zone-2"), ("row", ""), ("ssd", "true")]
    ((name, updated_at),) = place.sql("SELECT name, updated_at FROM xenfleet_aggregates")
    assert name == "far edge"
    assert STAMP.fullmatch(updated_at)


def test_members_stay_in_order_of_joining(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    store.aggregates.add_host("edge", "cmp-2", TWO)
    store.aggregates.add_host("edge", "cmp-1", ONE)
    store.aggregates.add_host("edge", "cmp-3", THREE)
    store.aggregates.remove_host("edge", "cmp-2")
    store.aggregates.add_host("edge", "cmp-2", None)

    expected = ["cmp-1", "cmp-3", "cmp-2"]
    assert [host for _aggregate, host, _uuid in place.sql(MEMBERS)] == expected
    assert store.read().aggregates[0].hosts == tuple(expected)


def test_one_host_in_several_aggregates(place: Place, store: Store) -> None:
    for name in ("edge", "ssd"):
        store.aggregates.create(name, None)
        store.aggregates.add_host(name, "cmp-1", ONE)
    assert place.sql(MEMBERS) == [("edge", "cmp-1", ONE), ("ssd", "cmp-1", ONE)]


def test_deleted_aggregate_leaves_nothing_and_its_number_unused(place: Place, store: Store) -> None:
    store.aggregates.create("edge", "zone-1")
    store.aggregates.delete("edge")
    assert place.sql(ITEMS) == []
    store.aggregates.create("edge", None)
    assert place.sql("SELECT id FROM xenfleet_aggregates") == [(2,)]


REFUSALS: dict[str, tuple[Callable[[Store], object], type[FleetError], str]] = {
    "name in use, create": (
        lambda s: s.aggregates.create("edge", None),
        ConflictError,
        "aggregate edge: it exists already",
    ),
    "name in use, rename": (
        lambda s: s.aggregates.rename("core", "edge"),
        ConflictError,
        "aggregate edge: it exists already",
    ),
    "member already": (
        lambda s: s.aggregates.add_host("edge", "cmp-1", ONE),
        ConflictError,
        "aggregate edge: host cmp-1 is a member already",
    ),
    "member already, by name": (
        lambda s: s.aggregates.add_host("edge", "cmp-1", None),
        ConflictError,
        "aggregate edge: host cmp-1 is a member already",
    ),
    "host unknown": (
        lambda s: s.aggregates.add_host("edge", "cmp-9", None),
        NotFoundError,
        "host cmp-9",
    ),
    "host in other case": (
        lambda s: s.aggregates.add_host("core", "CMP-1", None),
        NotFoundError,
        "host CMP-1",
    ),
    "not a member": (
        lambda s: s.aggregates.remove_host("core", "cmp-1"),
        NotFoundError,
        "aggregate core: host cmp-1 is not a member",
    ),
    "not even known": (
        lambda s: s.aggregates.remove_host("core", "cmp-9"),
        NotFoundError,
        "aggregate core: host cmp-9 is not a member",
    ),
    "not empty": (lambda s: s.aggregates.delete("edge"), InvalidError, "aggregate edge: it has 1"),
    "rename unknown": (lambda s: s.aggregates.rename("x", "y"), NotFoundError, "aggregate x"),
    "zone of unknown": (lambda s: s.aggregates.set_zone("x", "z"), NotFoundError, "aggregate x"),
    "metadata of unknown": (
        lambda s: s.aggregates.set_metadata("x", {"k": "v"}),
        NotFoundError,
        "aggregate x",
    ),
    "host to unknown": (
        lambda s: s.aggregates.add_host("x", "cmp-1", ONE),
        NotFoundError,
        "aggregate x",
    ),
    "host from unknown": (
        lambda s: s.aggregates.remove_host("x", "cmp-1"),
        NotFoundError,
        "aggregate x",
    ),
    "delete unknown": (lambda s: s.aggregates.delete("x"), NotFoundError, "aggregate x"),
    "enable unknown": (lambda s: s.services.enable("cmp-9", None), NotFoundError, "host cmp-9"),
    "disable unknown": (
        lambda s: s.services.disable("cmp-9", None, None),
        NotFoundError,
        "host cmp-9",
    ),
    "force unknown": (
        lambda s: s.services.set_forced_down("cmp-9", None, True),
        NotFoundError,
        "host cmp-9",
    ),
    "forget unknown": (lambda s: s.services.delete("cmp-9"), NotFoundError, "host cmp-9"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(place: Place, store: Store, case: str) -> None:
    act, error, message = REFUSALS[case]
    store.aggregates.create("edge", "zone-1")
    store.aggregates.create("core", None)
    store.aggregates.add_host("edge", "cmp-1", ONE)
    before = [place.sql(q) for q in (MEMBERS, ITEMS, SERVICES, "SELECT * FROM xenfleet_hosts")]

    with pytest.raises(error, match=f"^{message}") as caught:
        act(store)

    assert caught.type is error
    assert caught.value.remedy
    after = [place.sql(q) for q in (MEMBERS, ITEMS, SERVICES, "SELECT * FROM xenfleet_hosts")]
    assert after == before


def test_services(place: Place, store: Store) -> None:
    store.services.disable("cmp-1", ONE, "new disks")
    store.services.set_forced_down("cmp-2", TWO, True)
    assert place.sql(SERVICES) == [
        ("cmp-1", True, "new disks", False),
        ("cmp-2", False, None, True),
    ]
    store.services.disable("cmp-1", None, None)
    store.services.set_forced_down("cmp-1", None, True)
    store.services.set_forced_down("cmp-2", TWO, False)
    assert place.sql(SERVICES) == [("cmp-1", True, None, True), ("cmp-2", False, None, False)]
    store.services.disable("cmp-1", ONE, "again")
    store.services.enable("cmp-1", ONE)
    assert place.sql(SERVICES) == [("cmp-1", False, None, True), ("cmp-2", False, None, False)]

    one, two = store.read().services
    assert (one.host, one.host_id, one.status, one.forced_down) == ("cmp-1", ONE, "enabled", True)
    assert (two.host, two.disabled_reason, two.forced_down) == ("cmp-2", None, False)
    assert STAMP.fullmatch(one.updated_at or "")


def test_a_member_has_a_service_even_when_nobody_sees_its_host(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    store.aggregates.add_host("edge", "cmp-1", ONE)
    assert place.sql(SERVICES) == []
    (service,) = store.read().services
    assert (service.host, service.host_id, service.status) == ("cmp-1", ONE, "enabled")
    assert service.forced_down is False


def test_forgotten_service_takes_its_memberships_along(place: Place, store: Store) -> None:
    for name in ("edge", "ssd"):
        store.aggregates.create(name, None)
        store.aggregates.add_host(name, "cmp-1", ONE)
    store.aggregates.add_host("ssd", "cmp-2", TWO)
    store.services.disable("cmp-1", ONE, None)
    store.services.delete("cmp-1")
    assert place.sql(MEMBERS) == [("ssd", "cmp-2", TWO)]
    assert place.sql(SERVICES) == []


@pytest.mark.parametrize(
    ("reported", "shown"),
    [
        ({}, ("cmp-1", "cmp-2")),
        ({ONE: "new-1"}, ("new-1", "cmp-2")),
        ({ONE: "cmp-2", TWO: "cmp-1"}, ("cmp-2", "cmp-1")),
        ({ONE: "cmp-2", TWO: "cmp-3"}, ("cmp-2", "cmp-3")),
        ({THREE: "cmp-1"}, (ONE, "cmp-2")),
        ({THREE: "cmp-3"}, ("cmp-1", "cmp-2")),
    ],
    ids=["as before", "renamed", "swapped", "moved up", "another one's name now", "a new one"],
)
def test_names_are_followed(
    place: Place, store: Store, reported: dict[str, str], shown: tuple[str, ...]
) -> None:
    store.aggregates.create("edge", None)
    store.aggregates.add_host("edge", "cmp-1", ONE)
    store.aggregates.add_host("edge", "cmp-2", TWO)

    store.follow(reported)
    assert store.read().aggregates[0].hosts == shown
    assert [row[1] for row in place.sql(MEMBERS)] == ["cmp-1", "cmp-2"]
    store.services.enable(shown[1], None)
    assert [row[1] for row in place.sql(MEMBERS)] == list(shown)
    store.aggregates.remove_host("edge", shown[0])
    assert [row[2] for row in place.sql(MEMBERS)] == [TWO]


def test_a_host_written_under_another_name_keeps_its_records(place: Place, store: Store) -> None:
    store.aggregates.create("edge", None)
    store.aggregates.add_host("edge", "cmp-1", ONE)
    store.services.disable("renamed", ONE, "why")
    assert place.sql(MEMBERS) == [("edge", "renamed", ONE)]
    assert store.read().services[0].host == "renamed"


def test_an_empty_database_reads_as_no_records(place: Place, store: Store) -> None:
    assert store.read() == Records()
