# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VM records: create, destroy, and the setters that have rules."""

from __future__ import annotations

from typing import Any

from . import guest_contact, placement, vm_rules
from .context import Context, call
from .errors import NULL, Failure
from .schema import EPOCH
from .vm_lifecycle import drop_suspend_image, vm_operation

VCPU_RULE = "VCPU values must satisfy: 0 < VCPUs_at_startup ≤ VCPUs_max"


@call("VM.create")
def create(ctx: Context, record: dict[str, Any]) -> str:
    """A halted VM; blocked_operations given here are dropped, hardly anything is validated."""
    metrics = ctx.db.insert("VM_metrics", start_time=EPOCH, last_updated=ctx.world.clock.time())
    fixed: dict[str, Any] = {
        "power_state": "Halted",
        "blocked_operations": {},
        "metrics": metrics,
        "domid": -1,
        "suspend_VDI": NULL,
        "last_boot_CPU_flags": {},
        "domain_type": record["domain_type"]
        if record["domain_type"] != "unspecified"
        else "hvm"
        if record["HVM_boot_policy"]
        else "pv",
    }
    return ctx.db.insert("VM", **(record | fixed))


@call("VM.destroy")
def destroy(ctx: Context, vm: str) -> None:
    """VBDs, VIFs and VGPUs go with the VM, disks and snapshots stay."""
    if error := vm_rules.refusal(placement.view(ctx, vm), "destroy"):
        if error[0] == "OTHER_OPERATION_IN_PROGRESS":
            with vm_operation(ctx, vm, "destroy"):
                pass
        else:
            raise Failure(*error)
    drop_suspend_image(ctx, vm)
    row = ctx.db.row("VM", vm)
    for cls in ("VBD", "VIF", "VGPU"):
        for device in ctx.db.get("VM", vm, f"{cls}s"):
            ctx.db.delete(cls, device)
    for cls, ref in (("VM_metrics", row["metrics"]), ("VM_guest_metrics", row["guest_metrics"])):
        if ctx.db.exists(cls, ref):
            ctx.db.delete(cls, ref)
    guest_contact.remove_consoles(ctx.db, vm)
    for child in ctx.db.get("VM", vm, "children"):
        ctx.db.update("VM", child, parent=row["parent"])
    ctx.db.delete("VM", vm)


def need_state(ctx: Context, vm: str, op: str) -> None:
    if error := vm_rules.refusal(placement.view(ctx, vm), op):
        raise Failure(*error)


def set_memory_fields(ctx: Context, vm: str, **values: int) -> None:
    """MEMORY_CONSTRAINT_VIOLATION_ORDER unless static min <= dynamic min <= dynamic max <= static max."""
    row = ctx.db.row("VM", vm) | values
    order = [row[f"memory_{n}"] for n in ("static_min", "dynamic_min", "dynamic_max", "static_max")]
    if order != sorted(order):
        raise Failure("MEMORY_CONSTRAINT_VIOLATION_ORDER")
    ctx.db.update("VM", vm, **values)


@call("VM.set_memory_limits")
def set_memory_limits(
    ctx: Context, vm: str, static_min: int, static_max: int, dynamic_min: int, dynamic_max: int
) -> None:
    need_state(ctx, vm, "changing_memory_limits")
    set_memory_fields(
        ctx,
        vm,
        memory_static_min=static_min,
        memory_static_max=static_max,
        memory_dynamic_min=dynamic_min,
        memory_dynamic_max=dynamic_max,
    )


@call("VM.set_memory_static_range")
def set_memory_static_range(ctx: Context, vm: str, low: int, high: int) -> None:
    need_state(ctx, vm, "changing_static_range")
    set_memory_fields(ctx, vm, memory_static_min=low, memory_static_max=high)


@call("VM.set_memory_dynamic_range")
def set_memory_dynamic_range(ctx: Context, vm: str, low: int, high: int) -> None:
    need_state(ctx, vm, "changing_dynamic_range")
    set_memory_fields(ctx, vm, memory_dynamic_min=low, memory_dynamic_max=high)


@call(
    "VM.set_memory_static_min",
    "VM.set_memory_static_max",
    "VM.set_memory_dynamic_min",
    "VM.set_memory_dynamic_max",
)
def set_one_memory_field(ctx: Context, vm: str, value: int) -> None:
    field = ctx.method.removeprefix("VM.set_")
    need_state(ctx, vm, "changing_static_range" if "static" in field else "changing_dynamic_range")
    set_memory_fields(ctx, vm, **{field: value})


@call("VM.set_memory")
def set_memory(ctx: Context, vm: str, value: int) -> None:
    need_state(ctx, vm, "changing_memory_limits")
    set_memory_fields(
        ctx, vm, memory_static_max=value, memory_dynamic_max=value, memory_dynamic_min=value
    )


@call("VM.compute_memory_overhead")
def compute_memory_overhead(ctx: Context, vm: str) -> int:
    return placement.vm_overhead(ctx, vm)


