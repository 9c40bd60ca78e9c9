# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose servers as the Compute API's list does: regular expressions for names, else exact values.

Source: nova/api/openstack/compute/servers.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..._core.errors import InvalidError, UnsupportedError, joined
from ..._core.model import Fleet, Server
from ..._core.reading import Past
from ..._core.status import BY_VM_STATE, STATUSES, TASK_STATES
from ..._core.traits import Traits
from ..common.aggregates import find_aggregate
from .ip_filter import check_ip, has_address


@dataclass(frozen=True)
class ServerFilter:
    """None filters nothing. ``name`` is a regular expression found anywhere in the name, ``ip`` and
    ``ip6`` are as ip_filter.py has them, the others are compared exactly. Deleted servers are left
    out unless ``deleted``, ``changes_since`` or their status or vm_state is asked for, softly
    deleted ones unless that or ``soft_deleted`` is.
    """

    ids: tuple[str, ...] | None = None
    name: str | None = None
    host: str | None = None
    status: str | None = None
    zone: str | None = None
    vm_state: str | None = None
    task_state: str | None = None
    aggregate: str | None = None
    project_id: str | None = None
    user_id: str | None = None
    reservation_id: str | None = None
    image: str | None = None
    flavor: str | None = None
    ip: str | None = None
    ip6: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    """Tags that it has all of; then any of, not all of, none of."""
    tags_any: Sequence[str] = ()
    not_tags: Sequence[str] = ()
    not_tags_any: Sequence[str] = ()
    locked: bool | None = None
    changes_since: str | None = None
    deleted: bool = False
    soft_deleted: bool = False


def check_filter(wanted: ServerFilter) -> None:
    """InvalidError for what no fleet could match: a pattern that is no regular expression, a status
    or state that does not exist, a time that is none.
    """
    _pattern(wanted.name)
    _status(wanted.status)
    _state("vm_state", wanted.vm_state, BY_VM_STATE)
    _state("task_state", wanted.task_state, TASK_STATES)
    _moment(wanted.changes_since)
    check_ip("ip", wanted.ip, 4)
    check_ip("ip6", wanted.ip6, 6)


def check_filter_supported(traits: Traits, wanted: ServerFilter) -> None:
    """UnsupportedError for a filter by what servers don't have on this control plane."""
    for key, limit in traits.unsupported.items():
        kind, _space, name = key.partition(" ")
        if kind == "filter" and getattr(wanted, name) is not None:
            raise UnsupportedError(f"filter {name}", *limit)


def past(wanted: ServerFilter) -> Past | None:
    """What of the past has to be read for it."""
    softly = wanted.soft_deleted or _asks_for(wanted, "soft-delete")
    deleted = wanted.deleted or _asks_for(wanted, "deleted")
    since = _moment(wanted.changes_since)
    if not (softly or deleted or since):
        return None
    return Past(deleted, softly, None if since is None else f"{since:%Y-%m-%dT%H:%M:%SZ}")


def _asks_for(wanted: ServerFilter, vm_state: str) -> bool:
    return vm_state == wanted.vm_state or BY_VM_STATE[vm_state] == _status(wanted.status)


def filter_servers(fleet: Fleet, wanted: ServerFilter) -> list[Server]:
    """By name. Raises as ``check_filter``."""
    check_filter(wanted)
    hosts = _hosts(fleet, wanted.aggregate)
    servers = [s for s in fleet.servers if _fits(fleet, s, wanted, hosts)]
    return sorted(servers, key=lambda s: (s.name, s.id))


def _hosts(fleet: Fleet, aggregate: str | None) -> frozenset[str] | None:
    if aggregate is None:
        return None
    members = find_aggregate(fleet, aggregate)
    if members is None:
        raise InvalidError(
            f"aggregate {aggregate}",
            f"it does not exist; there are {joined([a.name for a in fleet.aggregates])}",
            "Correct the name or id",
        )
    return frozenset(members.hosts)


