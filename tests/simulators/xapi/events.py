# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""event.*: what changed since a token, from the generations the database keeps."""

from __future__ import annotations

import re
import time
from typing import Any

from .context import Context, call
from .database import Database
from .errors import Failure
from .schema import SCHEMA
from .wire import SmallInt

TOKEN = re.compile(r"(\d{20}),(\d{20})")
NOT_EVENTS = {"session", "event", "user"}


def parse_token(token: str) -> int:
    """The generation a token stands for; "" is before everything."""
    if token == "":
        return 0
    match = TOKEN.fullmatch(token)
    if not match:
        raise Failure("EVENT_FROM_TOKEN_PARSE_FAILURE", token)
    return int(match[1])


def make_token(generation: int) -> str:
    return f"{generation:020d},{0:020d}"


def subscriptions(classes: list[str]) -> tuple[set[str], set[tuple[str, str]]]:
    """(whole classes, (class, reference) pairs); class names in any case, unknown ones match nothing."""
    whole, single = set(), set()
    for entry in classes:
        name, _slash, ref = entry.partition("/")
        if name == "*":
            whole |= set(SCHEMA.fields) - NOT_EVENTS
        elif cls := SCHEMA.by_lower.get(name.lower()):
            if ref:
                single.add((cls, ref))
            elif cls not in NOT_EVENTS:
                whole.add(cls)
    return whole, single


def event(
    cls: str, operation: str, ref: str, number: int, snapshot: dict[str, Any] | None
) -> dict[str, Any]:
    found = {
        "id": number,
        "timestamp": "0.0",
        "class": cls.lower(),
        "operation": operation,
        "ref": ref,
    }
    return found | ({"snapshot": snapshot} if snapshot is not None else {})


def since(db: Database, classes: list[str], start: int) -> list[dict[str, Any]]:
    """One event per object that was made, changed or removed after generation `start`, oldest change first."""
    whole, single = subscriptions(classes)
    found: list[tuple[int, str, str, str]] = []
    for cls, table in db.tables.items():
        wanted = table if cls in whole else [r for c, r in single if c == cls and r in table]
        found += [
            (db.modified[ref], cls, "add" if db.created[ref] > start else "mod", ref)
            for ref in wanted
            if db.modified[ref] > start
        ]
    for at, created, cls, ref in db.deleted:
        if at > start >= created and (cls in whole or (cls, ref) in single):
            found.append((at, cls, "del", ref))
    return [
        event(cls, op, ref, at, None if op == "del" else db.record(cls, ref))
        for at, cls, op, ref in sorted(found)
    ]


@call("event.from")
def event_from(ctx: Context, classes: list[str], token: str, timeout: float) -> dict[str, Any]:
    """The timeout is the client's, in real seconds."""
    start = parse_token(token)
    end = time.monotonic() + timeout
    while not (events := since(ctx.db, classes, start)):
        left = end - time.monotonic()
        if left <= 0:
            break
        ctx.db.changed.wait(left)
        ctx.check_alive()
        if not ctx.db.exists("session", ctx.session):
            raise Failure("SESSION_INVALID", ctx.session)
    counts = {
        cls.lower(): SmallInt(len(table))
        for cls, table in ctx.db.tables.items()
        if cls not in NOT_EVENTS
    }
    return {"events": events, "valid_ref_counts": counts, "token": make_token(ctx.db.generation)}


@call("event.get_current_id")
def get_current_id(ctx: Context) -> int:
    return ctx.db.generation


@call("event.inject")
def inject(ctx: Context, cls: str, ref: str) -> str:
    """A token from just before a change of the object."""
    name = SCHEMA.by_lower.get(cls.lower(), cls)
    ctx.db.row(name, ref)
    before = ctx.db.generation
    ctx.db.touch(name, ref)
    return make_token(before)


def registrations(ctx: Context) -> dict[str, tuple[list[str], int]]:
    """Classes and last generation seen per session of the old event stream."""
    return ctx.machine.pool.registered


@call("event.register")
def register(ctx: Context, classes: list[str]) -> None:
    old, _start = registrations(ctx).get(ctx.session, ([], 0))
    registrations(ctx)[ctx.session] = ([*old, *classes], ctx.db.generation)


@call("event.unregister")
def unregister(ctx: Context, classes: list[str]) -> None:
    old, start = registrations(ctx).get(ctx.session, ([], 0))
    registrations(ctx)[ctx.session] = ([c for c in old if c not in classes], start)


@call("event.next")
def event_next(ctx: Context) -> list[dict[str, Any]]:
    """Blocks until something happened."""
    if not registrations(ctx).get(ctx.session, ([], 0))[0]:
        raise Failure("SESSION_NOT_REGISTERED", ctx.session)
    classes, start = registrations(ctx)[ctx.session]
    while not (events := since(ctx.db, classes, start)):
        ctx.db.changed.wait(5)
        ctx.check_alive()
    registrations(ctx)[ctx.session] = (classes, ctx.db.generation)
    return events
