# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host on which each server of an action starts, where no scheduler chooses it.

A stopped server has no host there, nor has a suspended one, so that every action that starts one
needs a host. What Nova schedules again goes to hosts that take new servers; what Nova leaves on its
host stays on its host, if it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..._core.model import Fleet, Server
from ..._core.units import MIB
from ..placing.strategy import placing
from ..placing.targets import MOVING, Rule, Targets
from .preconditions import failed_host, satisfied
from .wanted import ServerActionWanted

SCHEDULED: Mapping[str, Rule] = {
    "migrate": MOVING,
    "evacuate": Rule(leaves=True, apart=False),
    "unshelve": Rule(),
    "resize": Rule(),
}
"""Actions that Nova's scheduler is asked for. An evacuation keeps groups apart only where it can:
a server that shares a host is better than one that is off.
"""

STAYING = Rule(apart=False)


def _rebuilt(server: Server, _wanted: ServerActionWanted) -> bool:
    return server.vm_state != "stopped"


def _resized(server: Server, _wanted: ServerActionWanted) -> bool:
    return server.power_state != "Halted"


def _evacuated(server: Server, wanted: ServerActionWanted) -> bool:
    """What ran is started if that is wanted; of one that a run has left halfway it is not known."""
    lost = server.running or server.vm_state == "error" or server.task_state is not None
    return bool(wanted.options.get("power_on")) and lost


def _always(_server: Server, _wanted: ServerActionWanted) -> bool:
    return True


STARTS: Mapping[str, Callable[[Server, ServerActionWanted], bool]] = {
    "start": _always,
    "resume": _always,
    "reboot_hard": lambda server, _wanted: not server.running or server.stand_in,
    "rebuild": _rebuilt,
    "rescue": _always,
    "unrescue": _always,
    "restore": _always,
    "unshelve": _always,
    "resize": _resized,
    "migrate": _always,
    "revert_resize": lambda server, _wanted: bool(server.resized_from) or server.running,
    "evacuate": _evacuated,
}
"""Actions that need a host, and of which servers. A migrated server that is off starts there next."""


def asked_about(fleet: Fleet, servers: Sequence[Server], wanted: ServerActionWanted) -> list[str]:
    """Uuids of those servers of which XAPI is asked where they can start, for the sake of their devices.
    The VM that runs in the place of a rescued server has none of them.
    """
    name = wanted.action
    if fleet.traits.scheduler or name not in STARTS or name == "rescue":
        return []
    return [
        s.id
        for s in servers
        if s.devices and not satisfied(fleet, s, wanted) and STARTS[name](s, wanted)
    ]


def plan_targets(fleet: Fleet, servers: Sequence[Server], wanted: ServerActionWanted) -> Targets:
    """None where a scheduler chooses. Raises as ``onto`` if a host was asked for."""
    name = wanted.action
    if fleet.traits.scheduler or name not in STARTS:
        return Targets()
    there = {s.id: s.host for s in servers if s.host and _elsewhere(fleet, s, name)}
    starting = [
        _as_started(s, wanted) for s in servers if s.id not in there and STARTS[name](s, wanted)
    ]
    if wanted.host is not None:
        targets = placing(fleet).onto(fleet, starting, wanted.host, wanted.within)
    else:
        targets = placing(fleet).choose(
            fleet,
            starting,
            replace(SCHEDULED.get(name, STAYING), within=wanted.within),
            homes={s.id: home for s in starting if (home := _home(s, name))},
            preferred={s.id: wish for s in starting if (wish := _wish(s, name))},
        )
    return replace(targets, hosts={**targets.hosts, **there})


def _elsewhere(fleet: Fleet, server: Server, action: str) -> bool:
    """Whether an evacuation only ends what a killed run has begun: it runs on another host."""
    started = bool(server.evacuated_from) and failed_host(fleet, server) == server.evacuated_from
    return action == "evacuate" and started


def _as_started(server: Server, wanted: ServerActionWanted) -> Server:
    """With the memory and processors that it will take. All but a resume begin without a memory image."""
    if wanted.action != "resume":
        server = replace(server, memory_image=None)
    server = replace(server, vcpus=wanted.options.get("vcpus") or server.vcpus)
    wished = wanted.options.get("memory_mb")
    if wished is None:
        return server
    overhead = max(0, server.memory - server.memory_max)
    return replace(server, memory=wished * MIB + overhead)


def _home(server: Server, action: str) -> str | None:
    """The host that it does not leave."""
    if action == "revert_resize":
        return server.resized_from
    return None if action in SCHEDULED and server.vm_state != "shelved" else server.host


def _wish(server: Server, action: str) -> str | None:
    """Its own host for a resize, which then moves nothing; else the one it was given an affinity to."""
    if action in ("resize", "revert_resize"):
        return server.host
    return None if action == "migrate" else server.affinity
