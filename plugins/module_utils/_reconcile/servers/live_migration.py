# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan live migrations: to the host asked for, or to one that is chosen here or by the scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..._core.errors import FleetError
from ..._core.model import Fleet, Server
from ..._core.plan import Step, Verdict
from ..placing.strategy import placing
from ..placing.targets import MOVING
from .verbs import move_step


@dataclass(frozen=True)
class Moves:
    """``errors`` are reasons why servers cannot go; with any of them the steps are not to be taken."""

    steps: tuple[Step, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    errors: tuple[FleetError, ...] = ()


def plan_moves(
    fleet: Fleet, servers: Sequence[Server], target: str | None, within: str | None = None
) -> Moves:
    """A move for every server that is not on the target yet, or to another host if there is none.

    Raises InvalidError for an unknown target or one that is down, ConflictError for one that is
    out of service.
    """
    strategy = placing(fleet)
    moving = [s for s in servers if target is None or s.host != target]
    stuck = {s.id: e for s in moving if (e := strategy.stuck(fleet, s))}
    free = [s for s in moving if s.id not in stuck]
    targets = (
        strategy.choose(fleet, free, replace(MOVING, within=within))
        if target is None
        else strategy.onto(fleet, free, target, within)
    )
    errors = (*stuck.values(), *targets.obstacles)
    if errors:
        return Moves(errors=errors)
    return Moves(tuple(move_step(s, targets.hosts[s.id]) for s in moving), targets.warnings)
