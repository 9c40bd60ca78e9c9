# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Empty a host of its running servers: every blocker at once, or a move for each server.

Pure: filters judge each server by itself, then placement finds room for all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..._core.errors import ConflictError, NotFoundError, joined
from ..._core.model import Fleet, Host, Maintenance, Network, Server
from ..._core.plan import Step, Verdict
from ..._core.units import gib
from ..common.compute_vm import is_compute_vm
from ..placing.candidates import Candidates, Found, Lift, lifts
from ..placing.placement import Placement, biggest_first, peers
from ..placing.targets import MOVING
from ..placing.unfit import Unfit
from ..servers.verbs import move_step
from .emptied import Emptied
from .wanted import MaintenanceWanted


def empty(fleet: Fleet, source: Host, wanted: MaintenanceWanted) -> Emptied:
    """The moves that empty the host, or blockers.

    Servers that don't run hold none of the host's memory and are left alone.
    """
    resident = fleet.servers_on(source.name)
    idle = [
        Verdict(s.name, "skip", f"is {s.status} and stays as it is")
        for s in resident
        if not s.running
    ]
    running = biggest_first(s for s in resident if s.running)
    if not running:
        migration_network(fleet, source, wanted.network, ())
        return Emptied(verdicts=tuple(idle))
    stuck = {s.id: obstacle for s in running if (obstacle := _first_obstacle(fleet, s))}
    blocked = [_block(s, stuck[s.id]) for s in running if s.id in stuck]
    movable = [s for s in running if s.id not in stuck]
    rule = replace(MOVING, apart=wanted.enforce_groups, within=wanted.within)
    asked = Candidates(fleet, rule)
    hosts, closed = asked.open(source.pool_id, source.name)
    if not hosts:
        blocked.append(_no_target(fleet, source, closed))
        return Emptied(verdicts=(*idle, *blocked))
    found = asked.find(movable)
    placement = found.placement
    blocked += _homeless(asked, movable, found)
    moves = tuple((s, placement.chosen[s.id]) for s in movable if s.id in placement.chosen)
    network = (
        None
        if blocked
        else migration_network(fleet, source, wanted.network, [t for _s, t in moves])
    )
    return Emptied(
        tuple(move_step(s, to, maintenance=wanted.name, network=network) for s, to in moves),
        (
            *idle,
            *_skipped(closed),
            *blocked,
            *asked.within.departures(moves),
            *_shared_hosts(moves, placement),
            *_room(placement),
        ),
    )


def migration_network(
    fleet: Fleet, host: Host, name: str | None, targets: Sequence[str]
) -> str | None:
    """The network's uuid. All these hosts must be on it: XAPI answers PIF_NOT_PRESENT for one without
    an interface there.
    """
    if name is None:
        return None
    mine = [n for n in fleet.networks if n.pool_id == host.pool_id and name in (n.name, n.id)]
    network: Network | None = mine[0] if mine else None
    if network is None:
        raise NotFoundError(
            f"network {name}", f"the pool of host {host.name} has none of this name"
        )
    if len(mine) > 1:
        raise ConflictError(
            f"network {name}",
            f"the pool of host {host.name} has {len(mine)} of this name",
            "Name it by its uuid",
        )
    involved = dict.fromkeys([host.name, *targets])
    lacking = [n for n in involved if n not in network.hosts]
    if lacking:
        raise ConflictError(
            f"network {name}",
            f"{joined(lacking)} has no interface on it",
            "Choose a network on which every host of the pool has an interface, or leave it out",
        )
    return network.id


def warnings(
    fleet: Fleet,
    host: Host,
    current: Maintenance | None,
    leaving: Sequence[Step],
) -> Iterator[Verdict]:
    """A pool can't be managed without its coordinator."""
    pool = fleet.pool_of(host.name)
    alone = len(fleet.members(host.pool_id)) < 2
    if current is None and pool is not None and pool.coordinator == host.name and not alone:
        yield Verdict(
            host.name,
            "warn",
            f"coordinates pool {pool.name or pool.id}, which can't be managed while it restarts",
            "Hand over first with xen_pool and its option coordinator if that matters",
        )


def _skipped(closed: Mapping[str, str]) -> list[Verdict]:
    return [Verdict(name, "skip", f"accepts no servers: it {why}") for name, why in closed.items()]


# --- filters: one server by itself ----------------------------------------------------------------


def _busy(server: Server) -> Unfit | None:
    if server.task_state is None:
        return None
    return Unfit(
        f"is busy: its task_state is {server.task_state}", "Wait until that has ended and run again"
    )


def _rescued(server: Server) -> Unfit | None:
    """The VM in its place is moved by no action, as Nova moves no server in RESCUE."""
    if not server.stand_in and server.vm_state != "rescued":
        return None
    return Unfit(
        f"is {server.status}, and the VM that it is rescued from can't be moved",
        "Bring it back (server_action: unrescue, or reboot_hard if it is in ERROR), or delete it",
    )


def _paused(server: Server) -> Unfit | None:
    """XAPI answers VM_BAD_POWER_STATE to pool_migrate of a paused guest."""
    if server.power_state != "Paused":
        return None
    return Unfit("is paused, and only a running server can be moved", "Unpause it, or stop it")


