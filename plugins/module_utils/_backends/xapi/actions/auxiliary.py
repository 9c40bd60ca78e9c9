# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMs that serve a server for a while: the one it is rescued from, the one its new disks come with."""

from __future__ import annotations

from ...._core.errors import NotFoundError
from .. import marks
from ..sequence import Call, Job, Steps, gone, power, unknowable
from .disks import destroy, own_disks
from .guest import Guest, own


def make_aide(guest: Guest, image: str, name: str) -> Steps:
    """Clone the image and bind the clone to the server; returns its reference.

    A clone is a template until it is bound, so that it is never taken for a server.
    """
    aide = yield Job("VM.clone", image, name, reached=unknowable)
    uuid = yield Call("VM.get_uuid", aide)
    for key in (yield Call("VM.get_other_config", aide)):
        if key.startswith(marks.PREFIX):
            yield Call("VM.remove_from_other_config", aide, key)
    yield from own(aide, uuid)
    yield Call("VM.add_to_other_config", aide, f"{marks.PREFIX}server", guest.id)
    yield from guest.mark(aide=uuid)
    yield Job("VM.provision", aide, reached=unknowable)
    return aide


def dismiss(guest: Guest) -> Steps:
    """Destroy the aide and its own disks, if there is one, from an interrupted action perhaps."""
    if "aide" not in guest.held:
        return
    try:
        aide = yield Call("VM.get_by_uuid", guest.held["aide"])
    except NotFoundError:
        aide = None
    if aide is not None:
        if (yield Call("VM.get_power_state", aide)) != "Halted":
            yield Job("VM.hard_shutdown", aide, reached=power("Halted"))
        yield from destroy(aide, (yield from own_disks(aide)), gone)
    yield from guest.mark(aide=None)
