# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that record where a maintenance stands, and how its servers leave and return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._core.model import Fleet, Host, Maintenance, Migration, Server
from .._core.plan import Step
from .journal import MaintenanceWanted
from .placement import gib


def begun(fleet: Fleet, host: Host, wanted: MaintenanceWanted) -> Step:
    """With what is about to be switched off. On Nova a host has no switch of its own."""
    service = fleet.service(host.name)
    return Step(
        "maintenance.begin",
        host.name,
        {
            "name": wanted.name,
            "host_id": host.id,
            "service_disabled": service is not None and service.status == "enabled",
            "host_disabled": host.enabled and not fleet.scheduled,
        },
    )


def reached(
    host: Host, current: Maintenance | None, wanted: MaintenanceWanted, phase: str
) -> Iterator[Step]:
    """Nothing if the maintenance is in that phase already."""
    if current is None or current.phase != phase:
        yield Step("maintenance.advance", host.name, {"name": wanted.name, "phase": phase})


def move_step(
    server: Server, target: str | None, *, verb: str = "server.live_migrate", **args: object
) -> Step:
    """A move of the server from where it is. Without a target the scheduler chooses."""
    return Step(
        verb,
        server.name,
        {
            "id": server.id,
            "source": server.host,
            "target": target,
            "memory": server.memory,
            **{k: v for k, v in args.items() if v is not None},
        },
        why=gib(server.memory),
    )


def departures(moves: Sequence[Migration]) -> list[Migration]:
    """The last move of each server that left, latest departure first."""
    last = {m.server_id: m for m in moves if m.status in ("completed", "running")}
    order = {id(m): i for i, m in enumerate(moves)}
    return sorted(last.values(), key=lambda m: -order[id(m)])
