# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Empty a host whose servers Nova's scheduler places: what moves, what stays, what blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..._core.args import ActionArgs
from ..._core.model import Fleet, Host, Maintenance, Migration, Server
from ..._core.plan import Step, Verdict
from ..._core.status import COLD
from ..placing.cloud import no_valid_host, objections
from ..placing.placement import biggest_first
from ..placing.unfit import Unfit
from ..servers.verbs import move_step
from .emptied import Emptied
from .wanted import MaintenanceWanted

LIVE = frozenset({"active", "paused"})
"""vm_states from which a server can be live-migrated (nova/compute/api.py, live_migrate)."""

STUCK: Mapping[str, Unfit] = {
    "building": Unfit("is being built", "Wait until that has ended, or delete it"),
    "rescued": Unfit("is in rescue mode, in which Nova moves no server", "Unrescue it"),
    "resized": Unfit("waits for its resize to be confirmed", "Confirm or revert that"),
}
"""By vm_state, servers that hold the host and can't leave it."""

CHOOSES = (
    "where its servers go is for Nova's scheduler to choose, by its own rules: its filters, and the "
    "zones that they are pinned to"
)

MENDING = "See its fault, and if its guest runs there, reset its state to active"


def empty(fleet: Fleet, host: Host, wanted: MaintenanceWanted) -> Emptied:
    """Running servers leave live, the biggest first; then, if that is wanted, those that are off."""
    live, cold, verdicts = [], [], []
    for server in biggest_first(fleet.servers_on(host.name)):
        if (obstacle := _obstacle(server)) is not None:
            verdicts.append(_block(server, obstacle))
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
    if steps:
        verdicts.append(Verdict(host.name, "act", CHOOSES))
    return Emptied(tuple(steps), tuple(verdicts))


def _obstacle(server: Server) -> Unfit | None:
    """What keeps the server from moving, or makes a move of it a risk."""
    if server.task_state is not None:
        return Unfit(
            f"is busy: its task_state is {server.task_state}",
            "Wait until that has ended and run again",
        )
    if server.vm_state == "error" and server.running:
        return Unfit(
            "is in ERROR while its guest runs",
            "Repair it (reboot_hard, or reset its state if the guest is sound), or delete it",
        )
    if server.vm_state in LIVE and not server.running:
        # The conductor's pre-check (nova/conductor/tasks/live_migrate.py).
        return Unfit(
            f"is {server.status}, but the hypervisor does not run it",
            "Start or hard-reboot it, or stop it",
        )
    return STUCK.get(server.vm_state)


def immovable(_fleet: Fleet, server: Server) -> str | None:
    """Why this server can't be live-migrated anywhere now, or None."""
    obstacle = _obstacle(server)
    if obstacle is not None:
        return obstacle.reason
    return None if server.vm_state in LIVE else f"is {server.status}"


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


def _nowhere(fleet: Fleet, server: Server) -> Unfit:
    return Unfit(
        no_valid_host(objections(fleet, server)) or "",
        "Bring another host into service, in the zone of the server if it is pinned to one",
    )


def _block(server: Server, obstacle: Unfit) -> Verdict:
    return Verdict(server.name, "block", obstacle.reason, obstacle.remedy)


def warnings(
    fleet: Fleet, host: Host, current: Maintenance | None, leaving: Sequence[Step]
) -> Iterator[Verdict]:
    """Servers that have left the host, and are not well or not quite gone."""
    yield from _unconfirmed(fleet, host, leaving)
    yield from _hurt(fleet, host, current.moves if current else ())


def _hurt(fleet: Fleet, host: Host, moves: tuple[Migration, ...]) -> Iterator[Verdict]:
    """A request that was still in the queue of a compute process when that died is carried out after
    its restart, which has put the server's task_state back meanwhile, and so fails at its end.
    """
    for server_id in dict.fromkeys(m.server_id for m in moves):
        server = fleet.server(server_id)
        if server is not None and server.vm_state == "error" and server.host != host.name:
            why = f" ({server.fault})" if server.fault else ""
            yield Verdict(server.name, "warn", f"is in ERROR on {server.host}{why}", MENDING)


def _unconfirmed(fleet: Fleet, host: Host, leaving: Sequence[Step]) -> Iterator[Verdict]:
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
