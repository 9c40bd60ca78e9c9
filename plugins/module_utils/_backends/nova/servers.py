# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server actions on a cloud: sending them, and following them in few requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from weakref import WeakSet

from ..._core.errors import ConflictError, FleetError, NotFoundError, UnavailableError
from ..._core.model import Migration
from ..._core.ports import JobState
from .actions import ACTIONS, MOVES, SECRETS
from .api import Api
from .catalogue import image_status, resolved
from .instance_actions import outcome, utc
from .judging import Sight, answered
from .migrations import in_progress
from .read_servers import changed_servers, get_server
from .tracking import RECORDS, SKEW, Baseline, Records, find

FEW = 3
"""More servers than these are looked at in one list of what has changed."""
Item = Mapping[str, Any]


@dataclass(eq=False)
class Handle:
    """A started action.

    ``since`` is when its server had changed last as it was first looked at, by the cloud's clock,
    which need not be ours. ``migration`` is the uuid of its record, once that has been found; until
    then ``baseline`` tells new records from old. ``image`` is the id of the image that it makes.
    ``state`` is the last seen; ``seen`` while nobody has been told of it.
    """

    verb: str
    server_id: str
    request_id: str
    baseline: Baseline | None = None
    migration: str | None = None
    image: str | None = None
    since: datetime | None = None
    seen: bool = False
    state: JobState = field(default_factory=partial(JobState, done=False))

    @property
    def moves(self) -> bool:
        return self.baseline is not None or self.migration is not None


class NovaServers:
    """ServerPort."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._records = Records(api)
        self._followed: WeakSet[Handle] = WeakSet()

    def start_action(self, verb: str, server_id: str, args: Mapping[str, Any]) -> Handle:
        """Send the action of a verb of actions.py, which also tells its args; others are ignored.

        Errors are those of the API's answer; ConflictError if a migration is to be aborted or
        completed and none is in progress.
        """
        action = ACTIONS[verb]
        args = resolved(self._api, args)
        name = verb.removeprefix("server.").replace("_", " ")
        least, most = action.versions(args)
        version = self._api.version(least, most, f"{name} with these options")
        migration = self._in_progress(server_id, name) if action.on_migration else None
        baseline = self._records.before(server_id) if verb in MOVES else None
        body = action.body(args)
        answer = self._api.send(
            action.method,
            action.path.format(server=server_id, migration=migration.id if migration else ""),
            version,
            what=f"{name} of server {server_id}",
            secrets=[str(args[arg]) for arg in SECRETS if args.get(arg)],
            **({} if body is None else {"json": body}),
        )
        return Handle(
            verb,
            server_id,
            answer.request_id,
            baseline,
            migration.uuid if migration else None,
            answer.body.get("image_id"),
            state=JobState(done=action.judge is answered),
        )

    def poll(self, handles: Sequence[Handle]) -> list[JobState]:
        """A look is at all actions that are followed, so that whoever asks for the next one finds
        its state seen already.

        As last seen while the cloud cannot be reached: how long that may take is for the caller's
        time limit to say.
        """
        self._followed.update(handles)
        if any(not (handle.seen or handle.state.done) for handle in handles):
            with suppress(UnavailableError):
                self._look_at([handle for handle in self._followed if not handle.state.done])
        for handle in handles:
            handle.seen = False
        return [handle.state for handle in handles]

    def _look_at(self, handles: Sequence[Handle]) -> None:
        """Lists first, where there are several; what they lack is asked for one by one."""
        page: list[Migration] = []
        if sum(handle.moves for handle in handles) > 1:
            page = self._records.newest(max(RECORDS, 2 * len(handles)))
        listed = self._changed_servers(handles)
        for handle in handles:
            try:
                handle.state = self._state(handle, page, listed)
            except UnavailableError:
                raise
            except FleetError as exc:
                # It is this server's alone.
                handle.state = JobState(done=True, error=exc)
            handle.seen = True

    def _state(
        self, handle: Handle, page: Sequence[Migration], listed: Mapping[str, Item]
    ) -> JobState:
        """The record before the server: one that is looked at after its record has ended is where
        that says.
        """
        record = self._record(handle, page) if handle.moves else None
        server = listed.get(handle.server_id)
        # Nova calls a server deleted a moment before it is gone.
        if server is None or server.get("OS-EXT-STS:vm_state") == "deleted":
            server = self._server(handle.server_id)
        if handle.since is None and server is not None and server.get("updated"):
            handle.since = utc(server["updated"])
        sight = Sight(
            verb=handle.verb,
            server_id=handle.server_id,
            server=server,
            record=record,
            outcome=partial(outcome, self._api, handle.server_id, handle.request_id),
            image=partial(self._image, handle),
        )
        return ACTIONS[handle.verb].judge(sight)

    def _in_progress(self, server_id: str, name: str) -> Migration:
        found = in_progress(self._api, server_id)
        if found is None:
            raise ConflictError(
                f"{name} of server {server_id}",
                "it has no live migration in progress",
                "Look at its migrations: it may have ended",
            )
        return found

    def _record(self, handle: Handle, page: Sequence[Migration]) -> Migration | None:
        record = _own(handle, page) or _own(handle, self._records.of_server(handle.server_id))
        handle.migration = record.uuid if record else handle.migration
        return record

    def _changed_servers(self, handles: Sequence[Handle]) -> dict[str, Item]:
        """Those that have changed since the handles' actions began, deleted ones among them; none
        if there are so few that they are better looked at one by one.
        """
        starts = [handle.since for handle in handles if handle.since]
        if len({handle.server_id for handle in handles}) <= FEW or not starts:
            return {}
        since = (min(starts) - SKEW).isoformat()
        return {item["id"]: item for item in changed_servers(self._api, since)}

    def _image(self, handle: Handle) -> str | None:
        return image_status(self._api, handle.image) if handle.image else None

    def _server(self, server_id: str) -> Item | None:
        try:
            return get_server(self._api, server_id)
        except NotFoundError:
            return None


def _own(handle: Handle, records: Sequence[Migration]) -> Migration | None:
    kinds = MOVES.get(handle.verb, frozenset())
    return find(
        records, handle.server_id, uuid=handle.migration, kinds=kinds, baseline=handle.baseline
    )
