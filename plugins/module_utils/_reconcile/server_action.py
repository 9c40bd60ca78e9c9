# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server actions: what is to be done with each server, or why it can't be, by the table of actions.

The order of questions is Nova's (nova/compute/api.py): lock, then task_state, then vm_state; XAPI's
own answer, VM.allowed_operations and VM.blocked_operations, is asked after them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._core.errors import ConflictError, FleetError, InvalidError, joined
from .._core.model import Fleet, Server
from .._core.plan import Plan, Step, Verdict
from .._core.reading import (
    AGGREGATES,
    HOSTS,
    SERVERS,
    SERVICES,
    Reading,
    reading,
)
from .action_options import check_options, check_supported, step_args, step_secret
from .actions import ANY, TABLE, Action
from .live_migration import plan_moves
from .selection import matching, servers_named
from .server_filter import ServerFilter, check_filter, filter_servers, past
from .verdicts import cannot, refuse
from .xapi_operations import refused_by_xapi

LIVE_MIGRATE = "live_migrate"
DELETING = ("delete", "force_delete")

CUT_SHORT = frozenset({"powering-off", "rebooting"})
"""task_states that force ends: hard_shutdown cancels a clean one, which may wait for a hung guest."""


@dataclass(frozen=True)
class ServerActionWanted:
    """``servers`` are names or uuids; without them ``where`` chooses. ``host`` is the target of a
    move, None leaves the choice to the planner or the scheduler. ``options`` are those that go with
    some actions only, as far as they were given. ``max_parallel`` servers are worked on side by
    side; once more than ``max_failures`` have failed, no further one is started.
    """

    action: str
    servers: Sequence[str] = ()
    where: ServerFilter | None = None
    host: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    wait: bool = True
    max_parallel: int = 1
    max_failures: int | None = None

    @property
    def force(self) -> bool:
        return bool(self.options.get("force"))


def plan_server_action(fleet: Fleet, wanted: ServerActionWanted) -> Plan:
    """InvalidError, NotFoundError, ConflictError or UnsupportedError before anything is changed;
    with several servers in the way, one PlanRefused tells them all.
    """
    check_wanted(wanted)
    check_supported(fleet, wanted.action, wanted.options, wanted.wait)
    servers = chosen(fleet, wanted)
    due = [s for s in servers if not satisfied(s, wanted)]
    done = [s for s in servers if s not in due]
    verdicts = tuple(Verdict(s.name, "skip", f"is {s.status} already") for s in done)
    _raise_all(wanted.action, [e for s in due if (e := _obstacle(fleet, s, wanted))])
    limits = {"window": wanted.max_parallel, "max_failures": _limit(wanted, due)}
    if wanted.action == LIVE_MIGRATE:
        moves = plan_moves(fleet, due, wanted.host)
        _raise_all(wanted.action, moves.errors)
        return Plan(moves.steps, (*moves.verdicts, *verdicts), **limits)
    return Plan(tuple(_step(fleet, s, wanted) for s in due), verdicts, **limits)


def check_wanted(wanted: ServerActionWanted) -> None:
    """The rules that no state of the fleet can change."""
    check_options(wanted.action, wanted.host, wanted.options, wanted.max_parallel)
    if wanted.where is None:
        return
    check_filter(wanted.where)
    if wanted.where == ServerFilter():
        raise InvalidError(
            "option filters",
            f"without a condition {wanted.action} would be done to every server there is",
            'Give a condition; name: "" matches every server, if that is meant',
        )


def summary(action: str, result: Mapping[str, Any]) -> str:
    """One line about all servers, from the module's result."""
    done = [step["subject"] for step in result["actions"]]
    left = len(result["servers"]) - len(done)
    told = f"{action}: {len(done)} of {max(len(result['servers']), len(done))} servers"
    return f"{told}, nothing to do for {left}" if left > 0 else told


def _limit(wanted: ServerActionWanted, due: Sequence[Server]) -> int:
    return len(due) if wanted.max_failures is None else wanted.max_failures


