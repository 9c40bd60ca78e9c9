# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Availability zones, which follow from the services in them."""

from __future__ import annotations

from ..._core.model import ComputeService, Fleet, Zone


def zones(fleet: Fleet) -> tuple[Zone, ...]:
    """By name, with their enabled services. As in Nova, a zone is there if a service is in it, and
    available if an enabled one is, up or down (nova/availability_zones.py).
    """
    if fleet.zones is not None:
        return fleet.zones
    members: dict[str, list[ComputeService]] = {}
    for service in fleet.services:
        members.setdefault(service.zone or fleet.default_zone, []).append(service)
    return tuple(_zone(name, members[name]) for name in sorted(members))


def _zone(name: str, members: list[ComputeService]) -> Zone:
    enabled = tuple(s for s in members if s.status == "enabled")
    return Zone(name, bool(enabled), enabled)
