# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live migrations that Nova's scheduler places: what it would refuse later is refused at once."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.errors import ConflictError, FleetError, InvalidError, joined
from ..._core.model import Fleet, Server
from ..._core.plan import Step
from ..placing.scheduling import closed, no_valid_host, objections, outside_zone
from .verbs import move_step


def plan_scheduled_moves(
    fleet: Fleet, servers: Sequence[Server], target: str | None
) -> tuple[tuple[Step, ...], tuple[FleetError, ...]]:
    """A move for every server that is not on the target yet, or to a host of the scheduler's
    choice; and why servers cannot go.

    Raises InvalidError for a target that is unknown or down, ConflictError for one that is out of
    service.
    """
    moving = [s for s in servers if target is None or s.host != target]
    if target is not None:
        _check_target(fleet, target, needed=bool(moving))
    errors = [e for s in moving if (e := _obstacle(fleet, s, target))]
    return tuple(move_step(s, target) for s in moving), tuple(errors)


def _check_target(fleet: Fleet, target: str, *, needed: bool) -> None:
    service = fleet.service(target)
    if service is None:
        raise InvalidError(
            f"target host {target}",
            "Nova knows no such host",
            f"Known hosts: {joined([s.host for s in fleet.services])}",
        )
    reason = closed(fleet, target) if needed else None
    if reason is None:
        return
    down = service.forced_down or service.state != "up"
    raise (InvalidError if down else ConflictError)(
        f"target host {target}",
        f"it {reason}",
        "Choose another host" if down else "Bring it back into service, or choose another host",
    )


def _obstacle(fleet: Fleet, server: Server, target: str | None) -> FleetError | None:
    source = fleet.service(server.host or "")
    if source is None or source.state != "up":
        return InvalidError(
            f"server {server.name}",
            f"its host {server.host} is down, so that it cannot be live-migrated",
            "Bring the host back first; if it is lost, fence it and evacuate the server",
            host=server.host,
        )
    if target is None:
        reason = no_valid_host(objections(fleet, server))
    else:
        found = outside_zone(fleet, server, target)
        reason = found and f"{target} {found}"
    if not reason:
        return None
    return InvalidError(
        f"server {server.name}", reason, "Bring a suitable host into service, or choose another one"
    )
