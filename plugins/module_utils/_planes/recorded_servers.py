# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record in the store what XAPI does not keep of server actions: times of changes, and deletions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .._core.actions import TABLE
from .._core.args import ActionArgs
from .._core.errors import FleetError
from .._core.model import Server
from .._core.ports import JobState, ServerPort


class ServerNotes(Protocol):
    """Where they are noted."""

    def changed(self, server_ids: Iterable[str]) -> None:
        """They change now."""

    def deleting(self, server: Server) -> None:
        """It is about to be deleted."""

    def deleted(self, server_id: str) -> None:
        """Its deletion has ended well."""


@dataclass(eq=False)
class Recorded:
    """A handle, with what is to be noted at its end."""

    handle: Any
    server_id: str
    deletes: bool
    noted: bool = False


class RecordedServers:
    """ServerPort. Noted before an action begins, so that nothing is begun with a store that can't
    be written to and a run that is killed leaves its trace, and again at its end.
    """

    def __init__(
        self, servers: ServerPort, notes: ServerNotes, find_server: Callable[[str], Server | None]
    ) -> None:
        self._servers = servers
        self._notes = notes
        self._find_server = find_server

    def start_action(self, action: str, args: ActionArgs) -> Recorded:
        deletes = TABLE[action].deletes and not args.soft
        server = self._find_server(args.id) if deletes else None
        if server is None:
            self._notes.changed([args.id])
        else:
            self._notes.deleting(server)
        return Recorded(self._servers.start_action(action, args), args.id, deletes)

    def poll(self, handles: Sequence[Recorded]) -> list[JobState]:
        states = self._servers.poll([one.handle for one in handles])
        return [self._noted(one, state) for one, state in zip(handles, states, strict=True)]

    def _noted(self, one: Recorded, state: JobState) -> JobState:
        """What can't be noted has failed, though it is done."""
        if not state.done or one.noted:
            return state
        one.noted = True
        try:
            if one.deletes and state.error is None:
                self._notes.deleted(one.server_id)
            else:
                self._notes.changed([one.server_id])
        except FleetError as error:
            return JobState(True, state.progress, state.error or error, state.target)
        return state
