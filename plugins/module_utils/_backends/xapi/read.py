# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything about one pool in a fixed number of requests, whatever its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..._core.errors import FleetError
from .endpoint import Endpoint
from .failures import failure
from .session import Connection, Refused

NULL = "OpaqueRef:NULL"

Rows = dict[str, dict[str, Any]]

SELECTED: Mapping[str, str | None] = {
    "pool": None,
    "host": None,
    "host_metrics": None,
    # Templates and snapshots are records of this class too; snapshots count as templates (xapi_vm_snapshot.ml).
    "VM": 'field "is_a_template" = "false"',
    "VM_metrics": None,
    "VBD": 'field "empty" = "false"',
    "VDI": 'field "is_a_snapshot" = "false"',
    "SR": None,
    "PBD": None,
    "VIF": None,
    "network": None,
    "PIF": None,
    "VM_group": None,
}
"""Classes to read and, where it saves much, the expression that selects from them."""

OPTIONAL = frozenset({"VM_group"})
"""Classes that older releases lack (VM_group came with 24.19.1)."""

JOINS = 'field "name__label" = "Async.pool.join" or field "name__label" = "pool.join"'

SUBJECTS: Mapping[str, str] = {
    "host": "host",
    "pool": "pool",
    "VM": "server",
    "SR": "SR",
    "network": "network",
}
"""Classes whose references are shown by name, and the word before it."""


@dataclass
class PoolRecords:
    """The raw records of one pool by class and reference, and the connection they came from."""

    connection: Connection
    rows: Mapping[str, Rows] = field(default_factory=dict)

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
        """A pool.join of this stand-alone host is under way."""
        return any(task["status"] == "pending" for task in self.rows["task"].values())

    def name(self, text: str) -> str:
        """The name of what a reference refers to; any other text as it is."""
        if not text.startswith("OpaqueRef:"):
            return text
        for kind, word in SUBJECTS.items():
            if text in self.rows[kind]:
                return f"{word} {self.rows[kind][text]['name_label']}"
        return "an object that is gone" if text != NULL else "nothing"

    def find(self, kind: str, key: str) -> str | None:
        """The reference of an object: a host by name, all else by uuid."""
        column = "name_label" if kind == "host" else "uuid"
        return next((ref for ref, r in self.rows[kind].items() if r[column] == key), None)

    def lists(self, endpoint: Endpoint) -> bool:
        """Whether one of its hosts is the one behind an endpoint."""
        return any(endpoint.serves(h["address"]) for h in self.rows["host"].values())

    def error(self, refused: Refused, what: str) -> FleetError:
        """The FleetError for a failure of a call to this pool, with names instead of references."""
        return failure(refused.code, refused.params, what, self.name)


def read_pool(connection: Connection) -> PoolRecords:
    """Raises Refused and what Connection.call raises."""
    rows = {kind: _rows(connection, kind, where) for kind, where in SELECTED.items()}
    # Only a stand-alone host can join, and the task is known to nobody else.
    alone = len(rows["host"]) == 1
    rows["task"] = connection.records("task", JOINS) if alone else {}
    return PoolRecords(connection, rows)


def _rows(connection: Connection, kind: str, where: str | None) -> Rows:
    if kind in connection.unknown:
        return {}
    try:
        return connection.records(kind, where)
    except Refused as refused:
        if kind not in OPTIONAL or refused.code != "MESSAGE_METHOD_UNKNOWN":
            raise
        connection.unknown.add(kind)
        return {}
