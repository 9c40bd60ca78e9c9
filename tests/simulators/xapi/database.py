# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pool's database: tables of rows, reverse references, generations for events."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from .errors import NULL, Failure
from .schema import REVERSE, SCHEMA

Row = dict[str, Any]

FORWARD: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
DERIVED: dict[str, list[str]] = defaultdict(list)
for reverse_of, forward in REVERSE.items():
    FORWARD[forward].append(reverse_of)
    if reverse_of[1] in SCHEMA.fields.get(reverse_of[0], {}):
        DERIVED[reverse_of[0]].append(reverse_of[1])


def new_uuid() -> str:
    return str(uuid.uuid4())


class Database:
    """Rows by class and reference. Callers hold `lock`; `changed` is notified at every write.

    `computed` maps (class, field) to a function of the reference for fields that follow from others
    (allowed_operations); reverse reference sets are kept in `links`.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.tables: dict[str, dict[str, Row]] = {cls: {} for cls in SCHEMA.fields}
        self.links: dict[tuple[str, str], dict[str, dict[str, None]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self.computed: dict[tuple[str, str], Callable[[str], Any]] = {}
        self.generation = 1
        self.created: dict[str, int] = {}
        self.modified: dict[str, int] = {}
        self.deleted: deque[tuple[int, int, str, str]] = deque(maxlen=20000)

    def refs(self, cls: str) -> list[str]:
        return list(self.tables[cls])

    def exists(self, cls: str, ref: str) -> bool:
        return ref in self.tables[cls]

    def row(self, cls: str, ref: str) -> Row:
        """The stored row; HANDLE_INVALID if there is none."""
        try:
            return self.tables[cls][ref]
        except KeyError:
            raise Failure("HANDLE_INVALID", cls, ref) from None

    def get(self, cls: str, ref: str, field: str) -> Any:
        row = self.row(cls, ref)
        if (cls, field) in REVERSE:
            return list(self.links[cls, field][ref])
        if (cls, field) in self.computed:
            return self.computed[cls, field](ref)
        return row[field]

    def record(self, cls: str, ref: str) -> Row:
        """Every field of an object, derived ones too."""
        found = dict(self.row(cls, ref))
        for field in DERIVED[cls]:
            found[field] = self.get(cls, ref, field)
        for owner, field in self.computed:
            if owner == cls:
                found[field] = self.computed[owner, field](ref)
        return found

    def find(self, cls: str, **wanted: Any) -> list[str]:
        """References of the objects whose stored fields equal all of `wanted`."""
        return [
            r for r, row in self.tables[cls].items() if all(row[k] == v for k, v in wanted.items())
        ]

    def insert(self, cls: str, **values: Any) -> str:
        """A new object with the class's defaults for what is not given; returns its reference."""
        ref = "OpaqueRef:" + new_uuid()
        row = {f.name: copied(f.default) for f in SCHEMA.fields[cls].values()}
        unknown = set(values) - set(row)
        if unknown:
            raise KeyError(f"{cls} has no field {sorted(unknown)}")
        row.update(values)
        row["uuid"] = row.get("uuid") or new_uuid()
        self.tables[cls][ref] = row
        self.generation += 1
        self.created[ref] = self.modified[ref] = self.generation
        for field, value in row.items():
            self.link(cls, ref, field, NULL, value)
        self.wake()
        return ref

    def update(self, cls: str, ref: str, **values: Any) -> None:
        """Change fields of an object; writing what is already there is no change."""
        row = self.row(cls, ref)
        if all(row[k] == v for k, v in values.items()):
            return
        for field, value in values.items():
            self.link(cls, ref, field, row[field], value)
            row[field] = value
        self.touch(cls, ref)

    def delete(self, cls: str, ref: str) -> None:
        row = self.row(cls, ref)
        for field, value in row.items():
            self.link(cls, ref, field, value, NULL)
        del self.tables[cls][ref]
        self.generation += 1
        self.deleted.append((self.generation, self.created.pop(ref), cls, ref))
        self.modified.pop(ref)
        self.wake()

    def touch(self, cls: str, ref: str) -> None:
        """Count the object as modified: a derived field of it may have changed."""
        if ref in self.tables[cls]:
            self.generation += 1
            self.modified[ref] = self.generation
            self.wake()

    def wake(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def link(self, cls: str, ref: str, field: str, old: Any, new: Any) -> None:
        for other, reverse_field in FORWARD.get((cls, field), ()):
            links = self.links[other, reverse_field]
            if old != NULL:
                links[old].pop(ref, None)
                self.touch(other, old)
            if new != NULL:
                links[new][ref] = None
                self.touch(other, new)

    def drop_tables(self, classes: Iterable[str]) -> None:
        """Forget all objects of classes that do not outlive the toolstack."""
        for cls in classes:
            for ref in self.refs(cls):
                self.delete(cls, ref)


def copied(value: Any) -> Any:
    return value.copy() if isinstance(value, list | dict) else value