def _fits(fleet: Fleet, server: Server, wanted: ServerFilter, hosts: frozenset[str] | None) -> bool:
    status = _status(wanted.status)
    pattern = _pattern(wanted.name)
    exact = (
        (wanted.host, server.host),
        (status, server.status),
        (wanted.zone, server_zone(fleet, server)),
        (wanted.vm_state, server.vm_state),
        (wanted.task_state, server.task_state),
        (wanted.project_id, server.project_id),
        (wanted.user_id, server.user_id),
        (wanted.reservation_id, server.reservation_id),
        (wanted.locked, server.locked),
    )
    return (
        all(value is None or value == actual for value, actual in exact)
        and (wanted.ids is None or server.id in wanted.ids)
        and _found(fleet.traits, server, wanted)
        and (pattern is None or pattern.search(server.name) is not None)
        and (hosts is None or server.host in hosts)
        and wanted.metadata.items() <= dict(server.metadata).items()
        and _tagged(server, wanted)
        and has_address(server, wanted.ip, 4)
        and has_address(server, wanted.ip6, 6)
        and _changed(server, _moment(wanted.changes_since))
        and _alive(server, wanted)
    )


def _found(traits: Traits, server: Server, wanted: ServerFilter) -> bool:
    """Images and flavors have names and ids, of which a server shows one; a control plane with a
    filter for them has applied it.
    """
    return all(
        name in traits.filters or getattr(wanted, name) in (None, actual)
        for name, actual in (("image", server.image), ("flavor", server.flavor))
    )


def _tagged(server: Server, wanted: ServerFilter) -> bool:
    has = set(server.tags)
    return (
        set(wanted.tags) <= has
        and (not wanted.tags_any or bool(has & set(wanted.tags_any)))
        and (not wanted.not_tags or not set(wanted.not_tags) <= has)
        and not has & set(wanted.not_tags_any)
    )


def _changed(server: Server, since: datetime | None) -> bool:
    """One whose last change nobody knows has not changed, as Nova's query has it."""
    if since is None:
        return True
    changed = _moment(server.updated_at)
    return changed is not None and changed >= since


def _alive(server: Server, wanted: ServerFilter) -> bool:
    """Whether its being deleted or not is what is asked for; a uuid asks for whatever it is. Nova
    counts softly deleted servers among the deleted ones (nova/db/main/api.py).
    """
    if server.vm_state not in ("deleted", "soft-delete"):
        return not wanted.deleted
    softly = wanted.soft_deleted and server.vm_state == "soft-delete"
    asked = wanted.deleted or softly or _asks_for(wanted, server.vm_state)
    return asked or wanted.ids is not None or wanted.changes_since is not None


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as exc:
        raise InvalidError(
            "option name",
            f"{text!r} is no regular expression: {exc}",
            "Escape special characters with a backslash; ^NAME$ matches one name exactly",
        ) from exc


def _status(text: str | None) -> str | None:
    if text is None or text.upper() in STATUSES:
        return text and text.upper()
    raise InvalidError(
        "option status",
        f"{text!r} is no server status",
        f"Use one of {joined(sorted(STATUSES), most=len(STATUSES))}",
    )


def _state(option: str, text: str | None, known: Collection[str]) -> None:
    if text is not None and text not in known:
        raise InvalidError(
            f"option {option}",
            f"{text!r} is no {option}",
            f"Use one of {joined(sorted(known), most=len(known))}",
        )


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError as exc:
        raise InvalidError(
            "option changes_since", f"{text!r} is no time", "Write it as 2026-01-31T12:00:00Z"
        ) from exc
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def server_zone(fleet: Fleet, server: Server) -> str | None:
    """The zone that Nova reports, or that of its host; None without one."""
    if server.zone is not None:
        return server.zone or None
    return fleet.zone_of(server.host) if server.host else None
