# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that use a store beside the test's own.

Run as a program, this file is such a process: it says ``ready`` when it is where the command leads,
and continues when a line comes on its standard input.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.store.store import Store
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import FleetError


class Worker:
    """One process. Its standard error is the test's."""

    def __init__(self, target: str, command: str, *args: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, target, command, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(Path(__file__).parents[3] / ".tree"), **_environment()},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def said(self) -> str:
        """Its next line; empty when it has ended."""
        stdout = self._process.stdout
        return stdout.readline().strip() if stdout else ""

    def go_on(self) -> None:
        stdin = self._process.stdin
        if stdin:
            stdin.write("go\n")
            stdin.flush()

    def kill(self, *, reap: bool = True) -> None:
        """SIGKILL. Without ``reap`` it stays in the process table, as it does until a parent looks."""
        self._process.kill()
        if reap:
            self._process.wait()


def _environment() -> dict[str, str]:

    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}


def ready() -> None:
    """Signal the test and wait for it."""
    print("ready", flush=True)
    sys.stdin.readline()


def lock(store: Store, name: str, purpose: str) -> None:
    """Hold the lock until a line comes."""
    with store.journal.lock(name, purpose):
        ready()


def exclusive(store: Store, name: str) -> None:
    """Create an aggregate and keep the transaction open until a line comes."""
    with store.aggregates.exclusive():
        store.aggregates.create(name, None)
        ready()


def count(store: Store, name: str, times: str) -> None:
    """Add one to a metadata item, again and again, each time from what is read."""
    ready()
    for _time in range(int(times)):
        with store.aggregates.exclusive():
            aggregate = next(a for a in store.read().aggregates if a.name == name)
            store.aggregates.set_metadata(
                name, {"count": str(int(aggregate.metadata["count"]) + 1)}
            )


def create(store: Store, name: str) -> None:
    """Create an aggregate when a line comes, and print the result."""
    ready()
    store.aggregates.create(name, None)


COMMANDS: dict[str, Callable[..., None]] = {
    "lock": lock,
    "exclusive": exclusive,
    "count": count,
    "create": create,
}


def main(target: str, command: str, *args: str) -> None:
    store = Store.open(target)
    try:
        COMMANDS[command](store, *args)
        print("done", flush=True)
    except FleetError as exc:
        print(f"{type(exc).__name__}: {exc}", flush=True)
    finally:
        store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
