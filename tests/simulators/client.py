# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain XenAPI client: how tests look at a pool without the collection."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import XenAPI

PASSWORD = "secret"


class Client:
    """A logged-in session on one host."""

    def __init__(self, url: str, user: str = "root", password: str = PASSWORD) -> None:
        self.session = XenAPI.Session(url, ignore_ssl=True)
        self.session.xenapi.login_with_password(user, password, "1.0", "test")

    def __call__(self, method: str, *args: Any) -> Any:
        return self.session.xenapi_request(method, args)

    def error(self, method: str, *args: Any) -> list[str]:
        """The ErrorDescription of a call that must fail; AssertionError if it doesn't."""
        try:
            value = self(method, *args)
        except XenAPI.Failure as exc:
            details: list[str] = exc.details
            return details
        raise AssertionError(f"{method} succeeded with {value!r}")

    def host(self, name: str) -> str:
        """The reference of the host with a name."""
        return self.named("host", name)

    def vm(self, name: str) -> str:
        return self.named("VM", name)

    def named(self, cls: str, name: str) -> str:
        found: list[str] = self(f"{cls}.get_by_name_label", name)
        return found[0]

    def finish(self, task: str, seconds: float = 20) -> dict[str, Any]:
        """The record of a task once it has ended."""
        ended: dict[str, Any] = until(lambda: self.ended(task), seconds)
        return ended

    def ended(self, task: str) -> dict[str, Any] | None:
        record: dict[str, Any] = self("task.get_record", task)
        return None if record["status"] == "pending" else record


def until(probe: Callable[[], Any], seconds: float = 20) -> Any:
    """Poll until `probe` returns something true, and return that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := probe():
            return found
        time.sleep(0.02)
    raise TimeoutError(f"{probe} was never true in {seconds} s")
