# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live migration: its checks, and pre-copy rounds over a shared link."""

from __future__ import annotations

from dataclasses import dataclass

from . import guest_contact, placement
from .context import Context, call
from .errors import NULL, Failure
from .vm_lifecycle import host_operation, need_state, vm_operation, work
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
    for _round in range(MAX_ROUNDS):
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


@dataclass
class Stream:
    """A migration on its way; `epoch` is the target's when it began."""

    ctx: Context
    source: Machine
    target: Machine
    epoch: int

    @property
    def bandwidth(self) -> float:
        """Bytes per second; the migrations of either machine share the link."""
        return self.ctx.world.settings.link / max(1, self.source.migrations, self.target.migrations)

    def spend(self, seconds: float) -> None:
        work(self.ctx, self.source, seconds)
        if self.target.epoch != self.epoch:
            raise Failure("VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED")

    def send(self, amount: float) -> None:
        self.spend(amount / self.bandwidth)


def transfer(stream: Stream, vm: str) -> float:
    """Copy the guest's memory; returns the seconds it has to stand still at the end."""
    row = stream.ctx.db.row("VM", vm)
    guest = stream.ctx.world.guest(row["uuid"])
    stream.spend(SETUP_S)
    sent, left = rounds(row["memory_dynamic_max"], guest.dirty_rate, stream.bandwidth)
    done = 0.0
    for amount in sent:
        stream.send(amount)
        done += amount
        if stream.ctx.method == "VM.pool_migrate":
            stream.ctx.progress(0.95 * done / sum(sent))
    pause = left / stream.bandwidth + HANDOVER_S
    stream.spend(pause)
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
    guest_contact.appear(ctx.db, vm, target)
    if source is not target:
        ctx.world.history.migrated(row["uuid"], target.name, began, pause)


def relocate(ctx: Context, vm: str, target: Machine) -> None:
    """Carry a migration out, once everything is checked."""
    source = ctx.forward(ctx.db.row("VM", vm)["resident_on"])
    ctx.forward(target.ref)
    began = ctx.world.clock.now()
    stream = Stream(ctx, source, target, target.epoch)
    ctx.db.update("VM", vm, scheduled_to_be_resident_on=target.ref)
    machines = {source, target}
    for machine in machines:
        machine.migrations += 1
    try:
        pause = transfer(stream, vm)
        need_state(ctx, vm, "Running")
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