def _locked(server: Server) -> Unfit | None:
    """OPERATION_BLOCKED applies to forced calls too."""
    if "pool_migrate" not in server.blocked:
        return None
    text = server.blocked["pool_migrate"]
    return Unfit(
        f"has pool_migrate among its blocked_operations{f' ({text})' if text else ''}",
        "Remove that block, or stop the server",
    )


def _not_allowed(server: Server) -> Unfit | None:
    if "pool_migrate" in server.allowed:
        return None
    return Unfit(
        "does not allow pool_migrate (no guest tools, or a device passed through)",
        "Install the guest tools or detach the device, or stop the server",
    )


FILTERS: Sequence[Callable[[Server], Unfit | None]] = (_busy, _rescued, _paused)
OPERATION_FILTERS: Sequence[Callable[[Server], Unfit | None]] = (_locked, _not_allowed)
"""In the order in which a user would have to deal with them; the first that objects is reported."""


def _first_obstacle(fleet: Fleet, server: Server) -> Unfit | None:
    if limit := fleet.traits.unsupported.get("action live_migrate"):
        return Unfit(f"can't be moved while it runs: {limit.cause}", limit.remedy)
    asked = (*FILTERS, *(OPERATION_FILTERS if fleet.traits.lists_operations else ()))
    return next((obstacle for check in asked if (obstacle := check(server))), None)


def immovable(fleet: Fleet, server: Server) -> str | None:
    """Why this server can't be live-migrated anywhere now, or None."""
    obstacle = _first_obstacle(fleet, server)
    return obstacle.reason if obstacle else None


# --- room for all of them together ----------------------------------------------------------------


def _homeless(asked: Candidates, servers: Sequence[Server], found: Found) -> list[Verdict]:
    """A blocker for each server that no host can take, with what would change that."""
    lifted = lifts(asked, servers, found)
    return [
        _no_room(s, found, lifted.get(s.id))
        if found.options[s.id]
        else _no_fit(s, found.problems[s.id], lifted.get(s.id), asked.within.bring(s))
        for s in sorted(found.left(servers), key=lambda s: bool(found.options[s.id]))
    ]


def _no_fit(
    server: Server, problems: Mapping[str, Unfit], lift: Lift | None, bring: str
) -> Verdict:
    by_reason: dict[str, list[str]] = {}
    for name, problem in problems.items():
        by_reason.setdefault(problem.reason, []).append(name)
    listed = "; ".join(f"{reason} on {joined(names)}" for reason, names in by_reason.items())
    inside = dict.fromkeys(p.remedy for p in problems.values() if not p.liftable)
    remedies = ". ".join([*([lift.remedy] if lift else []), *inside])
    stop = ", or stop the server" if inside else ""
    reason = f"no host can take it: {listed}{lift.clause if lift else ''}"
    if is_compute_vm(server):
        reason = f"it is the VM in which the host's nova-compute runs, and {reason}"
    return Verdict(server.name, "block", reason, f"{remedies or bring}{stop}")


def _no_target(fleet: Fleet, source: Host, closed: Mapping[str, str]) -> Verdict:
    pool = fleet.pool(source.pool_id)
    why = joined([f"{name} {reason}" for name, reason in closed.items()], "it has no other")
    return Verdict(
        f"pool {(pool and pool.name) or source.pool_id}",
        "block",
        f"no other host accepts servers: {why}",
        "Bring another host of the pool into service first",
    )


def _no_room(server: Server, found: Found, lift: Lift | None) -> Verdict:
    """Memory that is free but not usable means that a member of its group is on the host."""
    options, placement = found.options[server.id], found.placement
    outside = lift.clause if lift else ""
    allow = f"{lift.remedy}. " if lift else ""
    if roomy := placement.roomy(server, options):
        return Verdict(
            server.name,
            "block",
            f"anti-affinity: every host with room for it ({joined(roomy)}) has a server of "
            f"{joined([f'group {g}' for g in server.groups])}{outside}",
            f"{allow}Add a host, take it out of the group, or relax anti_affinity for this maintenance",
        )
    free = joined([f"{n} {gib(placement.free[n])}" for n in options])
    return Verdict(
        server.name,
        "block",
        f"no capacity: it needs {gib(server.memory)} of memory, and once the others are placed, "
        f"these have left: {free}{outside}",
        f"{allow}Stop or shrink servers in the pool, or add a host",
    )


def _shared_hosts(moves: Sequence[tuple[Server, str]], placement: Placement) -> list[Verdict]:
    """Only relaxed anti-affinity lets peers share a host."""
    return [
        Verdict(
            server.name,
            "warn",
            f"shares {target} with {joined([f.name for f in met])} of its anti-affinity group "
            "until the servers return",
        )
        for server, target in moves
        if (met := peers(server, placement.members[target]))
    ]


def _room(placement: Placement) -> list[Verdict]:
    used = set(placement.chosen.values())
    return [
        Verdict(name, "act", f"has {gib(free)} of memory left for servers afterwards")
        for name, free in placement.free.items()
        if name in used
    ]


def _block(server: Server, obstacle: Unfit) -> Verdict:
    return Verdict(server.name, "block", obstacle.reason, obstacle.remedy)
