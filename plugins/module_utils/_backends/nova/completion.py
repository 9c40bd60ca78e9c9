# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""State of a started action, from what Nova shows of the server, the migration and the request.

202 means accepted, and a server that is ACTIVE without a task may be one whose action has failed:
only the instance action shows what failed, and only the migration record how a move ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._core.actions import TABLE
from ..._core.errors import BackendError
from ..._core.model import Migration
from ..._core.ports import JobState
from .instance_actions import Outcome
from .times import moment

UNDER_WAY = JobState(done=False)
LOST = frozenset({"error", "failed", "cancelled"})
PROGRESS = {
    "queued": 0.02,
    "preparing": 0.05,
    "running": 0.5,
    "post-migrating": 0.9,
    "migrating": 0.3,
}
"""A rough measure by the record's status."""

NO_VALID_HOST = (
    "Bring a host into service that is enabled, up and in the server's zone, and has room for it"
)


@dataclass(frozen=True)
class Observation:
    """What is seen of one action. ``server`` is the API's own record, None once it is gone;
    ``outcome`` asks for the instance action when called, ``image`` for the status of the image that
    it makes (None if it makes none).
    """

    action: str
    server_id: str
    server: Mapping[str, Any] | None
    record: Migration | None
    outcome: Callable[[], Outcome]
    image: Callable[[], str | None]

    @property
    def vm_state(self) -> str:
        return str((self.server or {}).get("OS-EXT-STS:vm_state") or "")

    @property
    def task_state(self) -> str | None:
        return (self.server or {}).get("OS-EXT-STS:task_state")

    @property
    def host(self) -> str | None:
        return (self.server or {}).get("OS-EXT-SRV-ATTR:host")

    @property
    def what(self) -> str:
        return f"server {(self.server or {}).get('name') or self.server_id}"

    @property
    def deletes(self) -> bool:
        """Whether the action is about a server that is or becomes deleted softly."""
        row = TABLE[self.action]
        return row.deletes or "soft-delete" in row.starts

    @property
    def named(self) -> str:
        """The action in words."""
        return self.action.replace("_", " ")


Judge = Callable[[Observation], JobState]


# --- actions that stay on the host ----------------------------------------------------------------


ANSWERED = JobState(done=True, progress=1.0)
"""Of an action that is done with the answer to its request."""


def in_state(*ends: str) -> Judge:
    """Done in one of these vm_states, which are others than those it started from."""

    def judge(observed: Observation) -> JobState:
        if ended := _ended_early(observed):
            return ended
        if observed.vm_state in ends:
            # Nova takes the host off a moment after the state is set.
            off_host = observed.vm_state != "shelved_offloaded" or not observed.host
            return JobState(done=off_host, progress=1.0)
        outcome = observed.outcome()
        return _failed(observed, outcome.error) if outcome.error else UNDER_WAY

    return judge


def by_events(*ends: str) -> Judge:
    """Done when all events of the request have succeeded, since the state after it may be the one
    before; and the vm_state is one of ``ends``, if there are any.
    """

    def judge(observed: Observation) -> JobState:
        if ended := _ended_early(observed, in_error=not ends):
            return ended
        outcome = observed.outcome()
        if outcome.error:
            return _failed(observed, outcome.error)
        done = outcome.begun and not outcome.open and (not ends or observed.vm_state in ends)
        return JobState(done=done, progress=1.0 if done else 0.0)

    return judge


def imaged(observed: Observation) -> JobState:
    """Done when the image is usable. A snapshot that fails after Nova has taken it up leaves no
    error in its events, but Nova removes the image.
    """
    state = by_events()(observed)
    if not state.done or state.error:
        return state
    image = observed.image()
    if image in {None, "active"}:
        return state
    if image in {"queued", "saving", "uploading", "importing"}:
        return UNDER_WAY
    return _failed(observed, "Nova has removed the image")


def gone(*ends: str) -> Judge:
    """Done when the server is gone, or in one of these vm_states."""

    def judge(observed: Observation) -> JobState:
        if observed.server is None:
            return JobState(done=True, progress=1.0)
        return in_state(*ends)(observed)

    return judge


def _ended_early(observed: Observation, in_error: bool = False) -> JobState | None:
    """Common to all: running with a task, at its end when the server is gone or in ERROR."""
    deleted = observed.vm_state in {"soft-delete", "deleted"} and not observed.deletes
    if observed.server is None or deleted:
        return _error(observed, "it was deleted meanwhile", "See who did that, and why")
    # Without a vm_state its cell is down, and nothing is known.
    if observed.task_state is not None or not observed.vm_state:
        return UNDER_WAY
    if observed.vm_state == "error" and not in_error:
        return _in_error(observed)
    return None


# --- moves ----------------------------------------------------------------------------------------


