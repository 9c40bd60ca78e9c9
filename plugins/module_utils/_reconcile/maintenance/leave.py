# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put a host back into service, and return the servers that its maintenance moved away.

Only what the maintenance did is undone. A server that can't return stays where it runs, with a
warning: that never fails a return.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..._core.args import NoArgs
from ..._core.errors import ConflictError
from ..._core.model import MAINTENANCE_KEY, Fleet, Host, Maintenance, Migration, Server
from ..._core.plan import Plan, Step, Verdict, project_all
from ..._core.status import MIGRATING
from ..._core.units import gib
from ..common.lookup import get_host
from ..common.readiness import missing_for_service
from ..hosts import verbs as hosts
from ..placing.placement import closed_to_guests, fellows, misfit
from ..servers.verbs import move_step
from ..services import verbs as services
from .cloud_return import awaited, back_in_service, check_in_service, way_home
from .enter import HALTED_KEY, MIGRATED_KEY, SUSPENDED_KEY
from .pool_drain import immovable
from .resume import await_step, finished_maintenance, open_maintenance, settled, under_way
from .steps import departures, reached
from .verbs import AdvanceArgs, advance
from .wanted import MaintenanceWanted, check, marked

RESTARTING = frozenset({"shutdown", "reboot"})
"""XAPI keeps one of these in host.current_operations until a rebooted host is back."""


def plan_in_service(fleet: Fleet, wanted: MaintenanceWanted) -> Plan:
    """Enable host and service if the maintenance disabled them, then return its servers.

    Raises NotFoundError for an unknown host, ConflictError if another maintenance is open, or none
    is and somebody else took the host out of service.
    """
    check(fleet, wanted)
    host = get_host(fleet, wanted.host)
    current = open_maintenance(fleet, wanted)
    if current is None:
        return _without_maintenance(fleet, host, wanted)
    opening = [
        *settled(fleet, current.moves),
        *(awaited(fleet, host) if fleet.traits.scheduler else ()),
        *under_way(fleet, current.moves),
        *reached(host, current, wanted, "returning"),
        *(back_in_service if fleet.traits.scheduler else _back_in_service)(fleet, host, current),
    ]
    verdicts = list(_service_verdicts(fleet, host, current))
    bring = way_home if fleet.traits.scheduler else _return
    back, judged = bring(project_all(fleet, opening), fleet, host, wanted)
    steps = (*opening, *back, *reached(host, current, wanted, "done"))
    return Plan(steps, (*verdicts, *judged), window=wanted.max_parallel)


def _without_maintenance(fleet: Fleet, host: Host, wanted: MaintenanceWanted) -> Plan:
    """A host left disabled by its operator, before and after our maintenance, is as it should be."""
    if finished_maintenance(fleet, wanted) is not None:
        return Plan()
    if fleet.traits.scheduler:
        check_in_service(fleet, host)
        return Plan()
    reason = "disabled" if not host.enabled else "marked as in maintenance mode"
    if host.enabled and host.other_config.get(MAINTENANCE_KEY) != "true":
        return Plan()
    raise ConflictError(
        f"host {host.name}",
        f"it is {reason}, but not by a maintenance that the store knows",
        "End it with the tool that began it (XenCenter, Xen Orchestra, xe host-enable). If a "
        "maintenance has disabled it, use the store that has the record of that",
    )


def _back_in_service(fleet: Fleet, host: Host, current: Maintenance) -> Iterator[Step]:
    """A restarted toolstack enables a host by itself; until it is up, only waiting helps
    (HOST_OFFLINE, HOST_STILL_BOOTING).
    """
    keys = (MAINTENANCE_KEY, MIGRATED_KEY, SUSPENDED_KEY, HALTED_KEY)
    present = [k for k in keys if k in host.other_config]
    if present:
        yield hosts.set_other_config(host.name, hosts.ConfigArgs(changes=dict.fromkeys(present)))
    if _restarting(host):
        yield hosts.await_ready(host.name, NoArgs(), why="it is restarting or down")
    elif host.enabled or current.host_disabled:
        enable = [] if host.enabled else [hosts.enable(host.name, NoArgs())]
        yield from enable
        missing = missing_for_service(project_all(fleet, enable), host.name, None)
        if missing:
            yield hosts.await_ready(host.name, NoArgs(), why=f"it is not yet {missing[0]}")
    service = fleet.service(host.name)
    if service is not None and marked(service, current.name):
        yield services.enable(host.name, services.EnableArgs(host_id=host.id))


