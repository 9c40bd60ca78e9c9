# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks: which are a guest's own, and what takes them away together with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...._core.errors import NotFoundError
from ..sequence import Call, Commands, Job, Reached, unknowable
from .guest import Guest


@dataclass(frozen=True)
class Disk:
    """A virtual block device and the image behind it, by reference."""

    vbd: str
    vdi: str
    vdi_uuid: str
    device: str
    bootable: bool


def own_disks(vm: str) -> Commands:
    """The disks that were made for this VM and serve no other: a VBD whose other_config has
    ``owner`` (as xe vm-uninstall goes by), of a VDI without VBDs of other VMs. Never CDs.
    """
    disks = []
    for vbd in (yield Call("VM.get_VBDs", vm)):
        row = yield Call("VBD.get_record", vbd)
        if row["type"] != "Disk" or row["empty"] or "owner" not in row["other_config"]:
            continue
        vdi = yield Call("VDI.get_record", row["VDI"])
        if not (yield from _shared(vdi, vm)):
            disks.append(Disk(vbd, row["VDI"], vdi["uuid"], row["userdevice"], row["bootable"]))
    return disks


def _shared(vdi: dict[str, Any], vm: str) -> Commands:
    for vbd in vdi["VBDs"]:
        if (yield Call("VBD.get_VM", vbd)) != vm:
            return True
    return False


def destroy(vm: str, disks: Sequence[Disk], reached: Reached) -> Commands:
    """The disks first: what is left after an interruption is still found by its VM."""
    for disk in disks:
        yield Job("VDI.destroy", disk.vdi, reached=unknowable)
    yield Job("VM.destroy", vm, reached=reached)


def attach(vm: str, vdi: str, device: str, bootable: bool, owned: bool) -> Commands:
    """``device`` is a number or "autodetect"."""
    yield Call(
        "VBD.create",
        {
            "VM": vm,
            "VDI": vdi,
            "device": "",
            "userdevice": device,
            "bootable": bootable,
            "mode": "RW",
            "type": "Disk",
            "unpluggable": True,
            "empty": False,
            "other_config": {"owner": ""} if owned else {},
            "qos_algorithm_type": "",
            "qos_algorithm_params": {},
        },
    )


def discard(guest: Guest) -> Commands:
    """Destroy the disks that a rebuild, perhaps an interrupted one, has replaced."""
    for uuid in guest.own_marks.get("discard", "").split():
        try:
            vdi = yield Call("VDI.get_by_uuid", uuid)
        except NotFoundError:
            continue
        yield Job("VDI.destroy", vdi, reached=unknowable)
    yield from guest.mark(discard=None)
