# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who coordinates: pool.designate_new_master and the emergency calls of a supporter."""

from __future__ import annotations

from . import power
from .context import Context, call
from .errors import Failure
from .world import Machine, Pool

PREPARE_S = 1.0
DOWN_S = 4.0


@call("pool.designate_new_master")
def designate_new_master(ctx: Context, host: str) -> None:
    """Nothing happens for the present coordinator; else the call succeeds and the roles change ten seconds later."""
    machine = ctx.machine_of(host)
    if machine is ctx.machine:
        return
    if ctx.db.row("pool", ctx.pool_ref)["ha_enabled"]:
        raise Failure("HA_IS_ENABLED")
    if "designate_new_master" in ctx.db.row("pool", ctx.pool_ref)["current_operations"].values():
        raise Failure("DESIGNATE_NEW_MASTER_IN_PROGRESS")
    for other in ctx.machine.pool.members:
        if not other.answers:
            raise Failure("HA_ABORT_NEW_MASTER", f"cannot contact host {other.name}")
    with ctx.operation("pool", ctx.pool_ref, "designate_new_master", lambda: None):
        ctx.wait(PREPARE_S)
    ctx.world.spawn(change_over, ctx.machine.pool, machine)


def change_over(pool: Pool, machine: Machine) -> None:
    """All toolstacks go down, and come up in their new roles."""
    pool.coordinator.world.clock.wait(pool.coordinator.world.settings.fuse_s)
    take_over(pool, machine)


def take_over(pool: Pool, machine: Machine) -> None:
    members = [m for m in pool.members if m.answers]
    for member in members:
        member.toolstack_down()
    with pool.db.lock:
        pool.db.update("pool", pool.ref, master=machine.ref)
        pool.coordinator = machine
        pool.db.drop_tables(("session", "task"))
    machine.world.clock.wait(DOWN_S)
    for member in [machine, *(m for m in members if m is not machine)]:
        member.world.spawn(power.start_toolstack, member, False)


@call("pool.emergency_transition_to_master")
def emergency_transition_to_master(ctx: Context) -> None:
    """A supporter makes itself coordinator, whether or not the old one is still there."""
    if ctx.machine.is_coordinator:
        return
    if ctx.db.row("pool", ctx.pool_ref)["ha_enabled"]:
        raise Failure("HA_IS_ENABLED")

    def later(pool: Pool, machine: Machine) -> None:
        machine.world.clock.wait(machine.world.settings.fuse_s)
        take_over(pool, machine)

    ctx.world.spawn(later, ctx.machine.pool, ctx.machine)
