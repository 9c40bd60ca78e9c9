# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VDI and VBD calls."""

from __future__ import annotations

from typing import Any

from .context import Context, call
from .database import new_uuid
from .errors import NULL, Failure
from .records import disk_in_use
from .storage import need_plugged
from .vm_rules import bad_power_state


@call("VDI.create")
def vdi_create(ctx: Context, record: dict[str, Any]) -> str:
    need_plugged(ctx, record["SR"])
    return ctx.db.insert(
        "VDI", **(record | {"managed": True, "location": new_uuid(), "physical_utilisation": 0})
    )


@call("VDI.destroy", "VDI.forget")
def vdi_destroy(ctx: Context, vdi: str) -> None:
    """The disk goes, and the VBDs that pointed to it."""
    need_plugged(ctx, ctx.db.row("VDI", vdi)["SR"])
    if disk_in_use(ctx.db, vdi):
        raise Failure("VDI_IN_USE", vdi, ctx.method.split(".")[1])
    for vbd in ctx.db.get("VDI", vdi, "VBDs"):
        if ctx.db.row("VBD", vbd)["type"] == "CD":
            ctx.db.update("VBD", vbd, VDI=NULL, empty=True)
        else:
            ctx.db.delete("VBD", vbd)
    ctx.db.delete("VDI", vdi)


def copy_disk(ctx: Context, vdi: str, **changed: Any) -> str:
    """A new disk with the content of another one."""
    row = {k: v for k, v in ctx.db.row("VDI", vdi).items() if k != "uuid"}
    return ctx.db.insert(
        "VDI", **(row | {"location": new_uuid(), "current_operations": {}} | changed)
    )


@call("VDI.snapshot")
def vdi_snapshot(ctx: Context, vdi: str, params: dict[str, str] | None = None) -> str:
    need_plugged(ctx, ctx.db.row("VDI", vdi)["SR"])
    return copy_disk(
        ctx, vdi, is_a_snapshot=True, snapshot_of=vdi, snapshot_time=ctx.world.clock.time()
    )


@call("VDI.clone")
def vdi_clone(ctx: Context, vdi: str, params: dict[str, str] | None = None) -> str:
    need_plugged(ctx, ctx.db.row("VDI", vdi)["SR"])
    return copy_disk(ctx, vdi, is_a_snapshot=False, snapshot_of=NULL)


@call("VDI.resize", "VDI.resize_online")
def vdi_resize(ctx: Context, vdi: str, size: int) -> None:
    if ctx.method == "VDI.resize" and disk_in_use(ctx.db, vdi):
        raise Failure("VDI_IN_USE", vdi, "resize")
    ctx.db.update("VDI", vdi, virtual_size=size)


@call("VBD.create")
def vbd_create(ctx: Context, record: dict[str, Any]) -> str:
    ctx.db.row("VM", record["VM"])
    if not record["empty"]:
        ctx.db.row("VDI", record["VDI"])
    device = record["userdevice"]
    if device == "autodetect":
        device = allowed_devices(ctx, record["VM"])[0]
    elif not device.isdigit():
        raise Failure("INVALID_DEVICE", device)
    if ctx.db.find("VBD", VM=record["VM"], userdevice=device):
        raise Failure("DEVICE_ALREADY_EXISTS", device)
    if record["type"] == "CD" and record["mode"] != "RO":
        raise Failure("VBD_CDS_MUST_BE_READONLY")
    vdi = NULL if record["empty"] else record["VDI"]
    return ctx.db.insert(
        "VBD", **(record | {"userdevice": device, "currently_attached": False, "VDI": vdi})
    )


@call("VM.get_allowed_VBD_devices")
def allowed_devices(ctx: Context, vm: str) -> list[str]:
    used = {ctx.db.row("VBD", b)["userdevice"] for b in ctx.db.get("VM", vm, "VBDs")}
    return [str(n) for n in range(255) if str(n) not in used]


@call("VBD.destroy")
def vbd_destroy(ctx: Context, vbd: str) -> None:
    row = ctx.db.row("VBD", vbd)
    if row["currently_attached"]:
        owner = ctx.db.row("VM", row["VM"])["uuid"]
        raise Failure("OPERATION_NOT_ALLOWED", f"VBD '{row['uuid']}' still attached to '{owner}'")
    ctx.db.delete("VBD", vbd)


def need_running(ctx: Context, vm: str) -> None:
    state = ctx.db.row("VM", vm)["power_state"]
    if state != "Running":
        raise Failure(*bad_power_state(vm, ("Running",), state))


@call("VBD.plug", "VIF.plug")
def plug(ctx: Context, device: str) -> None:
    switch(ctx, device, True)


@call("VBD.unplug", "VBD.unplug_force", "VIF.unplug", "VIF.unplug_force")
def unplug(ctx: Context, device: str) -> None:
    switch(ctx, device, False)


def switch(ctx: Context, device: str, attached: bool) -> None:
    """Plug or unplug a VBD or VIF of a running VM."""
    cls = ctx.method.split(".")[0]
    row = ctx.db.row(cls, device)
    need_running(ctx, row["VM"])
    if row["currently_attached"] == attached:
        raise Failure("DEVICE_ALREADY_ATTACHED" if attached else "DEVICE_ALREADY_DETACHED", device)
    ctx.db.update(cls, device, currently_attached=attached)


def need_removable(ctx: Context, vbd: str) -> dict[str, Any]:
    row = ctx.db.row("VBD", vbd)
    if row["type"] != "CD":
        raise Failure("VBD_NOT_REMOVABLE_MEDIA", vbd)
    return row


@call("VBD.insert")
def insert(ctx: Context, vbd: str, vdi: str) -> None:
    if not need_removable(ctx, vbd)["empty"]:
        raise Failure("VBD_NOT_EMPTY", vbd)
    ctx.db.row("VDI", vdi)
    ctx.db.update("VBD", vbd, VDI=vdi, empty=False)


@call("VBD.eject")
def eject(ctx: Context, vbd: str) -> None:
    if need_removable(ctx, vbd)["empty"]:
        raise Failure("VBD_IS_EMPTY", vbd)
    ctx.db.update("VBD", vbd, VDI=NULL, empty=True)
