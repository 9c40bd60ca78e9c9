# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rebuild: the same server (uuid, name, sizes, network) with the disks of an image.

The disks come with a clone of the image, from a snapshot of the server's own, too: VM.revert would
bring back name, sizes and network of that time besides.
"""

from __future__ import annotations

from ...._core.args import ActionArgs
from ..sequence import Call, Commands, Job, gone
from .auxiliary import make_auxiliary, tidied
from .disks import Disk, attach, discard, own_disks
from .guest import Guest
from .images import find_image


def rebuild(guest: Guest, args: ActionArgs) -> Commands:
    """Args: image (uuid or name), name (a new one), host. It ends SHUTOFF if it was, else ACTIVE."""
    image = yield from find_image(guest, args.image)
    yield from guest.through("rebuilding", _rebuild(guest, image, args))


def _rebuild(guest: Guest, image: str, args: ActionArgs) -> Commands:
    """Until the clone is there nothing has been done to the server, so that it keeps its state."""
    stays_off = guest.vm_state == "stopped"
    host = None if stays_off else guest.planned("rebuild", args.host)
    yield from tidied(guest, guest.unblock())
    auxiliary = yield from make_auxiliary(guest, image, f"{guest.name}-rebuild")
    guest.at_risk = True
    yield from guest.halt()
    yield from guest.task("rebuild_block_device_mapping")
    yield from _replace_disks(guest, auxiliary)
    if args.name:
        yield Call("VM.set_name_label", guest.ref, args.name)
    if host is not None:
        yield from guest.task("rebuild_spawning")
        yield from guest.run(host)
    yield from guest.settle()


def _replace_disks(guest: Guest, auxiliary: str) -> Commands:
    """Disks that are not its own stay as they are. The old ones are noted before they are let go
    of, so that an interruption loses none.
    """
    old: list[Disk] = yield from own_disks(guest.ref)
    new: list[Disk] = yield from own_disks(auxiliary)
    yield from guest.mark(discard=" ".join(disk.vdi_uuid for disk in old) or None)
    for disk in old:
        yield Call("VBD.destroy", disk.vbd)
    free = yield Call("VM.get_allowed_VBD_devices", guest.ref)
    for disk in new:
        device = disk.device if disk.device in free else "autodetect"
        yield from attach(guest.ref, disk.vdi, device, disk.bootable, owned=True)
    yield Job("VM.destroy", auxiliary, reached=gone)
    yield from guest.mark(auxiliary=None)
    yield from discard(guest)
