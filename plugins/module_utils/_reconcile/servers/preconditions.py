# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check one server for one action: whether there is nothing to do, or a state forbids it.

The order of questions is Nova's (nova/compute/api.py): lock, then task_state, then vm_state; XAPI's
own answer, VM.allowed_operations and VM.blocked_operations, is asked after them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..._core.actions import ANY, TABLE, Action
from ..._core.errors import ConflictError, FleetError, InvalidError, joined
from ..._core.model import Fleet, Server
from ..._core.units import MIB
from ..common.refusals import cannot
from .effects import after_reset
from .wanted import ServerActionWanted
from .xapi_operations import refused_by_xapi

CUT_SHORT = frozenset({"powering-off", "rebooting"})
"""task_states that force ends: hard_shutdown cancels a clean one, which may wait for a hung guest."""


def satisfied(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> bool:
    """Whether there is nothing to do."""
    action = TABLE[wanted.action]
    if wanted.action == "reset_state":
        state = after_reset(fleet.traits, server, str(wanted.options.get("vm_state")))
        return server.vm_state == state and _idle(server)
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
        "memory_mb": server.memory_max // MIB,
    }
    given = {key: options[key] for key in same if options.get(key) is not None}
    states = TABLE["resize"].starts | {"resized"}
    fits = all(str(same[key]) == str(value) for key, value in given.items())
    return fits and server.vm_state in states and _idle(server)


def _evacuated(server: Server, wanted: ServerActionWanted) -> bool:
    """A guest that does not run and could start on several hosts is on none of them. One that a
    killed run has left to start elsewhere may be there, but its marks and lock are to be repaired.
    """
    if server.evacuated_from:
        return False
    there = not server.host if wanted.host is None else server.host in (None, "", wanted.host)
    return there and server.vm_state in TABLE["evacuate"].starts and _idle(server)


SPECIAL: Mapping[str, Callable[[Server, ServerActionWanted], bool]] = {
    "lock": lambda server, _wanted: server.locked,
    "unlock": lambda server, _wanted: not server.locked,
    "evacuate": _evacuated,
    "resize": _resized,
    "live_migrate_abort": lambda server, _wanted: server.task_state != "migrating",
    "live_migrate_force_complete": lambda server, _wanted: server.task_state != "migrating",
}
"""Where more than the vm_state decides whether an action is satisfied. A lock that exists keeps its
reason, as Nova's does.
"""


def obstacle(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> FleetError | None:
    """The first thing about the server that forbids the action."""
    action = TABLE[wanted.action]
    return (
        _locked(fleet, server, wanted.action, action)
        or _busy(server, wanted, action)
        or _wrong_state(server, wanted.action, action)
        or _special(fleet, server, wanted)
        or _unwaited(server, wanted)
        or _not_allowed(fleet, server, wanted)
    )


def _unwaited(server: Server, wanted: ServerActionWanted) -> FleetError | None:
    """Before it stops, the VM in its place has to go, which takes several calls."""
    if wanted.wait or not server.stand_in or wanted.action != "stop":
        return None
    return cannot(server, "stop", "while another VM runs in its place", "Leave wait true")


def _not_allowed(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> FleetError | None:
    if not fleet.traits.lists_operations:
        return None
    return refused_by_xapi(server, wanted.action, wanted.force)


def _locked(fleet: Fleet, server: Server, name: str, action: Action) -> FleetError | None:
    """Nova lets an admin override every lock, and itself refuses anybody else. On XAPI a lock holds
    for everybody, root included (OPERATION_BLOCKED).
    """
    if not (server.locked and action.locked and fleet.traits.locks_bind_everybody):
        return None
    reason = f" ({server.locked_reason})" if server.locked_reason else ""
    return cannot(server, name, f"while it is locked{reason}", "Unlock it first")


def _busy(server: Server, wanted: ServerActionWanted, action: Action) -> FleetError | None:
    allowed = CUT_SHORT if wanted.force else action.busy
    if server.task_state is None or allowed is ANY or server.task_state in allowed:
        return None
    return cannot(
        server,
        wanted.action,
        f"while it is in task_state {server.task_state}",
        "Wait until that has ended and run again, or reset its state (reset_state) if the run that"
        " did this is dead",
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
    source = failed_host(fleet, server)
    if source is not None and up(fleet, source):
        return InvalidError(
            f"server {server.name}",
            f"its host {server.host} is up, so that it may still run there",
            "Migrate it instead; if the host is fenced, set forced_down of its compute service",
        )
    if wanted.host is not None and wanted.host == source:
        return InvalidError(
            f"server {server.name}", f"{wanted.host} is the host that failed", "Choose another"
        )
    return _target(fleet, wanted)


def failed_host(fleet: Fleet, server: Server) -> str | None:
    """The host that an evacuation of the server is from: the one it is on, unless that is up and an
    evacuation that was cut short has brought it there.
    """
    if server.evacuated_from and up(fleet, server.host):
        return server.evacuated_from
    return server.host


def up(fleet: Fleet, host: str | None) -> bool:
    service = fleet.service(host or "")
    return service is not None and service.state == "up"


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


def _offloaded(fleet: Fleet, server: Server, wanted: ServerActionWanted) -> FleetError | None:
    """It could come back on one host only, which it therefore has not left."""
    tie = fleet.tied_to(server)
    if tie is None:
        return None
    why = f"while it has a disk on {tie.name}, which is not shared"
    return cannot(server, wanted.action, why, "Move its disks to a shared SR first")


CHECKS: Mapping[str, Callable[[Fleet, Server, ServerActionWanted], FleetError | None]] = {
    "evacuate": _evacuable,
    "migrate": _cold,
    "shelve_offload": _offloaded,
    "unshelve": _unshelved,
}
