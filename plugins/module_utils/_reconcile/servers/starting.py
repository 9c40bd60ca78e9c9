# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start an action on a server, and follow it to its end."""

from __future__ import annotations

from dataclasses import replace

from ..._core.args import ActionArgs
from ..._core.errors import FleetError
from ..._core.model import Server
from ..._core.ports import JobState, Ports
from ..._core.reading import SERVERS, Reading, reading
from ..engine.liveness import Watched
from ..engine.waiting import Waiting, done_so_far, operation, present


def start(ports: Ports, what: str, action: str, server: str, args: ActionArgs) -> Waiting:
    """Start the action now, and return its progress. ``what`` is the sentence of the step."""
    servers = present(ports.servers, "servers")
    try:
        handle = servers.start_action(action, args)
    except FleetError as exc:
        raise _named(exc, server, args.id) from exc

    def probe() -> JobState:
        state: JobState = servers.poll([handle])[0]
        if state.error is None:
            return state
        return replace(state, error=_named(state.error, server, args.id))

    return operation(ports, what, probe, lambda state: _server_now(ports, args, state))


def _named(error: FleetError, server: str, uuid: str) -> FleetError:
    """With the name added, since a cloud is asked by uuid only and a server that is gone has no name."""
    return error.altered(what=error.what.replace(uuid, server))


def _server_now(ports: Ports, args: ActionArgs, state: JobState) -> str:
    """The server as it is left; read only once the timeout is over."""
    try:
        server = read_server(ports, args)
    except FleetError:
        server = None
    if server is None:
        return done_so_far(state)
    task = f"task_state {server.task_state}" if server.task_state else "no task_state"
    return f"{server.status} with {task} on {server.host or 'no host'}, {done_so_far(state)}"


def server_reading(args: ActionArgs) -> Reading:
    """What is read to see the server of a step."""
    return reading(SERVERS, servers=(args.id,))


def read_server(ports: Ports, args: ActionArgs) -> Server | None:
    return ports.read(server_reading(args)).server(args.id)


def watched_action(action: str, server: str, args: ActionArgs) -> Watched:
    """Hosts that a move takes from and to. An evacuation needs its source no more."""
    move = args.source != ""
    source = None if action == "evacuate" else args.source
    return Watched(
        server=server,
        id=args.id,
        doing=f"its move from {args.source}" if move else action.replace("_", " "),
        hosts=tuple(host for host in (source, args.target) if host),
        source=args.source or None,
        move=move,
    )
