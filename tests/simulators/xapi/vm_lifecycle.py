# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VM power calls: start, stop, reboot, pause, suspend, resume."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from . import gpus, guest_contact, host_rules, placement, vm_rules
from .context import Context, call
from .errors import NULL, Failure
from .world import Machine

SLOWER = {"clean_shutdown", "clean_reboot", "pool_migrate", "suspend"}
"""Operations that a hard shutdown or reboot cancels."""


@contextmanager
def vm_operation(ctx: Context, vm: str, op: str, force: bool = False) -> Iterator[None]:
    """Run `op` on a VM once the rules allow it."""
    with ctx.operation("VM", vm, op, lambda: vm_rules.refusal(placement.view(ctx, vm), op, force)):
        yield


@contextmanager
def host_operation(ctx: Context, host: str, op: str) -> Iterator[None]:
    """Mark `op` on a host; what excludes it is refused at once."""
    if error := host_rules.host_conflict(op, ctx.db.row("host", host)["current_operations"], host):
        raise Failure(*error)
    ctx.set_operation("host", host, op)
    try:
        yield
    finally:
        ctx.clear_operation("host", host)


def work(ctx: Context, machine: Machine, seconds: float) -> None:
    """Let a machine work for some time; CANNOT_CONTACT_HOST or HOST_OFFLINE if it goes away meanwhile."""
    epoch = machine.epoch
    ctx.wait(seconds)
    if machine.epoch == epoch:
        return
    while not machine.powered and ctx.live(machine.ref):
        ctx.wait_change(5.0)
    raise Failure("CANNOT_CONTACT_HOST" if machine.powered else "HOST_OFFLINE", machine.ref)


def set_state(ctx: Context, vm: str, state: str) -> None:
    """Write the power state, and what it means for the guest to the history."""
    row = ctx.db.row("VM", vm)
    ctx.db.update("VM", vm, power_state=state)
    if state == "Running":
        ctx.world.history.started(
            row["uuid"], row["name_label"], ctx.machine_of(row["resident_on"]).name
        )
    else:
        ctx.world.history.stopped(row["uuid"])


def attach_devices(ctx: Context, vm: str, attached: bool) -> None:
    for cls in ("VBD", "VIF"):
        for device in ctx.db.get("VM", vm, f"{cls}s"):
            row = ctx.db.row(cls, device)
            values: dict[str, Any] = {"currently_attached": attached}
            if cls == "VBD" and not row["device"] and attached:
                values["device"] = "xvd" + chr(ord("a") + int(row["userdevice"]) % 26)
            ctx.db.update(cls, device, **values)


def disks_in_use(ctx: Context, vm: str) -> list[str] | None:
    """VDI_IN_USE for the first disk another VM holds."""
    for vbd in ctx.db.get("VM", vm, "VBDs"):
        row = ctx.db.row("VBD", vbd)
        if (
            row["empty"]
            or not ctx.db.exists("VDI", row["VDI"])
            or ctx.db.row("VDI", row["VDI"])["sharable"]
            or row["mode"] == "RO"
        ):
            continue
        if any(
            b != vbd and ctx.db.row("VBD", b)["currently_attached"]
            for b in ctx.db.get("VDI", row["VDI"], "VBDs")
        ):
            return ["VDI_IN_USE", row["VDI"]]
    return None


def enter_domain(ctx: Context, vm: str, machine: Machine, paused: bool) -> None:
    """A domain for the VM on the machine."""
    machine.domains[ctx.db.row("VM", vm)["uuid"]] = machine.next_domid
    flags = {"vendor": machine.vendor}
    ctx.db.update(
        "VM",
        vm,
        resident_on=machine.ref,
        scheduled_to_be_resident_on=NULL,
        domid=machine.next_domid,
        last_boot_CPU_flags=flags,
    )
    machine.next_domid += 1
    attach_devices(ctx, vm, True)
    guest_contact.appear(ctx.db, vm, machine)
    guest_contact.report(ctx.db, vm, ctx.world.guest(ctx.db.row("VM", vm)["uuid"]))
    gpus.hold(ctx.db, vm)
    set_state(ctx, vm, "Paused" if paused else "Running")
    metrics = ctx.db.row("VM", vm)["metrics"]
    if ctx.db.exists("VM_metrics", metrics):
        ctx.db.update(
            "VM_metrics",
            metrics,
            start_time=ctx.world.clock.time(),
            memory_actual=ctx.db.row("VM", vm)["memory_dynamic_min"],
        )


def leave_domain(ctx: Context, vm: str, state: str) -> None:
    """The VM's domain is gone; Suspended keeps its devices' state."""
    row = ctx.db.row("VM", vm)
    if machine := ctx.machine.pool.machine(row["resident_on"]):
        machine.domains.pop(row["uuid"], None)
    set_state(ctx, vm, state)
    ctx.db.update("VM", vm, resident_on=NULL, domid=-1)
    guest_contact.remove_consoles(ctx.db, vm)
    gpus.release(ctx.db, vm)
    if state == "Halted":
        attach_devices(ctx, vm, False)


def bring_up(ctx: Context, vm: str, host: str, op: str, paused: bool, seconds: float) -> None:
    """Reserve memory and GPUs on the host, let it work, make the domain."""
    if error := disks_in_use(ctx, vm):
        raise Failure(*error)
    machine = ctx.machine_of(host)
    ctx.db.update("VM", vm, scheduled_to_be_resident_on=host)
    gpus.reserve(ctx.db, vm, host)
    try:
        ctx.forward(host)
        with host_operation(ctx, host, op):
            work(ctx, machine, seconds)
            enter_domain(ctx, vm, machine, paused)
    finally:
        if ctx.db.exists("VM", vm):
            ctx.db.update("VM", vm, scheduled_to_be_resident_on=NULL)
            gpus.unreserve(ctx.db, vm)


