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
from ..._core.model import MAINTENANCE_KEY, Fleet, Host, Maintenance
from ..._core.plan import Plan, Step, Verdict, project_all
from ..common.lookup import get_host
from ..common.readiness import missing_for_service
from ..hosts import verbs as hosts
from ..services import verbs as services
from .enter import HALTED_KEY, MIGRATED_KEY, SUSPENDED_KEY
from .pool_return import restarting
from .reboot import reboot_awaited
from .resume import finished_maintenance, resumable_maintenance, settled, under_way
from .steps import reached
from .strategy import returning
from .wanted import MaintenanceWanted, check, marked


def plan_in_service(fleet: Fleet, wanted: MaintenanceWanted) -> Plan:
    """Enable host and service if the maintenance disabled them, then return its servers.

    Raises NotFoundError for an unknown host, ConflictError if another maintenance is open, or none
    is and somebody else took the host out of service.
    """
    check(fleet, wanted)
    host = get_host(fleet, wanted.host)
    current = resumable_maintenance(fleet, wanted)
    if current is None:
        return _without_maintenance(fleet, host, wanted)
    opening = [
        *settled(fleet, current.moves),
        *_awaited(fleet, host),
        *under_way(fleet, current.moves),
        *reached(host, current, wanted, "returning"),
        *_back_in_service(fleet, host, current, wanted),
    ]
    verdicts = list(_service_verdicts(fleet, host, current))
    back, judged = returning(fleet).plan_return(project_all(fleet, opening), fleet, host, wanted)
    steps = (*opening, *back, *reached(host, current, wanted, "done"))
    return Plan(steps, (*verdicts, *judged), window=wanted.max_parallel)


def _without_maintenance(fleet: Fleet, host: Host, wanted: MaintenanceWanted) -> Plan:
    """A host left disabled by its operator, before and after our maintenance, is as it should be."""
    if finished_maintenance(fleet, wanted) is not None:
        return Plan()
    if not fleet.traits.host_switch:
        _check_in_service(fleet, host)
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


def _awaited(fleet: Fleet, host: Host) -> Iterator[Step]:
    """A compute process may still be starting, and only then repairs the moves that its end has cut
    off. One that is forced down is up to its operator.
    """
    service = fleet.service(host.name)
    if not fleet.traits.service_processes:
        return
    if service is not None and service.state != "up" and not service.forced_down:
        yield services.await_up(host.name, NoArgs(), why="it is down")


def _check_in_service(fleet: Fleet, host: Host) -> None:
    """ConflictError for a host without a maintenance whose service somebody has disabled."""
    service = fleet.service(host.name)
    if service is None or service.status == "enabled":
        return
    why = f"reason: {service.disabled_reason}" if service.disabled_reason else "no reason given"
    raise ConflictError(
        f"host {host.name}",
        f"its compute service is disabled ({why}), but not by a maintenance that the store knows",
        "Enable it with compute_service. If a maintenance has disabled it, use the store that has "
        "the record of that",
    )


def _back_in_service(
    fleet: Fleet, host: Host, current: Maintenance, wanted: MaintenanceWanted
) -> Iterator[Step]:
    """What this maintenance has switched off."""
    if fleet.traits.host_switch:
        yield from _switched_on(fleet, host, current, wanted)
    service = fleet.service(host.name)
    if service is not None and marked(service, current.name):
        yield services.enable(host.name, services.EnableArgs(host_id=service.host_id))


def _switched_on(
    fleet: Fleet, host: Host, current: Maintenance, wanted: MaintenanceWanted
) -> Iterator[Step]:
    """A restarted toolstack enables a host by itself; until it is up, only waiting helps
    (HOST_OFFLINE, HOST_STILL_BOOTING).
    """
    keys = (MAINTENANCE_KEY, MIGRATED_KEY, SUSPENDED_KEY, HALTED_KEY)
    present = [k for k in keys if k in host.other_config]
    if present:
        yield hosts.set_other_config(host.name, hosts.ConfigArgs(changes=dict.fromkeys(present)))
    reboot = list(reboot_awaited(host, current, wanted))
    yield from reboot
    if reboot:
        yield hosts.await_ready(host.name, NoArgs(), why="it is restarting")
    elif restarting(host):
        yield hosts.await_ready(host.name, NoArgs(), why="it is restarting or down")
    elif host.enabled or current.host_disabled:
        enable = [] if host.enabled else [hosts.enable(host.name, NoArgs())]
        yield from enable
        missing = missing_for_service(project_all(fleet, enable), host.name, None)
        if missing:
            yield hosts.await_ready(host.name, NoArgs(), why=f"it is not yet {missing[0]}")


def _service_verdicts(fleet: Fleet, host: Host, current: Maintenance) -> Iterator[Verdict]:
    service = fleet.service(host.name)
    if service is None or service.status == "enabled":
        pass
    elif not marked(service, current.name):
        why = f"reason: {service.disabled_reason}" if service.disabled_reason else "no reason given"
        yield Verdict(
            host.name,
            "warn",
            f"its compute service stays disabled, as someone else disabled it ({why})",
        )
    if not fleet.traits.host_switch:
        return
    if not host.enabled and not current.host_disabled and not restarting(host):
        yield Verdict(host.name, "warn", "stays disabled, as it was before the maintenance")
