# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a filter has to read of the past, and what it makes of deleted servers and times."""

from __future__ import annotations

from typing import Any

import pytest
from unit.fleets import fleet, host, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import InvalidError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Pool,
    Records,
    Server,
    XenView,
    latest,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import Past
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.assemble import assemble
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.filters import (
    ServerFilter,
    filter_servers,
    past,
)

NOON = "2026-01-31T12:00:00Z"
PAST: dict[str, tuple[dict[str, Any], Past | None]] = {
    "nothing": ({"name": "web", "status": "active", "vm_state": "active"}, None),
    "a status of the past": ({"status": "deleted"}, Past(deleted=True)),
    "a vm_state of the past": ({"vm_state": "soft-delete"}, Past(soft_deleted=True)),
    "a flag": ({"soft_deleted": True}, Past(soft_deleted=True)),
    "a time, in UTC and whole seconds": (
        {"changes_since": "2026-01-31T14:00:00.7+02:00"},
        Past(changes_since=NOON),
    ),
    "a time without an offset": ({"changes_since": "2026-01-31 12:00"}, Past(changes_since=NOON)),
    "a flag and a time": ({"deleted": True, "changes_since": NOON}, Past(True, False, NOON)),
}


@pytest.mark.parametrize(("filters", "expected"), PAST.values(), ids=PAST)
def test_what_has_to_be_read_of_the_past(filters: dict[str, Any], expected: Past | None) -> None:
    assert past(ServerFilter(**filters)) == expected


@pytest.mark.parametrize("filters", [{"vm_state": "ACTIVE"}, {"task_state": "rebooting-hard"}])
def test_states_that_do_not_exist(filters: dict[str, Any]) -> None:
    ((option, _value),) = filters.items()
    with pytest.raises(InvalidError, match=f"option {option}: .* is no {option}. Use one of"):
        filter_servers(fleet([host("xen1")]), ServerFilter(**filters))


TIMES = {
    "to the second": ("2026-01-31T12:00:00Z", ["on time", "later"]),
    "between two seconds": ("2026-01-31T12:00:00.5Z", ["later"]),
    "elsewhere": ("2026-01-31T14:00:00+02:00", ["on time", "later"]),
}


@pytest.mark.parametrize(("since", "names"), TIMES.values(), ids=TIMES)
def test_changes_since(since: str, names: list[str]) -> None:
    times = {
        "never": None,
        "earlier": "2026-01-31T11:59:59Z",
        "on time": NOON,
        "later": "2027-01-01T00:00:00Z",
    }
    servers = [server(name, "xen1", updated_at=time) for name, time in times.items()]
    servers = filter_servers(
        fleet([host("xen1")], servers=servers), ServerFilter(changes_since=since)
    )
    assert sorted(s.name for s in servers) == sorted(names)


def gone(name: str, pool_id: str = "p", terminated_at: str | None = None) -> Server:
    return server(
        name, pool_id=pool_id, vm_state="deleted", updated_at=NOON, terminated_at=terminated_at
    )


def test_deletions_on_record() -> None:
    """One that was not seen to end has, if its pool no longer knows the server."""
    view = XenView(pools=(Pool(id="p", name="", coordinator="xen1"),), servers=(server("back"),))
    deleted = (
        gone("seen", "silent", "2026-01-31T12:00:05Z"),
        gone("unseen"),
        gone("unknown", "silent"),
        gone("back"),
    )
    fleet = assemble(Records(deleted=deleted), view)
    assert {s.name: s.terminated_at for s in fleet.servers} == {
        "back": None,
        "seen": "2026-01-31T12:00:05Z",
        "unseen": NOON,
    }


def test_the_last_change_is_the_later_of_record_and_start() -> None:
    servers = tuple(server(name, updated_at=NOON) for name in ("a", "b", "c"))
    updates = {"uuid-a": "2026-01-31T11:00:00Z", "uuid-b": "2026-01-31T13:00:00Z"}
    fleet = assemble(Records(updates=updates), XenView(servers=servers))
    assert [s.updated_at for s in fleet.servers] == [NOON, "2026-01-31T13:00:00Z", NOON]
    assert latest(None, None) is None
