# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call in the order of arrival, without secrets."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .clock import Clock
from .schema import SCHEMA

READING = (
    "get_",
    "assert_",
    "compute_",
    "is_",
    "list_",
    "retrieve_",
    "has_extension",
    "ha_compute",
    "ha_failover",
)
SECRET_PARAMS = {
    "pwd",
    "password",
    "old_pwd",
    "new_pwd",
    "master_password",
    "psecret",
    "token",
    "private_key",
    "wlb_password",
    "xenserver_password",
}
SECRET_KEYS = ("password", "secret", "passphrase")
MASK = "********"


def is_mutating(method: str) -> bool:
    """Whether a call can change what the pool holds (sessions and event registrations don't count)."""
    cls, _dot, name = method.removeprefix("Async.").partition(".")
    return cls not in ("session", "event", "system") and not name.startswith(READING)


def masked(name: str, value: Any) -> Any:
    """An argument as the journal may show it."""
    if name in SECRET_PARAMS:
        return MASK
    if isinstance(value, dict):
        return {
            k: MASK if any(s in str(k).lower() for s in SECRET_KEYS) else masked("", v)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [masked("", v) for v in value]
    return value.isoformat() if isinstance(value, datetime) else value


def shown_args(method: str, params: list[Any]) -> list[Any]:
    """Arguments without the session; a call nobody knows shows none."""
    call = SCHEMA.calls.get(method.removeprefix("Async."))
    if call is None:
        return []
    rest = params[1:] if call.session else params
    names = [p[0] for p in call.params] + ["surplus"] * len(rest)
    secret = method.removeprefix("Async.").startswith("secret.")
    return [
        MASK if secret and n in ("value", "args") else masked(n, v)
        for n, v in zip(names, rest, strict=False)
    ]


@dataclass
class Entry:
    n: int
    t: float
    host: str
    method: str
    args: list[Any]
    mutating: bool
    ok: bool | None = None
    error: list[str] | None = None
    task: str | None = None


@dataclass
class Journal:
    clock: Clock
    entries: list[Entry] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, host: str, method: str, params: list[Any]) -> Entry:
        args = shown_args(method, params)
        with self.lock:
            entry = Entry(
                len(self.entries) + 1,
                round(self.clock.now(), 3),
                host,
                method,
                args,
                is_mutating(method),
            )
            self.entries.append(entry)
        return entry

    def shown(self, mutating_only: bool, since: int = 0) -> list[dict[str, Any]]:
        """Entries as JSON objects; `ok` is null while a call runs."""
        with self.lock:
            return [dict(vars(e)) for e in self.entries[since:] if e.mutating or not mutating_only]