def chosen(fleet: Fleet, wanted: ServerActionWanted) -> list[Server]:
    """The servers meant. Those to be deleted may be gone already; to be sure that a name was not
    misspelled there is server_info.
    """
    if wanted.where is not None:
        return filter_servers(fleet, wanted.where)
    words: Sequence[str] = wanted.servers
    if wanted.action in DELETING:
        words = [word for word in words if matching(fleet, word)]
    return servers_named(fleet, words)


def needs(fleet: Fleet, wanted: ServerActionWanted) -> Reading:
    """What the plan depends on: a move asks for the state of its target, too, and where no scheduler
    does, for the room on it.
    """
    sections = [SERVERS]
    where = wanted.where
    if TABLE[wanted.action].move or wanted.host:
        sections += [SERVICES] if fleet.scheduled else [SERVICES, HOSTS]
    if where is None:
        return reading(*sections, servers=wanted.servers)
    if where.aggregate is not None:
        sections.append(AGGREGATES)
    hosts = None if where.host is None else [where.host]
    return reading(*sections, hosts=hosts, past=past(where))


# --- one server -----------------------------------------------------------------------------------


def satisfied(server: Server, wanted: ServerActionWanted) -> bool:
    """Whether there is nothing to do."""
    action = TABLE[wanted.action]
    if wanted.action in SPECIAL:
        return SPECIAL[wanted.action](server, wanted)
    if action.move:
        return wanted.host is not None and server.host == wanted.host and _idle(server)
    return server.vm_state in action.satisfied and _idle(server)


def _idle(server: Server) -> bool:
    return server.task_state is None


def _resized(server: Server, wanted: ServerActionWanted) -> bool:
    """Whether it has these sizes, confirmed or not."""
    options = wanted.options
    same = {
        "flavor": server.flavor,
        "vcpus": server.vcpus,
        "memory_mb": server.memory_max // 1024**2,
    }
    given = {key: options[key] for key in same if options.get(key) is not None}
    states = TABLE["resize"].starts | {"resized"}
    fits = all(str(same[key]) == str(value) for key, value in given.items())
    return fits and server.vm_state in states and _idle(server)


def _reset(server: Server, wanted: ServerActionWanted) -> bool:
    return server.vm_state == wanted.options.get("vm_state") and _idle(server)


def _evacuated(server: Server, wanted: ServerActionWanted) -> bool:
    """A guest that does not run and could start on several hosts is on none of them."""
    there = not server.host if wanted.host is None else server.host in (None, "", wanted.host)
    return there and server.vm_state in TABLE["evacuate"].starts and _idle(server)


SPECIAL: Mapping[str, Callable[[Server, ServerActionWanted], bool]] = {
    "lock": lambda server, _wanted: server.locked,
    "unlock": lambda server, _wanted: not server.locked,
    "evacuate": _evacuated,
    "resize": _resized,
    "reset_state": _reset,
    "live_migrate_abort": lambda server, _wanted: server.task_state != "migrating",
    "live_migrate_force_complete": lambda server, _wanted: server.task_state != "migrating",
}
"""Where more than the vm_state tells whether an action is satisfied. A lock that exists keeps its
reason, as Nova's does.
"""


