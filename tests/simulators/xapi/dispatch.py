# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a method name and raw parameters to an answer: the order of checks is XAPI's.

Emergency mode, existence, number of parameters, types, session, then the operation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import accessors, sessions, tasks
from .context import CALLS, Context, Handler
from .database import new_uuid
from .errors import CutOff, Dropped, Failure, internal
from .journal import Entry, is_mutating
from .schema import SCHEMA, Call
from .values import unmarshal
from .world import Machine

EMERGENCY = {
    "session.slave_local_login_with_password",
    "session.local_logout",
    "pool.is_slave",
    "host.is_in_emergency_mode",
    "pool.emergency_transition_to_master",
    "pool.emergency_reset_master",
}
NO_ASYNC = {"session", "event", "data_source", "blob"}
# pool.is_slave and host.is_in_emergency_mode are hidden from the data model, but answered.
HIDDEN = {
    "pool.is_slave": Call("pool.is_slave", True, "bool", (("host", "host ref", True),), False),
    "host.is_in_emergency_mode": Call("host.is_in_emergency_mode", True, "bool", (), False),
}


def find_call(method: str) -> tuple[Call, Handler] | None:
    """The signature and implementation of a call, None if there is no such (or it isn't modelled)."""
    call = SCHEMA.calls.get(SCHEMA.alias.get(method, method)) or HIDDEN.get(method)
    if call is None:
        return None
    handler = CALLS.get(call.name) or accessors.accessor(call)
    return (call, handler) if handler else None


def check_count(call: Call, received: int) -> None:
    """MESSAGE_PARAMETER_COUNT_MISMATCH; calls with optional parameters ignore surplus ones."""
    optional = call.mandatory < len(call.params)
    if received < call.mandatory or (received > call.mandatory and not optional):
        raise Failure(
            "MESSAGE_PARAMETER_COUNT_MISMATCH", call.name, str(call.mandatory), str(received)
        )


def unknown(machine: Machine, method: str, params: list[Any]) -> Failure:
    """An unknown call reports a bad session first, then that it is unknown."""
    if params and isinstance(params[0], str):
        sessions.check_session(machine, params[0])
    return Failure("MESSAGE_METHOD_UNKNOWN", method)


def handle(machine: Machine, method: str, params: list[Any]) -> Any:
    """Answer a call that came over the wire."""
    world = machine.world
    entry = world.journal.begin(machine.name, method, params)
    try:
        strike(machine, method, ("delay", "kill", "revive", "restart_toolstack", "drop_before"))
        value = dispatch(machine, method, params, entry)
    except Failure as exc:
        entry.ok, entry.error = False, exc.details
        raise
    except Dropped:
        entry.ok, entry.error = False, ["connection dropped"]
        raise
    except Exception as exc:
        entry.ok, entry.error = False, ["simulator", repr(exc)]
        raise internal(f"simulator: {exc!r}") from exc
    entry.ok = True
    strike(machine, method, ("drop_after",))
    if world.faults.due(machine.name, method, ("drop_midway",)):
        raise CutOff(value)
    return value


def strike(machine: Machine, method: str, actions: tuple[str, ...]) -> None:
    """Apply the faults on order for this call that concern the connection or a host."""
    from . import power

    for fault in machine.world.faults.due(machine.name, method, actions):
        if fault.action == "delay":
            machine.world.clock.wait(fault.seconds)
        elif fault.action in ("drop_before", "drop_after"):
            raise Dropped
        else:
            power.command(machine.world, fault.action, fault.target or machine.name)


def dispatch(machine: Machine, method: str, params: list[Any], entry: Entry) -> Any:
    asynchronous = method.startswith("Async.")
    name = method.removeprefix("Async.")
    if machine.emergency and name not in EMERGENCY:
        raise Failure(*machine.emergency)
    if name == "system.listMethods":
        return sorted(SCHEMA.calls)
    found = find_call(name)
    if found is None:
        raise unknown(machine, name, params)
    call, handler = found
    check_count(call, len(params) - call.session)
    values = params[call.session :]
    args = [unmarshal(p[1], v) for p, v in zip(call.params, values, strict=False)]
    ctx = Context(machine.world, machine, machine.pool.db, call.name, epoch=machine.epoch)
    if call.session:
        if not isinstance(params[0], str):
            raise internal('Failure("Expected string")')
        sessions.check_session(machine, params[0])
        ctx.session = params[0]
    if not asynchronous:
        return run_sync(ctx, call, handler, args)
    if not has_async(call, name):
        raise Failure("Fault", f"No async mode for this operation (rpc: {call.name})")
    if call.name == "task.cancel":
        run_sync(ctx, call, handler, args)
        return f"DummyRef:|{new_uuid()}|Async.task.cancel"
    return run_async(ctx, handler, args, entry)


def has_async(call: Call, name: str) -> bool:
    """Field accessors, sessions, events and the underscore aliases have no asynchronous form."""
    if "." not in name or name.split(".", maxsplit=1)[0] in NO_ASYNC:
        return False
    if call.name in accessors.PLAIN and call.name not in CALLS:
        return False
    return not call.implicit or call.name.endswith((".create", ".destroy"))


def run_sync(ctx: Context, call: Call, handler: Handler, args: list[Any]) -> Any:
    if not call.session:
        # Logins wait out their delay; they must not hold the pool meanwhile.
        inject_error(ctx)
        return handler(ctx, *args)
    with ctx.db.lock:
        if call.implicit or not is_mutating(call.name) or call.name.startswith("task."):
            ctx.task = "OpaqueRef:" + new_uuid()
            return execute(ctx, handler, args)
        ctx.task = tasks.open_task(ctx, call.name)
        try:
            return execute(ctx, handler, args)
        finally:
            if ctx.db.exists("task", ctx.task):
                ctx.db.delete("task", ctx.task)


def run_async(ctx: Context, handler: Handler, args: list[Any], entry: Entry) -> str:
    """Start the call and return its task at once."""
    with ctx.db.lock:
        ctx.task = tasks.open_task(ctx, f"Async.{ctx.method}")
    entry.task = ctx.task
    ctx.world.spawn(finish_later, ctx, handler, args)
    return ctx.task


def finish_later(ctx: Context, handler: Handler, args: list[Any]) -> None:
    with ctx.db.lock:
        try:
            result, failure = execute(ctx, handler, args), None
        except Failure as exc:
            result, failure = None, exc
        except Dropped:
            raise
        except Exception as exc:  # a bug of the simulator must show up as a failed task, not as one that never ends
            result, failure = None, internal(f"simulator: {exc!r}")
        tasks.finish_task(ctx, result, failure)


def execute(ctx: Context, handler: Handler, args: list[Any]) -> Any:
    inject_error(ctx)
    return handler(ctx, *args)


def inject_error(ctx: Context) -> None:
    for fault in ctx.world.faults.due(ctx.machine.name, ctx.method, ("error",)):
        raise Failure(*fault.error)


def subcall(ctx: Context, method: str, task: str, *args: Any) -> Any:
    """A call made by another one (a migration of an evacuation): faults on order hit it too."""
    inner = replace(ctx, method=method, task=task or "OpaqueRef:" + new_uuid())
    return execute(inner, CALLS[method], list(args))
