# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Auxiliary VMs: the one that a server is rescued from, or that its new disks come with."""

from __future__ import annotations

from ...._core.errors import NotFoundError
from .. import marks
from ..sequence import Call, Commands, Job, gone, power, unknowable
from .disks import destroy, discard, own_disks
from .guest import Guest, own


def make_auxiliary(guest: Guest, image: str, name: str) -> Commands:
    """Clone the image and bind the clone to the server; returns its reference.

    A clone is a template until it is bound, so that it is never taken for a server.
    """
    auxiliary = yield Job("VM.clone", image, name, reached=unknowable)
    uuid = yield Call("VM.get_uuid", auxiliary)
    for key in (yield Call("VM.get_other_config", auxiliary)):
        if marks.is_mark(key):
            yield Call("VM.remove_from_other_config", auxiliary, key)
    yield from own(auxiliary, uuid)
    yield Call("VM.add_to_other_config", auxiliary, f"{marks.PREFIX}server", guest.id)
    yield from guest.mark(auxiliary=uuid)
    yield Job("VM.provision", auxiliary, reached=unknowable)
    return auxiliary


def dismiss(guest: Guest) -> Commands:
    """Destroy the auxiliary VM and its own disks, if there is one."""
    if "auxiliary" not in guest.own_marks:
        return
    auxiliary = yield from find_auxiliary(guest)
    if auxiliary is not None:
        if (yield Call("VM.get_power_state", auxiliary)) != "Halted":
            yield Job("VM.hard_shutdown", auxiliary, reached=power("Halted"))
        before, guest.at_risk = guest.at_risk, True
        yield from destroy(auxiliary, (yield from own_disks(auxiliary)), gone)
        guest.at_risk = before
    yield from guest.mark(auxiliary=None)


def tidied(guest: Guest, body: Commands) -> Commands:
    """``body`` without what an interrupted rescue or rebuild has left."""
    yield from dismiss(guest)
    yield from discard(guest)
    yield from body


def find_auxiliary(guest: Guest) -> Commands:
    """Reference of the auxiliary VM; None if there is none."""
    if "auxiliary" not in guest.own_marks:
        return None
    try:
        return (yield Call("VM.get_by_uuid", guest.own_marks["auxiliary"]))
    except NotFoundError:
        return None


def find_running(guest: Guest) -> Commands:
    """Its reference if it is up, and so in the server's place."""
    auxiliary = yield from find_auxiliary(guest)
    if auxiliary is None or (yield Call("VM.get_power_state", auxiliary)) == "Halted":
        return None
    return auxiliary
