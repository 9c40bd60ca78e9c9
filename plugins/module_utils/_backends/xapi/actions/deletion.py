# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deleting servers, for good or so that they can be restored."""

from __future__ import annotations

from ...._core.args import ActionArgs
from .. import marks
from ..sequence import Call, Commands, gone
from .auxiliary import tidied
from .disks import destroy, own_disks
from .guest import Guest

SOFT = "soft-delete"


def delete(guest: Guest, args: ActionArgs) -> Commands:
    """Args: soft. Snapshots stay, as images of a deleted server do in Nova."""
    if args.soft:
        yield from guest.through("soft-deleting", _put_away(guest), force=True)
    else:
        yield from force_delete(guest, args)


def force_delete(guest: Guest, _args: ActionArgs) -> Commands:
    """In any state; locks and blocks of ours are lifted, others' are reported."""
    yield from guest.through("deleting", guest.lifted(_remove(guest)), force=True)


def restore(guest: Guest, args: ActionArgs) -> Commands:
    """Args: host."""
    host = guest.planned("restore", args.host)
    body = guest.lifted(_bring_back(guest, host), marks.is_state)
    yield from guest.through("restoring", body, (SOFT,))


def _put_away(guest: Guest) -> Commands:
    """Of a rescued server its own VM, whose disks are whole again once the auxiliary one is gone."""
    yield from tidied(guest, guest.halt())
    yield from guest.keep_down(SOFT)
    yield from guest.settle(SOFT)


def _bring_back(guest: Guest, host: str) -> Commands:
    yield from guest.run(host)
    yield from guest.settle()


def _remove(guest: Guest) -> Commands:
    """VM.destroy leaves disks behind, so they go first; but not of a VM that cannot be destroyed."""
    yield from guest.halt("VM.hard_shutdown")
    yield Call("VM.assert_operation_valid", guest.ref, "destroy")
    guest.at_risk = True
    yield from tidied(guest, _destroy(guest))


def _destroy(guest: Guest) -> Commands:
    yield from destroy(guest.ref, (yield from own_disks(guest.ref)), gone)
