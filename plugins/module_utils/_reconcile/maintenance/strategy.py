# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host is emptied and its servers return, where the planner chooses hosts and where a scheduler
does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ..._core.model import Fleet, Host, Maintenance, Server
from ..._core.plan import Step, Verdict
from . import cloud_drain, cloud_return, pool_drain, pool_return
from .emptied import Emptied
from .wanted import MaintenanceWanted


class Drain(Protocol):
    """The way out."""

    def empty(self, fleet: Fleet, host: Host, wanted: MaintenanceWanted) -> Emptied:
        """A move for each server that has to leave, or blockers."""

    def warnings(
        self, fleet: Fleet, host: Host, current: Maintenance | None, leaving: Sequence[Step]
    ) -> Iterable[Verdict]:
        """What else to look at. ``leaving`` are steps that end what an earlier run has begun."""

    def immovable(self, fleet: Fleet, server: Server) -> str | None:
        """Why this server can't be live-migrated anywhere now, or None."""


class Return(Protocol):
    """The way back."""

    def plan_return(
        self, fleet: Fleet, before: Fleet, host: Host, wanted: MaintenanceWanted
    ) -> tuple[list[Step], list[Verdict]]:
        """Last to leave comes first. ``fleet`` is as it will be once the host is back in service."""


def draining(fleet: Fleet) -> Drain:
    strategies: tuple[Drain, Drain] = (pool_drain, cloud_drain)
    return strategies[fleet.traits.scheduler]


def returning(fleet: Fleet) -> Return:
    strategies: tuple[Return, Return] = (pool_return, cloud_return)
    return strategies[fleet.traits.scheduler]
