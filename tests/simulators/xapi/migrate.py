# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live migration: its checks, and pre-copy rounds over a shared link."""

from __future__ import annotations

from . import placement, vm_rules
from .context import Context, call
from .errors import NULL, Failure
from .vm_lifecycle import host_operation, vm_operation, work
from .world import Machine

MAX_ROUNDS = 5
STOP_BELOW = 50 * 4096
SETUP_S = 0.5
HANDOVER_S = 0.05


def rounds(memory: int, dirty_rate: float, bandwidth: float) -> tuple[list[float], float]:
    """(bytes sent in each live round, bytes left for the pause) of a pre-copy migration.

    Each round sends what was dirtied during the one before; it ends when little is left, when a round gains
    nothing, or after five rounds.
    """
    sent, left = [], float(memory)
    for _ in range(MAX_ROUNDS):
        sent.append(left)
        dirtied = min(float(memory), left / bandwidth * dirty_rate)
        if dirtied >= left or dirtied < STOP_BELOW:
            left = dirtied
            break
        left = dirtied
    return sent, left


def network_refusal(ctx: Context, network: str, host: str) -> list[str] | None:
    """PIF_NOT_PRESENT and the like for a migration network the host can't use."""
    if network in ("", NULL):
        return None
    pifs = ctx.db.find("PIF", network=network, host=host)
    if not pifs:
        return ["PIF_NOT_PRESENT", host, network]
    row = ctx.db.row("PIF", pifs[0])
    if not row["currently_attached"]:
        return ["REQUIRED_PIF_IS_UNPLUGGED", pifs[0]]
    return None if row["IP"] else ["INTERFACE_HAS_NO_IP", pifs[0]]


def send(ctx: Context, source: Machine, target: Machine, amount: float) -> None:
    """Send bytes over the link, whose bandwidth the migrations of either machine share."""
    sharers = max(1, source.migrations, target.migrations)
    seconds = amount * sharers / ctx.world.settings.link
    epoch = target.epoch
    work(ctx, source, seconds)
    if target.epoch != epoch:
        raise Failure("VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED")


def transfer(ctx: Context, vm: str, source: Machine, target: Machine) -> float:
    """Copy the guest's memory; returns the seconds it has to stand still at the end."""
    row = ctx.db.row("VM", vm)
    guest = ctx.world.guest(row["uuid"])
    work(ctx, source, SETUP_S)
    bandwidth = ctx.world.settings.link / max(1, source.migrations, target.migrations)
    sent, left = rounds(row["memory_dynamic_max"], guest.dirty_rate, bandwidth)
    total = sum(sent)
    done = 0.0
    for amount in sent:
        send(ctx, source, target, amount)
        done += amount
        if ctx.method == "VM.pool_migrate":
            ctx.progress(0.95 * done / total)
    pause = left / bandwidth + HANDOVER_S
    work(ctx, source, pause)
    return pause


def move_domain(
    ctx: Context, vm: str, source: Machine, target: Machine, began: float, pause: float
) -> None:
    """The guest runs on the target from now on."""
    row = ctx.db.row("VM", vm)
    source.domains.pop(row["uuid"], None)
    target.domains[row["uuid"]] = target.next_domid
    ctx.db.update(
        "VM", vm, resident_on=target.ref, scheduled_to_be_resident_on=NULL, domid=target.next_domid
    )
    target.next_domid += 1
    if source is not target:
        ctx.world.history.migrated(row["uuid"], target.name, began, pause)


def relocate(ctx: Context, vm: str, target: Machine) -> None:
    """Carry a migration out, once everything is checked."""
    source = ctx.forward(ctx.db.row("VM", vm)["resident_on"])
    ctx.forward(target.ref)
    began = ctx.world.clock.now()
    ctx.db.update("VM", vm, scheduled_to_be_resident_on=target.ref)
    machines = {source, target}
    for machine in machines:
        machine.migrations += 1
    try:
        pause = transfer(ctx, vm, source, target)
        if ctx.db.row("VM", vm)["power_state"] != "Running":
            raise Failure(
                *vm_rules.bad_power_state(vm, ("Running",), ctx.db.row("VM", vm)["power_state"])
            )
        move_domain(ctx, vm, source, target, began, pause)
    finally:
        for machine in machines:
            machine.migrations -= 1
        if ctx.db.exists("VM", vm):
            ctx.db.update("VM", vm, scheduled_to_be_resident_on=NULL)


@call("VM.pool_migrate")
def pool_migrate(ctx: Context, vm: str, host: str, options: dict[str, str]) -> None:
    ctx.db.row("VM", vm)
    ctx.db.row("host", host)
    force = options.get("force") == "true"
    if not force and (error := placement.cpu_refusal(ctx, vm, host)):
        raise Failure(*error)
    with vm_operation(ctx, vm, "pool_migrate", force):
        if error := placement.refusal(ctx, vm, host, cpu=False):
            raise Failure(*error)
        if error := network_refusal(ctx, options.get("network", NULL), host):
            raise Failure(*error)
        with host_operation(ctx, host, "vm_migrate"):
            relocate(ctx, vm, ctx.machine_of(host))
