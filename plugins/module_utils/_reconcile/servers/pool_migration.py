# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan live migrations: to the host asked for, or to the roomiest that fits. On Nova the scheduler
chooses (cloud_migration.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._core.errors import FleetError, InvalidError
from ..._core.model import Fleet, Server
from ..._core.plan import Step, Verdict
from ..placing.pool import MOVING, choose, onto
from .cloud_migration import plan_scheduled_moves
from .verbs import move_step


@dataclass(frozen=True)
class Moves:
    """``errors`` are reasons why servers cannot go; with any of them the steps are not to be taken."""

    steps: tuple[Step, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    errors: tuple[FleetError, ...] = ()


def plan_moves(fleet: Fleet, servers: Sequence[Server], target: str | None) -> Moves:
    """A move for every server that is not on the target yet, or on another host if there is none.

    Raises InvalidError for an unknown target or one that is down, ConflictError for one that is
    out of service.
    """
    if fleet.traits.scheduler:
        steps, errors = plan_scheduled_moves(fleet, servers, target)
        return Moves(steps, errors=errors)
    moving = [s for s in servers if target is None or s.host != target]
    found = choose(fleet, moving, MOVING) if target is None else onto(fleet, moving, target)
    errors = (*(e for s in moving if (e := _source_down(fleet, s))), *found.obstacles)
    if errors:
        return Moves(errors=errors)
    return Moves(tuple(move_step(s, found.hosts[s.id]) for s in moving), found.warnings)


def _source_down(fleet: Fleet, server: Server) -> FleetError | None:
    source = fleet.host(server.host or "")
    if source is not None and source.live:
        return None
    return InvalidError(
        f"server {server.name}",
        f"its host {server.host} is down, so that it cannot be live-migrated",
        "Bring the host back first",
        host=server.host,
    )
