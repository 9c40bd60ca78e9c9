# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts and tables about a maintenance, for people; and its form in results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._core.args import MoveArgs
from ..._core.model import Fleet, Host, Maintenance, to_dict
from ..._core.plan import Plan
from ..._core.units import gib, table
from .resume import wanted_maintenance
from .wanted import MaintenanceWanted

BY_SCHEDULER = "(scheduler)"
"""Stands in tables for a host that the scheduler has yet to choose."""


def plan_lines(plan: Plan) -> list[str]:
    """What a plan will move, how much of it, and what was decided about hosts and servers."""
    moves = [(s.subject, s.args) for s in plan.steps if isinstance(s.args, MoveArgs)]
    if not moves:
        return []
    total = gib(sum(args.memory or 0 for _server, args in moves))
    number = "1 server" if len(moves) == 1 else f"{len(moves)} servers"
    head = f"plan: {len(plan.steps)} steps, {number} with {total} to move, {plan.window} at a time"
    rows = [
        (
            server,
            gib(args.memory or 0),
            args.source or BY_SCHEDULER,
            "to",
            args.target or BY_SCHEDULER,
        )
        for server, args in moves
    ]
    decisions = [f"  {v}" for v in plan.verdicts if v.decision in ("act", "skip")]
    return [head, *(f"  {line}" for line in table(rows)), *decisions]


def result(fleet: Fleet, wanted: MaintenanceWanted) -> dict[str, Any]:
    """What host_maintenance returns besides the steps; always the same keys."""
    maintenance = wanted_maintenance(fleet, wanted)
    return {
        "host": wanted.host,
        "maintenance": maintenance and _maintenance(fleet, maintenance),
        "summary": maintenance_summary(fleet, wanted, maintenance),
    }


def _maintenance(fleet: Fleet, maintenance: Maintenance) -> dict[str, Any]:
    data: dict[str, Any] = to_dict(maintenance)
    kept = ("id", "host", "name", "phase", "service_disabled", "host_disabled")
    times = ("started_at", "updated_at", "finished_at")
    moves = [
        {
            "server": move.server,
            "server_id": move.server_id,
            "from": move.source,
            "to": move.target or None,
            "status": move.status,
            "memory": move.memory,
            "now_on": _place(fleet, move.server_id),
        }
        for move in maintenance.moves
    ]
    return {**{key: data[key] for key in (*kept, *times)}, "moves": moves}


def _place(fleet: Fleet, server_id: str) -> str | None:
    server = fleet.server(server_id)
    return (server.host if server else None) or None


def maintenance_summary(
    fleet: Fleet, wanted: MaintenanceWanted, maintenance: Maintenance | None
) -> str:
    """A table of the moves, and the memory left on each host of the pool, or of those involved."""
    if maintenance is None:
        return f"host {wanted.host}: no maintenance named {wanted.name}"
    lines = [f"host {maintenance.host}, maintenance {maintenance.name}: {maintenance.phase}"]
    if maintenance.moves:
        rows = [("server", "memory", "from", "to", "status", "now on")]
        rows += [
            (
                m.server,
                gib(m.memory),
                m.source,
                m.target or BY_SCHEDULER,
                m.status,
                _place(fleet, m.server_id) or "-",
            )
            for m in maintenance.moves
        ]
        lines += [f"  {line}" for line in table(rows)]
    free = ", ".join(
        f"{h.name} {gib(h.memory_free)}"
        for h in sorted(_shown_hosts(fleet, maintenance), key=lambda h: h.name)
    )
    return "\n".join([*lines, f"memory left for servers: {free}"])


def _shown_hosts(fleet: Fleet, maintenance: Maintenance) -> Sequence[Host]:
    """Those of the pool, or those involved: a cloud has too many hosts to show all."""
    home = fleet.host(maintenance.host)
    if home is not None and home.pool_id:
        return fleet.members(home.pool_id)
    involved = {maintenance.host, *(m.target for m in maintenance.moves)}
    return [h for h in fleet.hosts if h.name in involved]
