# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a host out of service: no new servers, running ones moved elsewhere, all of it journaled.

A maintenance is known by host and name; its journal makes a second run of the same one do nothing,
and an interrupted one continue where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._core.args import NoArgs
from ..._core.errors import ConflictError, joined
from ..._core.model import MAINTENANCE_KEY, Fleet, Host, Maintenance, Server
from ..._core.plan import Plan, Step, Verdict, project_all
from ..common.lookup import get_host
from ..common.refusals import refuse
from ..hosts import verbs as hosts
from ..services import verbs as services
from .reboot import check_told
from .resume import finished_maintenance, resumable_maintenance, settled, under_way
from .steps import begun, reached
from .strategy import draining
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
    current = resumable_maintenance(fleet, wanted)
    finished = finished_maintenance(fleet, wanted)
    if current is None and finished is not None:
        return Plan(verdicts=(_done_before(finished),))
    if current is not None and current.phase == "returning":
        return Plan(verdicts=(_on_the_way_back(current),))
    if current is None:
        check_told(host, wanted)
    if not host.live:
        return _while_down(fleet, host, current, wanted)
    leaving = tuple(under_way(fleet, current.moves if current else ()))
    way = draining(fleet)
    emptied = way.empty(project_all(fleet, leaving), host, wanted)
    if emptied.blockers:
        raise refuse(f"host {host.name}", "it can't be emptied", emptied.blockers)
    steps = (
        *settled(fleet, current.moves if current else ()),
        *_out_of_service(fleet, host, current, wanted),
        *leaving,
        *emptied.steps,
        *reached(host, current, wanted, "in_maintenance"),
    )
    verdicts = (*emptied.verdicts, *way.warnings(fleet, host, current, leaving))
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


def _out_of_service(
    fleet: Fleet, host: Host, current: Maintenance | None, wanted: MaintenanceWanted
) -> Iterator[Step]:
    """Before the moves: else servers would be started on the host during the drain."""
    service = fleet.service(host.name)
    if current is None:
        yield begun(fleet, host, wanted)
    if service is not None and service.status == "enabled":
        reason = reason_of(wanted.name)
        args = services.DisableArgs(host_id=service.host_id, reason=reason)
        yield services.disable(host.name, args)
    if fleet.traits.host_switch:
        yield from _switched_off(fleet, host, current)


def _switched_off(fleet: Fleet, host: Host, current: Maintenance | None) -> Iterator[Step]:
    """With XenCenter's marks."""
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
