# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers an evacuation can't bring up elsewhere: they keep none of the others down, as on Nova.

One that ran fails the task, once the others are elsewhere. One that was off has lost nothing yet and
stays on the failed host with its disks: it is told, and a second run changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..._core.errors import ConflictError, FleetError
from ..._core.model import Fleet, Server
from ..._core.plan import Verdict
from ..placing.strategy import placing
from ..placing.targets import Targets
from .preconditions import failed_host


@dataclass(frozen=True)
class Stranded:
    """A server that no other host can take, and why. ``lost`` if it ran."""

    server: Server
    error: FleetError
    lost: bool

    @property
    def verdict(self) -> Verdict:
        error = self.error
        return Verdict(self.server.name, "warn", f"not recovered: {error.cause}", error.remedy)


def stranded(fleet: Fleet, servers: Sequence[Server], targets: Targets) -> Iterator[Stranded]:
    """Of those to be evacuated. ``targets`` has those of them that are to be started."""
    for server in servers:
        error = targets.refused.get(server.id)
        if error is not None or server.id not in targets.hosts:
            error = _bound(fleet, server) or error
        if error is not None:
            yield Stranded(server, error, lost=server.vm_state != "stopped")


def _bound(fleet: Fleet, server: Server) -> FleetError | None:
    """What keeps it on the failed host, which counts also if it is not to be started."""
    source = failed_host(fleet, server)
    tie = placing(fleet).bound(fleet, server, source) if source else None
    return ConflictError(f"server {server.name}", tie.reason, tie.remedy) if tie else None
