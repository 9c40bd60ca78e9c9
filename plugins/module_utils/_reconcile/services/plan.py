# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for compute services, by the rules of PUT and DELETE os-services.

Source: nova/api/openstack/compute/services.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..._core.args import NoArgs
from ..._core.errors import ConflictError, InvalidError, joined
from ..._core.model import COMPUTE, ComputeService, Fleet, Migration
from ..._core.plan import Plan, Step
from ..._core.reading import AGGREGATES, MIGRATIONS, POOLS, SERVERS, SERVICES, Reading, reading
from ..common.selection import services_named
from . import verbs
from .parting import parting_warnings

REASON_LENGTH = 255


@dataclass(frozen=True)
class ServiceWanted:
    """What the services of ``hosts`` are to be; None is not managed.

    ``disabled_reason`` goes with ``status``: as in Nova, disabling without a reason erases a
    stored one. ``wait_for`` is the state (up, down) that the caller will wait for.
    """

    hosts: Sequence[str]
    state: str = "present"
    binary: str = COMPUTE
    status: str | None = None
    disabled_reason: str | None = None
    forced_down: bool | None = None
    wait_for: str | None = None

    @property
    def updates(self) -> bool:
        """Whether present services are to be changed, and not only waited for."""
        return self.status is not None or self.forced_down is not None


def service_needs(fleet: Fleet, wanted: ServiceWanted) -> Reading:
    """What the plan depends on besides the services: servers and moves forbid a deletion,
    evacuations forbid taking forced_down back. A host that leaves its aggregates may be in a Xen pool.
    """
    if wanted.state == "absent":
        pools = (POOLS,) if fleet.traits.hosts_in_pools else ()
        return reading(SERVICES, AGGREGATES, SERVERS, MIGRATIONS, *pools, hosts=wanted.hosts)
    lifted = [s.host for s in fleet.services if s.host in wanted.hosts and s.forced_down]
    if wanted.forced_down is False and lifted:
        return reading(SERVICES, MIGRATIONS, hosts=lifted)
    return reading(SERVICES)


def plan_service(fleet: Fleet, wanted: ServiceWanted) -> Plan:
    """InvalidError, NotFoundError or ConflictError before anything is changed."""
    check_service_options(wanted)
    if wanted.state == "absent":
        present = [s for s in (fleet.service(h) for h in dict.fromkeys(wanted.hosts)) if s]
        steps = tuple(step for s in present for step in _deletion(fleet, s))
        return Plan(steps, tuple(v for s in steps for v in parting_warnings(fleet, s.subject)))
    services = services_named(fleet, wanted.hosts)
    for service in services:
        _check_forced_down(fleet, service, wanted)
    return Plan(tuple(step for s in services for step in _update(s, wanted)))


def check_service_options(wanted: ServiceWanted) -> None:
    """The rules that no state of the fleet can change."""
    what = f"compute service of host {joined(wanted.hosts)}"
    if wanted.binary != COMPUTE:
        raise InvalidError(
            what,
            f"binary is {wanted.binary}, and only {COMPUTE} services can be updated",
            f"Leave binary out, or set it to {COMPUTE}",
        )
    _check_reason(what, wanted)
    something = wanted.updates or wanted.wait_for is not None
    if wanted.state == "present" and not something:
        raise InvalidError(
            what, "nothing to update was given", "Give status, forced_down or wait_for"
        )
    if wanted.state == "absent" and something:
        raise InvalidError(
            what,
            "it cannot be deleted and updated at once",
            "Leave status, forced_down and wait_for out with state absent",
        )
    if wanted.forced_down and wanted.wait_for == "up":
        raise InvalidError(
            what,
            "a service that is forced down is never reported as up",
            "Set forced_down to false or wait for down",
        )


def _check_reason(what: str, wanted: ServiceWanted) -> None:
    reason = wanted.disabled_reason
    if reason is None:
        return
    if wanted.status != "disabled":
        raise InvalidError(
            what,
            "disabled_reason goes with status disabled only",
            "Set status to disabled, or leave disabled_reason out; enabling erases the reason",
        )
    if not 1 <= len(reason) <= REASON_LENGTH:
        raise InvalidError(
            what,
            f"disabled_reason has {len(reason)} characters, not 1 to {REASON_LENGTH}",
            "Shorten it; leave it out to erase a stored reason",
        )