@call("VM.set_VCPUs_max")
def set_vcpus_max(ctx: Context, vm: str, value: int) -> None:
    need_state(ctx, vm, "changing_VCPUs")
    if value < 1 or value < ctx.db.row("VM", vm)["VCPUs_at_startup"]:
        raise Failure("INVALID_VALUE", VCPU_RULE, str(value))
    ctx.db.update("VM", vm, VCPUs_max=value)


@call("VM.set_VCPUs_at_startup")
def set_vcpus_at_startup(ctx: Context, vm: str, value: int) -> None:
    if value < 1 or value > ctx.db.row("VM", vm)["VCPUs_max"]:
        raise Failure("INVALID_VALUE", VCPU_RULE, str(value))
    ctx.db.update("VM", vm, VCPUs_at_startup=value)


@call("VM.set_VCPUs_number_live")
def set_vcpus_number_live(ctx: Context, vm: str, value: int) -> None:
    need_state(ctx, vm, "changing_VCPUs_live")
    ctx.db.update("VM_metrics", ctx.db.row("VM", vm)["metrics"], VCPUs_number=value)


@call("VM.set_order", "VM.set_start_delay", "VM.set_shutdown_delay")
def set_not_negative(ctx: Context, vm: str, value: int) -> None:
    field = ctx.method.removeprefix("VM.set_")
    ctx.db.row("VM", vm)
    if value < 0:
        raise Failure("INVALID_VALUE", f"{field} must be non-negative", str(value))
    ctx.db.update("VM", vm, **{field: value})


@call("VM.set_ha_restart_priority")
def set_ha_restart_priority(ctx: Context, vm: str, value: str) -> None:
    if value not in ("restart", "best-effort", ""):
        raise Failure("INVALID_VALUE", "ha_restart_priority", value)
    ctx.db.update("VM", vm, ha_restart_priority=value)


@call("VM.set_is_a_template")
def set_is_a_template(ctx: Context, vm: str, value: bool) -> None:
    if value and not ctx.db.row("VM", vm)["is_a_template"]:
        need_state(ctx, vm, "make_into_template")
        ctx.db.update("VM", vm, groups=[])
    ctx.db.update("VM", vm, is_a_template=value)


@call("VM.set_groups")
def set_groups(ctx: Context, vm: str, value: list[str]) -> None:
    row = ctx.db.row("VM", vm)
    if row["is_control_domain"] or row["is_a_template"] or row["is_a_snapshot"]:
        raise Failure(
            "OPERATION_NOT_ALLOWED",
            "Control domains, templates, and snapshots cannot be added to VM groups.",
        )
    if len(value) > 1:
        raise Failure("TOO_MANY_GROUPS")
    ctx.db.update("VM", vm, groups=list(value))


@call("VM.set_suspend_VDI")
def set_suspend_vdi(ctx: Context, vm: str, value: str) -> None:
    need_state(ctx, vm, "resume")
    ctx.db.row("VDI", value)
    ctx.db.update("VM", vm, suspend_VDI=value)


@call("VM.send_sysrq", "VM.send_trigger")
def not_implemented(ctx: Context, vm: str, key: str) -> None:
    op = ctx.method.removeprefix("VM.")
    need_state(ctx, vm, op)
    raise Failure("NOT_IMPLEMENTED", op)


@call("VM.assert_agile")
def assert_agile(ctx: Context, vm: str) -> None:
    """Every disk on a shared SR plugged on every enabled host, every network with a PIF on each."""
    enabled = [h for h in ctx.db.refs("host") if ctx.db.row("host", h)["enabled"]]
    for vbd in ctx.db.get("VM", vm, "VBDs"):
        vdi = ctx.db.row("VBD", vbd)["VDI"]
        if not ctx.db.exists("VDI", vdi):
            continue
        sr = ctx.db.row("VDI", vdi)["SR"]
        everywhere = all(
            ctx.db.find("PBD", SR=sr, host=h, currently_attached=True) for h in enabled
        )
        if not (ctx.db.row("SR", sr)["shared"] and everywhere):
            raise Failure("HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", sr)
    for vif in ctx.db.get("VM", vm, "VIFs"):
        network = ctx.db.row("VIF", vif)["network"]
        if not all(ctx.db.find("PIF", network=network, host=h) for h in enabled):
            raise Failure("HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED", network)


@call("VM_group.create", "secret.create")
def create_plain(ctx: Context, record: dict[str, Any]) -> str:
    return ctx.db.insert(ctx.method.split(".")[0], **record)


@call("VM_group.destroy", "secret.destroy", "VM_appliance.destroy")
def destroy_plain(ctx: Context, ref: str) -> None:
    cls = ctx.method.split(".")[0]
    ctx.db.row(cls, ref)
    for vm in ctx.db.refs("VM"):
        if cls == "VM_group" and ref in ctx.db.row("VM", vm)["groups"]:
            ctx.db.update("VM", vm, groups=[])
    ctx.db.delete(cls, ref)
