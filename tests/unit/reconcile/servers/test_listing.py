# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a control plane for a list of servers, and which page of it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fleets import fleet, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.access import Address
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    InvalidError,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet, Server
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    ADDRESSES,
    AGGREGATES,
    SERVERS,
    Page,
    Past,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA, XAPI
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.common.paging import (
    check_limit,
    sort_order,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.filters import (
    ServerFilter,
    check_filter,
    check_filter_supported,
    filter_servers,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.listing import (
    SORT_KEYS,
    listed,
    narrowed,
    with_page,
)


def one(name: str, on: str | None, uuid: str, created_at: str | None) -> Server:
    return replace(server(name, on, created_at=created_at), id=uuid)


FLEET = fleet(
    servers=[
        one("b", "xen2", "2", "2026-01-02T00:00:00Z"),
        one("a", None, "3", "2026-01-01T00:00:00Z"),
        one("c", "xen1", "1", "2026-01-02T00:00:00Z"),
    ]
)
NEWEST = (("created_at", "desc"),)
PAGES: dict[str, tuple[Page, str]] = {
    "by name": (Page(limit=9), "abc"),
    "the first": (Page(limit=1), "a"),
    "after one": (Page(marker="3"), "bc"),
    "one after one": (Page(1, "2"), "c"),
    "after the last": (Page(1, "1"), ""),
    "the newest first, and then by uuid": (Page(sort=NEWEST), "cba"),
    "one after one, the newest first": (Page(1, "1", NEWEST), "b"),
    "the oldest first": (Page(sort=(("created_at", "asc"),)), "acb"),
    "what is nowhere comes first": (Page(sort=(("host", "asc"),)), "acb"),
    "and last": (Page(sort=(("host", "desc"),)), "bca"),
    "by several": (Page(sort=(("created_at", "desc"), ("display_name", "asc"))), "bca"),
    "by uuid": (Page(sort=(("uuid", "desc"),)), "abc"),
}


def names(fleet: Fleet, page: Page | None, **wanted: Any) -> str:
    return "".join(s.name for s in listed(fleet, ServerFilter(**wanted), page))


@pytest.mark.parametrize(("page", "expected"), PAGES.values(), ids=PAGES)
def test_pages(page: Page, expected: str) -> None:
    assert names(FLEET, page) == expected


def test_a_limit_counts_those_that_match_and_a_marker_need_not() -> None:
    assert names(FLEET, Page(1), host="xen1") == "c"
    assert names(FLEET, Page(1, "2"), host="xen1") == "c"


def test_a_page_that_the_control_plane_has_cut_is_shown_as_it_came() -> None:
    paged = replace(FLEET, paged=frozenset({SERVERS}))
    assert names(paged, Page(2, "elsewhere", NEWEST)) == "ba"
    assert names(paged, Page(1, "elsewhere", NEWEST), host="xen1") == "c"


def test_a_marker_that_nobody_has() -> None:
    silent = replace(FLEET, unreachable={"http://xen9": "timed out"})
    with pytest.raises(InvalidError, match="marker 9: no server has this id; no answer came from"):
        names(silent, Page(marker="9"))


SORTS = st.lists(
    st.tuples(st.sampled_from(sorted(SORT_KEYS)), st.sampled_from(["asc", "desc"])), max_size=3
)
STATES = st.sampled_from([("xen1", "t2"), ("xen1", None), (None, "t1"), ("xen2", "t1")])


@given(st.lists(STATES, max_size=12), SORTS, st.integers(1, 5))
def test_pages_one_after_another_are_everything_once(
    states: list[tuple[str | None, str | None]], sort: list[tuple[str, str]], limit: int
) -> None:
    made = [one(f"s{n % 3}", on, f"{n}", t) for n, (on, t) in enumerate(states)]
    known = fleet(servers=made)
    whole = listed(known, ServerFilter(), Page(sort=tuple(sort)))
    found, marker = [], None
    while page := listed(known, ServerFilter(), Page(limit, marker, tuple(sort))):
        found += page
        marker = page[-1].id
    assert found == whole
    assert sorted(found, key=lambda s: s.id) == sorted(made, key=lambda s: s.id)


ORDERS = {
    "none": ((None, None), ()),
    "descending, where nothing is said": ((["host"], None), (("host", "desc"),)),
    "one for all": ((["host", "uuid"], ["asc"]), (("host", "asc"), ("uuid", "asc"))),
    "each": ((["host", "uuid"], ["asc", "desc"]), (("host", "asc"), ("uuid", "desc"))),
}


@pytest.mark.parametrize(("given", "expected"), ORDERS.values(), ids=ORDERS)
def test_directions(given: tuple[Any, Any], expected: Any) -> None:
    assert sort_order(*given) == expected


def test_directions_and_limits_that_make_no_sense() -> None:
    with pytest.raises(InvalidError, match="option sort_dir: there are 1 directions for 0"):
        sort_order(None, ["asc"])
    with pytest.raises(InvalidError, match="option limit: 0 is less than one"):
        check_limit(0)


# --- what is read ---------------------------------------------------------------------------------

READ: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "what Nova filters as we do": (
        {"project_id": "p", "image": "i"},
        {"project_id": "p", "image": "i"},
    ),
    "a whole address": ({"ip": "192.0.2.1"}, {"ip": "192.0.2.1"}),
    "as it is written normally": ({"ip6": "2001:DB8:0::1"}, {"ip6": "2001:db8::1"}),
    "not a regular expression": ({"ip": "192.0.2"}, {}),
    "not an address and a uuid, which Nova adds up": ({"ip": "192.0.2.1", "ids": ("1",)}, {}),
    "not what it takes otherwise": ({"name": "web", "zone": "a", "status": "ACTIVE"}, {}),
}


@pytest.mark.parametrize(("wanted", "query"), READ.values(), ids=READ)
def test_what_the_list_is_asked_for(wanted: dict[str, Any], query: dict[str, str]) -> None:
    assert narrowed(NOVA, ServerFilter(**wanted)).query == query


def test_what_is_read_with_servers() -> None:
    assert narrowed(XAPI, ServerFilter()).sections == {SERVERS}
    assert narrowed(XAPI, ServerFilter(aggregate="a")).sections == {SERVERS, AGGREGATES}
    assert narrowed(XAPI, ServerFilter(ip6="::1")).sections == {SERVERS, ADDRESSES}
    single = narrowed(XAPI, ServerFilter(ids=("1",), host="xen1"))
    assert (single.servers, single.hosts) == (("1",), None)
    several = narrowed(XAPI, ServerFilter(ids=("1", "2"), host="xen1"))
    assert (several.servers, several.hosts) == (None, ("xen1",))
    assert several.past == Past(soft_deleted=True)


LIMITS: dict[str, tuple[dict[str, Any], int | None]] = {
    "everything": ({}, 5),
    "filters of its own": ({"host": "c1", "user_id": "u", "flavor": "f"}, 5),
    "one uuid": ({"ids": ("1",)}, 5),
    "several uuids": ({"ids": ("1", "2")}, None),
    "a name": ({"name": "web"}, None),
    "a status": ({"status": "ACTIVE"}, None),
    "an address": ({"ip": "192.0.2.1"}, None),
    "the past": ({"changes_since": "2026-01-01"}, None),
}


@pytest.mark.parametrize(("wanted", "limit"), LIMITS.values(), ids=LIMITS)
def test_the_list_ends_where_nothing_is_left_out(wanted: dict[str, Any], limit: int | None) -> None:
    where = ServerFilter(**wanted)
    asked = with_page(NOVA, narrowed(NOVA, where), where, Page(5, "m", NEWEST))
    assert asked.pages[SERVERS] == Page(limit, "m", NEWEST)
    assert with_page(NOVA, asked, where, None) == asked
    by_name = with_page(NOVA, narrowed(NOVA, where), where, Page(marker="m"))
    assert by_name.pages[SERVERS].sort == (("display_name", "asc"),)


def test_a_page_that_the_list_would_leave_servers_out_of() -> None:
    """All are read, so that the marker is among them."""
    where = ServerFilter(host="c1")
    asked = narrowed(NOVA, where)
    by_host = (("uuid", "asc"), ("host", "asc"))
    assert with_page(NOVA, asked, where, Page(5, None, by_host)) == asked
    after = with_page(NOVA, asked, where, Page(5, "m", by_host))
    assert (after.pages, after.hosts) == ({}, None)


# --- filters --------------------------------------------------------------------------------------

REACHED = fleet(
    servers=[
        server(
            "web",
            "xen1",
            image="debian",
            flavor="small",
            user_id="u",
            reservation_id="r-1",
            addresses=(
                Address("10.0.0.1"),
                Address("2001:db8::1", 6),
                Address("203.0.113.9", type="floating"),
            ),
        ),
        server("db", "xen1", addresses=(Address("10.0.0.14"),)),
    ]
)
FILTERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an address is no part of another": ({"ip": "10.0.0.1"}, ["web"]),
    "a regular expression": ({"ip": "10.0.0"}, ["db", "web"]),
    "that holds from the beginning on": ({"ip": "0.0.1"}, []),
    "an address, however it is written": ({"ip6": "2001:DB8:0:0::1"}, ["web"]),
    "the beginning of one": ({"ip6": "2001:db8:"}, ["web"]),
    "no floating one": ({"ip": "203.0.113.9"}, []),
    "both": ({"ip": "10.0", "ip6": "2001"}, ["web"]),
    "an image": ({"image": "debian"}, ["web"]),
    "a flavor": ({"flavor": "small"}, ["web"]),
    "a user": ({"user_id": "u"}, ["web"]),
    "a reservation, exactly": ({"reservation_id": "r-"}, []),
}


