# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out live migrations and keeping the journal of a maintenance true about them."""

from __future__ import annotations

from collections.abc import Iterator

from .._core.errors import BackendError, FleetError, WaitTimeout
from .._core.model import Maintenance, Migration
from .._core.plan import Step
from .._core.ports import JournalPort, Ports
from .._core.reading import JOURNAL, SERVERS, Reading, reading
from .following import operation, present, readiness


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
    _journal(ports).finish_move(step.args["migration"], step.args["status"])


def server_action(ports: Ports, step: Step) -> Iterator[float] | None:
    servers = present(ports.servers, "servers")
    handle = servers.start_action(step.verb, step.args["id"], step.args)
    if not ports.wait:
        return None
    return operation(ports, step, lambda: servers.poll([handle])[0])


def live_migrate(ports: Ports, step: Step) -> Iterator[float]:
    """The journal learns of a move before it starts, so that a killed run loses none.

    A server that was stopped, deleted or moved by somebody else meanwhile needs no move any more.
    A move that outlasts the wait goes on, so its record stays open.
    """
    move = _record(ports, step) if step.args.get("maintenance") else None
    try:
        yield from server_action(ports, step) or ()
        status = "completed"
    except WaitTimeout:
        raise
    except FleetError:
        status = _outcome(ports, step)
        if status == "failed":
            _finish(ports, move, status)
            raise
    _finish(ports, move, status)


def _record(ports: Ports, step: Step) -> int | None:
    args = step.args
    current = open_maintenance(ports, args["source"])
    if current is None:
        return None
    return _journal(ports).record_move(
        Migration(
            server_id=args["id"],
            server=step.subject,
            source=args["source"],
            target=args["target"],
            status="running",
            maintenance=current.id,
            memory=args.get("memory", 0),
        )
    )


def _finish(ports: Ports, move: int | None, status: str) -> None:
    if move is not None:
        _journal(ports).finish_move(move, status)


def _outcome(ports: Ports, step: Step) -> str:
    """What an error amounts to: the task may be lost in a toolstack's restart and the move done."""
    server = ports.read(_this(step)).server(step.args["id"])
    if server is None or not server.running:
        return "cancelled"
    if server.host == step.args["target"]:
        return "completed"
    return "failed" if server.host == step.args["source"] else "cancelled"


def await_migration(ports: Ports, step: Step) -> Iterator[float]:
    """Wait for a migration that a run before this one started."""
    server_id, target = step.args["id"], step.args["target"]
    move = step.args.get("migration")
    yield from readiness(
        ports,
        f"server {step.subject}",
        lambda fleet: (
            (f"arrived on {target}",)
            if (seen := fleet.server(server_id)) and seen.task_state == "migrating"
            else ()
        ),
        _this(step),
        "Look at its migration",
    )
    status = _outcome(ports, step)
    _finish(ports, move, status)
    if status == "failed":
        raise BackendError(
            f"server {step.subject}",
            f"its migration to {target}, started by an earlier run, ended without moving it",
            "Run again: it will be moved anew",
        )
