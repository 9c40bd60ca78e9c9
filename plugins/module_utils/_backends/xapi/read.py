# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything about one pool in three requests, whatever its size, and in one when read again.

event.from with an empty token answers every object of the wanted classes, with an earlier one those
that have changed since, so that waiting for something costs little even in a large pool.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..._core.errors import FleetError
from .endpoint import Endpoint
from .failures import failure
from .session import Connection, Refused

NULL = "OpaqueRef:NULL"

Rows = dict[str, dict[str, Any]]

SELECTED: Mapping[str, str] = {
    # Templates and snapshots are VM records too, and heavy ones; snapshots count as templates.
    "VM": 'field "is_a_template" = "false"',
    "VDI": 'field "is_a_snapshot" = "false"',
}
"""Classes of which a first read leaves out much."""

FOLLOWED = (
    "pool",
    "host",
    "host_metrics",
    "VM",
    "VM_metrics",
    "VBD",
    "VDI",
    "SR",
    "PBD",
    "VIF",
    "network",
    "PIF",
    "VM_group",  # unknown before 24.19.1, and then simply without events
    "task",
)

COUNTED = frozenset(FOLLOWED) - {*SELECTED, "task"}
"""Classes of which every object is held, so that their number shows whether one was missed."""

STALE = 60.0
"""Seconds after which to read everything again: XAPI remembers a limited number of deletions only."""

BY_EVENT_NAME = {kind.lower(): kind for kind in FOLLOWED}

JOINS = frozenset({"Async.pool.join", "pool.join"})

SUBJECTS: Mapping[str, str] = {
    "host": "host",
    "pool": "pool",
    "VM": "server",
    "SR": "SR",
    "VDI": "disk",
    "network": "network",
}
"""Classes whose references are shown by name, and the word before it."""


@dataclass(eq=False)
class PoolRecords:
    """The raw records of one pool by class and reference, and the connection they came from."""

    connection: Connection
    rows: Mapping[str, Rows]
    token: str = ""
    session: str | None = None
    """The session in which the token was given; it means nothing after a restart of the toolstack."""
    read_at: float = field(default_factory=time.monotonic)

    @cached_property
    def pool_ref(self) -> str:
        return next(iter(self.rows["pool"]))

    @property
    def pool(self) -> dict[str, Any]:
        return self.rows["pool"][self.pool_ref]

    @property
    def pool_id(self) -> str:
        return str(self.pool["uuid"])

    @property
    def coordinator(self) -> dict[str, Any]:
        return self.rows["host"].get(self.pool["master"], {})

    @property
    def joining(self) -> bool:
        """A pool.join of this stand-alone host is in progress."""
        tasks = self.rows["task"].values()
        return any(t["status"] == "pending" and t["name_label"] in JOINS for t in tasks)

    def name(self, text: str) -> str:
        """The name of what a reference refers to, if that was read; any other text as it is."""
        if not text.startswith("OpaqueRef:"):
            return text
        for kind, word in SUBJECTS.items():
            if text in self.rows[kind]:
                return f"{word} {self.rows[kind][text]['name_label']}"
        return "another object of the pool" if text != NULL else "nothing"

    def find(self, kind: str, key: str) -> str | None:
        """The reference of an object: a host by name, all else by uuid."""
        column = "name_label" if kind == "host" else "uuid"
        return next((ref for ref, r in self.rows[kind].items() if r[column] == key), None)

    def host_names(self, refs: Iterable[str]) -> frozenset[str]:
        """Records of a host that is gone may outlive it for some seconds; they are left out."""
        hosts = self.rows["host"]
        return frozenset(hosts[ref]["name_label"] for ref in refs if ref in hosts)

    def lists(self, endpoint: Endpoint) -> bool:
        """Whether one of its hosts is the one behind an endpoint."""
        return any(endpoint.serves(h["address"]) for h in self.rows["host"].values())

    def error(self, refused: Refused, what: str) -> FleetError:
        """The FleetError for a failure of a call to this pool, with names instead of references."""
        return failure(refused.code, refused.params, what, self.name)


def read_pool(connection: Connection, before: PoolRecords | None = None) -> PoolRecords:
    """The present records, from those read ``before`` if they can be brought up to date.

    Raises Refused and what Connection.call raises.
    """
    if before is not None and time.monotonic() - before.read_at < STALE:
        later = _follow(connection, before)
        if later is not None:
            return later
    return _anew(connection)


def _anew(connection: Connection) -> PoolRecords:
    """What changes between the requests is reported again by the next _follow, since the token is from the first."""
    session = connection.session
    answer = _events(connection, [kind for kind in FOLLOWED if kind not in SELECTED], "")
    rows: dict[str, Rows] = {kind: {} for kind in FOLLOWED}
    _take(rows, answer["events"])
    for kind, where in SELECTED.items():
        rows[kind] = connection.records(kind, where)
    return PoolRecords(connection, rows, answer["token"], session)


def _follow(connection: Connection, before: PoolRecords) -> PoolRecords | None:
    """None if that is not possible: another session, or an object was missed."""
    if connection.session != before.session:
        return None
    answer = _events(connection, FOLLOWED, before.token)
    if connection.session != before.session:
        return None
    rows = {kind: dict(known) for kind, known in before.rows.items()}
    _take(rows, answer["events"])
    counts = answer["valid_ref_counts"]
    if any(counts.get(kind.lower(), 0) != len(rows[kind]) for kind in COUNTED):
        return None
    return PoolRecords(connection, rows, answer["token"], before.session)


def _events(connection: Connection, kinds: Iterable[str], token: str) -> dict[str, Any]:
    answer: dict[str, Any] = connection.call("event.from", list(kinds), token, 0.0)
    return answer


def _take(rows: Mapping[str, Rows], events: Iterable[Mapping[str, Any]]) -> None:
    for event in events:
        known = rows[BY_EVENT_NAME[event["class"]]]
        if event["operation"] == "del":
            known.pop(event["ref"], None)
        else:
            known[event["ref"]] = event["snapshot"]
