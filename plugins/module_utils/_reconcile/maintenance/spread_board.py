# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep account of which servers are where, and how full hosts are, while moves are planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..._core.model import Server
from ..placing.placement import peers
from ..placing.reach import Reach
from .loads import Load


@dataclass(frozen=True)
class Move:
    """``server`` is as it is before the move, on the host that it leaves."""

    server: Server
    target: str

    @property
    def source(self) -> str:
        return self.server.host or ""


class Board:
    """``loads`` are those of the hosts of the group, ``movable`` the servers that may be moved, and
    ``running`` all that run there. With ``apart``, peers of an anti-affinity group never meet on a host.
    """

    def __init__(
        self,
        reach: Reach,
        loads: Mapping[str, Load],
        movable: Iterable[Server],
        running: Iterable[Server],
        *,
        apart: bool = True,
    ) -> None:
        self.reach = reach
        self.loads = dict(loads)
        self.apart = apart
        self.movable: dict[str, dict[str, Server]] = {name: {} for name in loads}
        self.grouped: dict[str, dict[str, Server]] = {name: {} for name in loads}
        for server in movable:
            self.movable[server.host or ""][server.id] = server
        for server in running:
            if server.groups:
                self.grouped[server.host or ""][server.id] = server
        self._targets: dict[str, Sequence[str]] = {}

    def copy(self) -> Board:
        movable = [s for there in self.movable.values() for s in there.values()]
        grouped = [s for there in self.grouped.values() for s in there.values()]
        return Board(self.reach, self.loads, movable, grouped, apart=self.apart)

    def targets(self, source: str) -> Sequence[str]:
        """Hosts that could take one of the servers on this one, memory aside."""
        if source not in self._targets:
            servers = self.movable[source].values()
            self._targets[source] = [
                target
                for target in self.reach.targets(source)
                if any(self.reach.against(s, target) is None for s in servers)
            ]
        return self._targets[source]

    def fits(self, server: Server, target: str) -> bool:
        """Whether the target has room for it now, and none of its peers."""
        if server.memory > self.loads[target].free:
            return False
        return not (self.apart and self.meets(server, target))

    def meets(self, server: Server, target: str) -> list[Server]:
        """Servers of its anti-affinity groups that are there."""
        return peers(server, self.grouped[target].values()) if server.groups else []

    def allows(self, move: Move) -> bool:
        return (
            self.fits(move.server, move.target)
            and move.target in self.reach.targets(move.source)
            and self.reach.against(move.server, move.target) is None
        )

    def begin(self, move: Move) -> None:
        """From now on the server takes its room on the target, too."""
        self.loads[move.target] = self.loads[move.target].plus(move.server)
        if move.server.groups:
            arriving = replace(move.server, host=move.target)
            self.grouped[move.target][arriving.id] = arriving

    def end(self, move: Move) -> None:
        """From now on it takes none where it was."""
        server, source, target = move.server, move.source, move.target
        self.loads[source] = self.loads[source].minus(server)
        self.grouped[source].pop(server.id, None)
        self.movable[source].pop(server.id, None)
        self.movable[target][server.id] = replace(server, host=target)
        self._targets.pop(source, None)
        self._targets.pop(target, None)

    def make(self, move: Move) -> None:
        self.begin(move)
        self.end(move)

    def could_make(self, moves: Iterable[Move]) -> bool:
        """Whether they can be made one after the other."""
        trial = self.copy()
        for move in moves:
            if not trial.allows(move):
                return False
            trial.make(move)
        return True
