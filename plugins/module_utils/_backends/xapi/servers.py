# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guests over XenAPI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..._core.errors import NotFoundError
from ..._core.model import Server, XenView
from ..._core.ports import JobState
from .directory import Directory, Place
from .tasks import Handle, Judge, Tasks

Call = tuple[Any, ...]
"""Method, then its parameters after the VM's reference."""

Args = Mapping[str, Any]


def _start(place: Place, args: Args) -> Call:
    if args.get("host"):
        return ("VM.start_on", _host(place, args["host"]), False, False)
    return ("VM.start", False, False)


def _stop(_place: Place, args: Args) -> Call:
    return ("VM.hard_shutdown" if args.get("force") else "VM.clean_shutdown",)


def _reboot_hard(place: Place, _args: Args) -> Call:
    """Nova starts a stopped server on a hard reboot; XAPI refuses hard_reboot of a halted one."""
    if place.call("VM.get_power_state", place.ref) == "Halted":
        return ("VM.start", False, False)
    return ("VM.hard_reboot",)


def _live_migrate(place: Place, args: Args) -> Call:
    options = {"live": "true"}
    if args.get("network"):
        options["network"] = _ref(place, "network", args["network"])
    return ("VM.pool_migrate", _host(place, args["target"]), options)


def _host(place: Place, name: str) -> str:
    return _ref(place, "host", name)


def _ref(place: Place, kind: str, key: str) -> str:
    found = place.records.find(kind, key)
    if found is None:
        raise NotFoundError(
            f"{kind} {key}",
            f"the server's pool {place.records.pool['name_label'] or place.records.pool_id} has none such",
            "Choose one of the server's own pool",
        )
    return found


def _calls(method: str, *params: Any) -> Callable[[Place, Args], Call]:
    return lambda _place, _args: (method, *params)


ACTIONS: Mapping[str, tuple[Callable[[Place, Args], Call], str | None]] = {
    "server.start": (_start, "Running"),
    "server.stop": (_stop, "Halted"),
    "server.reboot_soft": (_calls("VM.clean_reboot"), None),
    "server.reboot_hard": (_reboot_hard, None),
    "server.pause": (_calls("VM.pause"), "Paused"),
    "server.unpause": (_calls("VM.unpause"), "Running"),
    "server.suspend": (_calls("VM.suspend"), "Suspended"),
    "server.resume": (_calls("VM.resume", False, False), "Running"),
    "server.live_migrate": (_live_migrate, None),
}
"""Verb → what to call, and the power state that shows its effect, where one does."""


class XenServers:
    """ServerPort."""

    def __init__(self, directory: Directory, tasks: Tasks) -> None:
        self._directory = directory
        self._tasks = tasks

    def start_action(self, verb: str, server_id: str, args: Mapping[str, Any]) -> Handle:
        """Args: host (start), force (stop), target and network, a uuid (live_migrate)."""
        make, power_state = ACTIONS[verb]
        what = f"{verb.removeprefix('server.').replace('_', '-')} of {{}}"
        reached = _reached(server_id, power_state, args.get("target"))

        def start(place: Place) -> Handle:
            method, *params = make(place, args)
            return self._tasks.start(place, what, reached, method, place.ref, *params)

        return self._directory.perform("VM", server_id, what, start)

    def poll(self, handles: Sequence[Any]) -> list[JobState]:
        """The states of started actions, in the same order."""
        return self._tasks.poll(handles)


def _reached(server_id: str, power_state: str | None, target: str | None) -> Judge:
    def judge(view: XenView) -> bool | None:
        seen = next((s for s in view.servers if s.id == server_id), None)
        if seen is None:
            return False
        if seen.task_state is not None:
            return None
        return _as_wanted(seen, power_state, target)

    return judge


def _as_wanted(seen: Server, power_state: str | None, target: str | None) -> bool:
    """A reboot leaves no trace in the state, so that one whose task was lost is never taken for done."""
    if target is not None:
        return seen.host == target
    return power_state is not None and seen.power_state == power_state