def fit_host(ctx: Context, vm: str, host: str, cpu: bool = False) -> None:
    """The errors of starting on a particular host, verbatim."""
    if "evacuate" in ctx.db.row("host", host)["current_operations"].values():
        raise Failure("HOST_EVACUATE_IN_PROGRESS", host)
    if error := placement.refusal(ctx, vm, host, cpu=cpu):
        raise Failure(*error)


@call("VM.start")
def start(ctx: Context, vm: str, paused: bool, force: bool) -> None:
    with vm_operation(ctx, vm, "start"):
        bring_up(
            ctx, vm, placement.choose_host(ctx, vm), "vm_start", paused, ctx.world.settings.start_s
        )


@call("VM.start_on")
def start_on(ctx: Context, vm: str, host: str, paused: bool, force: bool) -> None:
    ctx.db.row("VM", vm)
    ctx.db.row("host", host)
    with vm_operation(ctx, vm, "start_on"):
        fit_host(ctx, vm, host)
        bring_up(ctx, vm, host, "vm_start", paused, ctx.world.settings.start_s)


def resident(ctx: Context, vm: str) -> Machine:
    return ctx.forward(ctx.db.row("VM", vm)["resident_on"])


def ask_guest(ctx: Context, vm: str) -> None:
    """Have the guest shut itself down; VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT if it doesn't react."""
    machine = resident(ctx, vm)
    work(ctx, machine, ctx.world.settings.shutdown_s)
    if not ctx.world.guest(ctx.db.row("VM", vm)["uuid"]).responsive:
        raise Failure("VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT", vm)


@call("VM.clean_shutdown")
def clean_shutdown(ctx: Context, vm: str) -> None:
    with vm_operation(ctx, vm, "clean_shutdown"):
        ask_guest(ctx, vm)
        if ctx.db.row("VM", vm)["power_state"] == "Running":
            leave_domain(ctx, vm, "Halted")


def drop_suspend_image(ctx: Context, vm: str) -> None:
    image = ctx.db.row("VM", vm)["suspend_VDI"]
    ctx.db.update("VM", vm, suspend_VDI=NULL)
    if ctx.db.exists("VDI", image):
        ctx.db.delete("VDI", image)


def overtake(ctx: Context, vm: str, op: str, slower: set[str]) -> None:
    """Cancel what the guest was being asked for, before it is done the hard way."""
    if vm_rules.refusal(placement.view(ctx, vm), op):
        return
    operations = ctx.db.get("VM", vm, "current_operations")
    tasks = {t for t, o in operations.items() if o in slower and ctx.db.exists("task", t)}
    for task in tasks:
        ctx.db.update("task", task, current_operations={ctx.task: "cancel"})
    while tasks & set(ctx.db.get("VM", vm, "current_operations")):
        ctx.wait_change(5.0)


@call("VM.hard_shutdown")
def hard_shutdown(ctx: Context, vm: str) -> None:
    overtake(ctx, vm, "hard_shutdown", SLOWER | {"hard_reboot"})
    with vm_operation(ctx, vm, "hard_shutdown"):
        if ctx.db.row("VM", vm)["power_state"] == "Suspended":
            drop_suspend_image(ctx, vm)
            set_state(ctx, vm, "Halted")
            attach_devices(ctx, vm, False)
            return
        work(ctx, resident(ctx, vm), ctx.world.settings.hard_shutdown_s)
        leave_domain(ctx, vm, "Halted")


@call("VM.shutdown")
def shutdown(ctx: Context, vm: str) -> None:
    """Clean, then hard; blocks on those two operations don't stop it."""
    with vm_operation(ctx, vm, "shutdown"):
        if ctx.db.row("VM", vm)["power_state"] == "Running":
            with suppress(Failure):  # the hard way follows
                ask_guest(ctx, vm)
        drop_suspend_image(ctx, vm)
        leave_domain(ctx, vm, "Halted")


def need_state(ctx: Context, vm: str, state: str) -> None:
    """VM_BAD_POWER_STATE if a hard shutdown came in between."""
    actual = ctx.db.row("VM", vm)["power_state"]
    if actual != state:
        raise Failure(*vm_rules.bad_power_state(vm, (state,), actual))


def restart(ctx: Context, vm: str) -> None:
    """A new domain in the old one's place; memory stays reserved."""
    machine = resident(ctx, vm)
    set_state(ctx, vm, "Paused")
    work(ctx, machine, ctx.world.settings.start_s)
    need_state(ctx, vm, "Paused")
    machine.domains.pop(ctx.db.row("VM", vm)["uuid"], None)
    enter_domain(ctx, vm, machine, False)


@call("VM.clean_reboot")
def clean_reboot(ctx: Context, vm: str) -> None:
    with vm_operation(ctx, vm, "clean_reboot"):
        ask_guest(ctx, vm)
        restart(ctx, vm)


@call("VM.hard_reboot")
def hard_reboot(ctx: Context, vm: str) -> None:
    overtake(ctx, vm, "hard_reboot", SLOWER)
    with vm_operation(ctx, vm, "hard_reboot"):
        restart(ctx, vm)


@call("VM.pause")
def pause(ctx: Context, vm: str) -> None:
    with vm_operation(ctx, vm, "pause"):
        resident(ctx, vm)
        set_state(ctx, vm, "Paused")


@call("VM.unpause")
def unpause(ctx: Context, vm: str) -> None:
    with vm_operation(ctx, vm, "unpause"):
        resident(ctx, vm)
        set_state(ctx, vm, "Running")
