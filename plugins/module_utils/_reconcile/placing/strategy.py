# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who chooses the hosts of servers: the planner among those of a pool, or a scheduler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..._core.errors import FleetError
from ..._core.model import Fleet, Server
from . import cloud, pool
from .targets import Rule, Targets
from .unfit import Unfit


class Placing(Protocol):
    """What both ways of choosing answer."""

    def closed(self, fleet: Fleet, host: str) -> str | None:
        """Why no server can move to the host now, or None. Completes "host X ..."."""

    def stuck(self, fleet: Fleet, server: Server) -> FleetError | None:
        """Why its host lets the server go nowhere, or None."""

    def bound(self, fleet: Fleet, server: Server, host: str) -> Unfit | None:
        """What keeps the server on this host, whatever the state and the room of the others, or None."""

    def onto(
        self, fleet: Fleet, servers: Sequence[Server], target: str, within: str | None = None
    ) -> Targets:
        """All servers on the host that was asked for. Raises InvalidError for one that is unknown or
        down, ConflictError for one that is out of service.
        """

    def choose(
        self,
        fleet: Fleet,
        servers: Sequence[Server],
        rule: Rule,
        *,
        homes: Mapping[str, str] | None = None,
        preferred: Mapping[str, str] | None = None,
    ) -> Targets:
        """A host for each server, all together."""


def placing(fleet: Fleet) -> Placing:
    strategies: tuple[Placing, Placing] = (pool, cloud)
    return strategies[fleet.traits.scheduler]
