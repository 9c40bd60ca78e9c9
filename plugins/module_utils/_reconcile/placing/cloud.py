# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where servers go on a control plane with a scheduler: what it would refuse is known before it is
asked, as far as it follows from services and zones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._core.errors import ConflictError, FleetError, InvalidError, joined
from ..._core.model import Fleet, Server
from .targets import Rule, Targets
from .unfit import Unfit

MOST = 6
"""Hosts that a message names one by one."""


def closed(fleet: Fleet, host: str) -> str | None:
    """Why no server can move to the host now, or None. Completes "host X ..."."""
    service = fleet.service(host)
    if service is None:
        return "has no compute service"
    checks = (
        (service.forced_down, "is forced down"),
        (service.state != "up", "is down"),
        (service.status != "enabled", "has its compute service disabled"),
        (fleet.open_maintenance(host) is not None, "is in maintenance"),
    )
    return next((reason for failed, reason in checks if failed), None)


def outside_zone(fleet: Fleet, server: Server, host: str) -> str | None:
    """A server is pinned to the zone that it was asked for (availability_zone_pinning). Completes
    "host X ...".
    """
    service = fleet.service(host)
    zone = service.zone if service else None
    if server.pinned_zone is None or zone is None or zone == server.pinned_zone:
        return None
    return f"is in zone {zone}, and the server is pinned to {server.pinned_zone}"


def objections(fleet: Fleet, server: Server) -> dict[str, str | None]:
    """Every host but the server's own, with what is against it."""
    return {
        s.host: closed(fleet, s.host) or outside_zone(fleet, server, s.host)
        for s in fleet.services
        if s.host != server.host
    }


def no_valid_host(problems: dict[str, str | None]) -> str | None:
    """Why the scheduler can choose none of these, or None."""
    if not all(problems.values()):
        return None
    reasons: Sequence[str] = [f"{host} {reason}" for host, reason in problems.items()]
    return f"no valid host was found: {joined(reasons, 'there is no other', MOST)}"


def stuck(fleet: Fleet, server: Server) -> FleetError | None:
    """Why its host lets the server go nowhere, or None."""
    source = fleet.service(server.host or "")
    if source is not None and source.state == "up":
        return None
    return InvalidError(
        f"server {server.name}",
        f"its host {server.host} is down, so that it cannot be live-migrated",
        "Bring the host back first; if it is lost, fence it and evacuate the server",
        host=server.host,
    )


def bound(_fleet: Fleet, _server: Server, _host: str) -> Unfit | None:
    """None: the scheduler alone knows, and Nova builds a server anew whose disks are lost."""
    return None


def onto(
    fleet: Fleet, servers: Sequence[Server], target: str, within: str | None = None
) -> Targets:
    """All servers on the host that was asked for, which only their zone can forbid.

    Raises InvalidError for a target that is unknown or down, ConflictError for one that is out of
    service.
    """
    _check_target(fleet, target, needed=bool(servers))
    refused = {
        s.id: _refused(s, f"{target} {reason}")
        for s in servers
        if (reason := outside_zone(fleet, s, target))
    }
    return Targets({s.id: target for s in servers}, refused=refused)


def _check_target(fleet: Fleet, target: str, *, needed: bool) -> None:
    service = fleet.service(target)
    if service is None:
        raise InvalidError(
            f"target host {target}",
            fleet.traits.words.unknown_host,
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


def choose(
    fleet: Fleet,
    servers: Sequence[Server],
    rule: Rule,
    *,
    homes: Mapping[str, str] | None = None,
    preferred: Mapping[str, str] | None = None,
) -> Targets:
    """None for each server: the scheduler has its own rules. It must find a host at all."""
    refused = {
        s.id: _refused(s, reason)
        for s in servers
        if (reason := no_valid_host(objections(fleet, s)))
    }
    return Targets(dict.fromkeys(s.id for s in servers), refused=refused)


def _refused(server: Server, reason: str) -> FleetError:
    return InvalidError(
        f"server {server.name}", reason, "Bring a suitable host into service, or choose another one"
    )
