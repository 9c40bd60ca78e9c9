# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pool.* calls that are not about joining and leaving."""

from __future__ import annotations

from .context import Context, call
from .errors import Failure


@call("pool.is_slave")
def is_slave(ctx: Context, host: str) -> bool:
    return not ctx.machine.is_coordinator


@call("pool.sync_database")
def sync_database(ctx: Context) -> None:
    """The database of a simulated pool is one; there is nothing to flush."""


@call("pool.recover_slaves")
def recover_slaves(ctx: Context) -> list[str]:
    """Point the supporters that answer to this coordinator."""
    pool = ctx.machine.pool
    return [m.ref for m in pool.members if m is not pool.coordinator and m.answers]


@call("pool.disable_ha")
def disable_ha(ctx: Context) -> None:
    if not ctx.db.row("pool", ctx.pool_ref)["ha_enabled"]:
        raise Failure("HA_NOT_ENABLED")
    ctx.db.update("pool", ctx.pool_ref, ha_enabled=False)


@call("pool.enable_tls_verification")
def enable_tls_verification(ctx: Context) -> None:
    ctx.db.update("pool", ctx.pool_ref, tls_verification_enabled=True)
    for machine in ctx.machine.pool.members:
        machine.tls_verification = True
        ctx.db.update("host", machine.ref, tls_verification_enabled=True)
