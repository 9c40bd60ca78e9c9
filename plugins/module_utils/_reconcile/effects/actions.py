# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Effects of server actions on the server, by the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..._core.actions import TABLE
from ..._core.model import Fleet, Server
from ..._core.plan import Step
from ..._core.status import status_of
from .servers import moved_to, with_power, with_server

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


def act(fleet: Fleet, step: Step) -> Fleet:
    """What becomes of the server when the action has gone well."""
    server = fleet.server(step.args["id"])
    if server is None:
        return fleet
    name = step.verb.removeprefix("server.")
    if name in GONE and not (name == "delete" and step.args.get("soft")):
        return replace(fleet, servers=tuple(s for s in fleet.servers if s.id != server.id))
    if name in LOCKS:
        return with_server(fleet, LOCKS[name](server, step))
    vm_state = _vm_state(fleet, server, name, step)
    power = POWER.get(vm_state, server.power_state)
    after = replace(
        server,
        vm_state=vm_state,
        task_state=None,
        status=status_of(vm_state, None),
        evacuated_from=None,
    )
    if vm_state != "error":
        after = replace(after, fault="")
    if vm_state == "shelved_offloaded":
        after = replace(after, host=None)
    elif name == "resize":
        after = _resized(after, step)
    fleet = with_server(fleet, after)
    if name == "evacuate" and _is_elsewhere(server, step):
        return fleet
    if name in MOVES or (name == "unshelve" and step.args.get("host")):
        fleet = moved_to(fleet, after, step.args.get("target") or step.args.get("host") or "")
    return with_power(fleet, server.id, power)


GONE = ("delete", "force_delete")
MOVES = ("migrate", "evacuate")


def _vm_state(fleet: Fleet, server: Server, name: str, step: Step) -> str:
    """KEPT ends keep a stopped server stopped; a resized one is what its power says; a shelved one
    does not leave the only host that it can come back on.
    """
    if name == "reset_state":
        return str(step.args["state"])
    if name == "delete":
        return "soft-delete"
    if name == "shelve":
        return "shelved" if fleet.tied_to(server) else "shelved_offloaded"
    if name == "evacuate" and _is_elsewhere(server, step):
        return "active"
    if name == "evacuate" and not step.args.get("start"):
        return "stopped"
    ends = TABLE[name].ends
    if len(ends) == 1:
        return next(iter(ends))
    if not ends:
        return server.vm_state
    if server.vm_state == "resized":
        return "active" if server.running else "stopped"
    return "stopped" if server.vm_state == "stopped" else "active"


def _is_elsewhere(server: Server, step: Step) -> bool:
    """Whether an evacuation only ends what a killed run has begun; where it is, it stays."""
    return step.args["source"] is not None and step.args["source"] == server.evacuated_from


def _locked(server: Server, step: Step) -> Server:
    return replace(server, locked=True, locked_reason=step.args.get("reason"))


def _resized(server: Server, step: Step) -> Server:
    args = step.args
    return replace(
        server,
        flavor=args.get("flavor") or server.flavor,
        vcpus=args.get("vcpus") or server.vcpus,
        memory_max=args.get("memory") or server.memory_max,
    )


LOCKS: Mapping[str, Callable[[Server, Step], Server]] = {
    "lock": _locked,
    "unlock": lambda server, _step: replace(server, locked=False, locked_reason=None),
}
"""Done beside whatever else is being done to the server."""
