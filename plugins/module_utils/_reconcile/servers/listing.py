# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""List servers: what is asked of the control plane for it, and the page that is shown.

What the plane's own list can do is left to it; the rest is done to what was read, so that the same
servers are found in the same order either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..._core.model import Fleet, Server
from ..._core.reading import ADDRESSES, AGGREGATES, SERVERS, Page, Past, Reading, reading
from ..._core.traits import Traits
from ..common.paging import ASCENDING, page_of
from .filters import ServerFilter, filter_servers, past
from .ip_filter import one_address

BY_NAME = (("display_name", ASCENDING),)

POWER_STATES: Mapping[str, int] = {"Running": 1, "Paused": 3, "Halted": 4, "Suspended": 7}
"""XAPI's power states as Nova's numbers (nova/compute/power_state.py)."""

SORT_KEYS: Mapping[str, Callable[[Server], Any]] = {
    "created_at": lambda s: s.created_at,
    "display_name": lambda s: s.name,
    "host": lambda s: s.host,
    "launched_at": lambda s: s.started_at,
    "node": lambda s: s.node or s.host,
    "power_state": lambda s: POWER_STATES.get(s.power_state, 0),
    "project_id": lambda s: s.project_id,
    "task_state": lambda s: s.task_state,
    "terminated_at": lambda s: s.terminated_at,
    "updated_at": lambda s: s.updated_at,
    "user_id": lambda s: s.user_id,
    "uuid": lambda s: s.id,
    "vm_state": lambda s: s.vm_state,
}
"""Those of Nova's that both control planes have a value for (nova/api/openstack/compute/schemas/servers.py)."""


def narrowed(traits: Traits, wanted: ServerFilter, *sections: str) -> Reading:
    """A reading of servers, no larger than this filter needs; the filter judges what is read anyway.
    Several uuids are read at once, with all servers: the Compute API takes one.
    """
    some = {SERVERS, *sections}
    if wanted.aggregate is not None:
        some.add(AGGREGATES)
    if wanted.ip is not None or wanted.ip6 is not None:
        some.add(ADDRESSES)
    alone = len(wanted.ids or ()) == 1
    before = past(wanted)
    if wanted.ids and not alone:
        # Those that are softly deleted are found by their uuids, as each alone is.
        before = replace(before or Past(), soft_deleted=True)
    asked = reading(
        *some,
        hosts=None if wanted.host is None or alone else [wanted.host],
        servers=wanted.ids if alone else None,
        past=before,
    )
    return replace(asked, query=_query(traits, wanted))


def _query(traits: Traits, wanted: ServerFilter) -> dict[str, str]:
    """The list's own filters; it finds more by an address than the one that is meant."""
    own = {name: getattr(wanted, name) for name in sorted(traits.filters)}
    # Together with a uuid, Nova finds those with the address, and that one (nova/compute/api.py get_all).
    if not wanted.ids:
        own |= {"ip": one_address(wanted.ip), "ip6": one_address(wanted.ip6)}
    return {name: value for name, value in own.items() if value is not None}


def with_page(traits: Traits, asked: Reading, wanted: ServerFilter, page: Page | None) -> Reading:
    """The reading with that page of it, if the control plane can sort so; else the marker has to be
    among what is read. The page has an end where nothing that is read can be left out.
    """
    if page is None:
        return asked
    sort = page.sort or BY_NAME
    if not {key for key, _direction in sort} <= traits.sort_keys:
        return replace(asked, hosts=None, servers=None) if page.marker else asked
    limit = page.limit if _found_by_the_list(traits, wanted) else None
    return asked.with_page(SERVERS, Page(limit, page.marker, sort))


def _found_by_the_list(traits: Traits, wanted: ServerFilter) -> bool:
    applied: dict[str, Any] = dict.fromkeys(("host", *traits.filters))
    rest = replace(wanted, **applied)
    return rest in (ServerFilter(), ServerFilter(ids=wanted.ids and wanted.ids[:1]))


def listed(fleet: Fleet, wanted: ServerFilter, page: Page | None) -> list[Server]:
    """Those that match, by name or as the page has it."""
    found = filter_servers(fleet, wanted)
    if page is None:
        return found
    ids = {server.id for server in found}
    page = replace(page, sort=page.sort or BY_NAME)
    return page_of(fleet, SERVERS, fleet.servers, page, lambda s: s.id in ids, SORT_KEYS)
