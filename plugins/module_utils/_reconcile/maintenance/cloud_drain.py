# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Empty a host whose servers Nova's scheduler places: what moves, what stays, what blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..._core.args import ActionArgs
from ..._core.model import Fleet, Host, Maintenance, Migration, Server
from ..._core.plan import Plan, Step, Verdict, project_all
from ..._core.status import COLD
from ..common.refusals import refuse
from ..placing.placement import Misfit, biggest_first
from ..placing.scheduling import no_valid_host, objections
from ..servers.verbs import move_step
from ..services import verbs as services
from .resume import settled, under_way
from .steps import begun, reached
from .wanted import MaintenanceWanted, reason_of

LIVE = frozenset({"active", "paused"})
"""vm_states from which a server can be live-migrated (nova/compute/api.py, live_migrate)."""

STUCK: Mapping[str, Misfit] = {
    "building": Misfit("is being built", "Wait until that has ended, or delete it"),
    "rescued": Misfit("is in rescue mode, in which Nova moves no server", "Unrescue it"),
    "resized": Misfit("waits for its resize to be confirmed", "Confirm or revert that"),
}
"""By vm_state, servers that hold the host and can't leave it."""


MENDING = "See its fault, and if its guest runs there, reset its state to active"


@dataclass(frozen=True)
class Emptying:
    """The moves that empty the host, and what was decided about each server."""

    steps: tuple[Step, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def blockers(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.decision == "block")


def plan_scheduled_drain(
    fleet: Fleet, host: Host, current: Maintenance | None, wanted: MaintenanceWanted
) -> Plan:
    """Disable the compute service, then move the servers away; PlanRefused with every blocker."""
    moves = current.moves if current else ()
    leaving = tuple(under_way(fleet, moves))
    emptied = empty(project_all(fleet, leaving), host, wanted)
    if emptied.blockers:
        raise refuse(f"host {host.name}", "it can't be emptied", emptied.blockers)
    steps = (
        *settled(fleet, moves),
        *_out_of_service(fleet, host, current, wanted),
        *leaving,
        *emptied.steps,
        *reached(host, current, wanted, "in_maintenance"),
    )
    verdicts = (*emptied.verdicts, *_unconfirmed(fleet, host, leaving), *_hurt(fleet, host, moves))
    return Plan(steps, verdicts, window=wanted.max_parallel)


def empty(fleet: Fleet, host: Host, wanted: MaintenanceWanted) -> Emptying:
    """Running servers leave live, the biggest first; then, if that is wanted, those that are off."""
    live, cold, verdicts = [], [], []
    for server in biggest_first(fleet.servers_on(host.name)):
        if (found := _in_the_way(server)) is not None:
            verdicts.append(_block(server, found))
        elif server.vm_state in LIVE:
            live.append(server)
        elif server.vm_state == "stopped" and wanted.cold_migrate:
            cold.append(server)
        else:
            verdicts.append(_stays(server, wanted))
    stranded = [s for s in (*live, *cold) if no_valid_host(objections(fleet, s))]
    verdicts += [_block(s, _nowhere(fleet, s)) for s in stranded]
    steps = [
        *(move_step(s, None, maintenance=wanted.name) for s in live),
        *(move_step(s, None, cold=True, maintenance=wanted.name) for s in cold),
    ]
    return Emptying(tuple(steps), tuple(verdicts))


def _in_the_way(server: Server) -> Misfit | None:
    """What keeps the server from moving, or makes a move of it a risk."""
    if server.task_state is not None:
        return Misfit(
            f"is busy: its task_state is {server.task_state}",
            "Wait until that has ended and run again",
        )
    if server.vm_state == "error" and server.running:
        return Misfit(
            "is in ERROR while its guest runs",
            "Repair it (reboot_hard, or reset its state if the guest is sound), or delete it",
        )
    if server.vm_state in LIVE and not server.running:
        # The conductor's pre-check (nova/conductor/tasks/live_migrate.py).
        return Misfit(
            f"is {server.status}, but the hypervisor does not run it",
            "Start or hard-reboot it, or stop it",
        )
    return STUCK.get(server.vm_state)


def _stays(server: Server, wanted: MaintenanceWanted) -> Verdict:
    if server.vm_state == "stopped":
        return Verdict(server.name, "skip", f"is {server.status} and stays; cold_migrate moves it")
    if wanted.cold_migrate:
        return Verdict(
            server.name,
            "warn",
            f"stays on the host, as Nova moves no server that is {server.status}",
            "If the host leaves for good, shelve, resume or delete it first",
        )
    return Verdict(server.name, "skip", f"is {server.status} and stays")


def _nowhere(fleet: Fleet, server: Server) -> Misfit:
    return Misfit(
        no_valid_host(objections(fleet, server)) or "",
        "Bring another host into service, in the zone of the server if it is pinned to one",
    )


def _block(server: Server, found: Misfit) -> Verdict:
    return Verdict(server.name, "block", found.reason, found.remedy)


def _out_of_service(
    fleet: Fleet, host: Host, current: Maintenance | None, wanted: MaintenanceWanted
) -> Iterator[Step]:
    """The service is disabled before the moves: else the scheduler would put servers on it."""
    if current is None:
        yield begun(fleet, host, wanted)
    service = fleet.service(host.name)
    if service is not None and service.status == "enabled":
        yield services.disable(
            host.name,
            services.DisableArgs(host_id=service.host_id, reason=reason_of(wanted.name)),
        )


def _hurt(fleet: Fleet, host: Host, moves: tuple[Migration, ...]) -> Iterator[Verdict]:
    """A request that was still in the queue of a compute process when that died is carried out after
    its restart, which has put the server's task_state back meanwhile, and so fails at its end.
    """
    for server_id in dict.fromkeys(m.server_id for m in moves):
        server = fleet.server(server_id)
        if server is not None and server.vm_state == "error" and server.host != host.name:
            why = f" ({server.fault})" if server.fault else ""
            yield Verdict(server.name, "warn", f"is in ERROR on {server.host}{why}", MENDING)


def _unconfirmed(fleet: Fleet, host: Host, leaving: tuple[Step, ...]) -> Iterator[Verdict]:
    """Servers that have gone elsewhere and may still come back to their old disk here."""
    ours = {step.args.id for step in leaving if isinstance(step.args, ActionArgs)}
    for record in fleet.migrations:
        if (record.source, record.status) != (host.name, "finished") or record.server_id in ours:
            continue
        server = fleet.server(record.server_id)
        kind = "cold migration" if record.type == COLD else record.type
        yield Verdict(
            server.name if server else record.server_id,
            "warn",
            f"has left {host.name} by a {kind} that keeps its old disk there",
            "Confirm or revert it",
        )
