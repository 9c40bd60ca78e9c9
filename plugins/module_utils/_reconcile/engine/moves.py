# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out moves of servers and keeping the journal of a maintenance true about them."""

from __future__ import annotations

from collections.abc import Iterator

from ..._core.errors import BackendError, FleetError, WaitTimeout
from ..._core.model import Maintenance, Migration, Server
from ..._core.plan import Step
from ..._core.ports import JobState, JournalPort, Ports
from ..._core.reading import JOURNAL, SERVERS, Reading, reading
from ..._core.status import COLD, MIGRATING, RESIZING
from .liveness import SourceLost, watched
from .waiting import Progress, done_so_far, operation, present, readiness


def _journal(ports: Ports) -> JournalPort:
    return present(ports.journal, "journal")


def _this(step: Step) -> Reading:
    """The server that the step is about."""
    return reading(SERVERS, servers=(step.args["id"],))


def open_maintenance(ports: Ports, host: str) -> Maintenance | None:
    return ports.read(reading(JOURNAL)).open_maintenance(host)


def begin_maintenance(ports: Ports, step: Step) -> None:
    args = step.args
    _journal(ports).begin(
        Maintenance(
            host=step.subject,
            name=args["name"],
            host_id=args.get("host_id"),
            service_disabled=args["service_disabled"],
            host_disabled=args["host_disabled"],
        )
    )


def advance_maintenance(ports: Ports, step: Step) -> None:
    current = open_maintenance(ports, step.subject)
    if current is not None and current.id is not None:
        _journal(ports).advance(current.id, step.args["phase"])


def settle_move(ports: Ports, step: Step) -> None:
    """Close the record of a move whose run was killed."""
    args = step.args
    _journal(ports).finish_move(args["migration"], args["status"], args["target"])


def server_action(ports: Ports, step: Step) -> Progress | None:
    following = _started(ports, step, step.verb)
    return watched(ports, step, following) if ports.wait else None


def _started(ports: Ports, step: Step, verb: str) -> Progress:
    """Start the action now; the iterator follows it."""
    servers = present(ports.servers, "servers")
    uuid = step.args["id"]
    try:
        handle = servers.start_action(verb, uuid, {**step.args, **step.secret})
    except FleetError as exc:
        _by_name(exc, step)
        raise

    def probe() -> JobState:
        state: JobState = servers.poll([handle])[0]
        if state.error is not None:
            _by_name(state.error, step)
        return state

    return operation(ports, step, probe, lambda state: _last_seen(ports, step, state))


def _by_name(error: FleetError, step: Step) -> None:
    """A cloud is told the uuid only, and one that is gone tells nothing; readers know the name."""
    error.what = error.what.replace(step.args["id"], step.subject)


def _last_seen(ports: Ports, step: Step, state: JobState) -> str:
    """The server as it is left; read for this only, when the time is over."""
    try:
        server = _seen(ports, step)
    except FleetError:
        server = None
    if server is None:
        return done_so_far(state)
    task = f"task_state {server.task_state}" if server.task_state else "no task_state"
    return f"{server.status} with {task} on {server.host or 'no host'}, {done_so_far(state)}"


def live_migrate(ports: Ports, step: Step) -> Iterator[float]:
    """The journal learns of a move before it starts, so that a killed run loses none.

    A server that was stopped, deleted or moved by somebody else meanwhile needs no move any more.
    The record of a move that outlasts the wait, or whose host is lost, stays open.
    """
    move = _record(ports, step, "live-migration")
    try:
        following = server_action(ports, step)
        ended = (yield from following) if following else None
    except (WaitTimeout, SourceLost):
        raise
    except FleetError:
        server = _seen(ports, step)
        if server is not None and server.task_state == MIGRATING:
            raise
        status = _outcome(server, step)
        _finish(ports, step, move, status, server)
        if status == "failed" or (server is not None and server.vm_state == "error"):
            raise
    else:
        _completed(ports, step, move, ended)


def cold_migrate(ports: Ports, step: Step) -> Iterator[float]:
    """Move and confirm. A server that runs by now is left alone, since Nova would stop it for this.

    Once it has moved, its record stays open until it is confirmed.
    """
    server = _seen(ports, step)
    if server is None or server.vm_state != "stopped":
        return
    move = _record(ports, step, COLD)
    try:
        ended = yield from watched(ports, step, _started(ports, step, "server.migrate"))
    except (WaitTimeout, SourceLost):
        raise
    except FleetError:
        server = _seen(ports, step)
        if server is not None and server.task_state is None and server.vm_state == "stopped":
            _finish(ports, step, move, _outcome(server, step), server)
        raise
    yield from watched(ports, step, _started(ports, step, "server.confirm_resize"))
    _completed(ports, step, move, ended)


def confirm_resize(ports: Ports, step: Step) -> Iterator[float]:
    """What is left to do of a cold migration that an earlier run had begun."""
    yield from server_action(ports, step) or ()
    if step.args.get("migration") is not None:
        _completed(ports, step, step.args["migration"], None)


def _record(ports: Ports, step: Step, kind: str) -> int | None:
    """None for a move that no maintenance has ordered."""
    args = step.args
    if not args.get("maintenance"):
        return None
    current = open_maintenance(ports, args["source"])
    if current is None:
        return None
    return _journal(ports).record_move(
        Migration(
            server_id=args["id"],
            server=step.subject,
            source=args["source"],
            target=args["target"] or "",
            type=kind,
            status="running",
            maintenance=current.id,
            memory=args.get("memory", 0),
        )
    )


def _completed(ports: Ports, step: Step, move: int | None, ended: JobState | None) -> None:
    """Where the target was left to the scheduler, the end of the move tells it, or the server."""
    if move is None:
        return
    target = step.args["target"] or (ended and ended.target)
    if not target:
        server = _seen(ports, step)
        target = server.host if server else None
    _journal(ports).finish_move(move, "completed", target)


def _finish(ports: Ports, step: Step, move: int | None, status: str, server: Server | None) -> None:
    if move is None:
        return
    found = server.host if server and status == "completed" else None
    _journal(ports).finish_move(move, status, step.args["target"] or found)


def _seen(ports: Ports, step: Step) -> Server | None:
    return ports.read(_this(step)).server(step.args["id"])


def _outcome(server: Server | None, step: Step) -> str:
    """What an error amounts to: the task may be lost in a toolstack's restart and the move done."""
    args = step.args
    if server is None or not (server.running or _is_cold(step)):
        return "cancelled"
    if server.host == args["source"]:
        return "failed"
    return "completed" if args["target"] in (None, server.host) else "cancelled"


def _is_cold(step: Step) -> bool:
    return step.verb == "server.cold_migrate" or bool(step.args.get("cold"))


def await_migration(ports: Ports, step: Step) -> Iterator[float]:
    """Wait for a migration that a run before this one started. One that was cold stays open in the
    journal until it is confirmed.
    """
    server_id, move = step.args["id"], step.args.get("migration")
    passing = (MIGRATING, *RESIZING)
    arriving = readiness(
        ports,
        f"server {step.subject}",
        lambda fleet: (
            ("arrived",) if (seen := fleet.server(server_id)) and seen.task_state in passing else ()
        ),
        _this(step),
        "Look at its migration",
    )
    yield from watched(ports, step, arriving)
    server = _seen(ports, step)
    status = _outcome(server, step)
    if status == "failed" or not _is_cold(step):
        _finish(ports, step, move, status, server)
    if status == "failed":
        raise BackendError(
            f"server {step.subject}",
            f"its migration from {step.args['source']}, started by an earlier run, ended without "
            "moving it",
            "Run again: it will be moved anew",
        )
