# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts may take a server, and where a set of servers fits: pure decisions about capacity.

A host takes a server if it takes guests at all, has the server's storage, networks and processors
(what XAPI checks in VM.assert_can_boot_here), has memory left, and runs no other member of the
server's anti-affinity groups. Where devices are free is asked of XAPI beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..._core.errors import joined
from ..._core.model import MAINTENANCE_KEY, Fleet, Host, Server
from .unfit import Unfit

LEAVING = frozenset({"evacuate", "shutdown", "reboot", "apply_updates"})
"""Host operations during which XAPI refuses arriving guests (OTHER_OPERATION_IN_PROGRESS), or
after which the host goes away.
"""


@dataclass
class Placement:
    """Where each server goes, by uuid; ``unplaced`` found no place. ``free`` is memory left by host."""

    chosen: dict[str, str] = field(default_factory=dict)
    unplaced: list[Server] = field(default_factory=list)
    free: dict[str, int] = field(default_factory=dict)
    members: dict[str, list[Server]] = field(default_factory=dict)
    """Servers on each host once all are moved; anti-affinity is judged by them."""
    already_there: dict[tuple[str, str], int] = field(default_factory=dict)
    """By server and host, memory that the server has there already and gives back."""
    with_devices: dict[str, int] = field(default_factory=dict)
    """How many of the servers placed on each host have devices."""

    def need(self, server: Server, host: str) -> int:
        """What it takes there in addition."""
        return server.memory - self.already_there.get((server.id, host), 0)

    def roomy(self, server: Server, hosts: Iterable[str]) -> list[str]:
        """Those of the hosts with room left for a server that is not placed."""
        return [n for n in hosts if self.free[n] >= self.need(server, n)]


def closed_to_guests(fleet: Fleet, host: Host) -> str | None:
    """Why the host takes no server at all now, or None. Completes "host X ..."."""
    service = fleet.service(host.name)
    checks = (
        (not host.live, "is down"),
        (_switched_off(fleet, host), "is disabled"),
        (service is not None and service.forced_down, "is forced down"),
        (service is not None and service.status != "enabled", "has its compute service disabled"),
        (fleet.open_maintenance(host.name) is not None, "is in maintenance"),
        (host.other_config.get(MAINTENANCE_KEY) == "true", "is in maintenance mode"),
        (bool(LEAVING & set(host.operations)), f"is busy with {joined(host.operations)}"),
    )
    return next((reason for failed, reason in checks if failed), None)


def unable(fleet: Fleet, host: Host) -> str | None:
    """Why not even a server of the host's own can start there now, or None. Completes "host X ..."."""
    service = fleet.service(host.name)
    checks = (
        (not host.live, "is down"),
        (_switched_off(fleet, host), "is disabled"),
        (service is not None and service.forced_down, "is forced down"),
        (bool(LEAVING & set(host.operations)), f"is busy with {joined(host.operations)}"),
    )
    return next((reason for failed, reason in checks if failed), None)


def _switched_off(fleet: Fleet, host: Host) -> bool:
    """By a switch of the host's own; without one it shows the status of its service."""
    return fleet.traits.host_switch and not host.enabled


def older(host: Host, than: Host) -> bool:
    """Whether the host runs an older platform; XAPI's own evacuation never moves guests to one."""
    mine, other = (h.software.get("platform_version", "") for h in (host, than))
    return bool(mine and other) and _numbers(mine) < _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version))


def equipment(fleet: Fleet) -> Callable[[Server, Host], Unfit | None]:
    """Asks why a host could not run a server even if all its memory were free."""
    storages = {s.id: s for s in fleet.storages}
    networks = {n.id: n for n in fleet.networks}

    def ask(server: Server, host: Host) -> Unfit | None:
        for uuid in sorted(server.all_storage):
            storage = storages.get(uuid)
            if storage is None or host.name not in storage.attached:
                return _missing_storage(storage.name if storage else uuid, storage)
        for uuid in sorted(server.networks):
            network = networks.get(uuid)
            if network is None or host.name not in network.hosts:
                return Unfit(
                    f"network {network.name if network else uuid} is missing",
                    "Connect the network there",
                )
        if server.vcpus > host.cpus > 0:
            return Unfit(
                f"only {host.cpus} CPUs for its {server.vcpus}",
                "Give it fewer virtual CPUs",
            )
        if host.name not in fleet.possible.get(server.id, (host.name,)):
            return Unfit(
                "XAPI finds no free devices (GPU, USB, SR-IOV) or no memory for it there",
                "Choose a host that has such devices, or free them there",
            )
        return None

    return ask


