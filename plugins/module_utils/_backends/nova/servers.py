# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server actions on a cloud: sending them, and following them in few requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from ..._core.args import ActionArgs
from ..._core.errors import (
    ConflictError,
    FleetError,
    ForbiddenError,
    NotFoundError,
    UnavailableError,
)
from ..._core.model import Migration
from ..._core.polling import BatchPoll
from ..._core.ports import JobState
from .actions import ACTIONS, SECRETS
from .api import Api
from .catalogue import image_status, resolved
from .completion import ANSWERED, Observation
from .instance_actions import outcome
from .migrations import in_progress
from .read_servers import changed_servers, get_server
from .times import moment
from .tracking import RECORDS, SKEW, Baseline, MigrationRecords, find

POLLED_ALONE = 3
"""Up to so many servers are looked at one by one, more of them in one list of what has changed."""
Item = Mapping[str, Any]


@dataclass(eq=False)
class ActionHandle:
    """A started action.

    ``since`` is when its server had changed last as it was first looked at, by the cloud's clock,
    which need not be ours. ``migration`` is the uuid of its record, once that has been found; until
    then ``baseline`` distinguishes new records from old. ``image`` is the id of the image that it
    makes.
    """

    action: str
    server_id: str
    request_id: str
    baseline: Baseline | None = None
    migration: str | None = None
    image: str | None = None
    since: datetime | None = None

    @property
    def moves(self) -> bool:
        return self.baseline is not None or self.migration is not None


class NovaServers:
    """ServerPort."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._records = MigrationRecords(api)
        self._batch = BatchPoll(self._states)

    def start_action(self, action: str, args: ActionArgs) -> ActionHandle:
        """Send the action.

        Errors are those of the API's answer; ConflictError if a migration is to be aborted or
        completed and none is in progress.
        """
        row = ACTIONS[action]
        args = resolved(self._api, args)
        name = action.replace("_", " ")
        least, most = row.versions(args)
        version = self._api.version(least, most, f"{name} with these options")
        migration = self._in_progress(args.id, name) if row.on_migration else None
        baseline = self._records.before(args.id) if row.records else None
        body = row.body(args)
        answer = self._api.send(
            row.method,
            row.path.format(server=args.id, migration=migration.id if migration else ""),
            version,
            what=f"{name} of server {args.id}",
            secrets=[value for arg in SECRETS if (value := getattr(args, arg))],
            **({} if body is None else {"json": body}),
        )
        handle = ActionHandle(
            action,
            args.id,
            answer.request_id,
            baseline,
            migration.uuid if migration else None,
            answer.body.get("image_id"),
        )
        return self._batch.begun(handle, JobState(done=False) if row.judge else ANSWERED)

    def poll(self, handles: Sequence[ActionHandle]) -> list[JobState]:
        """One look is at all running actions.

        As last seen while the cloud cannot be reached: how long that may take is for the caller's
        time limit to say.
        """
        return self._batch.poll(handles)

    def _states(self, handles: Sequence[ActionHandle]) -> dict[ActionHandle, JobState]:
        """What can be seen now."""
        states: dict[ActionHandle, JobState] = {}
        with suppress(UnavailableError):
            self._look_at(handles, states)
        return states

    def _look_at(
        self, handles: Sequence[ActionHandle], states: dict[ActionHandle, JobState]
    ) -> None:
        """Lists first, where there are several; what they lack is asked for one by one."""
        page: list[Migration] | None = None
        if sum(handle.moves for handle in handles) > 1:
            page = self._records.newest(max(RECORDS, 2 * len(handles)))
        listed = self._changed_servers(handles)
        for handle in handles:
            try:
                states[handle] = self._state(handle, page, listed)
            except UnavailableError:
                raise
            except FleetError as exc:
                # It is this server's alone.
                states[handle] = JobState(done=True, error=exc)

    def _state(
        self, handle: ActionHandle, page: Sequence[Migration] | None, listed: Mapping[str, Item]
    ) -> JobState:
        """The record before the server: one that is looked at after its record has ended is where
        that says.
        """
        record = self._record(handle, page) if handle.moves else None
        server = listed.get(handle.server_id)
        # Nova calls a server deleted a moment before it is gone.
        if server is None or server.get("OS-EXT-STS:vm_state") == "deleted":
            server = self._server(handle)
        if page is not None and handle.moves and record is None and _idle(server):
            # The list of the newest may not reach back to it.
            record = self._record(handle, None)
            server = self._server(handle)
        judge = ACTIONS[handle.action].judge
        return judge(self._observation(handle, server, record)) if judge else ANSWERED

    def _observation(
        self, handle: ActionHandle, server: Item | None, record: Migration | None
    ) -> Observation:
        if handle.since is None and server is not None and server.get("updated"):
            handle.since = moment(server["updated"])
        return Observation(
            action=handle.action,
            server_id=handle.server_id,
            server=server,
            record=record,
            outcome=partial(outcome, self._api, handle.server_id, handle.request_id),
            image=partial(self._image, handle),
        )

    def _in_progress(self, server_id: str, name: str) -> Migration:
        current = in_progress(self._api, server_id)
        if current is None:
            raise ConflictError(
                f"{name} of server {server_id}",
                "it has no live migration in progress",
                "Check its migrations: it may have ended",
            )
        return current

    def _record(self, handle: ActionHandle, page: Sequence[Migration] | None) -> Migration | None:
        """Among the newest, or without those among the server's own."""
        records = self._records.of_server(handle.server_id) if page is None else page
        kinds = ACTIONS[handle.action].records
        record = find(
            records, handle.server_id, uuid=handle.migration, kinds=kinds, baseline=handle.baseline
        )
        handle.migration = record.uuid if record else handle.migration
        return record

    def _changed_servers(self, handles: Sequence[ActionHandle]) -> dict[str, Item]:
        """Those that have changed since the handles' actions began, deleted ones among them; none
        if there are so few that they are better looked at one by one.

        When that was, by the cloud's clock, the first server shows for all: they were started one
        after another, and each start changes its server.
        """
        if len({handle.server_id for handle in handles}) <= POLLED_ALONE:
            return {}
        starts = [handle.since for handle in handles if handle.since]
        if not starts:
            first = self._server(handles[0])
            starts = [moment(first["updated"])] if first and first.get("updated") else []
        if not starts:
            return {}
        since = (min(starts) - SKEW).isoformat()
        try:
            return {item["id"]: item for item in changed_servers(self._api, since)}
        except ForbiddenError:
            # The list of all projects is for admins; a member may look at his own one by one.
            return {}

    def _image(self, handle: ActionHandle) -> str | None:
        return image_status(self._api, handle.image) if handle.image else None

    def _server(self, handle: ActionHandle) -> Item | None:
        try:
            return get_server(self._api, handle.server_id)
        except NotFoundError:
            return None


def _idle(server: Item | None) -> bool:
    return server is None or server.get("OS-EXT-STS:task_state") is None
