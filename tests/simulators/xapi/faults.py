# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults to order: the k-th call of a kind fails, is cut off, is slow, or takes a host with it."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

ACTIONS = (
    "error",
    "drop_before",
    "drop_after",
    "drop_midway",
    "delay",
    "kill",
    "revive",
    "restart_toolstack",
)


@dataclass
class Fault:
    """`action` at the `nth` matching call (1-based) and the `times` - 1 matching ones after it.

    `method` is a glob over "Class.call" without "Async."; `host` the name of the host called, if it matters.
    `error` is the ErrorDescription of action "error"; `seconds` (simulated) of "delay"; `target` the host of kill,
    revive and restart_toolstack. An error hits calls that other calls make too (the migrations of an evacuation).
    """

    id: int
    action: str
    method: str = "*"
    host: str | None = None
    nth: int = 1
    times: int = 1
    error: list[str] = field(default_factory=list)
    seconds: float = 0.0
    target: str | None = None
    seen: int = 0
    fired: int = 0


class BadFault(ValueError):
    """The description of a fault that makes no sense."""


class Faults:
    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.lock = threading.Lock()
        self.ids = itertools.count(1)

    def add(self, spec: dict[str, Any]) -> Fault:
        known = set(Fault.__dataclass_fields__) - {"id", "seen", "fired"}
        if unknown := set(spec) - known:
            raise BadFault(f"unknown keys {sorted(unknown)}; known are {sorted(known)}")
        if spec.get("action") not in ACTIONS:
            raise BadFault(f"action must be one of {ACTIONS}")
        if spec["action"] == "error" and not spec.get("error"):
            raise BadFault("action error needs an error list: [code, param...]")
        fault = Fault(id=next(self.ids), **spec)
        with self.lock:
            self.active.append(fault)
        return fault

    def clear(self) -> None:
        with self.lock:
            self.active.clear()

    def due(self, host: str, method: str, actions: tuple[str, ...]) -> list[Fault]:
        """Count a call against the faults of these actions and return those that strike it."""
        method = method.removeprefix("Async.")
        struck = []
        with self.lock:
            for fault in self.active:
                if (
                    fault.action not in actions
                    or not fnmatchcase(method, fault.method)
                    or fault.host not in (None, host)
                ):
                    continue
                fault.seen += 1
                if fault.nth <= fault.seen < fault.nth + fault.times:
                    fault.fired += 1
                    struck.append(fault)
        return struck

    def shown(self) -> list[dict[str, Any]]:
        with self.lock:
            return [dict(vars(f)) for f in self.active]
