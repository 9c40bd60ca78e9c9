# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SR and PBD calls."""

from __future__ import annotations

from typing import Any

from .context import Context, call
from .database import new_uuid
from .errors import Failure

DRIVERS = (
    "dummy",
    "ext",
    "lvm",
    "nfs",
    "iso",
    "smb",
    "lvmoiscsi",
    "lvmohba",
    "xfs",
    "gfs2",
    "linstor",
    "largeblock",
)
GIB = 1024**3


def plugged(ctx: Context, sr: str) -> list[str]:
    return ctx.db.find("PBD", SR=sr, currently_attached=True)


def need_plugged(ctx: Context, sr: str) -> None:
    ctx.db.row("SR", sr)
    if not plugged(ctx, sr):
        raise Failure("SR_HAS_NO_PBDS", sr)


@call("SR.create")
def sr_create(
    ctx: Context,
    host: str,
    device_config: dict[str, str],
    physical_size: int,
    name: str,
    description: str,
    kind: str,
    content_type: str,
    shared: bool,
    sm_config: dict[str, str] | None = None,
) -> str:
    """A shared SR gets a PBD on every host, a local one on `host`; hosts where plugging fails are passed over."""
    ctx.db.row("host", host)
    if kind not in DRIVERS:
        raise Failure("SR_UNKNOWN_DRIVER", kind)
    sr = introduce(ctx, new_uuid(), name, description, kind, content_type, shared, sm_config)
    ctx.db.update("SR", sr, physical_size=physical_size or 1024 * GIB)
    coordinator = ctx.machine.pool.coordinator.ref
    hosts = sorted(ctx.db.refs("host"), key=lambda h: h != coordinator) if shared else [host]
    for where in hosts:
        machine = ctx.machine.pool.machine(where)
        fails = machine is None or name in machine.tweaks.get("pbd_plug_fails", [])
        attached = ctx.live(where) and not fails
        ctx.db.insert(
            "PBD", host=where, SR=sr, device_config=dict(device_config), currently_attached=attached
        )
    return sr


@call("SR.introduce")
def introduce(
    ctx: Context,
    uuid: str,
    name: str,
    description: str,
    kind: str,
    content_type: str,
    shared: bool,
    sm_config: dict[str, str] | None = None,
) -> str:
    if kind not in DRIVERS:
        raise Failure("SR_UNKNOWN_DRIVER", kind)
    return ctx.db.insert(
        "SR",
        uuid=uuid,
        name_label=name,
        name_description=description,
        type=kind,
        content_type=content_type,
        shared=shared,
        sm_config=dict(sm_config or {}),
    )


def remove_sr(ctx: Context, sr: str) -> None:
    for pbd in ctx.db.get("SR", sr, "PBDs"):
        ctx.db.delete("PBD", pbd)
    for vdi in ctx.db.get("SR", sr, "VDIs"):
        ctx.db.delete("VDI", vdi)
    ctx.db.delete("SR", sr)


@call("SR.forget")
def forget(ctx: Context, sr: str) -> None:
    ctx.db.row("SR", sr)
    if plugged(ctx, sr):
        raise Failure("SR_HAS_PBD", sr)
    remove_sr(ctx, sr)


@call("SR.destroy")
def destroy(ctx: Context, sr: str) -> None:
    ctx.db.row("SR", sr)
    if plugged(ctx, sr):
        raise Failure("SR_HAS_PBD", sr)
    if not ctx.db.get("SR", sr, "PBDs"):
        raise Failure("SR_HAS_NO_PBDS", sr)
    if any(ctx.db.row("VDI", v)["managed"] for v in ctx.db.get("SR", sr, "VDIs")):
        raise Failure("SR_NOT_EMPTY")
    remove_sr(ctx, sr)


@call("SR.scan", "SR.update")
def scan(ctx: Context, sr: str) -> None:
    need_plugged(ctx, sr)


@call("SR.set_shared")
def set_shared(ctx: Context, sr: str, value: bool) -> None:
    pbds = ctx.db.get("SR", sr, "PBDs")
    if not value and len(pbds) > 1:
        raise Failure("SR_HAS_MULTIPLE_PBDS", *pbds)
    ctx.db.update("SR", sr, shared=value)


@call("SR.get_supported_types")
def get_supported_types(ctx: Context) -> list[str]:
    return list(DRIVERS)


@call("PBD.create")
def pbd_create(ctx: Context, record: dict[str, Any]) -> str:
    ctx.db.row("host", record["host"])
    ctx.db.row("SR", record["SR"])
    if "SRmaster" in record["device_config"]:
        raise Failure(
            "VALUE_NOT_SUPPORTED", "device_config", "SRmaster", "This key is for internal use only"
        )
    if found := ctx.db.find("PBD", host=record["host"], SR=record["SR"]):
        raise Failure("PBD_EXISTS", record["SR"], record["host"], found[0])
    return ctx.db.insert("PBD", **(record | {"currently_attached": False}))


@call("PBD.plug")
def plug(ctx: Context, pbd: str) -> None:
    row = ctx.db.row("PBD", pbd)
    if row["currently_attached"]:
        return
    machine = ctx.forward(row["host"])
    sr = ctx.db.row("SR", row["SR"])
    others = [ctx.db.row("PBD", p)["host"] for p in plugged(ctx, row["SR"])]
    if not sr["shared"] and others:
        raise Failure("SR_NOT_SHARABLE", row["SR"], others[0])
    if sr["name_label"] in machine.tweaks.get("pbd_plug_fails", []):
        raise Failure(
            "SR_BACKEND_FAILURE_73",
            "",
            "NFS mount error [opterr=mount failed with return code 32]",
            "",
        )
    ctx.db.update("PBD", pbd, currently_attached=True)


@call("PBD.unplug")
def unplug(ctx: Context, pbd: str) -> None:
    row = ctx.db.row("PBD", pbd)
    if not row["currently_attached"]:
        return
    ctx.forward(row["host"])
    unplug_now(ctx, pbd)


def unplug_now(ctx: Context, pbd: str) -> None:
    """VDI_IN_USE for disks of guests on that host."""
    row = ctx.db.row("PBD", pbd)
    busy = []
    for vdi in ctx.db.get("SR", row["SR"], "VDIs"):
        for vbd in ctx.db.get("VDI", vdi, "VBDs"):
            device = ctx.db.row("VBD", vbd)
            if (
                device["currently_attached"]
                and ctx.db.row("VM", device["VM"])["resident_on"] == row["host"]
            ):
                busy.append(vdi)
    if busy:
        raise Failure("VDI_IN_USE", *busy)
    ctx.db.update("PBD", pbd, currently_attached=False)


@call("PBD.destroy")
def pbd_destroy(ctx: Context, pbd: str) -> None:
    if ctx.db.row("PBD", pbd)["currently_attached"]:
        raise Failure("OPERATION_NOT_ALLOWED", "PBD is currently attached")
    ctx.db.delete("PBD", pbd)
