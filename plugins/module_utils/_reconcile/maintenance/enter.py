# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a host out of service: no new servers, running ones moved elsewhere, all of it journaled.

A maintenance is known by host and name; its journal makes a second run of the same one do nothing,
and an interrupted one continue where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._core.args import NoArgs
from ..._core.errors import ConflictError, NotFoundError, joined
from ..._core.model import MAINTENANCE_KEY, Fleet, Host, Maintenance, Network, Server
from ..._core.plan import Plan, Step, Verdict, project_all
from ..common.lookup import get_host
from ..common.refusals import refuse
from ..hosts import verbs as hosts
from ..servers.verbs import move_step
from ..services import verbs as services
from .cloud_drain import plan_scheduled_drain
from .pool_drain import Drain, drain
from .resume import finished_maintenance, open_maintenance, settled, under_way
from .steps import begun, reached
from .wanted import MaintenanceWanted, check, reason_of

MIGRATED_KEY = "MAINTENANCE_MODE_EVACUATED_VMS_MIGRATED"
SUSPENDED_KEY = "MAINTENANCE_MODE_EVACUATED_VMS_SUSPENDED"
HALTED_KEY = "MAINTENANCE_MODE_EVACUATED_VMS_HALTED"
"""XenCenter's lists of the guests to put back, comma-joined uuids in host.other_config. We never
suspend or halt any, so a stale list of those must not outlive the start of a maintenance: XenCenter
would start or resume what it names.
"""


def plan_in_maintenance(fleet: Fleet, wanted: MaintenanceWanted) -> Plan:
    """Disable service and host, move every running server away, mark the host for XenCenter.

    Raises NotFoundError for an unknown host, ConflictError if another maintenance of it is open or
    it is down, PlanRefused with every blocker.
    """
    check(fleet, wanted)
    host = get_host(fleet, wanted.host)
    current = open_maintenance(fleet, wanted)
    finished = finished_maintenance(fleet, wanted)
    if current is None and finished is not None:
        return Plan(verdicts=(_done_before(finished),))
    if current is not None and current.phase == "returning":
        return Plan(verdicts=(_on_the_way_back(current),))
    if not host.live:
        return _while_down(fleet, host, current, wanted)
    if fleet.traits.scheduler:
        return plan_scheduled_drain(fleet, host, current, wanted)
    moves = current.moves if current else ()
    settling = tuple(settled(fleet, moves))
    leaving = tuple(under_way(fleet, moves))
    emptied = drain(
        project_all(fleet, leaving),
        host,
        enforce_groups=wanted.enforce_groups,
    )
    if emptied.blockers:
        raise refuse(f"host {host.name}", "it can't be emptied", emptied.blockers)
    network = _migration_network(fleet, host, wanted.network, emptied)
    steps = (
        *settling,
        *_out_of_service(fleet, host, current, wanted),
        *leaving,
        *(
            move_step(s, target, maintenance=wanted.name, network=network)
            for s, target in emptied.moves
        ),
        *reached(host, current, wanted, "in_maintenance"),
    )
    verdicts = (*_coordinator_warning(fleet, host, current), *emptied.verdicts)
    return Plan(steps, verdicts, window=wanted.max_parallel)


# --- in_maintenance -------------------------------------------------------------------------------


def _done_before(finished: Maintenance) -> Verdict:
    return Verdict(
        finished.host,
        "skip",
        f"maintenance {finished.name!r} was completed at {finished.finished_at or 'an earlier run'}",
        "Use another name for another maintenance",
    )


def _on_the_way_back(current: Maintenance) -> Verdict:
    return Verdict(
        current.host,
        "skip",
        f"its maintenance {current.name!r} is in phase returning already",
        "Run host_maintenance with state in_service to finish it",
    )


def _while_down(
    fleet: Fleet, host: Host, current: Maintenance | None, wanted: MaintenanceWanted
) -> Plan:
    """A host that is in maintenance may be off or rebooting; any other that is down needs help."""
    stranded = [
        s
        for s in fleet.servers_on(host.name)
        if s.running or (wanted.cold_migrate and s.vm_state == "stopped")
    ]
    if current is not None and current.phase == "in_maintenance" and not stranded:
        return Plan(
            verdicts=(Verdict(host.name, "skip", "is in maintenance, and does not answer"),)
        )
    raise ConflictError(
        f"host {host.name}",
        f"it is down, and servers can't be moved off a host that does not answer{_named(stranded)}",
        fleet.traits.words.lost_host,
    )


def _named(stranded: Sequence[Server]) -> str:
    return f" (on it: {joined(sorted(s.name for s in stranded))})" if stranded else ""


def _migration_network(fleet: Fleet, host: Host, name: str | None, emptied: Drain) -> str | None:
    """The network's uuid. XAPI answers PIF_NOT_PRESENT for a host without an interface on it."""
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
    involved = dict.fromkeys([host.name, *(target for _s, target in emptied.moves)])
    lacking = [n for n in involved if n not in network.hosts]
    if lacking:
        raise ConflictError(
            f"network {name}",
            f"{joined(lacking)} has no interface on it",
            "Choose a network on which every host of the pool has an interface, or leave it out",
        )
    return network.id


def _out_of_service(
    fleet: Fleet, host: Host, current: Maintenance | None, wanted: MaintenanceWanted
) -> Iterator[Step]:
    """The host is disabled before the moves: XAPI would start servers on it during the drain."""
    service = fleet.service(host.name)
    enabled = service is not None and service.status == "enabled"
    if current is None:
        yield begun(fleet, host, wanted)
    if enabled:
        yield services.disable(
            host.name,
            services.DisableArgs(host_id=host.id, reason=reason_of(wanted.name)),
        )
    changes = _evacuated_lists(fleet, host, current)
    if changes:
        yield hosts.set_other_config(
            host.name,
            hosts.ConfigArgs(changes=changes),
            why="so that XenCenter shows it and can undo it",
        )
    if host.enabled:
        yield hosts.disable(host.name, NoArgs(), why="so that no server starts here meanwhile")
    if host.other_config.get(MAINTENANCE_KEY) != "true":
        yield hosts.set_other_config(host.name, hosts.ConfigArgs(changes={MAINTENANCE_KEY: "true"}))


def _evacuated_lists(
    fleet: Fleet, host: Host, current: Maintenance | None
) -> dict[str, str | None]:
    """A maintenance that continues keeps the guests it has listed and adds those that came later."""
    resident = sorted(
        (s for s in fleet.servers_on(host.name) if s.running), key=lambda s: (s.name, s.id)
    )
    before = host.other_config.get(MIGRATED_KEY)
    listed = (before or "").split(",") if current is not None else []
    wanted = ",".join([u for u in dict.fromkeys([*listed, *(s.id for s in resident)]) if u])
    changes: dict[str, str | None] = {} if wanted == before else {MIGRATED_KEY: wanted}
    if current is None:
        stale = (k for k in (SUSPENDED_KEY, HALTED_KEY) if k in host.other_config)
        changes.update(dict.fromkeys(stale))
    return changes


def _coordinator_warning(
    fleet: Fleet, host: Host, current: Maintenance | None
) -> Iterator[Verdict]:
    pool = fleet.pool_of(host.name)
    alone = len(fleet.members(host.pool_id)) < 2
    if current is None and pool is not None and pool.coordinator == host.name and not alone:
        yield Verdict(
            host.name,
            "warn",
            f"coordinates pool {pool.name or pool.id}, which can't be managed while it restarts",
            "Hand over first with xen_pool and its option coordinator if that matters",
        )
