# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record the moves of servers in the journal of their maintenance."""

from __future__ import annotations

from ..._core.args import ActionArgs, MoveArgs
from ..._core.model import Migration, Server
from ..._core.ports import JobState, JournalPort, Ports
from ..._core.reading import JOURNAL, reading
from ..engine.waiting import present
from .starting import read_server


def _journal(ports: Ports) -> JournalPort:
    return present(ports.journal, "journal")


def record_move(ports: Ports, server: str, args: MoveArgs, kind: str) -> int | None:
    """None for a move that no maintenance has ordered."""
    if not args.maintenance or args.source is None:
        return None
    current = ports.read(reading(JOURNAL)).open_maintenance(args.source)
    if current is None:
        return None
    return _journal(ports).record_move(
        Migration(
            server_id=args.id,
            server=server,
            source=args.source,
            target=args.target or "",
            type=kind,
            status="running",
            maintenance=current.id,
            memory=args.memory or 0,
        )
    )


def record_completed(
    ports: Ports, args: ActionArgs, move: int | None, end: JobState | None
) -> None:
    """Where the target was left to the scheduler, the end of the move names it, or the server."""
    if move is None:
        return
    target = args.target or (end and end.target)
    if not target:
        server = read_server(ports, args)
        target = server.host if server else None
    _journal(ports).finish_move(move, "completed", target)


def record_ended(
    ports: Ports, args: ActionArgs, move: int | None, status: str, server: Server | None
) -> None:
    if move is None:
        return
    arrived_on = server.host if server and status == "completed" else None
    _journal(ports).finish_move(move, status, args.target or arrived_on)


def move_status(server: Server | None, args: ActionArgs, *, cold: bool = False) -> str:
    """The error's meaning: the task may be lost in a toolstack's restart and the move done."""
    if server is None or not (server.running or cold):
        return "cancelled"
    if server.host == args.source:
        return "failed"
    return "completed" if args.target in (None, server.host) else "cancelled"
