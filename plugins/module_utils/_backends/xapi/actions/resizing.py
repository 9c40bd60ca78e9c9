# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resize and cold migration, which end in VERIFY_RESIZE until they are confirmed or reverted.

The planned host is asked for its verdict before the server is stopped, as far as XAPI can give one.
When a refusal comes only as the server starts, it is put back where it was after a short downtime.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...._core.args import ActionArgs
from ...._core.errors import ConflictError, FleetError, InvalidError
from ..marks import Memory, Old, Vcpus
from ..read import NULL
from ..sequence import Call, Commands
from .auxiliary import tidied
from .guest import Guest


def resize(guest: Guest, args: ActionArgs) -> Commands:
    """Args: vcpus, memory in bytes; what is not given stays; host if it is to start."""
    yield from guest.through("resize_prep", tidied(guest, _resize(guest, args)))


def migrate(guest: Guest, args: ActionArgs) -> Commands:
    """Args: target. A stopped server gets it as affinity, since XAPI ties such a one to no host."""
    target = guest.planned("migrate", args.target)
    yield from guest.through("resize_prep", tidied(guest, _migrate(guest, target)))


def confirm_resize(guest: Guest, _args: ActionArgs) -> Commands:
    """Without a task_state, as in Nova."""
    yield from guest.begin()
    _old(guest, "confirm_resize")
    yield from guest.settle()


def revert_resize(guest: Guest, args: ActionArgs) -> Commands:
    """Args: host if it ran."""
    yield from guest.begin()
    old = _old(guest, "revert_resize")
    host = guest.planned("revert_resize", args.host) if old.ran else NULL
    yield from guest.through("resize_reverting", _revert(guest, old, host))


def _old(guest: Guest, action: str) -> Old:
    try:
        return Old.parsed(guest.own_marks["old"])
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


def _home(guest: Guest, target: str) -> str:
    """Where it is put back: its host, or the new one if it was on none, as a suspended server is."""
    here = str(guest.record["resident_on"])
    return target if here == NULL else here


def sizes_of(vm: Mapping[str, Any]) -> tuple[Memory, Vcpus]:
    limits = ("static_min", "dynamic_min", "dynamic_max", "static_max")
    smin, dmin, dmax, smax = (int(vm[f"memory_{name}"]) for name in limits)
    return (smin, dmin, dmax, smax), (int(vm["VCPUs_max"]), int(vm["VCPUs_at_startup"]))


def _resize(guest: Guest, args: ActionArgs) -> Commands:
    old = _before(guest)
    vcpus, memory = args.vcpus, args.memory
    host = guest.planned("resize", args.host) if old.ran else NULL
    new_memory = (min(old.memory[0], memory), memory, memory, memory) if memory else old.memory
    new_vcpus = (vcpus, vcpus) if vcpus else old.vcpus
    body = _with_sizes(guest, new_memory, new_vcpus, host)
    yield from _verified(guest, old, _home(guest, host), body)


def _migrate(guest: Guest, target: str) -> Commands:
    old = _before(guest)
    yield from _asked(guest, target)
    yield from _verified(guest, old, _home(guest, target), _elsewhere(guest, target, old))


def _asked(guest: Guest, target: str) -> Commands:
    """Raises XAPI's reason if the target can't take it. A suspended server is not asked about: it is
    bound to its memory image, which it loses on the way.
    """
    if guest.record["power_state"] == "Suspended":
        return
    if target not in (yield Call("VM.get_possible_hosts", guest.ref)):
        yield Call("VM.assert_can_boot_here", guest.ref, target)


def _verified(guest: Guest, old: Old, home: str, body: Commands) -> Commands:
    """``body`` on the stopped server, and back if the pool refuses what it wants; then VERIFY_RESIZE."""
    yield from guest.mark(old=old.text)
    yield from guest.task("resize_migrating")
    guest.at_risk = True
    try:
        yield from guest.halt()
        yield from guest.task("resize_migrated")
        yield from body
    except FleetError as error:
        refused = isinstance(error, (ConflictError, InvalidError))
        if not refused and error.details.get("code") != "HOST_NOT_LIVE":
            raise
        yield from _put_back(guest, old, home)
        guest.at_risk = False
        yield from guest.mark(old=None)
        raise
    yield from guest.settle("resized", "old")


def _with_sizes(guest: Guest, memory: Memory, vcpus: Vcpus, host: str) -> Commands:
    yield from set_sizes(guest.ref, memory, vcpus)
    yield from guest.task("resize_finish")
    if host != NULL:
        yield from guest.run(host)


def _elsewhere(guest: Guest, target: str, old: Old) -> Commands:
    yield from guest.task("resize_finish")
    if old.ran:
        yield from guest.run(target)
    else:
        yield Call("VM.set_affinity", guest.ref, target)


def set_sizes(vm: str, memory: Memory, vcpus: Vcpus) -> Commands:
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


def _put_back(guest: Guest, old: Old, host: str) -> Commands:
    """Old sizes, and up again on that host if it was up."""
    yield from guest.halt()
    yield from set_sizes(guest.ref, old.memory, old.vcpus)
    yield Call("VM.set_affinity", guest.ref, guest.host_of_uuid(old.affinity))
    if old.ran:
        yield from guest.run(host)


def _revert(guest: Guest, old: Old, host: str) -> Commands:
    guest.at_risk = True
    yield from _put_back(guest, old, host)
    yield from guest.settle()
