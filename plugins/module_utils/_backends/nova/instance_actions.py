# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nova's record of one request: an instance action and its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..._core.errors import NotFoundError
from .api import Api
from .times import moment

LEAST, MOST = "2.51", "2.84"
"""From 2.51 on events are for others than admins, too; from 2.84 on they have the error's words in
``details``, before that only an admin sees them, at the end of the traceback.
"""


@dataclass(frozen=True)
class Outcome:
    """``begun``: a service other than the API has taken the request up. ``open``: one of them is
    still at it. ``error``: the words of what failed, None if nothing has. ``started``: when the API
    accepted it, None if that is not known.
    """

    begun: bool = False
    open: bool = False
    error: str | None = None
    started: datetime | None = None


def outcome(api: Api, server_id: str, request_id: str) -> Outcome:
    """The outcome of a request so far; nothing yet, if Nova has no action of that id."""
    path = f"/servers/{server_id}/os-instance-actions/{request_id}"
    try:
        body = api.get(path, api.version(LEAST, MOST))
    except NotFoundError:
        return Outcome()
    return judged(body["instanceAction"])


def judged(action: Mapping[str, Any]) -> Outcome:
    """An action's ``message`` is null or ``Error``; an event's ``result`` is null until it ends."""
    events = action.get("events") or []
    failed = [event for event in events if event.get("result") == "Error"]
    error = _words(failed[0]) if failed else None
    if error is None and action.get("message") == "Error":
        error = "Nova reports only that it failed"
    unfinished = any(event.get("finish_time") is None for event in events)
    return Outcome(bool(events), unfinished, error, moment(action["start_time"]))


def _words(event: Mapping[str, Any]) -> str:
    """An event's error in words, with the event's name (``conductor_migrate_server``). An error
    that is not Nova's own is in the details by its class only.
    """
    details = str(event.get("details") or "").strip()
    lines = [line for line in str(event.get("traceback") or "").splitlines() if line.strip()]
    said = details or (lines[-1].strip() if lines else "Error")
    return f"{' '.join(said.split())[:500].rstrip('.')} ({event.get('event')})"