def _missing_storage(name: str, storage: object) -> Unfit:
    content = getattr(storage, "content_type", "")
    shared = getattr(storage, "shared", False)
    if content == "iso":
        remedy = "Eject its CD, or plug the SR there"
    elif shared:
        remedy = "Plug the SR there (xen_sr)"
    else:
        remedy = "Move its disk to a shared SR"
    return Unfit(f"SR {name} is not attached", remedy)


Distance: TypeAlias = Callable[[Server, str], tuple[bool, int]]
"""Sorts the hosts that a server can go to: near ones first."""


def place(
    fleet: Fleet,
    servers: Sequence[Server],
    options: Mapping[str, Sequence[str]],
    *,
    enforce_groups: bool = True,
    preferred: Mapping[str, str] | None = None,
    distance: Distance | None = None,
) -> Placement:
    """Give each server one of its ``options`` (host names by server uuid).

    Biggest first into the roomiest of the nearest hosts, which spreads the load; if that leaves one
    over, the most constrained first into the fullest host that still takes it, which packs tighter; and
    at last wherever there is room, near or not. Where groups are not enforced, of hosts at the same
    distance one without a peer is preferred. A ``preferred`` host goes before all others. Servers with
    devices avoid each other, as a host may have one device left.
    """
    big = biggest_first(servers)
    constrained = sorted(big, key=lambda s: len(options[s.id]))
    best: Placement | None = None
    for near in (distance, None) if distance else (None,):
        wish = Wish(enforce_groups, preferred or {}, near)
        for order, tight in ((big, False), (constrained, True)):
            found = _fill(fleet, order, options, wish, tight=tight)
            if best is None or len(found.unplaced) < len(best.unplaced):
                best = found
            if not best.unplaced:
                return best
    return best or Placement()


@dataclass(frozen=True)
class Wish:
    """What decides between the hosts that have room for a server."""

    enforce_groups: bool
    preferred: Mapping[str, str]
    distance: Distance | None


def biggest_first(servers: Iterable[Server]) -> list[Server]:
    """Equal ones by name, so that a plan is the same each time it is made."""
    return sorted(servers, key=lambda s: (-s.memory, s.name, s.id))


def _fill(
    fleet: Fleet,
    servers: Sequence[Server],
    options: Mapping[str, Sequence[str]],
    wish: Wish,
    *,
    tight: bool,
) -> Placement:
    moving = {s.id for s in servers}
    names = sorted({name for targets in options.values() for name in targets})
    placement = Placement(
        free={n: host.memory_free for n in names if (host := fleet.host(n))},
        members={
            n: [s for s in fleet.servers_on(n) if s.running and s.id not in moving] for n in names
        },
        already_there={
            (s.id, s.host): s.memory
            for s in fleet.servers
            if s.id in moving and s.host and s.running
        },
    )
    for server in servers:
        _put(placement, server, options[server.id], wish, tight=tight)
    return placement


def _put(
    placement: Placement, server: Server, options: Sequence[str], wish: Wish, *, tight: bool
) -> None:
    meets = {n: bool(server.groups and peers(server, placement.members[n])) for n in options}
    fitting = [
        n
        for n in placement.roomy(server, options)
        if not (wish.enforce_groups and meets[n] and n != server.host)
    ]
    if not fitting:
        placement.unplaced.append(server)
        return
    sign = 1 if tight else -1
    rivals = placement.with_devices if server.devices else {}
    first = wish.preferred.get(server.id)
    far = wish.distance or _nowhere_near
    best = min(
        fitting,
        key=lambda n: (
            n != first,
            rivals.get(n, 0),
            far(server, n),
            meets[n],
            sign * placement.free[n],
            n,
        ),
    )
    placement.chosen[server.id] = best
    placement.with_devices[best] = placement.with_devices.get(best, 0) + server.devices
    placement.free[best] -= placement.need(server, best)
    placement.members[best].append(server)


def _nowhere_near(_server: Server, _host: str) -> tuple[bool, int]:
    return (False, 0)


def peers(server: Server, others: Iterable[Server]) -> list[Server]:
    """Those of the others that share an anti-affinity group with the server."""
    groups = set(server.groups)
    return [o for o in others if o.id != server.id and groups & set(o.groups)]
