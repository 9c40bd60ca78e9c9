# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""session.*: who may call, and where."""

from __future__ import annotations

from .context import Context, call
from .database import Database, new_uuid
from .errors import NULL, Failure
from .world import Machine


def check_credentials(machine: Machine, user: str, password: str) -> None:
    """SESSION_AUTHENTICATION_FAILED after the login delay unless they are the machine's."""
    if (user, password) == (machine.user, machine.password):
        return
    machine.world.clock.wait(machine.world.settings.login_delay)
    known = user == machine.user
    text = (
        "Authentication failure"
        if known
        else "User not known to the underlying authentication module"
    )
    raise Failure("SESSION_AUTHENTICATION_FAILED", user, text)


def open_session(machine: Machine, db: Database, originator: str, user: str) -> str:
    """A new session row of the local superuser."""
    return db.insert(
        "session",
        this_host=machine.ref,
        last_active=machine.world.clock.time(),
        validation_time=machine.world.clock.time(),
        is_local_superuser=True,
        originator=originator,
        auth_user_name=user,
    )


def login(machine: Machine, user: str, password: str, originator: str) -> str:
    """session.login_with_password on a machine: a supporter names its coordinator before looking at credentials."""
    if not machine.is_coordinator:
        raise Failure("HOST_IS_SLAVE", machine.pool.coordinator.address)
    check_credentials(machine, user, password)
    with machine.pool.db.lock:
        return open_session(machine, machine.pool.db, originator, user)


def check_session(machine: Machine, session: str) -> None:
    """SESSION_INVALID, or HOST_IS_SLAVE for a coordinator's session at a supporter."""
    known = session in machine.pool.db.tables["session"]
    if session in machine.local_sessions or (known and machine.is_coordinator):
        return
    if known:
        raise Failure("HOST_IS_SLAVE", machine.pool.coordinator.address)
    raise Failure("SESSION_INVALID", session)


@call("session.login_with_password")
def login_with_password(
    ctx: Context, user: str, password: str, version: str = "1.1", originator: str = ""
) -> str:
    return login(ctx.machine, user, password, originator)


@call("session.slave_local_login_with_password")
def slave_local_login_with_password(ctx: Context, user: str, password: str) -> str:
    check_credentials(ctx.machine, user, password)
    ref = "OpaqueRef:" + new_uuid()
    ctx.machine.local_sessions.add(ref)
    return ref


@call("session.logout", "session.local_logout")
def logout(ctx: Context) -> None:
    ctx.machine.local_sessions.discard(ctx.session)
    if ctx.db.exists("session", ctx.session):
        ctx.db.delete("session", ctx.session)


@call("session.get_this_user")
def get_this_user(ctx: Context, ref: str) -> str:
    ctx.db.row("session", ref)
    return NULL
