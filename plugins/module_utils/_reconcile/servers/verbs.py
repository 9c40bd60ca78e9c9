# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs of servers: moves, which a maintenance orders or a task of server_action, and the actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..._core.actions import TABLE
from ..._core.args import ActionArgs, AwaitArgs, MoveArgs
from ..._core.errors import BackendError, FleetError, WaitTimeout
from ..._core.model import Fleet, Server
from ..._core.plan import Step, Verb
from ..._core.ports import Ports
from ..._core.status import COLD, MIGRATING, RESIZING, status_of
from ..._core.units import gib
from ..common.changes import finish_move
from ..engine.liveness import SourceLost, watched
from ..engine.waiting import readiness
from .action_verbs import action_verb, carried_out
from .effects import by_power, change_server, memory_freed, moved, placed
from .move_journal import move_status, record_completed, record_ended, record_move
from .starting import read_server, server_reading, start, watched_action


def move_step(
    server: Server,
    target: str | None,
    *,
    cold: bool = False,
    maintenance: str | None = None,
    network: str | None = None,
    home: bool = False,
) -> Step:
    """A move of the server from where it is. Without a target the scheduler chooses."""
    args = MoveArgs(
        id=server.id,
        source=server.host or None,
        target=target,
        memory=server.memory,
        maintenance=maintenance,
        network=network,
        home=home,
    )
    return (cold_migrate if cold else live_migrate)(server.name, args, why=gib(server.memory))


# --- moves ----------------------------------------------------------------------------------------


def _live_migrated(fleet: Fleet, _server: str, args: MoveArgs) -> Fleet:
    return moved(fleet, args, "live-migration")


def _live_migrate(ports: Ports, server: str, args: MoveArgs) -> Iterator[float]:
    """Record a move in the journal before it starts, so that a killed run loses none.

    A server that was stopped, deleted or moved by somebody else meanwhile needs no move any more.
    The record of a move that outlasts the wait, or whose host is lost, stays open.
    """
    move = record_move(ports, server, args, "live-migration")
    what = live_migrate.text(server, args)
    try:
        following = carried_out(ports, "live_migrate", what, server, args)
        end = (yield from following) if following else None
    except (WaitTimeout, SourceLost):
        raise
    except FleetError:
        current = read_server(ports, args)
        if current is not None and current.task_state == MIGRATING:
            raise
        status = move_status(current, args)
        record_ended(ports, args, move, status, current)
        if status == "failed" or (current is not None and current.vm_state == "error"):
            raise
    else:
        record_completed(ports, args, move, end)


live_migrate = Verb(
    "server.live_migrate",
    TABLE["live_migrate"].sentence,
    MoveArgs,
    _live_migrated,
    _live_migrate,
    windowed=True,
)


def _cold_migrated(fleet: Fleet, _server: str, args: MoveArgs) -> Fleet:
    return moved(fleet, args, COLD)


def _cold_migrate(ports: Ports, server: str, args: MoveArgs) -> Iterator[float]:
    """Move and confirm. A server that runs by now is left alone, since Nova would stop it for this.

    Once it has moved, its record stays open until it is confirmed.
    """
    current = read_server(ports, args)
    if current is None or current.vm_state != "stopped":
        return
    move = record_move(ports, server, args, COLD)
    what = cold_migrate.text(server, args)
    try:
        moving = start(ports, what, "migrate", server, args)
        end = yield from watched(ports, watched_action("migrate", server, args), moving)
    except (WaitTimeout, SourceLost):
        raise
    except FleetError:
        current = read_server(ports, args)
        if current is not None and current.task_state is None and current.vm_state == "stopped":
            record_ended(ports, args, move, move_status(current, args, cold=True), current)
        raise
    confirming = start(ports, what, "confirm_resize", server, args)
    yield from watched(ports, watched_action("confirm_resize", server, args), confirming)
    record_completed(ports, args, move, end)


cold_migrate = Verb(
    "server.cold_migrate",
    "cold-migrate {subject} from {source} to {target} and confirm it",
    MoveArgs,
    _cold_migrated,
    _cold_migrate,
    windowed=True,
)


# --- moves that an earlier run has started --------------------------------------------------------


def _arrived(fleet: Fleet, _server: str, args: AwaitArgs) -> Fleet:
    """XAPI had reserved its memory on the target from the start, and Nova had claimed it. A cold
    migration waits to be confirmed.
    """
    server, target = fleet.server(args.id), args.target or ""
    if server is None:
        return fleet
    if server.host and server.host != target:
        fleet = memory_freed(fleet, server.host, server.memory)
    fleet = placed(fleet, server, target)
    if args.cold:
        status, vm_state = "VERIFY_RESIZE", "resized"
    else:
        fleet = finish_move(fleet, args.migration, "completed", target)
        vm_state = server.vm_state
        status = "PAUSED" if vm_state == "paused" else "ACTIVE"
    return change_server(
        fleet,
        server.id,
        lambda s: replace(s, status=status, vm_state=vm_state, task_state=None),
    )


def _await_migration(ports: Ports, server: str, args: AwaitArgs) -> Iterator[float]:
    """One that was cold stays open in the journal until it is confirmed."""
    passing = (MIGRATING, *RESIZING)
    arriving = readiness(
        ports,
        f"server {server}",
        lambda fleet: (
            ("arrived",) if (now := fleet.server(args.id)) and now.task_state in passing else ()
        ),
        server_reading(args),
        "Check its migration",
    )
    yield from watched(ports, watched_action("await_migration", server, args), arriving)
    current = read_server(ports, args)
    status = move_status(current, args, cold=args.cold)
    if status == "failed" or not args.cold:
        record_ended(ports, args, args.migration, status, current)
    if status == "failed":
        raise BackendError(
            f"server {server}",
            f"its migration from {args.source}, started by an earlier run, ended without moving it",
            "Run again to move it",
        )


await_migration = Verb(
    "server.await_migration",
    "wait until {subject} has moved from {source} to {target}",
    AwaitArgs,
    _arrived,
    _await_migration,
    windowed=True,
)


def _confirmed(fleet: Fleet, _server: str, args: ActionArgs) -> Fleet:
    """A server that was stopped is stopped again."""
    server = fleet.server(args.id)
    if server is None:
        return fleet
    fleet = finish_move(fleet, args.migration or None, "completed", server.host)
    vm_state = by_power(server)
    status = status_of(vm_state, None)
    return change_server(fleet, server.id, lambda s: replace(s, status=status, vm_state=vm_state))


def _confirm_resize(ports: Ports, server: str, args: ActionArgs) -> Iterator[float]:
    """What is left to do of a cold migration that an earlier run had begun, among others."""
    what = confirm_resize.text(server, args)
    yield from carried_out(ports, "confirm_resize", what, server, args) or ()
    if args.migration:
        record_completed(ports, args, args.migration, None)


confirm_resize = Verb(
    "server.confirm_resize",
    TABLE["confirm_resize"].sentence,
    ActionArgs,
    _confirmed,
    _confirm_resize,
    windowed=True,
)


ACTIONS: Mapping[str, Verb[ActionArgs]] = {
    **{
        n: action_verb(n, a)
        for n, a in TABLE.items()
        if n not in ("live_migrate", "confirm_resize")
    },
    "confirm_resize": confirm_resize,
}
"""By name, all but live migration, whose targets are planned."""

VERBS = (live_migrate, cold_migrate, await_migration, *ACTIONS.values())