@pytest.mark.parametrize(("wanted", "expected"), FILTERS.values(), ids=FILTERS)
def test_filters(wanted: dict[str, Any], expected: list[str]) -> None:
    assert [s.name for s in filter_servers(REACHED, ServerFilter(**wanted))] == expected


def test_images_and_flavors_that_nova_has_found_by_id_or_name() -> None:
    cloud = replace(REACHED, traits=NOVA)
    wanted = ServerFilter(image="7f3b", flavor="1")
    assert len(filter_servers(cloud, wanted)) == 2


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"ip": "::1"}, "option ip: ::1 is no IPv4 address. Use the option ip6"),
        ({"ip6": "10.0.0.1"}, "option ip6: 10.0.0.1 is no IPv6 address. Use the option ip"),
        ({"ip": "10.(0"}, "option ip: .* is no regular expression"),
    ],
)
def test_addresses_that_are_none(wanted: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        check_filter(ServerFilter(**wanted))


@pytest.mark.parametrize("name", ["flavor", "user_id", "reservation_id"])
def test_filters_that_xapi_has_nothing_for(name: str) -> None:
    wanted = ServerFilter(**{name: "x"})
    check_filter_supported(NOVA, wanted)
    with pytest.raises(UnsupportedError, match=f"filter {name}: X.*Leave it out"):
        check_filter_supported(XAPI, wanted)
