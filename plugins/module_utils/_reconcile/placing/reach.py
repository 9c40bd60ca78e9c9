# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a group between which running servers can go, where the planner names the target of
each move whoever else could choose it.

A scheduler has the last word on a named target. What it would refuse is known here as far as it follows
from services and zones; that servers stay in their zone, and near their host, is our own rule on every
control plane.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..._core.model import Fleet, Server
from ..._core.plan import Verdict
from .candidates import Candidates
from .cloud import outside_zone
from .targets import Rule


class Reach:
    """Asks for one fleet, one rule and hosts that are in service, each question once."""

    def __init__(self, fleet: Fleet, rule: Rule, hosts: Iterable[str]) -> None:
        self._fleet = fleet
        self._asked = Candidates(fleet, rule)
        self._hosts = {h.name: h for h in fleet.hosts}
        self._group = frozenset(hosts)
        self._targets: dict[str, tuple[str, ...]] = {}
        self._far: dict[tuple[str, str], str | None] = {}
        self._distances: dict[tuple[str, str], tuple[bool, int]] = {}
        self._unfit: dict[tuple[str, str, str], str | None] = {}

    def targets(self, source: str) -> Sequence[str]:
        """The hosts of the group that take servers from this one, whatever the server."""
        if source not in self._targets:
            found, _closed = self._asked.open(self._hosts[source].pool_id, source)
            self._targets[source] = tuple(h.name for h in found if h.name in self._group)
        return self._targets[source]

    def against(self, server: Server, target: str) -> str | None:
        """Why the host can't take the server from where it is even if all its memory were free, or
        None. Completes "host X ...".
        """
        return self._too_far(server, target) or self._lacking(server, target)

    def _too_far(self, server: Server, target: str) -> str | None:
        """It is the same for all servers that run on one host, so that most targets are asked once only."""
        key = (server.host or "", target)
        if key not in self._far:
            lacking = self._asked.within.outside(server, self._hosts[target])
            self._far[key] = lacking.of_host if lacking else None
        return self._far[key]

    def _lacking(self, server: Server, target: str) -> str | None:
        key = (server.id, server.host or "", target)
        if key not in self._unfit:
            lacking = self._asked.against(server, self._hosts[target])
            self._unfit[key] = (
                lacking.of_host if lacking else outside_zone(self._fleet, server, target)
            )
        return self._unfit[key]

    def distance(self, server: Server, target: str) -> tuple[bool, int]:
        """Sorts targets, near ones first. It is the same for all servers that run on one host."""
        key = (server.host or "", target)
        if key not in self._distances:
            self._distances[key] = self._asked.within.distance(server, target)
        return self._distances[key]

    def departures(self, moves: Iterable[tuple[Server, str]]) -> tuple[Verdict, ...]:
        """A warning for each move that leaves the server's zone, or all aggregates of its host."""
        return self._asked.within.departures(moves)
