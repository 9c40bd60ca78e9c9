# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rescue: a VM made from an image runs in the server's place, with the server's disks attached.

It is called ``<name>-rescue`` and has the server's sizes and interfaces, MACs included. The server
shows its host and power state; it is no server of its own.
"""

from __future__ import annotations

from typing import Any

from ...._core.args import ActionArgs
from .. import marks
from ..sequence import Call, Commands, Job, on_host
from .auxiliary import dismiss, make_auxiliary
from .disks import attach
from .guest import Guest
from .images import find_image
from .resizing import set_sizes, sizes_of

RESCUED = "rescued"

VIF_FIELDS = (
    "device",
    "network",
    "MAC",
    "MTU",
    "other_config",
    "locking_mode",
    "ipv4_allowed",
    "ipv6_allowed",
)
"""What an interface of the rescue VM has in common with the server's."""


def rescue(guest: Guest, args: ActionArgs) -> Commands:
    """Args: image (uuid or name), host."""
    host = guest.planned("rescue", args.host)
    image = yield from find_image(guest, args.image)
    yield from guest.through("rescuing", _rescue(guest, image, host))


def unrescue(guest: Guest, args: ActionArgs) -> Commands:
    """Args: host. It always ends ACTIVE."""
    host = guest.planned("unrescue", args.host)
    body = guest.lifted(_unrescue(guest, host), marks.is_state)
    yield from guest.through("unrescuing", body, (RESCUED,))


def _rescue(guest: Guest, image: str, host: str) -> Commands:
    guest.at_risk = True
    yield from guest.halt()
    yield from dismiss(guest)
    auxiliary = yield from make_auxiliary(guest, image, f"{guest.name}-rescue")
    yield from set_sizes(auxiliary, *sizes_of(guest.record))
    yield from _same_interfaces(guest, auxiliary)
    yield from _attach_disks(guest, auxiliary)
    yield Job("VM.start_on", auxiliary, host, False, False, reached=on_host(host))
    yield from guest.keep_down(RESCUED)
    yield from guest.settle(RESCUED, "auxiliary")


def _same_interfaces(guest: Guest, auxiliary: str) -> Commands:
    for vif in (yield Call("VM.get_VIFs", auxiliary)):
        yield Call("VIF.destroy", vif)
    for vif in (yield Call("VM.get_VIFs", guest.ref)):
        row: dict[str, Any] = yield Call("VIF.get_record", vif)
        same = {key: row[key] for key in VIF_FIELDS}
        qos = {"qos_algorithm_type": "", "qos_algorithm_params": {}}
        yield Call("VIF.create", {**qos, **same, "VM": auxiliary})


def _attach_disks(guest: Guest, auxiliary: str) -> Commands:
    """All of its disks, its own or not; they don't become the rescue VM's own."""
    for vbd in (yield Call("VM.get_VBDs", guest.ref)):
        row = yield Call("VBD.get_record", vbd)
        if row["type"] == "Disk" and not row["empty"]:
            yield from attach(auxiliary, row["VDI"], "autodetect", bootable=False, owned=False)


def _unrescue(guest: Guest, host: str) -> Commands:
    guest.at_risk = True
    yield from dismiss(guest)
    yield from guest.run(host)
    yield from guest.settle()
