# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that Nova's scheduler never chooses, known before it is asked."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.errors import joined
from ..._core.model import Fleet, Server

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


def no_valid_host(found: dict[str, str | None]) -> str | None:
    """Why the scheduler can choose none of these, or None."""
    if not all(found.values()):
        return None
    told: Sequence[str] = [f"{host} {reason}" for host, reason in found.items()]
    return f"no valid host was found: {joined(told, 'there is no other', MOST)}"