def _obstacle(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> FleetError | None:
    """The first thing about the server that forbids the action."""
    action = TABLE[wanted.action]
    return (
        _locked(fleet, server, wanted.action, action)
        or _busy(server, wanted, action)
        or _wrong_state(server, wanted.action, action)
        or _special(fleet, server, wanted)
        or (None if fleet.scheduled else refused_by_xapi(server, wanted.action, wanted.force))
    )


def _locked(fleet: Fleet, server: Server, name: str, action: Action) -> FleetError | None:
    """Nova lets an admin override every lock, and itself refuses anybody else. On XAPI a lock holds
    for everybody, root included (OPERATION_BLOCKED).
    """
    if not (server.locked and action.locked) or fleet.scheduled:
        return None
    told = f" ({server.locked_reason})" if server.locked_reason else ""
    return cannot(server, name, f"while it is locked{told}", "Unlock it first")


def _busy(server: Server, wanted: ServerActionWanted, action: Action) -> FleetError | None:
    allowed = CUT_SHORT if wanted.force else action.busy
    if server.task_state is None or allowed is ANY or server.task_state in allowed:
        return None
    return cannot(
        server,
        wanted.action,
        f"while it is in task_state {server.task_state}",
        "Wait until that has ended and run again",
    )


def _wrong_state(server: Server, name: str, action: Action) -> FleetError | None:
    if action.starts is ANY or server.vm_state in action.starts:
        return None
    states = joined(sorted(action.starts)).replace(" and ", " or ")
    return cannot(
        server,
        name,
        f"while it is in vm_state {server.vm_state}",
        f"It can start from vm_state {states} only",
    )


def _special(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> FleetError | None:
    check = CHECKS.get(wanted.action)
    return check(fleet, server, wanted) if check else None


def _evacuable(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> FleetError | None:
    """nova/compute/api.py evacuate: a source that is up is no reason to; on its own host it can't be."""
    source = fleet.service(server.host or "")
    if source is not None and source.state == "up":
        return InvalidError(
            f"server {server.name}",
            f"its host {server.host} is up, so that it may still run there",
            "Migrate it instead; if the host is fenced, set forced_down of its compute service",
        )
    if wanted.host is not None and wanted.host == server.host:
        return InvalidError(
            f"server {server.name}", f"{wanted.host} is the host that failed", "Choose another"
        )
    return _target(fleet, wanted)


def _target(fleet: Fleet, wanted: ServerActionWanted) -> FleetError | None:
    if wanted.host is None:
        return None
    service = fleet.service(wanted.host)
    if service is None:
        kind = InvalidError
        known = joined([s.host for s in fleet.services])
        return kind(f"target host {wanted.host}", "it is unknown", f"Known hosts: {known}")
    if service.status != "enabled" or service.state != "up":
        return ConflictError(
            f"target host {wanted.host}",
            f"its compute service is {service.status} and {service.state}",
            "Bring it back into service, or choose another host",
        )
    return None


def _cold(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> FleetError | None:
    """nova/compute/api.py resize: the source has to take part."""
    source = fleet.service(server.host or "")
    if source is not None and source.state != "up":
        return cannot(
            server,
            wanted.action,
            f"while its host {server.host} is down",
            "Bring the host back, or evacuate the server once the host is fenced",
        )
    return _target(fleet, wanted)


def _unshelved(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> FleetError | None:
    """nova/compute/api.py unshelve: host and zone are for servers that left theirs."""
    aimed = wanted.host or wanted.options.get("availability_zone")
    if aimed and server.vm_state != "shelved_offloaded":
        return cannot(
            server,
            wanted.action,
            f"on {aimed} while it is in vm_state {server.vm_state}",
            "Offload it first, or unshelve it where it is",
        )
    return _target(fleet, wanted)


CHECKS: Mapping[str, Callable[[Fleet, Server, ServerActionWanted], FleetError | None]] = {
    "evacuate": _evacuable,
    "migrate": _cold,
    "unshelve": _unshelved,
}


def _raise_all(action: str, errors: Sequence[FleetError]) -> None:
    """One error as it is; several as one that tells all of them."""
    if not errors:
        return
    if len(errors) == 1:
        raise errors[0]
    raise refuse(
        f"{action} of {len(errors)} servers",
        "it cannot be done",
        [Verdict(e.what, "block", e.cause, e.remedy) for e in errors],
    )


def _step(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> Step:
    args = {
        "id": server.id,
        **step_args(fleet, wanted.action, wanted.options, wanted.host),
    }
    if TABLE[wanted.action].move:
        args["source"] = server.host
    why = f"it is {server.status}"
    return Step(f"server.{wanted.action}", server.name, args, why, step_secret(wanted.options))
