# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server actions: one table of states, then the questions that a live migration adds.

The states are those of the Compute API (nova/compute/api.py, check_instance_state); XAPI's own
answer, VM.allowed_operations and VM.blocked_operations, is asked after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .._core.errors import ConflictError, FleetError, InvalidError, UnsupportedError, joined
from .._core.model import Fleet, Server
from .._core.plan import Plan, Step, Verdict
from .._core.reading import HOSTS, SERVERS, SERVICES, Reading, reading
from .live_migration import plan_moves
from .selection import servers_named
from .verdicts import refuse

LIVE_MIGRATE = "live_migrate"


@dataclass(frozen=True)
class Action:
    """``starts``: vm_state it may start from, to the XAPI operation that it then takes.

    ``end`` is the vm_state in which it is already satisfied; None for an action that is done for
    its own sake. ``busy`` are task_states that do not hinder it. ``forced`` is the operation that
    replaces the usual one with ``force``.
    """

    starts: Mapping[str, str]
    end: str | None = None
    busy: frozenset[str] = field(default_factory=frozenset)
    forced: str | None = None
    remedy: str = ""
    """What helps when XAPI does not allow the operation."""


TOOLS = "Install the guest tools"

CUT_SHORT = frozenset({"powering-off", "rebooting"})
"""task_states that force ends: hard_shutdown cancels a clean one, which may wait for a hung guest."""

ACTIONS: Mapping[str, Action] = {
    "start": Action({"stopped": "start"}, end="active"),
    "stop": Action(
        {"active": "clean_shutdown", "error": "hard_shutdown"},
        end="stopped",
        forced="hard_shutdown",
        remedy=f"{TOOLS}, or set force to cut its power",
    ),
    "reboot_soft": Action({"active": "clean_reboot"}, remedy=f"{TOOLS}, or use reboot_hard"),
    "reboot_hard": Action(
        {
            "active": "hard_reboot",
            "paused": "hard_reboot",
            "suspended": "hard_reboot",
            "error": "hard_reboot",
            "stopped": "start",
        },
        busy=frozenset(
            {
                "rebooting",
                "reboot_pending",
                "reboot_started",
                "rebooting_hard",
                "resuming",
                "unpausing",
                "pausing",
                "suspending",
            }
        ),
        remedy="Resume a suspended server instead",
    ),
    "pause": Action({"active": "pause"}, end="paused"),
    "unpause": Action({"paused": "unpause"}, end="active"),
    "suspend": Action({"active": "suspend"}, end="suspended", remedy=TOOLS),
    "resume": Action({"suspended": "resume"}, end="active"),
    LIVE_MIGRATE: Action(
        {"active": "pool_migrate", "paused": "pool_migrate"},
        remedy="Unpause it, install the guest tools or detach a device that is passed through",
    ),
}


@dataclass(frozen=True)
class ServerActionWanted:
    """``servers`` are names or uuids. ``host`` is the target of a live migration, None lets the
    planner choose. ``max_parallel`` servers are worked on side by side.
    """

    action: str
    servers: Sequence[str]
    host: str | None = None
    force: bool = False
    max_parallel: int = 1


def plan_server_action(fleet: Fleet, wanted: ServerActionWanted) -> Plan:
    """InvalidError, NotFoundError or ConflictError before anything is changed; with several
    servers in the way, one PlanRefused tells them all.
    """
    check_options(wanted)
    if wanted.force and fleet.scheduled:
        raise UnsupportedError(
            "option force",
            "Nova decides how a server is stopped: it cuts the power once the guest has had the time "
            "that os_shutdown_timeout of its image grants",
            "Leave it out",
        )
    servers = servers_named(fleet, wanted.servers)
    action = ACTIONS[wanted.action]
    due = [s for s in servers if not _satisfied(s, action)]
    _raise_all(wanted.action, [e for s in due if (e := _obstacle(s, wanted))])
    if wanted.action == LIVE_MIGRATE:
        moves = plan_moves(fleet, due, wanted.host)
        _raise_all(wanted.action, moves.errors)
        return Plan(moves.steps, moves.verdicts, wanted.max_parallel)
    return Plan(tuple(_step(s, wanted) for s in due), window=wanted.max_parallel)


def needs(fleet: Fleet, wanted: ServerActionWanted) -> Reading:
    """What the plan depends on: a move asks for the state of its target, too, and where no scheduler
    does, for the room on it.
    """
    if wanted.action != LIVE_MIGRATE:
        return reading(SERVERS, servers=wanted.servers)
    room = () if fleet.scheduled else (HOSTS,)
    return reading(SERVERS, SERVICES, *room, servers=wanted.servers)


def check_options(wanted: ServerActionWanted) -> None:
    """The rules that no state of the fleet can change."""
    if wanted.force and ACTIONS[wanted.action].forced is None:
        able = [name for name, action in ACTIONS.items() if action.forced]
        raise InvalidError(
            "option force", f"{wanted.action} cannot be forced", f"It goes with {joined(able)} only"
        )
    if wanted.host is not None and wanted.action != LIVE_MIGRATE:
        raise InvalidError(
            "option host", f"{wanted.action} takes no target", f"It goes with {LIVE_MIGRATE} only"
        )
    if wanted.max_parallel < 1:
        raise InvalidError("option max_parallel", f"it is {wanted.max_parallel}", "Set 1 or more")


def _satisfied(server: Server, action: Action) -> bool:
    return action.end is not None and server.vm_state == action.end and server.task_state is None


def _obstacle(server: Server, wanted: ServerActionWanted) -> FleetError | None:
    """The first thing about the server itself that forbids the action."""
    action = ACTIONS[wanted.action]
    states = joined(list(action.starts))
    harmless = CUT_SHORT if wanted.force else action.busy
    if server.task_state is not None and server.task_state not in harmless:
        return _cannot(
            server,
            wanted.action,
            f"while it is in task_state {server.task_state}",
            "Wait until that has ended and run again",
        )
    if server.vm_state not in action.starts:
        return _cannot(
            server,
            wanted.action,
            f"while it is in vm_state {server.vm_state}",
            f"It can start from vm_state {states.replace(' and ', ' or ')} only",
        )
    return _refused_by_xapi(server, wanted)


def _refused_by_xapi(server: Server, wanted: ServerActionWanted) -> FleetError | None:
    operation = _operation(server, wanted)
    if operation in server.blocked:
        return _cannot(
            server,
            wanted.action,
            f"while {operation} is among its blocked_operations ({server.blocked[operation]})",
            "Remove that block first",
        )
    if server.allowed and operation not in server.allowed:
        return _cannot(
            server,
            wanted.action,
            f"while XAPI does not allow {operation} on it (power_state {server.power_state})",
            ACTIONS[wanted.action].remedy or "Look at its devices and guest tools",
        )
    return None


def _operation(server: Server, wanted: ServerActionWanted) -> str:
    action = ACTIONS[wanted.action]
    forced = action.forced if wanted.force else None
    return forced or action.starts[server.vm_state]


def _cannot(server: Server, action: str, why: str, remedy: str) -> ConflictError:
    return ConflictError(
        f"server {server.name}",
        f"Cannot '{action}' server {server.id} {why}",
        remedy,
        server=server.id,
        vm_state=server.vm_state,
        task_state=server.task_state,
    )


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


def _step(server: Server, wanted: ServerActionWanted) -> Step:
    args: dict[str, object] = {"id": server.id}
    if ACTIONS[wanted.action].forced:
        args["force"] = wanted.force
    return Step(f"server.{wanted.action}", server.name, args, f"it is {server.status}")
