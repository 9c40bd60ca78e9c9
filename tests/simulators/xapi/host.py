# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""host.* but for evacuation: enable, disable, power, destroy, facts."""

from __future__ import annotations

from datetime import datetime

from . import placement, power
from .context import Context, call
from .errors import NULL, Failure
from .host_rules import host_conflict


@call("host.disable")
def disable(ctx: Context, host: str, auto_enable: bool = True) -> None:
    machine = ctx.forward(host)
    machine.keep_disabled = not auto_enable
    ctx.db.update("host", host, enabled=False)


@call("host.enable")
def enable(ctx: Context, host: str) -> None:
    machine = ctx.forward(host)
    row = ctx.db.row("host", host)
    if row["enabled"]:
        return
    if machine.emergency or machine.starting:
        raise Failure("HOST_STILL_BOOTING")
    if row["pending_guidances"]:
        raise Failure("HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY", host)
    if machine.until_reboot:
        raise Failure("HOST_DISABLED_UNTIL_REBOOT", host)
    machine.keep_disabled = False
    ctx.db.update("host", host, enabled=True)


def power_off(ctx: Context, host: str, reboot: bool) -> None:
    """The call returns at once; the operation stays on the record until the host is back."""
    row = ctx.db.row("host", host)
    if row["enabled"]:
        raise Failure("HOST_NOT_DISABLED")
    machine = ctx.forward(host)
    if error := host_conflict("shutdown", row["current_operations"], host):
        raise Failure(*error)
    machine.until_reboot = True
    ctx.set_operation("host", host, "shutdown")
    ctx.world.spawn(power.shut_down, machine, reboot)


@call("host.reboot")
def reboot(ctx: Context, host: str) -> None:
    power_off(ctx, host, True)


@call("host.shutdown")
def shutdown(ctx: Context, host: str) -> None:
    power_off(ctx, host, False)


@call("host.restart_agent")
def restart_agent(ctx: Context, host: str) -> None:
    machine = ctx.forward(host)

    def later() -> None:
        ctx.world.clock.wait(1.0)
        power.restart_toolstack(machine)

    ctx.world.spawn(later)


@call("host.power_on")
def power_on(ctx: Context, host: str) -> None:
    if ctx.live(host):
        raise Failure("HOST_IS_LIVE", host)
    if not ctx.db.row("host", host)["power_on_mode"]:
        raise Failure("HOST_POWER_ON_MODE_DISABLED")
    machine = ctx.machine_of(host)
    ctx.world.spawn(power.boot, machine)
    deadline = ctx.world.clock.now() + 600
    while not ctx.live(host):
        if ctx.world.clock.now() > deadline:
            raise Failure("INTERNAL_ERROR", 'Failure("Timeout waiting for host to power on")')
        ctx.wait_change(5.0)


@call("host.set_power_on_mode")
def set_power_on_mode(ctx: Context, host: str, mode: str, config: dict[str, str]) -> None:
    ctx.db.update("host", host, power_on_mode=mode, power_on_config=config)


@call("host.declare_dead")
def declare_dead(ctx: Context, host: str) -> None:
    machine = ctx.machine_of(host)
    if machine.answers:
        raise Failure("HOST_IS_LIVE", host)
    for vm in ctx.db.find("VM", resident_on=host):
        if not ctx.db.row("VM", vm)["is_control_domain"]:
            power.reset_vm(ctx.machine.pool, vm)
    ctx.db.update("host", host, enabled=False)
    ctx.db.update("host_metrics", ctx.db.row("host", host)["metrics"], live=False)


@call("host.destroy")
def destroy(ctx: Context, host: str) -> None:
    row = ctx.db.row("host", host)
    machine = ctx.machine_of(host)
    if ctx.live(host) or machine is ctx.machine:
        raise Failure("HOST_IS_LIVE", host)
    if any(
        not ctx.db.row("VM", v)["is_control_domain"] for v in ctx.db.find("VM", resident_on=host)
    ):
        raise Failure("HOST_HAS_RESIDENT_VMS", host)
    if ctx.db.exists("VM", row["control_domain"]):
        ctx.db.delete("VM", row["control_domain"])
    ctx.db.delete("host", host)
    ctx.world.spawn(collect, ctx, host, row["metrics"])


def collect(ctx: Context, host: str, metrics: str) -> None:
    """The collector removes what pointed to a host that is gone, some seconds later."""
    ctx.world.clock.wait(ctx.world.settings.gc_s)
    with ctx.db.lock:
        for cls in ("PBD", "PIF"):
            for ref in ctx.db.find(cls, host=host):
                ctx.db.delete(cls, ref)
        if ctx.db.exists("host_metrics", metrics):
            ctx.db.delete("host_metrics", metrics)
        collect_devices(ctx)


def collect_devices(ctx: Context) -> None:
    """VBDs of vanished disks go (a CD drive is empty then)."""
    for vbd in ctx.db.refs("VBD"):
        row = ctx.db.row("VBD", vbd)
        if row["VDI"] == NULL or ctx.db.exists("VDI", row["VDI"]):
            continue
        if row["type"] == "CD":
            ctx.db.update("VBD", vbd, VDI=NULL, empty=True)
        else:
            ctx.db.delete("VBD", vbd)


@call("host.get_servertime")
def get_servertime(ctx: Context, host: str) -> datetime:
    ctx.forward(host)
    return ctx.world.clock.time()


@call("host.compute_free_memory")
def compute_free_memory(ctx: Context, host: str) -> int:
    ctx.db.row("host", host)
    return placement.free_memory(ctx, host)


@call("host.compute_memory_overhead")
def compute_memory_overhead(ctx: Context, host: str) -> int:
    return ctx.db.row("host", host)["memory_overhead"]


@call("host.call_plugin")
def call_plugin(ctx: Context, host: str, plugin: str, fn: str, args: dict[str, str]) -> str:
    ctx.forward(host)
    raise Failure("XENAPI_MISSING_PLUGIN", plugin)


@call("host.list_methods")
def list_methods(ctx: Context) -> list[str]:
    raise Failure("NOT_IMPLEMENTED", "list_method")


@call("host.is_in_emergency_mode")
def is_in_emergency_mode(ctx: Context) -> bool:
    return ctx.machine.emergency is not None


@call("host.get_management_interface")
def get_management_interface(ctx: Context, host: str) -> str:
    return ctx.db.find("PIF", host=host, management=True)[0]


@call("host.set_hostname_live")
def set_hostname_live(ctx: Context, host: str, hostname: str) -> None:
    ctx.forward(host)
    version = {**ctx.db.row("host", host)["software_version"], "hostname": hostname}
    ctx.db.update("host", host, hostname=hostname, software_version=version)