def _check_forced_down(fleet: Fleet, service: ComputeService, wanted: ServiceWanted) -> None:
    what = f"compute service of host {service.host}"
    if wanted.wait_for == "up" and wanted.forced_down is None and service.forced_down:
        raise InvalidError(
            what,
            "it is forced down, and so is never reported as up",
            "Set forced_down to false in this task or before it",
        )
    if wanted.forced_down is not False or not service.forced_down:
        return
    open_ones = [m for m in fleet.migrations if _awaits_restart(m, service.host)]
    if open_ones:
        raise InvalidError(
            what,
            f"servers evacuated from it ({joined([m.server for m in open_ones])}) may still run"
            " there: their evacuations are in status done, not completed",
            "Restart the host first, so that none of them is left on it",
            migrations=[m.id for m in open_ones],
        )


def _awaits_restart(migration: Migration, host: str) -> bool:
    """Nova marks an evacuation completed only when the failed compute service has restarted."""
    return (
        migration.type == "evacuation" and migration.status == "done" and migration.source == host
    )


def _update(service: ComputeService, wanted: ServiceWanted) -> Iterator[Step]:
    host_id = service.host_id
    if wanted.status == "enabled" and service.status != "enabled":
        why = f"it was disabled: {service.disabled_reason}" if service.disabled_reason else ""
        yield verbs.enable(service.host, verbs.EnableArgs(host_id=host_id), why)
    reason = wanted.disabled_reason
    if wanted.status == "disabled" and (service.status, service.disabled_reason) != (
        "disabled",
        reason,
    ):
        why = "disabled already, only the reason changes" if service.status == "disabled" else ""
        args = verbs.DisableArgs(host_id=host_id, reason=reason)
        yield verbs.disable(service.host, args, why)
    if wanted.forced_down is not None and wanted.forced_down != service.forced_down:
        yield verbs.set_forced_down(
            service.host, verbs.ForcedDownArgs(host_id=host_id, forced_down=wanted.forced_down)
        )


# --- deletion -------------------------------------------------------------------------------------


def _deletion(fleet: Fleet, service: ComputeService) -> Iterator[Step]:
    """A host that a coordinator still knows registers again at once, enabled and in no aggregate;
    nothing is left to delete then.
    """
    if _as_registered(fleet, service):
        return
    _check_unused(fleet, service)
    homes = [a.name for a in fleet.aggregates if service.host in a.hosts]
    why = f"this removes it from aggregate {joined(homes)}" if homes else ""
    yield verbs.delete(service.host, NoArgs(), why)


def _as_registered(fleet: Fleet, service: ComputeService) -> bool:
    return (
        not fleet.traits.service_processes
        and fleet.host(service.host) is not None
        and service.status == "enabled"
        and not service.forced_down
        and not any(service.host in a.hosts for a in fleet.aggregates)
    )


def _check_unused(fleet: Fleet, service: ComputeService) -> None:
    what = f"compute service of host {service.host}"
    servers = [s.name for s in fleet.servers_on(service.host)]
    if servers:
        raise ConflictError(
            what,
            f"it still has servers: {joined(servers)}",
            "Move or delete them first, for example with xenfleet.compute.host_maintenance",
            servers=servers,
        )
    moves = [
        m
        for m in fleet.migrations
        if service.host in (m.source, m.target) and m.status not in Migration.FINAL
    ]
    if moves:
        raise ConflictError(
            what,
            "migrations from or to it have not ended: "
            + joined([f"{m.server} ({m.status})" for m in moves]),
            "Wait until they end, or end them, and run again",
            migrations=[m.id for m in moves],
        )
    if fleet.unreachable and fleet.host(service.host) is None:
        silent = sorted(fleet.unreachable)
        raise ConflictError(
            what,
            f"it is unknown whether it still has servers: {joined(silent)} gave no answer",
            "Make them reachable, or remove them from endpoints if they are gone for good",
            endpoints=silent,
        )
