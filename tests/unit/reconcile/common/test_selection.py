# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of servers, services and hosts."""

from __future__ import annotations

import pytest
from unit.fleets import fleet, host, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import InvalidError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.common.selection import (
    filter_hosts,
    filter_services,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.filters import (
    ServerFilter,
    filter_servers,
)

FLEET = fleet(
    [host("xen1", "p"), host("xen10", "p"), host("Xen2", "p")],
    [Aggregate("a", {"availability_zone": "east"}, ("xen1",))],
    servers=[
        server("test21", "xen1", "p"),
        server("t14", "xen10", "p"),
        server("t1", "xen1", "p", status="PAUSED"),
        server("test11", None, "p"),
    ],
)

SERVERS = {
    "all, by name": (ServerFilter(), ["t1", "t14", "test11", "test21"]),
    "a name anywhere": (ServerFilter(name="t1"), ["t1", "t14", "test11"]),
    "exactly a name": (ServerFilter(name="^t1$"), ["t1"]),
    "one of two": (ServerFilter(name="4|21"), ["t14", "test21"]),
    "a host": (ServerFilter(host="xen1"), ["t1", "test21"]),
    "not a part of a host's name": (ServerFilter(host="xen"), []),
    "a status": (ServerFilter(status="PAUSED"), ["t1"]),
    "a status in small letters": (ServerFilter(status="shutoff"), ["test11"]),
    "a zone": (ServerFilter(zone="east"), ["t1", "test21"]),
    "the default zone": (ServerFilter(zone="nova"), ["t14"]),
    "an id": (ServerFilter(ids=("uuid-t14",)), ["t14"]),
    "several ids": (ServerFilter(ids=("uuid-t14", "uuid-t1", "uuid-x")), ["t1", "t14"]),
    "several at once": (ServerFilter(zone="east", status="ACTIVE"), ["test21"]),
    "nothing": (ServerFilter(name="^x"), []),
}


@pytest.mark.parametrize(("wanted", "names"), SERVERS.values(), ids=SERVERS)
def test_servers(wanted: ServerFilter, names: list[str]) -> None:
    assert [s.name for s in filter_servers(FLEET, wanted)] == names


@pytest.mark.parametrize("pattern", ["(", "*web", "[a"])
def test_bad_pattern(pattern: str) -> None:
    with pytest.raises(InvalidError, match="is no regular expression"):
        filter_servers(FLEET, ServerFilter(name=pattern))


def test_unknown_status() -> None:
    with pytest.raises(InvalidError, match="Use one of ACTIVE, BUILD,"):
        filter_servers(FLEET, ServerFilter(status="RUNNING"))


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        (None, None, ["Xen2", "xen1", "xen10"]),
        ("xen1", None, ["xen1"]),
        (None, "xen1", ["xen1", "xen10"]),
        (None, "xen2", ["Xen2"]),
        ("xen1", "10", []),
        (None, "^x", []),
    ],
)
def test_hosts(name: str | None, pattern: str | None, expected: list[str]) -> None:
    assert [h.name for h in filter_hosts(FLEET, name, pattern)] == expected


@pytest.mark.parametrize(
    ("name", "binary", "expected"),
    [
        (None, None, 3),
        ("xen1", None, 1),
        ("xen", None, 0),
        (None, "nova-compute", 3),
        (None, "nova-conductor", 0),
    ],
)
def test_services(name: str | None, binary: str | None, expected: int) -> None:
    assert len(filter_services(FLEET, name, binary)) == expected
