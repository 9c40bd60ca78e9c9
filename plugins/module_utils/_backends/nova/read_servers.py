# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of all projects, as Nova shows them to an admin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from ..._core.errors import NotFoundError
from ..._core.model import Server
from ..._core.reading import Past, Reading
from ..._core.units import MIB
from .addresses import addresses
from .api import PAGE, Api
from .times import timestamp

LEAST, MOST = "2.47", "2.96"
"""From 2.47 on a server has its flavor's sizes in it; up to 2.96 tags (2.26), locked_reason (2.73)
and pinned_availability_zone (2.96) are added and nothing that is used here is taken away.
"""
FOUND_ALONE = 10
"""Up to so many servers are looked for one by one, more of them in the list of all."""
POWER_STATES = {1: "Running", 3: "Paused", 4: "Halted", 6: "Halted", 7: "Suspended"}
"""nova/compute/power_state.py; CRASHED (6) does not run."""


def read_servers(api: Api, wanted: Reading) -> tuple[Server, ...]:
    """Those on the wanted hosts, and those named; all of them if neither is given."""
    by_id = {item["id"]: item for item in _items(api, wanted)}
    servers = (server(item) for item in by_id.values())
    return tuple(sorted(servers, key=lambda s: (s.name, s.id)))


def _items(api: Api, wanted: Reading) -> Iterator[Mapping[str, Any]]:
    named = wanted.servers or ()
    past = past_query(wanted.past)
    if wanted.hosts is None and wanted.servers is None:
        yield from listed_servers(api, **past)
    elif len(named) > FOUND_ALONE:
        yield from _live_first(listed_servers(api, soft_deleted=1), named)
    else:
        for host in wanted.hosts or ():
            yield from listed_servers(api, host=host, **past)
        for word in named:
            yield from _named(api, word, past)


def past_query(past: Past | None) -> dict[str, str | int]:
    """With ``deleted`` Nova lists those alone."""
    if past is None:
        return {}
    query = {
        "deleted": int(past.deleted),
        "soft_deleted": int(past.soft_deleted),
        "changes-since": past.changes_since,
    }
    return {key: value for key, value in query.items() if value}


def listed_servers(api: Api, **query: Any) -> Iterator[Mapping[str, Any]]:
    """Without all_tenants even an admin sees only the servers of one project."""
    return api.listed(
        "/servers/detail",
        "servers",
        api.version(LEAST, MOST),
        **{"all_tenants": 1, "limit": PAGE, **query},
    )


def _named(api: Api, word: str, past: Mapping[str, str | int]) -> Iterator[Mapping[str, Any]]:
    """By uuid, else by name, which Nova takes for a regular expression. Only the list shows deleted
    ones.
    """
    if is_uuid(word) and past:
        yield from listed_servers(api, uuid=word.lower(), **past)
        return
    if is_uuid(word):
        try:
            yield get_server(api, word)
        except NotFoundError:
            pass
        else:
            return
    matches = listed_servers(api, name=f"^{re.escape(word)}$", soft_deleted=1)
    yield from _live_first(matches, [word])


def _live_first(
    items: Iterable[Mapping[str, Any]], named: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    """Softly deleted servers, which can be restored, only where no other has the name asked for."""
    listed = list(items)
    softly = [item for item in listed if item.get("OS-EXT-STS:vm_state") == "soft-delete"]
    live = [item for item in listed if item not in softly]
    unmatched = set(named) - {item.get("name") for item in live}
    yield from live
    yield from (item for item in softly if item["id"] in named or item.get("name") in unmatched)


def is_uuid(word: str) -> bool:
    try:
        return str(UUID(word)) == word.lower()
    except ValueError:
        return False


def get_server(api: Api, server_id: str) -> Mapping[str, Any]:
    """NotFoundError if there is none."""
    body = api.get(f"/servers/{server_id}", api.version(LEAST, MOST))
    item: Mapping[str, Any] = body["server"]
    return item


def changed_servers(api: Api, since: str) -> Iterator[Mapping[str, Any]]:
    """Those that have changed since then (ISO 8601), the deleted ones among them."""
    return listed_servers(api, **{"changes-since": since})


def server(item: Mapping[str, Any]) -> Server:
    """Of a cell that is down only id, status UNKNOWN and project are shown, from 2.69 on; GET of
    one server shows flavor and zone, too.
    """
    flavor = item.get("flavor") or {}
    memory = int(flavor.get("ram") or 0) * MIB
    host = item.get("OS-EXT-SRV-ATTR:host") or None
    return Server(
        id=item["id"],
        name=item.get("name") or item["id"],
        status=item["status"],
        vm_state=item.get("OS-EXT-STS:vm_state") or "",
        task_state=item.get("OS-EXT-STS:task_state"),
        power_state=POWER_STATES.get(item.get("OS-EXT-STS:power_state") or 0, ""),
        host=host,
        node=item.get("OS-EXT-SRV-ATTR:hypervisor_hostname") if host else None,
        memory=memory,
        memory_max=memory,
        vcpus=int(flavor.get("vcpus") or 0),
        flavor=flavor.get("original_name") or "",
        local_disks=tuple(_local_disks(item, flavor)),
        metadata=dict(item.get("metadata") or {}),
        tags=tuple(_texts(item.get("tags"))),
        started_at=timestamp(item.get("OS-SRV-USG:launched_at")),
        updated_at=timestamp(item.get("updated")),
        created_at=timestamp(item.get("created")),
        terminated_at=timestamp(item.get("OS-SRV-USG:terminated_at")),
        zone=item.get("OS-EXT-AZ:availability_zone") or "",
        pinned_zone=item.get("pinned_availability_zone"),
        host_status=item.get("host_status") or "",
        locked=bool(item.get("locked")),
        locked_reason=item.get("locked_reason"),
        fault=str((item.get("fault") or {}).get("message") or ""),
        project_id=item.get("tenant_id"),
        user_id=item.get("user_id"),
        reservation_id=item.get("OS-EXT-SRV-ATTR:reservation_id"),
        # Empty for a server that was booted from a volume.
        image=(item.get("image") or {}).get("id"),
        addresses=addresses(item),
        access_ipv4=item.get("accessIPv4") or None,
        access_ipv6=item.get("accessIPv6") or None,
        progress=item.get("progress"),
    )


def _local_disks(item: Mapping[str, Any], flavor: Mapping[str, Any]) -> Iterator[str]:
    """``image`` is an empty string for a server that was booted from a volume. Whether hosts share the
    storage of these disks Nova finds out when it evacuates.
    """
    if item.get("image"):
        yield "root disk"
    for key in ("ephemeral", "swap"):
        if flavor.get(key):
            yield f"{key} disk"


def _texts(values: Sequence[Any] | None) -> list[str]:
    return sorted(str(value) for value in values or ())
