# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pool.join and pool.join_force: checks, merge, and the restart that follows."""

from __future__ import annotations

from . import join_checks, join_side, merge, power, sessions
from .context import Context, call
from .errors import Failure, internal
from .world import Machine, Pool

CHECK_S = 0.5
MERGE_S = 2.5
REST_S = 0.4
FINISH_S = 0.6


def remote_login(ctx: Context, address: str, user: str, password: str) -> Machine:
    """The coordinator at an address, once the credentials are good there; its errors come through unchanged."""
    remote = ctx.world.resolve(address)
    if remote is None or not remote.answers:
        raise Failure("JOINING_HOST_CONNECTION_FAILED")
    with ctx.unlocked():
        if remote.emergency:
            raise Failure(*remote.emergency)
        if not remote.is_coordinator:
            raise Failure("HOST_IS_SLAVE", remote.pool.coordinator.address)
        sessions.check_credentials(remote, user, password)
    return remote


def check(ctx: Context, remote: Machine, force: bool) -> None:
    mine = join_side.side_of(ctx.machine)
    with ctx.unlocked(), remote.pool.db.lock:
        theirs = join_side.side_of(remote)
    if error := join_checks.refusal(mine, theirs, force):
        raise Failure(*error)


def merge_into(ctx: Context, pool: Pool) -> str:
    """The records in the pool's database, step by step as an onlooker there sees them."""
    work = merge.Merge(ctx.machine, ctx.db, pool)
    ctx.wait(MERGE_S)
    with ctx.unlocked(), pool.db.lock:
        host = work.host_record()
    if ctx.machine.tweaks.get("join_fails_after_merge"):
        raise internal("Http_client.Http_error(500)")
    ctx.wait(REST_S)
    with ctx.unlocked(), pool.db.lock:
        work.rest()
        merge.refresh_cpu_info(pool)
    return host


@call("pool.join", "pool.join_force")
def join(ctx: Context, address: str, user: str, password: str) -> None:
    """Succeeds before the joiner restarts; what happens then is up to `become_supporter`."""
    if ctx.db.row("pool", ctx.pool_ref)["restrictions"].get("restrict_pooling") == "true":
        raise Failure("LICENCE_RESTRICTION")
    remote = remote_login(ctx, address, user, password)
    ctx.wait(CHECK_S)
    check(ctx, remote, ctx.method == "pool.join_force")
    host = merge_into(ctx, remote.pool)
    ctx.wait(FINISH_S)
    for pbd in ctx.db.find("PBD", host=ctx.machine.ref):
        ctx.db.update("PBD", pbd, currently_attached=False)
    ctx.machine.joining = (remote.pool, host)
    ctx.world.spawn(become_supporter, ctx.machine)


def become_supporter(machine: Machine) -> None:
    """About ten seconds later the toolstack restarts in its new role."""
    epoch = machine.epoch
    machine.world.clock.wait(machine.world.settings.fuse_s)
    if machine.epoch == epoch:
        power.restart_toolstack(machine, pause=2.0)
