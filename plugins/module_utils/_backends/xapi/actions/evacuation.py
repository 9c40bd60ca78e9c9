# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evacuation: bringing up elsewhere what ran on a host that is dead."""

from __future__ import annotations

from ...._core.args import ActionArgs
from ...._core.errors import FleetError
from ..sequence import Call, Commands
from .auxiliary import dismiss, find_running
from .disks import discard
from .guest import Guest


def evacuate(guest: Guest, args: ActionArgs) -> Commands:
    """Args: source; target; start (if it ran, which is the default). XAPI refuses while the host answers
    (HOST_IS_LIVE); that it is really off, and not only cut off, is for the caller to make sure of.
    A lock does not forbid it, as in Nova.
    """
    target = guest.host(args.target)
    source = guest.host(args.source)
    yield from guest.through("rebuilding", _through(guest, source, target, args), force=True)


def _through(guest: Guest, source: str | None, target: str | None, args: ActionArgs) -> Commands:
    yield from guest.unblock()
    yield from guest.startable(_evacuate(guest, source, target, args.start))
    yield from guest.settle()


def _evacuate(guest: Guest, source: str | None, target: str | None, start: bool | None) -> Commands:
    auxiliary = yield from find_running(guest)
    up = auxiliary is not None or guest.record["power_state"] in ("Running", "Paused")
    if source is not None and guest.evacuated_from == guest.uuid_of_host(source):
        # The start of a run that was killed has continued.
        return
    starts = start is not False and (up or "left" in guest.own_marks)
    if starts and target is None:
        raise guest.cannot(
            "evacuate",
            "since no valid host was found for it",
            "Make room on another host of its pool, or bring a suitable one into service",
        )
    if up:
        yield from _reset(guest, auxiliary or guest.ref)
    guest.at_risk = True
    yield from dismiss(guest)
    yield from discard(guest)
    if starts and target is not None:
        yield from guest.run(target)
    elif target is not None:
        yield Call("VM.set_affinity", guest.ref, target)


def _reset(guest: Guest, running: str) -> Commands:
    """Marked before: a run that is killed right after it must not have lost the server."""
    host = yield Call("VM.get_resident_on", running)
    yield from guest.mark(left=guest.uuid_of_host(host))
    try:
        yield Call("VM.power_state_reset", running)
    except FleetError:
        yield from guest.mark(left=None)
        raise
