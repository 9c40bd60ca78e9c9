# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VM suspend, resume, and what a VM may do: reset, assert_can_boot_here and the like."""

from __future__ import annotations

from . import placement, power, vm_rules
from .context import Context, call
from .errors import Failure
from .vm_lifecycle import (
    bring_up,
    drop_suspend_image,
    fit_host,
    leave_domain,
    need_state,
    resident,
    vm_operation,
    work,
)


def suspend_sr(ctx: Context, vm: str) -> str:
    """The SR for the memory image: the VM's, the pool's, the host's; it must be plugged on the host."""
    row = ctx.db.row("VM", vm)
    host = row["resident_on"]
    for sr in (
        row["suspend_SR"],
        ctx.db.row("pool", ctx.pool_ref)["suspend_image_SR"],
        ctx.db.row("host", host)["suspend_image_sr"],
    ):
        if ctx.db.find("PBD", SR=sr, host=host, currently_attached=True):
            return sr
    raise Failure("VM_NO_SUSPEND_SR", vm)


@call("VM.suspend")
def suspend(ctx: Context, vm: str) -> None:
    with vm_operation(ctx, vm, "suspend"):
        sr = suspend_sr(ctx, vm)
        work(ctx, resident(ctx, vm), ctx.world.settings.suspend_s)
        need_state(ctx, vm, "Running")
        size = ctx.db.row("VM", vm)["memory_static_max"]
        image = ctx.db.insert(
            "VDI",
            name_label="Suspend image",
            SR=sr,
            type="suspend",
            virtual_size=size,
            managed=True,
        )
        ctx.db.update("VM", vm, suspend_VDI=image)
        leave_domain(ctx, vm, "Suspended")


def bring_back(ctx: Context, vm: str, host: str, paused: bool) -> None:
    bring_up(ctx, vm, host, "vm_resume", paused, ctx.world.settings.suspend_s)
    drop_suspend_image(ctx, vm)


@call("VM.resume")
def resume(ctx: Context, vm: str, paused: bool, force: bool) -> None:
    with vm_operation(ctx, vm, "resume"):
        bring_back(ctx, vm, placement.choose_host(ctx, vm), paused)


@call("VM.resume_on")
def resume_on(ctx: Context, vm: str, host: str, paused: bool, force: bool) -> None:
    ctx.db.row("VM", vm)
    ctx.db.row("host", host)
    with vm_operation(ctx, vm, "resume_on"):
        fit_host(ctx, vm, host, cpu=not force)
        bring_back(ctx, vm, host, paused)


@call("VM.power_state_reset")
def power_state_reset(ctx: Context, vm: str) -> None:
    row = ctx.db.row("VM", vm)
    if row["is_control_domain"]:
        raise Failure("CANNOT_RESET_CONTROL_DOMAIN", vm)
    if row["power_state"] in ("Running", "Paused"):
        machine = ctx.machine.pool.machine(row["resident_on"])
        if machine is ctx.machine and row["uuid"] in machine.domains:
            raise Failure("DOMAIN_EXISTS", vm)
        if machine and machine is not ctx.machine and machine.answers:
            raise Failure("HOST_IS_LIVE", row["resident_on"])
    power.reset_vm(ctx.machine.pool, vm)
    ctx.world.history.stopped(row["uuid"])


@call("VM.assert_can_boot_here")
def assert_can_boot_here(ctx: Context, vm: str, host: str) -> None:
    ctx.db.row("VM", vm)
    if error := placement.refusal(ctx, vm, host):
        raise Failure(*error)


@call("VM.get_possible_hosts")
def get_possible_hosts(ctx: Context, vm: str) -> list[str]:
    ctx.db.row("VM", vm)
    return placement.possible_hosts(ctx, vm)


@call("VM.assert_operation_valid")
def assert_operation_valid(ctx: Context, vm: str, op: str) -> None:
    if error := vm_rules.refusal(placement.view(ctx, vm), op):
        raise Failure(*error)


@call("VM.update_allowed_operations")
def update_allowed_operations(ctx: Context, vm: str) -> None:
    ctx.db.touch("VM", vm)
