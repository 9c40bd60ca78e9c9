# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an action costs a server beside what it is done for: data that is lost, a zone that it is bound to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._core.errors import joined
from ..._core.model import Fleet, Server
from ..._core.plan import Verdict
from .preconditions import failed_host
from .wanted import ServerActionWanted


def cautions(
    fleet: Fleet, servers: Sequence[Server], wanted: ServerActionWanted
) -> tuple[Verdict, ...]:
    """Warnings, a server each, before anything is done."""
    if wanted.action == "evacuate":
        return tuple(verdict for s in servers for verdict in _lost(fleet, s))
    zone = wanted.options.get("availability_zone")
    return tuple(_pinned(fleet, s, zone) for s in servers) if zone else ()


def _lost(fleet: Fleet, server: Server) -> Iterator[Verdict]:
    """Sources: Nova's admin guide, evacuate; nova/compute/manager.py rebuild_instance, which asks the
    driver whether the disks are on shared storage, and otherwise builds the server from its image.
    """
    host = failed_host(fleet, server)
    if server.evacuated_from and host == server.evacuated_from:
        return  # It runs elsewhere already.
    if server.local_disks:
        yield Verdict(
            server.name,
            "warn",
            f"its {joined(server.local_disks)} will be made anew, and what was on it is lost, unless "
            f"{host} keeps it on storage that the new host shares",
            "If that is needed and not shared, bring the host back instead",
        )


def _pinned(fleet: Fleet, server: Server, zone: str) -> Verdict:
    """Source: nova/compute/api.py unshelve, which writes the zone into the server's request spec."""
    default = (
        f", and {zone} is the default zone, of whatever hosts no aggregate puts into one"
        if zone == fleet.default_zone
        else ""
    )
    return Verdict(
        server.name,
        "warn",
        f"availability_zone pins it to {zone}: whenever the scheduler chooses a host for it, that is in "
        f"this zone{default}",
        "Leave availability_zone out if that is not meant",
    )
