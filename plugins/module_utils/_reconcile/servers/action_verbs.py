# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs of server actions, one for each row of the table of actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from ..._core.actions import TABLE, Action
from ..._core.args import ActionArgs, MoveArgs
from ..._core.model import Fleet, Server
from ..._core.plan import Verb
from ..._core.ports import Ports
from ..._core.status import status_of
from ..common.readiness import missing_for_service
from ..engine.liveness import watched
from ..engine.passing import away, over_refusals
from ..engine.waiting import Waiting, readiness
from .effects import after_reset, by_power, moved_to, with_power, with_server
from .starting import start, watched_action

POWER: Mapping[str, str] = {
    "active": "Running",
    "rescued": "Running",
    "paused": "Paused",
    "suspended": "Suspended",
    "stopped": "Halted",
    "shelved": "Halted",
    "shelved_offloaded": "Halted",
    "soft-delete": "Halted",
}
"""By vm_state; in the others the guest may run or not."""


def action_verb(name: str, action: Action) -> Verb[ActionArgs]:
    def effect(fleet: Fleet, _server: str, args: ActionArgs) -> Fleet:
        return _acted(fleet, name, action, args)

    def execute(ports: Ports, server: str, args: ActionArgs) -> Waiting | None:
        return carried_out(ports, name, verb.text(server, args), server, args)

    verb = Verb(
        f"server.{name}",
        (action.sentence or f"{name} {{subject}}") + ("" if action.move else "[ on {host}]"),
        MoveArgs if action.move else ActionArgs,
        effect,
        execute,
        windowed=True,
        event=action.event,
    )
    return verb


def carried_out(
    ports: Ports, name: str, what: str, server: str, args: ActionArgs
) -> Waiting | None:
    """Start the action now; nothing is left to follow if the task does not wait. One that is a single
    call is started again if the host is still starting, or the one that a server returns to is away.
    """

    def attempt() -> Waiting | None:
        work = start(ports, what, name, server, args)
        return watched(ports, watched_action(name, server, args), work) if ports.wait else None

    if not ports.wait or name in ports.traits.stepwise:
        return attempt()
    home = args.target if isinstance(args, MoveArgs) and args.home else None
    if not home:
        return over_refusals(ports, what, attempt)
    back = partial(in_service, ports, home)
    return over_refusals(ports, what, attempt, passing=away, ready=back)


def in_service(ports: Ports, host: str) -> Waiting:
    """Until the host can take guests."""
    return readiness(ports, f"host {host}", lambda fleet: missing_for_service(fleet, host, None))


# --- what becomes of the server when the action has gone well -------------------------------------


def _acted(fleet: Fleet, name: str, action: Action, args: ActionArgs) -> Fleet:
    server = fleet.server(args.id)
    if server is None:
        return fleet
    if action.deletes and not args.soft:
        return replace(fleet, servers=tuple(s for s in fleet.servers if s.id != server.id))
    if action.locks is not None:
        reason = args.reason if action.locks else None
        return with_server(fleet, replace(server, locked=action.locks, locked_reason=reason))
    vm_state = _vm_state(fleet, server, name, args)
    reset = name == "reset_state"
    power = server.power_state if reset else POWER.get(vm_state, server.power_state)
    after = replace(
        server,
        vm_state=vm_state,
        stand_in=server.stand_in if reset else vm_state == "rescued",
        task_state=None,
        status=status_of(vm_state, None),
        evacuated_from=None,
    )
    if vm_state != "error":
        after = replace(after, fault="")
    if name == "shelve":
        after = replace(after, shelved_from=server.host if server.running else None)
    elif name == "unshelve":
        after = replace(after, shelved_from=None)
    if vm_state == "shelved_offloaded":
        after = replace(after, host=None)
    elif name == "resize":
        after = _resized(after, args)
    fleet = with_server(fleet, after)
    if name == "evacuate" and _is_elsewhere(server, args):
        return fleet
    if action.move or args.host:
        target = args.target or args.host or ""
        if action.move and not (server.running or fleet.traits.keeps_stopped):
            after = replace(after, affinity=target or after.affinity)
        fleet = moved_to(fleet, after, target)
    return with_power(fleet, server.id, power)


def _vm_state(fleet: Fleet, server: Server, name: str, args: ActionArgs) -> str:
    """KEPT ends keep a stopped server stopped; a resized one is what its power says; a shelved one
    does not leave the only host that it can come back on.
    """
    if name == "reset_state":
        return after_reset(fleet.traits, server, args.state or server.vm_state)
    if name == "delete":
        return "soft-delete"
    if name == "shelve":
        return "shelved" if fleet.tied_to(server) else "shelved_offloaded"
    if name == "evacuate" and (_is_elsewhere(server, args) or (args.start and server.stand_in)):
        return "active"
    if name == "evacuate" and not args.start:
        return "stopped"
    ends = TABLE[name].ends
    if len(ends) == 1:
        return next(iter(ends))
    if not ends:
        return server.vm_state
    if name == "revert_resize":
        return "active" if server.running or server.resized_from else "stopped"
    if server.vm_state == "resized":
        return by_power(server)
    return "stopped" if server.vm_state == "stopped" else "active"


def _is_elsewhere(server: Server, args: ActionArgs) -> bool:
    """Whether an evacuation only ends what a killed run has begun; where it is, it stays."""
    return args.source is not None and args.source == server.evacuated_from


def _resized(server: Server, args: ActionArgs) -> Server:
    return replace(
        server,
        flavor=args.flavor or server.flavor,
        vcpus=args.vcpus or server.vcpus,
        memory_max=args.memory or server.memory_max,
    )
