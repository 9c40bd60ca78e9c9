# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs that shut down and start the VM in which a host's nova-compute runs; their subject is the VM.

Nova's XenAPI driver did both around a join (host_join and _resume_compute in os-xenapi's plugin
xenhost.py): a clean shutdown, and a start whether the join had gone well or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from ..._core.args import ActionArgs, Args
from ..._core.errors import FleetError, WaitTimeout
from ..._core.model import Fleet, Server
from ..._core.plan import Verb
from ..._core.ports import Ports
from ..._core.reading import POOLS, reading
from ..engine.waiting import Waiting, readiness
from ..servers.verbs import ACTIONS
from .membership_verbs import pool_port


@dataclass(frozen=True, kw_only=True)
class ComputeVmArgs(Args):
    """``host`` is the one that the VM belongs to, ``for_join`` its uuid if it is to join a pool."""

    id: str
    host: str
    for_join: str = ""


def _server(fleet: Fleet, server_id: str, host: str | None) -> Fleet:
    """With the server as one that was shut down for the join of the host, or no longer."""
    return replace(
        fleet,
        servers=tuple(
            replace(s, stopped_for_join=host) if s.id == server_id else s for s in fleet.servers
        ),
    )


def _shut(fleet: Fleet, vm: str, args: ComputeVmArgs) -> Fleet:
    fleet = ACTIONS["stop"].effect(fleet, vm, ActionArgs(id=args.id))
    return _server(fleet, args.id, args.host if args.for_join else None)


def _shut_down(ports: Ports, vm: str, args: ComputeVmArgs) -> Iterator[float]:
    """Noted before it begins, so that the run after one that is killed knows that a start is due.
    After a timeout the note stays: the VM may yet go down.
    """
    port = pool_port(ports)
    if args.for_join:
        port.note_stopped(args.id, args.for_join)
    try:
        yield from _at_rest(ports, vm, args)
        current = _read(ports, args)
        if current is not None and current.running:
            yield from ACTIONS["stop"].execute(ports, vm, ActionArgs(id=args.id)) or ()
    except WaitTimeout:
        raise
    except FleetError:
        if args.for_join:
            with suppress(FleetError):
                port.note_stopped(args.id, None)
        raise


shut_down = Verb(
    "compute_vm.shut_down",
    "shut down {subject}, the compute VM of host {host}",
    ComputeVmArgs,
    _shut,
    _shut_down,
    windowed=True,
)


def _started(fleet: Fleet, vm: str, args: ComputeVmArgs) -> Fleet:
    fleet = ACTIONS["start"].effect(fleet, vm, ActionArgs(id=args.id, host=args.host))
    return _server(fleet, args.id, None)


def _start(ports: Ports, vm: str, args: ComputeVmArgs) -> Iterator[float]:
    """After a failed join, too, which may have failed for the onlooker only: the host is waited for
    wherever it ends up. One that somebody else has started is left as it is.
    """
    yield from readiness(
        ports, f"host {args.host}", lambda fleet: _missing_for_start(fleet, vm, args)
    )
    current = _read(ports, args)
    if current is not None and current.power_state == "Halted":
        start = ActionArgs(id=args.id, host=args.host)
        yield from ACTIONS["start"].execute(ports, vm, start) or ()
    pool_port(ports).note_stopped(args.id, None)


start = Verb(
    "compute_vm.start",
    "start {subject}, the compute VM of host {host}",
    ComputeVmArgs,
    _started,
    _start,
    windowed=True,
)


def _read(ports: Ports, args: ComputeVmArgs) -> Server | None:
    return ports.read(reading(POOLS)).server(args.id)


def _at_rest(ports: Ports, vm: str, args: ComputeVmArgs) -> Waiting:
    """Until a shutdown that a killed run has begun is over."""

    def missing(fleet: Fleet) -> tuple[str, ...]:
        now = fleet.server(args.id)
        return (f"done with {now.task_state}",) if now and now.task_state else ()

    return readiness(ports, f"server {vm}", missing)


def _missing_for_start(fleet: Fleet, vm: str, args: ComputeVmArgs) -> tuple[str, ...]:
    host, server = fleet.host(args.host), fleet.server(args.id)
    if host is None:
        return ("known to any coordinator that answers",)
    missing = []
    if host.joining:
        missing.append("done with its join")
    if not host.live:
        missing.append("live")
    if not host.enabled:
        missing.append("enabled")
    if server is None:
        return (*missing, f"in possession of {vm}")
    if server.task_state:
        missing.append(f"done with {server.task_state} of {vm}")
    missing += [
        f"attached to SR {s.name}"
        for s in fleet.storages
        if s.id in server.storage and s.content_type != "iso" and host.name not in s.attached
    ]
    return tuple(missing)


VERBS = (shut_down, start)
