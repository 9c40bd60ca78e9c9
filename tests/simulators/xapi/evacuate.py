# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evacuation: the plan, what prevents it, and the sliding window of migrations."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

from . import migrate, placement, vm_lifecycle, vm_rules
from .context import Context, call
from .database import new_uuid
from .dispatch import subcall
from .errors import NULL, Dropped, Failure, internal
from .vm_lifecycle import host_operation, vm_operation
from .world import Machine

Plan = dict[str, str | list[str]]


def user_vms(ctx: Context, host: str) -> list[str]:
    return [
        v
        for v in ctx.db.get("host", host, "resident_VMs")
        if not ctx.db.row("VM", v)["is_control_domain"]
    ]


def plan(ctx: Context, host: str) -> Plan:
    """Per resident VM the host it would go to, or the error that keeps it here."""
    vms, where_to = user_vms(ctx, host), placement.targets(ctx, host)
    if not where_to:
        return {vm: ["NO_HOSTS_AVAILABLE", vm] for vm in vms}
    result: Plan = {}
    for vm in vms:
        error = placement.first(placement.refusal(ctx, vm, t, memory=False) for t in where_to)
        error = vm_rules.refusal(placement.view(ctx, vm), "pool_migrate") or error
        if error:
            result[vm] = error
    needs = {vm: placement.vm_need(ctx, vm) for vm in vms if vm not in result}
    room = {t: placement.free_memory(ctx, t) for t in where_to}
    groups = {vm: placement.spread_groups(ctx, vm) for vm in vms}
    members = {
        t: placement.group_members(ctx, t) if any(groups.values()) else Counter() for t in where_to
    }
    packed = placement.pack(needs, room, groups, members)
    return result | {
        vm: target or ["HOST_NOT_ENOUGH_FREE_MEMORY", vm] for vm, target in packed.items()
    }


def errors_of(found: Plan) -> dict[str, list[str]]:
    return {vm: outcome for vm, outcome in found.items() if isinstance(outcome, list)}


@call("host.get_vms_which_prevent_evacuation")
def get_vms_which_prevent_evacuation(ctx: Context, host: str) -> dict[str, list[str]]:
    ctx.db.row("host", host)
    return errors_of(plan(ctx, host))


@call("host.assert_can_evacuate")
def assert_can_evacuate(ctx: Context, host: str) -> None:
    ctx.db.row("host", host)
    if errors := errors_of(plan(ctx, host)):
        raise Failure("CANNOT_EVACUATE_HOST", "|".join(",".join(e) for e in errors.values()))


@call("host.get_uncooperative_resident_VMs")
def get_uncooperative_resident_vms(ctx: Context, host: str) -> list[str]:
    ctx.db.row("host", host)
    return []


class Window:
    """Migrations side by side, at most `size`; the first failure stops new ones."""

    def __init__(self, ctx: Context, size: int, start: Callable[[str, str], None]) -> None:
        self.ctx, self.size, self.start = ctx, size, start
        self.running = self.done = 0
        self.failure: Failure | None = None

    def one(self, vm: str, host: str) -> None:
        with self.ctx.db.lock:
            try:
                self.start(vm, host)
            except Failure as exc:
                if exc.details[0] != "VM_BAD_POWER_STATE":
                    self.failure = self.failure or exc
            except Dropped:
                self.failure = self.failure or Failure("CANNOT_CONTACT_HOST", host)
            finally:
                self.running -= 1
                self.done += 1
                self.ctx.db.changed.notify_all()

    def run(self, moves: list[tuple[str, str]]) -> None:
        queue = deque(moves)
        while (queue and not self.failure) or (self.running and not self.failure):
            while queue and self.running < self.size and not self.failure:
                self.running += 1
                self.ctx.world.spawn(self.one, *queue.popleft())
            self.ctx.wait_change(20.0)
            self.ctx.progress(self.done / len(moves))
        if self.failure:
            raise self.failure


@call("host.evacuate")
def evacuate(ctx: Context, host: str, network: str = NULL, evacuate_batch_size: int = 0) -> None:
    ctx.db.row("host", host)
    if network != NULL and (
        error := placement.first(
            migrate.network_refusal(ctx, network, t) for t in placement.targets(ctx, host)
        )
    ):
        raise Failure(*error)
    found = plan(ctx, host)
    if errors := errors_of(found):
        raise Failure(*next(iter(errors.values())))
    options = {"live": "true"} | ({"network": network} if network != NULL else {})

    def start(vm: str, target: str) -> None:
        subcall(ctx, "VM.pool_migrate", "OpaqueRef:" + new_uuid(), vm, target, options)

    with host_operation(ctx, host, "evacuate"):
        window = Window(ctx, evacuate_batch_size or ctx.world.settings.evacuation_batch, start)
        window.run([(vm, str(target)) for vm, target in found.items()])
        if left := len(user_vms(ctx, host)):
            raise internal(f"evacuate: {left} VMs are still resident on {host}")


def clear_for_poweroff(machine: Machine) -> None:
    """Before a reboot: guests that can't move are shut down, the others move, what is left is stopped."""
    pool = machine.pool
    ctx = Context(
        machine.world,
        pool.coordinator,
        pool.db,
        "host.prepare_for_poweroff",
        epoch=pool.coordinator.epoch,
    )
    with pool.db.lock:
        found = plan(ctx, machine.ref)
        for vm, target in found.items():
            ctx.task = "OpaqueRef:" + new_uuid()
            try:
                if isinstance(target, list):
                    vm_lifecycle.shutdown(ctx, vm)
                else:
                    with vm_operation(ctx, vm, "pool_migrate"):
                        migrate.relocate(ctx, vm, ctx.machine_of(target))
            except Failure:
                vm_lifecycle.leave_domain(ctx, vm, "Halted")
