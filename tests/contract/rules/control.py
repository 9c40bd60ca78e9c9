# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs modules' bodies on one control plane, judges them, and sees what they changed."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from contract.rules.differences import DIFFERENCES
from contract.rules.verdicts import Check, asked, verdict_of

from ansible_collections.xenfleet.compute.plugins.module_utils._glue.runner import (
    CollectingReporter,
    execute,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.planes import ControlPlane

MODULES = "ansible_collections.xenfleet.compute.plugins.modules"
Result = dict[str, Any]


class Control(ABC):
    """One control plane with four hosts, three of them without servers. Results are those that
    playbooks get; what is looked at is looked at without the collection.
    """

    plane: ClassVar[str]
    judged_as: ClassVar[str | None] = None
    """The plane whose verdicts it must have, where none are kept of its own."""
    without: ClassVar[frozenset[str]] = frozenset()
    """Server actions that it does not have."""
    control_plane: ControlPlane | None = None
    """None is the one that the options name."""
    busy: str
    """The host of the server web1. All hosts can be lived on; busy and idle share storage."""
    idle: str
    spare1: str
    spare2: str

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.aliases: dict[str, str] = {}
        """Further names and what they stand for in the table."""
        self.warnings: list[str] = []
        """What the last task warned of."""

    @property
    def roles(self) -> dict[str, str]:
        hosts = {getattr(self, role): role for role in ("busy", "idle", "spare1", "spare2")}
        return {**hosts, **self.aliases}

    # Running

    def run(self, module: str, /, *, check_mode: bool = False, **params: Any) -> Result:
        """The result of a module's body, failed or not. Options not given are as by default."""
        loaded = importlib.import_module(f"{MODULES}.{module}")
        validator = ArgumentSpecValidator(loaded.SPEC.argument_spec(), **loaded.SPEC.rules())
        validated = validator.validate({**self.connection(), **params})
        assert not validated.error_messages, validated.error_messages
        reporter = CollectingReporter()
        self.warnings = reporter.warnings
        return execute(
            loaded.run,
            validated.validated_parameters,
            check_mode=check_mode,
            reporter=reporter,
            plane=self.control_plane,
        )

    def given(self, module: str, /, **params: Any) -> Result:
        """The result of a task that prepares a check and is none itself."""
        result = self.run(module, **params)
        assert not result.get("failed"), result["msg"]
        return result

    def done(self, module: str, /, **params: Any) -> Result:
        """The result of a task that succeeds and changes something."""
        result = self._checked(module, params)
        assert not result.get("failed"), result["msg"]
        assert result["changed"], "nothing was changed"
        return result

    def kept(self, module: str, /, **params: Any) -> Result:
        """The result of a task that succeeds and changes nothing."""
        before = self.everything()
        result = self._checked(module, params)
        assert not result.get("failed"), result["msg"]
        assert not result["changed"], result["actions"]
        assert self.everything() == before
        self._ask_without_us(module, params, before)
        return result

    def refused(self, status: int, text: str, module: str, /, **params: Any) -> Result:
        """The error of a task that is refused with this number and text, and changes nothing."""
        before = self.everything()
        result = self._checked(module, params)
        assert result.get("failed"), f"not refused: {result}"
        assert result["error"]["status"] == status, result["msg"]
        assert text in result["msg"]
        assert result["error"]["remedy"]
        assert not result["changed"]
        assert self.everything() == before
        self._ask_without_us(module, params, before)
        error: Result = result["error"]
        return error

    def failed(self, status: int | None, text: str, module: str, /, **params: Any) -> Result:
        """The result of a task that fails with this number and text, whatever happens beside it."""
        result = self._checked(module, params)
        assert result.get("failed"), f"did not fail: {result}"
        assert result["error"]["status"] == status, result["msg"]
        assert text in result["msg"]
        if status:
            self._ask_without_us(module, params, None)
        return result

    def differs(self, name: str, module: str, /, **params: Any) -> Result:
        """The result of a task whose verdict depends on the control plane, as listed."""
        result = self._checked(module, params, name)
        expected = getattr(DIFFERENCES[name], self.judged_as or self.plane)
        assert verdict_of(result) == expected, result.get("msg")
        return result

    def saw(
        self, what: str, actual: object, expected: object, difference: str | None = None
    ) -> None:
        """A check of something other than a task's verdict; it is what was seen."""
        self.checks.append(Check(what, _said(actual), difference=difference))
        assert actual == expected
        if difference:
            assert _said(actual) == getattr(DIFFERENCES[difference], self.judged_as or self.plane)

    def _checked(self, module: str, params: Result, difference: str | None = None) -> Result:
        result = self.run(module, **params)
        task = asked(module, params, self.roles)
        self.checks.append(Check(task, verdict_of(result), difference=difference))
        return result

    def _ask_without_us(self, module: str, params: Result, state: Any) -> None:
        """``state`` is everything that there is to be left alone, None if it changes by itself."""
        if answer := self.own_answer(module, params):
            assert state in (None, self.everything()), "the plain requests were not undone"
            self.checks[-1] = replace(self.checks[-1], api=answer)

    # What a control plane adds

    def own_answer(self, module: str, params: Result) -> str | None:
        """What it answers to the same request without the collection, if it can be asked so."""
        return None

    @abstractmethod
    def connection(self) -> Result:
        """The options by which modules reach it."""

    @abstractmethod
    def everything(self) -> Any:
        """All that a task could change, comparable; and every change that was asked for so far."""

    @abstractmethod
    def aggregates(self) -> dict[str, Result]:
        """hosts (sorted) and metadata of all aggregates by name."""

    @abstractmethod
    def service(self, host: str) -> Result | None:
        """status, disabled_reason and forced_down; None if there is no record."""

    @abstractmethod
    def server(self, name: str) -> Result:
        """id, host and vm_state."""

    @abstractmethod
    def inhabit(self, aggregate: str) -> str:
        """Make a host with a server a member, as no task could, and return its name."""

    @abstractmethod
    def evacuate(self, host: str) -> None:
        """Force the host down and rebuild a server of its elsewhere."""

    @abstractmethod
    def forget_evacuations(self, host: str) -> None:
        """What a restart of the host does."""

    @abstractmethod
    def move_away_for_now(self, host: str) -> None:
        """Leave a move of the host's only server unfinished, with the server elsewhere."""

    @abstractmethod
    def twins(self) -> list[str]:
        """Uuids of two servers that are called twin."""

    @abstractmethod
    def wanting(self, key: str, value: str) -> str:
        """The name of a server on busy that wants this item of its host's aggregates."""

    @abstractmethod
    def slow_move(self) -> AbstractContextManager[str]:
        """The name of a server on busy that takes seconds to move."""

    @abstractmethod
    def failing_moves(self) -> AbstractContextManager[None]:
        """The hypervisor fails at moving web1, and takes it back."""

    @abstractmethod
    def stranger(self) -> AbstractContextManager[None]:
        """Tasks run as an account without the rights."""

    def members(self, aggregate: str) -> list[str]:
        hosts: list[str] = self.aggregates()[aggregate]["hosts"]
        return hosts

    def metadata(self, aggregate: str) -> dict[str, str]:
        pairs: dict[str, str] = self.aggregates()[aggregate]["metadata"]
        return pairs


def _said(actual: object) -> str:
    if isinstance(actual, (list, tuple)):
        return ", ".join(str(one) for one in actual)
    return str(actual)