def _restarting(host: Host) -> bool:
    return not host.live or bool(RESTARTING & set(host.operations))


def _service_verdicts(fleet: Fleet, host: Host, current: Maintenance) -> Iterator[Verdict]:
    service = fleet.service(host.name)
    if service is None or service.status == "enabled":
        pass
    elif not marked(service, current.name):
        told = (
            f"reason: {service.disabled_reason}" if service.disabled_reason else "no reason given"
        )
        yield Verdict(
            host.name,
            "warn",
            f"its compute service stays disabled, as someone else disabled it ({told})",
        )
    if fleet.traits.scheduler:
        return
    if not host.enabled and not current.host_disabled and not _restarting(host):
        yield Verdict(host.name, "warn", "stays disabled, as it was before the maintenance")


# --- returning servers ----------------------------------------------------------------------------


def _return(
    fleet: Fleet, before: Fleet, host: Host, wanted: MaintenanceWanted
) -> tuple[list[Step], list[Verdict]]:
    """Last to leave comes first. ``fleet`` is as it will be once the host is back in service."""
    current = fleet.open_maintenance(host.name)
    if current is None or not wanted.return_servers:
        return [], []
    home = fleet.host(host.name) or host
    closed = closed_to_guests(_without(fleet, current), home)
    # The memory of a host that is down is not known; what ran there before fits there.
    free = home.memory_total if _restarting(host) else home.memory_free
    steps: list[Step] = []
    verdicts: list[Verdict] = []
    here = [s for s in fleet.servers_on(home.name) if s.running]
    for move in departures(current.moves):
        server = fleet.server(move.server_id)
        if server is not None and server.host == home.name:
            continue
        if server is not None and _on_its_way_home(server, move, current, before):
            steps.append(await_step(server, move.target, home.name))
            free -= server.memory
            continue
        reason = _stays(fleet, server, move, home, closed, free)
        if reason is not None or server is None:
            verdicts.append(Verdict(move.server, "warn", f"does not return: {reason}"))
            continue
        if met := fellows(server, here):
            verdicts.append(
                Verdict(server.name, "warn", f"joins {met[0].name} of its anti-affinity group")
            )
        steps.append(move_step(server, home.name, network=_network(fleet, home, wanted)))
        here.append(server)
        free -= server.memory
    # One group of waits before one group of moves, so that each runs side by side.
    return sorted(steps, key=lambda s: s.verb.name), verdicts


def _without(fleet: Fleet, current: Maintenance) -> Fleet:
    """The fleet as if this maintenance were over: its host may take servers again."""
    return project_all(
        fleet,
        [advance(current.host, AdvanceArgs(name=current.name, phase="done"))],
    )


def _on_its_way_home(server: Server, move: Migration, current: Maintenance, before: Fleet) -> bool:
    """Only a return that was interrupted can have a server of ours migrating from where we put it."""
    was = before.open_maintenance(current.host)
    return (
        was is not None
        and was.phase == "returning"
        and server.task_state == MIGRATING
        and server.host == move.target
    )


def _stays(
    fleet: Fleet, server: Server | None, move: Migration, home: Host, closed: str | None, free: int
) -> str | None:
    """Why this server does not come back, or None."""
    if server is None:
        return "it is gone"
    if not server.running:
        return f"it is {server.status}"
    if server.host != move.target:
        return f"it was moved to {server.host} meanwhile"
    if closed is not None:
        return f"{home.name} {closed}"
    if found := immovable(server):
        return f"it {found}"
    if lacking := misfit(fleet, server, home):
        return f"{lacking.reason} on {home.name}"
    if free < server.memory:
        return f"no capacity on {home.name}: it needs {gib(server.memory)}, {gib(free)} are left"
    return None


def _network(fleet: Fleet, home: Host, wanted: MaintenanceWanted) -> str | None:
    """The migration network's uuid, if the host has an interface on it."""
    return next(
        (
            n.id
            for n in fleet.networks
            if n.pool_id == home.pool_id
            and wanted.network in (n.name, n.id)
            and home.name in n.hosts
        ),
        None,
    )
