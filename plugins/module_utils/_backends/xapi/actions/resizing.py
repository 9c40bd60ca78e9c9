# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resize and cold migration, which end in VERIFY_RESIZE until they are confirmed or reverted.

Nova's scheduler looks for a host before it stops the server. XAPI only finds out by starting it, so
that a server that no host takes has been down for a moment when it is back where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._core.args import ActionArgs
from ...._core.errors import ConflictError, InvalidError
from ..marks import Memory, Old, Vcpus
from ..read import NULL
from ..sequence import Call, Steps
from .guest import Guest


def resize(guest: Guest, args: ActionArgs) -> Steps:
    """Args: vcpus, memory in bytes; what is not given stays. XAPI chooses where it starts."""
    yield from guest.through("resize_prep", _resize(guest, args.vcpus, args.memory))


def migrate(guest: Guest, args: ActionArgs) -> Steps:
    """Args: target; without one another host of the pool is chosen. A stopped server gets it as
    affinity, since XAPI ties such a one to no host.
    """
    target = guest.host(args.target)
    yield from guest.through("resize_prep", _migrate(guest, target))


def confirm_resize(guest: Guest, _args: ActionArgs) -> Steps:
    """Without a task_state, as in Nova."""
    yield from guest.begin()
    _old(guest, "confirm_resize")
    yield from guest.settle()


def revert_resize(guest: Guest, _args: ActionArgs) -> Steps:
    yield from guest.begin()
    old = _old(guest, "revert_resize")
    yield from guest.through("resize_reverting", _revert(guest, old))


def _old(guest: Guest, action: str) -> Old:
    try:
        return Old.parsed(guest.held["old"])
    except (ValueError, KeyError, TypeError) as exc:
        raise InvalidError(
            f"server {guest.name}",
            f"action '{action}' is refused: it has no finished resize or migration",
            "Check its status",
        ) from exc


def _before(guest: Guest) -> Old:
    vm = guest.record
    memory, vcpus = sizes_of(vm)
    host, affinity = guest.uuid_of_host(vm["resident_on"]), guest.uuid_of_host(vm["affinity"])
    return Old(memory, vcpus, host, affinity, guest.ran)


def sizes_of(vm: Mapping[str, Any]) -> tuple[Memory, Vcpus]:
    limits = ("static_min", "dynamic_min", "dynamic_max", "static_max")
    smin, dmin, dmax, smax = (int(vm[f"memory_{name}"]) for name in limits)
    return (smin, dmin, dmax, smax), (int(vm["VCPUs_max"]), int(vm["VCPUs_at_startup"]))


def _resize(guest: Guest, vcpus: int | None, memory: int | None) -> Steps:
    old = _before(guest)
    new_memory = (min(old.memory[0], memory), memory, memory, memory) if memory else old.memory
    new_vcpus = (vcpus, vcpus) if vcpus else old.vcpus
    yield from _verified(guest, old, _with_sizes(guest, new_memory, new_vcpus, old))


def _migrate(guest: Guest, target: str | None) -> Steps:
    old = _before(guest)
    yield from _verified(guest, old, _elsewhere(guest, target, old))


def _verified(guest: Guest, old: Old, body: Steps) -> Steps:
    """``body`` on the stopped server, and back if the pool refuses what it wants; then
    VERIFY_RESIZE.
    """
    yield from guest.mark(old=old.text)
    yield from guest.task("resize_migrating")
    guest.at_risk = True
    try:
        yield from guest.halt()
        yield from guest.task("resize_migrated")
        yield from body
    except (ConflictError, InvalidError):
        yield from _put_back(guest, old)
        guest.at_risk = False
        yield from guest.mark(old=None)
        raise
    yield from guest.settle("resized", "old")


def _with_sizes(guest: Guest, memory: Memory, vcpus: Vcpus, old: Old) -> Steps:
    yield from set_sizes(guest.ref, memory, vcpus)
    yield from guest.task("resize_finish")
    if old.ran:
        yield from guest.run()


def _elsewhere(guest: Guest, target: str | None, old: Old) -> Steps:
    host = target or (yield from _another_host(guest, old.host))
    yield from guest.task("resize_finish")
    if old.ran:
        yield from guest.run(host)
    else:
        yield Call("VM.set_affinity", guest.ref, host)


def _another_host(guest: Guest, source: str) -> Steps:
    """The roomiest of those that can take it."""
    possible = yield Call("VM.get_possible_hosts", guest.ref)
    room = {}
    for host in possible:
        if guest.uuid_of_host(host) != source:
            room[host] = int((yield Call("host.compute_free_memory", host)))
    if not room:
        raise guest.cannot(
            "migrate",
            "since no valid host was found: no other host of the pool can take it",
            "Free memory, or check the SRs and networks of the other hosts",
        )
    return max(room, key=lambda host: room[host])


def set_sizes(vm: str, memory: Memory, vcpus: Vcpus) -> Steps:
    """Of a halted VM. VCPUs_at_startup may never exceed VCPUs_max, so the order depends on the
    direction.
    """
    smin, dmin, dmax, smax = memory
    yield Call("VM.set_memory_limits", vm, *map(str, (smin, smax, dmin, dmax)))
    most, startup = vcpus
    now = int((yield Call("VM.get_VCPUs_at_startup", vm)))
    if now > most:
        yield Call("VM.set_VCPUs_at_startup", vm, str(startup))
    yield Call("VM.set_VCPUs_max", vm, str(most))
    yield Call("VM.set_VCPUs_at_startup", vm, str(startup))


def _put_back(guest: Guest, old: Old) -> Steps:
    """Old sizes, old host, and up again if it was."""
    yield from guest.halt()
    yield from set_sizes(guest.ref, old.memory, old.vcpus)
    yield Call("VM.set_affinity", guest.ref, guest.host_of_uuid(old.affinity))
    if not old.ran:
        return
    host = guest.host_of_uuid(old.host)
    yield from guest.run(None if host == NULL else host)


def _revert(guest: Guest, old: Old) -> Steps:
    guest.at_risk = True
    yield from _put_back(guest, old)
    yield from guest.settle()
