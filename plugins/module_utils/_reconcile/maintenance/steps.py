# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that record the phase of a maintenance, and the moves of its servers to be returned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._core.model import Fleet, Host, Maintenance, Migration
from ..._core.plan import Step
from .verbs import AdvanceArgs, BeginArgs, advance, begin
from .wanted import MaintenanceWanted


def begun(fleet: Fleet, host: Host, wanted: MaintenanceWanted) -> Step:
    """With what is about to be switched off, and since when the host is up."""
    service = fleet.service(host.name)
    return begin(
        host.name,
        BeginArgs(
            name=wanted.name,
            host_id=host.id,
            service_disabled=service is not None and service.status == "enabled",
            host_disabled=host.enabled and fleet.traits.host_switch,
            booted_at=host.booted_at,
        ),
    )


def reached(
    host: Host, current: Maintenance | None, wanted: MaintenanceWanted, phase: str
) -> Iterator[Step]:
    """Nothing if the maintenance is in that phase already."""
    if current is None or current.phase != phase:
        yield advance(host.name, AdvanceArgs(name=wanted.name, phase=phase))


def departures(moves: Sequence[Migration]) -> list[Migration]:
    """The last move of each server that left, latest departure first."""
    last = {m.server_id: m for m in moves if m.status in ("completed", "running")}
    order = {id(m): i for i, m in enumerate(moves)}
    return sorted(last.values(), key=lambda m: -order[id(m)])
