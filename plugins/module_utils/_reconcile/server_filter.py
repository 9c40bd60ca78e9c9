# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choosing servers as the Compute API's list does (nova/api/openstack/compute/servers.py): regular
expressions for names, exact values for all else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .._core.errors import InvalidError, UnsupportedError, joined
from .._core.model import Fleet, Server
from .._core.reading import Past
from .._core.status import STATUSES


@dataclass(frozen=True)
class ServerFilter:
    """None filters nothing. ``name`` is a regular expression found anywhere in the name, the others
    are compared exactly. Softly deleted servers are left out unless ``soft_deleted`` or their
    status is asked for, deleted ones unless ``deleted`` or ``changes_since`` is.
    """

    id: str | None = None
    name: str | None = None
    host: str | None = None
    status: str | None = None
    zone: str | None = None
    vm_state: str | None = None
    task_state: str | None = None
    aggregate: str | None = None
    project_id: str | None = None
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
    that does not exist, a time that is none.
    """
    _pattern(wanted.name)
    _status(wanted.status)
    _moment(wanted.changes_since)


def past(wanted: ServerFilter) -> Past | None:
    """What of the past has to be read for it."""
    softly = wanted.soft_deleted or (wanted.status or "").upper() == "SOFT_DELETED"
    deleted = wanted.deleted or (wanted.status or "").upper() == "DELETED"
    if not (softly or deleted or wanted.changes_since):
        return None
    return Past(deleted, softly, wanted.changes_since)


def filter_servers(fleet: Fleet, wanted: ServerFilter) -> list[Server]:
    """By name. Raises as ``check_filter``, and UnsupportedError for what this control plane does not
    keep.
    """
    check_filter(wanted)
    _check_kept(fleet, wanted)
    hosts = _hosts(fleet, wanted.aggregate)
    found = [s for s in fleet.servers if _fits(fleet, s, wanted, hosts)]
    return sorted(found, key=lambda s: (s.name, s.id))


def _check_kept(fleet: Fleet, wanted: ServerFilter) -> None:
    if fleet.scheduled:
        return
    for option, given in (("deleted", wanted.deleted), ("changes_since", wanted.changes_since)):
        if given:
            raise UnsupportedError(
                f"option {option}",
                "XAPI forgets a guest with its deletion, and keeps no time of its last change",
                "Leave it out on control_plane xapi",
            )


def _hosts(fleet: Fleet, aggregate: str | None) -> frozenset[str] | None:
    if aggregate is None:
        return None
    found = fleet.aggregate(aggregate)
    if found is None:
        raise InvalidError(
            f"aggregate {aggregate}",
            f"it does not exist; there are {joined([a.name for a in fleet.aggregates])}",
            "Correct the name",
        )
    return frozenset(found.hosts)


def _fits(fleet: Fleet, server: Server, wanted: ServerFilter, hosts: frozenset[str] | None) -> bool:
    status = _status(wanted.status)
    pattern = _pattern(wanted.name)
    exact = (
        (wanted.id, server.id),
        (wanted.host, server.host),
        (status, server.status),
        (wanted.zone, server_zone(fleet, server)),
        (wanted.vm_state, server.vm_state),
        (wanted.task_state, server.task_state),
        (wanted.project_id, server.project_id),
        (wanted.locked, server.locked),
    )
    return (
        all(value is None or value == seen for value, seen in exact)
        and (pattern is None or pattern.search(server.name) is not None)
        and (hosts is None or server.host in hosts)
        and wanted.metadata.items() <= dict(server.metadata).items()
        and _tagged(server, wanted)
        and _alive(server, wanted, status)
    )


def _tagged(server: Server, wanted: ServerFilter) -> bool:
    has = set(server.tags)
    return (
        set(wanted.tags) <= has
        and (not wanted.tags_any or bool(has & set(wanted.tags_any)))
        and (not wanted.not_tags or not set(wanted.not_tags) <= has)
        and not has & set(wanted.not_tags_any)
    )


def _alive(server: Server, wanted: ServerFilter, status: str | None) -> bool:
    """Whether its being deleted or not is what is asked for; a uuid asks for whatever it is."""
    if wanted.id is not None:
        return True
    if server.vm_state == "deleted":
        return wanted.deleted or wanted.changes_since is not None or status == "DELETED"
    if server.vm_state == "soft-delete":
        return wanted.soft_deleted or status == "SOFT_DELETED" or wanted.changes_since is not None
    return not wanted.deleted


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


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError as exc:
        raise InvalidError(
            "option changes_since", f"{text!r} is no time", "Write it as 2026-01-31T12:00:00Z"
        ) from exc
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def server_zone(fleet: Fleet, server: Server) -> str | None:
    """The zone that Nova reports, or that of its host; None without one."""
    if server.zone is not None:
        return server.zone or None
    return fleet.zone_of(server.host) if server.host else None
