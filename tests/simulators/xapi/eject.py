# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pool.eject: a supporter leaves, and starts again on its own."""

from __future__ import annotations

from . import host as hosts
from . import merge, power, storage
from .context import Context, call
from .errors import Failure, internal
from .world import Machine

FIRST_S = 0.4
SECOND_S = 0.3


def refusal(ctx: Context, machine: Machine, host: str) -> list[str] | None:
    if ctx.db.row("pool", ctx.pool_ref)["is_psr_pending"]:
        return ["POOL_SECRET_ROTATION_PENDING"]
    if ctx.db.row("pool", ctx.pool_ref)["ha_enabled"]:
        return ["HA_IS_ENABLED"]
    resident = [ctx.db.row("VM", v) for v in ctx.db.find("VM", resident_on=host)]
    if any(v["power_state"] != "Halted" and not v["is_control_domain"] for v in resident):
        return ["OPERATION_NOT_ALLOWED", "VM resident on host"]
    return None


def only_here(ctx: Context, host: str) -> list[str]:
    """SRs whose only PBD is the host's."""
    srs = [ctx.db.row("PBD", p)["SR"] for p in ctx.db.find("PBD", host=host)]
    return [sr for sr in srs if len(ctx.db.get("SR", sr, "PBDs")) == 1]


def busy(ctx: Context) -> list[str] | None:
    for task, op in ctx.db.row("pool", ctx.pool_ref)["current_operations"].items():
        return ["OTHER_OPERATION_IN_PROGRESS", "pool", ctx.pool_ref, op, task]
    return None


@call("pool.eject")
def eject(ctx: Context, host: str) -> None:
    if not ctx.db.exists("host", host) or not ctx.live(host):
        raise Failure("HOST_OFFLINE", host)
    machine = ctx.machine_of(host)
    if machine is ctx.machine:
        raise internal("Xapi_pool.Cannot_eject_master")
    with ctx.operation("pool", ctx.pool_ref, "eject", lambda: busy(ctx)):
        if error := refusal(ctx, machine, host):
            raise Failure(*error)
        ctx.forward(host)
        leave(ctx, machine, host)


def leave(ctx: Context, machine: Machine, host: str) -> None:
    """Unplug, forget what only this host had, drop the host; VM records stay."""
    for pbd in ctx.db.find("PBD", host=host, currently_attached=True):
        storage.unplug_now(ctx, pbd)
    ctx.wait(FIRST_S)
    row = ctx.db.row("host", host)
    for sr in only_here(ctx, host):
        storage.remove_sr(ctx, sr)
    ctx.db.delete("VM", row["control_domain"])
    ctx.wait(SECOND_S)
    ctx.db.delete("host", host)
    del ctx.machine.pool.hosts[host]
    merge.refresh_cpu_info(ctx.machine.pool)
    machine.ejected = True
    ctx.world.spawn(hosts.collect, ctx, host, row["metrics"])
    ctx.world.spawn(start_over, machine)


def start_over(machine: Machine) -> None:
    """The machine reboots about ten seconds later, as a host of its own."""
    epoch = machine.epoch
    machine.world.clock.wait(machine.world.settings.fuse_s)
    if machine.epoch == epoch:
        power.cut_power(machine)
        power.boot(machine)
