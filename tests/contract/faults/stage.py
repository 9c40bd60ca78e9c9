# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of faults ask of a control plane: to break, and to be looked at without us."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from contract.rules.control import Control

WAIT_S = 120
"""wait_timeout of all tasks; those that fail have to do so well before."""
SOON_S = 30


@dataclass(frozen=True)
class ServerView:
    """A server as a plain client sees it."""

    vm_state: str
    task_state: str | None
    host: str | None


@dataclass(frozen=True)
class ActionRun:
    """A task's result, and how long it took."""

    result: dict[str, Any]
    seconds: float

    @property
    def error(self) -> dict[str, Any]:
        assert self.result.get("failed"), f"did not fail: {self.result}"
        error: dict[str, Any] = self.result["error"]
        return error

    def outcomes(self) -> dict[str, str]:
        return {s["name"]: s["outcome"] for s in self.result["servers"]}

    def fails(self, *words: str, code: str = "backend", within: float = SOON_S) -> None:
        """With that kind of error and these words in its message, with object, cause and remedy,
        and well before the time that it may wait.
        """
        assert self.error["code"] == code, self.result
        for word in words:
            assert word in self.result["msg"], self.result["msg"]
        assert "web" in self.error["object"]
        assert self.error["cause"]
        assert self.error["remedy"]
        assert self.seconds < within


class Stage(ABC):
    """Servers web1 on ``busy`` and web2 on ``other``; ``idle`` has none."""

    control: Control
    busy: str
    other: str
    idle: str
    breaking: tuple[str, Mapping[str, Any]]
    """An action and its options that ``broken`` lets end in ERROR."""
    gone: str
    """Word for a server that was deleted."""
    busy_words: str
    """Of the refusal of a stop that another one is under way for; XAPI first waits for that to end."""
    killed: tuple[str, str]
    """Kind and words of the error of a stop whose host dies."""
    locked: tuple[str, str]
    """Likewise of a stop that a lock forbids when it is asked for, beside what the planner knows."""
    lock_remedy: str

    def act(
        self, action: str, *names: str, wait_timeout: int = WAIT_S, **options: Any
    ) -> ActionRun:
        began = time.monotonic()
        result = self.control.run(
            "server_action",
            action=action,
            servers=list(names or ("web1",)),
            wait_timeout=wait_timeout,
            **options,
        )
        return ActionRun(result, time.monotonic() - began)

    def done(self, action: str, *names: str, **options: Any) -> None:
        run = self.act(action, *names, **options)
        assert not run.result.get("failed"), run.result["msg"]
        assert run.result["changed"]

    def kept(self, action: str, *names: str, **options: Any) -> None:
        """There is nothing to do."""
        run = self.act(action, *names, **options)
        assert not run.result.get("failed"), run.result["msg"]
        assert not run.result["changed"], run.result["actions"]

    @contextmanager
    def meanwhile(self, moment: Callable[[], Any], event: Callable[[], Any]) -> Iterator[None]:
        """``event`` happens as soon as ``moment`` holds, while the block runs."""
        failed: list[BaseException] = []

        def wait() -> None:
            try:
                self.until(moment)
                event()
            except BaseException as exc:
                failed.append(exc)

        thread = threading.Thread(target=wait)
        thread.start()
        yield
        thread.join()
        if failed:
            raise failed[0]

    @staticmethod
    def until(probe: Callable[[], Any], within: float = 60) -> None:
        end = time.monotonic() + within
        while not probe():
            assert time.monotonic() < end, "it did not come about"
            time.sleep(0.1)

    def settled(self, name: str = "web1") -> bool:
        return self.view(name).task_state is None

    @abstractmethod
    def view(self, name: str = "web1") -> ServerView:
        """As it is; vm_state is "deleted" if it is gone."""

    @abstractmethod
    def broken(self) -> AbstractContextManager[None]:
        """``breaking`` fails midway for want of a disk."""

    @abstractmethod
    def moves_fail(self) -> AbstractContextManager[None]:
        """Live migrations fail: the link is down."""

    @abstractmethod
    def moves_slow(self) -> AbstractContextManager[None]:
        """A live migration of web1 takes longer than any test."""

    @abstractmethod
    def stops_slow(
        self, seconds: float, other: float | None = None
    ) -> AbstractContextManager[None]:
        """A stop takes that long; that of web2 ``other``, if that is given and can be had."""

    @abstractmethod
    def abort(self) -> None:
        """Somebody else aborts the live migration of web1."""

    @abstractmethod
    def stop(self, name: str) -> None:
        """Somebody else stops a server, and does not wait."""

    @abstractmethod
    def delete_midway(self) -> ActionRun:
        """The result of an action on web1 that somebody deletes it from under."""

    @abstractmethod
    def kill(self) -> None:
        """The host of web1 loses its power."""

    @abstractmethod
    def revive(self) -> None:
        """It is back, and in service."""

    @abstractmethod
    def lock(self) -> None:
        """Somebody whose lock holds for the account of ``control`` locks web1."""

    @abstractmethod
    def unlock(self) -> None:
        """He takes it off again."""
