# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions that XAPI carries out in one call, or nearly: power, lock, live migration, states.

After a failure their server is in the state that follows from its power state, where Nova sets some
to ERROR (a refused suspend, for example) though they run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...._core.args import ActionArgs
from ...._core.errors import ConflictError, UnsupportedError
from ...._core.traits import Limit
from .. import marks
from ..sequence import Call, Commands, Job, Reached, Row, Watch, on_host, power, unknowable
from .auxiliary import dismiss, find_running
from .guest import Guest
from .rescuing import RESCUED

XapiAction = Callable[[Guest, ActionArgs], Commands]

MOVES = ("pool_migrate", "migrate_send")


def recovering(action: XapiAction) -> XapiAction:
    """An action that brings a server out of ERROR."""

    def body(guest: Guest, args: ActionArgs) -> Commands:
        yield from action(guest, args)
        if marks.marked_state(guest.record) == "error":
            yield from guest.begin()
            yield from guest.settle()

    return body


def single(method: str, *params: Any, reached: Reached = unknowable) -> XapiAction:
    def body(guest: Guest, _args: ActionArgs) -> Commands:
        yield Job(method, guest.ref, *params, reached=reached)

    return body


def start(guest: Guest, args: ActionArgs) -> Commands:
    yield from guest.run(guest.planned("start", args.host))


def resume(guest: Guest, args: ActionArgs) -> Commands:
    host = guest.planned("resume", args.host)
    yield Job("VM.resume_on", guest.ref, host, False, False, reached=on_host(host))


def stop(guest: Guest, args: ActionArgs) -> Commands:
    """One in ERROR may be in any power state, and the VM that it is rescued from may run."""
    method = "VM.hard_shutdown" if args.force else "VM.clean_shutdown"
    if guest.vm_state == "error":
        yield from guest.begin()
        yield from dismiss(guest)
        if guest.record["power_state"] == "Halted":
            return
        if guest.record["power_state"] != "Running":
            method = "VM.hard_shutdown"
    yield Job(method, guest.ref, reached=power("Halted"))


def reboot_hard(guest: Guest, args: ActionArgs) -> Commands:
    """Nova starts a stopped or suspended server on a hard reboot; XAPI's hard_reboot refuses both. One
    in ERROR, from which it may be rescued, boots from its own disks again, as with Nova.
    """
    yield from guest.begin()
    if guest.vm_state == "error":
        yield from dismiss(guest)
    if guest.record["power_state"] not in ("Suspended", "Halted"):
        yield Job("VM.hard_reboot", guest.ref, reached=unknowable)
        return
    host = guest.planned("reboot_hard", args.host)
    yield from guest.halt("VM.hard_shutdown")
    yield from guest.run(host)


def live_migrate(guest: Guest, args: ActionArgs) -> Commands:
    target = guest.find("host", args.target or "")
    options = {"live": "true"}
    if args.network:
        options["network"] = guest.find("network", args.network)
    yield Job("VM.pool_migrate", guest.ref, target, options, reached=on_host(target))


def live_migrate_abort(guest: Guest, _args: ActionArgs) -> Commands:
    """Cancel the task of whoever migrates it; the server stays where it is."""
    operations = yield Call("VM.get_current_operations", guest.ref)
    task = next((task for task, operation in operations.items() if operation in MOVES), None)
    if task is None:
        raise guest.cannot(
            "live_migrate_abort", "while no live migration of it is in progress", "Check its status"
        )
    source = yield Call("VM.get_resident_on", guest.ref)
    label = yield Call("task.get_name_label", task)
    yield Call("task.cancel", task)
    try:
        yield Watch(task, label, guest.ref, at_rest)
    except ConflictError as error:
        if error.details.get("code") == "TASK_CANCELLED":
            return
        raise
    if (yield Call("VM.get_resident_on", guest.ref)) != source:
        raise guest.cannot(
            "live_migrate_abort",
            "since the migration was completed before it could be cancelled",
            "Migrate it back if it must not stay there",
        )


def at_rest(row: Row | None) -> bool | None:
    """Reached when nothing is being done to it any more."""
    if row is not None and row["current_operations"]:
        return None
    return row is not None


def lock(guest: Guest, args: ActionArgs) -> Commands:
    """Locking a locked server changes nothing, its reason included (nova/compute/api.py)."""
    blocked = yield Call("VM.get_blocked_operations", guest.ref)
    if not marks.lock_of(blocked)[0]:
        text = marks.lock_text(args.reason)
        wanted = marks.with_blocks(blocked, marks.LOCKABLE, text)
        yield Call("VM.set_blocked_operations", guest.ref, wanted)


def unlock(guest: Guest, _args: ActionArgs) -> Commands:
    blocked = yield Call("VM.get_blocked_operations", guest.ref)
    wanted = {op: text for op, text in blocked.items() if not marks.is_lock(text)}
    if wanted != blocked:
        yield Call("VM.set_blocked_operations", guest.ref, wanted)


def reset_state(guest: Guest, args: ActionArgs) -> Commands:
    """Marks only: nothing is done to the guest. "active" means what the power state says, as Nova
    corrects it some minutes later, and RESCUE while the VM that it is rescued from runs.
    """
    yield from guest.begin()
    rescued = args.state != "error" and (yield from find_running(guest)) is not None
    if rescued:
        yield from guest.keep_down(RESCUED)
        yield from guest.settle(RESCUED)
        return
    yield from guest.unblock()
    if args.state == "error":
        kept = [key for key in guest.own_marks if key not in ("vm_state", "task_state")]
        yield from guest.settle("error", *kept)
    else:
        yield from guest.settle()


def unsupported(limit: Limit) -> XapiAction:
    """An action that XenAPI has nothing for."""

    def body(guest: Guest, _args: ActionArgs) -> Commands:
        raise UnsupportedError(f"server {guest.name}", limit.cause, limit.remedy)

    return body