def _move(reached: Callable[[Observation, Migration], JobState | None]) -> Judge:
    """Common to all moves; ``reached`` decides whether a record that is not lost is the end."""

    def judge(observed: Observation) -> JobState:
        record = observed.record
        if ended := _ended_early(observed):
            return ended if ended.done else _at(record)
        if record is None:
            return _unrecorded(observed)
        if record.status in LOST:
            return _lost(observed, record)
        return reached(observed, record) or _at(record)

    return judge


def _completed(observed: Observation, record: Migration) -> JobState | None:
    """Nova sets the server's host before it calls the record completed."""
    if record.status != "completed":
        return None
    if observed.host == record.source:
        return _error(
            observed,
            f"its migration to {record.target} is completed, but it is on {record.source}",
            f"See whether somebody has moved it back, or check the log of {record.target}",
        )
    return _arrived(observed)


def _finished(observed: Observation, record: Migration) -> JobState | None:
    """The server waits for confirmation; a cloud may confirm by itself (resize_confirm_window)."""
    if record.status in {"reverting", "reverted"}:
        return _error(observed, "it was reverted meanwhile", "See who did that, and why")
    waits = record.status == "finished" and observed.vm_state == "resized"
    return _arrived(observed) if waits or record.status in {"confirming", "confirmed"} else None


def _rebuilt(observed: Observation, record: Migration) -> JobState | None:
    """It is completed only when the failed host has come back."""
    return _arrived(observed) if record.status in {"done", "completed"} else None


live_migrated = _move(_completed)
cold_migrated = _move(_finished)
evacuated = _move(_rebuilt)


def _arrived(observed: Observation) -> JobState:
    return JobState(done=True, progress=1.0, target=observed.host)


def aborted(observed: Observation) -> JobState:
    """Done when the migration has ended and has not moved the server."""
    if (ended := _ended_early(observed)) or observed.record is None:
        return ended or UNDER_WAY
    if observed.record.status == "completed":
        return _error(
            observed,
            f"its migration was completed before; it is on {observed.host}",
            "Migrate it back",
        )
    return JobState(done=observed.record.status in LOST, progress=1.0)


def _at(record: Migration | None) -> JobState:
    return JobState(done=False, progress=PROGRESS.get(record.status if record else "", 0.0))


def _unrecorded(observed: Observation) -> JobState:
    """The API answers before the conductor writes the record; it writes none if it fails before."""
    outcome = observed.outcome()
    return _failed(observed, outcome.error) if outcome.error else UNDER_WAY


def _lost(observed: Observation, record: Migration) -> JobState:
    route = f"from {record.source} to {record.target}" if record.target else f"from {record.source}"
    if record.status == "cancelled":
        return _error(
            observed,
            f"its migration {route} was cancelled; it is {_state(observed)} on {observed.host}",
            "See who did that, and run again to migrate it",
        )
    said = observed.outcome().error
    if said:
        return _failed(observed, f"{said}; it is {_state(observed)} on {observed.host}")
    return _error(
        observed,
        f"its migration {route} ended in status {record.status}; it is {_state(observed)} on"
        f" {observed.host}",
        f"Check the log of nova-compute on {record.source}"
        + (f" and {record.target}" if record.target else ""),
    )


# --- errors ---------------------------------------------------------------------------------------


def _state(observed: Observation) -> str:
    return str((observed.server or {}).get("status") or "")


def _failed(observed: Observation, said: str) -> JobState:
    no_host = "NoValidHost" in said or "No valid host" in said
    remedy = NO_VALID_HOST if no_host else "Check the log of nova-compute on its host"
    return _error(observed, f"{observed.named} failed: {said}", remedy)


def _in_error(observed: Observation) -> JobState:
    """A server's fault may be an older failure's, so that the request's own events come first."""
    outcome = observed.outcome()
    said = outcome.error or _fault(observed, outcome) or "Nova gives no cause"
    where = f" on {observed.host}" if observed.host else ""
    return _error(
        observed,
        f"{observed.named} left it in ERROR{where}: {said}",
        # Nova also gives up a guest that runs, where its own bookkeeping failed after the action.
        "See on its host whether its guest runs: if so, reset_state brings it back, if not, a hard reboot",
    )


def _fault(observed: Observation, outcome: Outcome) -> str:
    """The server's fault, if it is newer than the request; both are in whole seconds."""
    fault = (observed.server or {}).get("fault") or {}
    if not fault or (outcome.started and moment(fault["created"]) <= outcome.started):
        return ""
    return str(fault.get("message") or "")


def _error(observed: Observation, cause: str, remedy: str) -> JobState:
    error = BackendError(observed.what, cause, remedy, server=observed.server_id)
    return JobState(done=True, error=error)
