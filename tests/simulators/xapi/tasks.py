# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks: rows for asynchronous calls, and task.*."""

from __future__ import annotations

from typing import Any

from . import wire
from .context import Context, call
from .errors import NULL, Failure
from .schema import EPOCH


def open_task(ctx: Context, label: str) -> str:
    return ctx.db.insert(
        "task",
        name_label=label,
        status="pending",
        created=ctx.world.clock.time(),
        finished=EPOCH,
        resident_on=ctx.machine.ref,
        type="<none/>",
        allowed_operations=["cancel"],
    )


def finish_task(ctx: Context, result: Any, failure: Failure | None) -> None:
    """Record the outcome; the status is written last, as pollers of XAPI see it."""
    if not ctx.db.exists("task", ctx.task):
        return
    if "destroy" in ctx.db.get("task", ctx.task, "current_operations").values():
        ctx.db.delete("task", ctx.task)
        return
    ctx.db.update(
        "task",
        ctx.task,
        allowed_operations=[],
        current_operations={},
        finished=ctx.world.clock.time(),
        progress=1.0,
    )
    if failure is None:
        ctx.db.update("task", ctx.task, result=wire.xml_text(result), status="success")
        return
    cancelled = failure.details[0] == "TASK_CANCELLED"
    ctx.db.update(
        "task", ctx.task, error_info=failure.details, status="cancelled" if cancelled else "failure"
    )


@call("task.create")
def create(ctx: Context, label: str, description: str) -> str:
    ref = open_task(ctx, label)
    ctx.db.update("task", ref, name_description=description)
    return ref


@call("task.destroy")
def destroy(ctx: Context, ref: str) -> None:
    if (
        ctx.db.get("task", ref, "status") == "pending"
        and ctx.db.get("task", ref, "resident_on") != NULL
    ):
        ctx.db.update("task", ref, current_operations={ctx.task: "destroy"})
    else:
        ctx.db.delete("task", ref)


@call("task.cancel")
def cancel(ctx: Context, ref: str) -> None:
    if ctx.db.get("task", ref, "status") == "pending":
        ctx.db.update("task", ref, current_operations={ctx.task: "cancel"})


@call("task.set_status")
def set_status(ctx: Context, ref: str, value: str) -> None:
    ctx.db.update(
        "task", ref, status=value, finished=EPOCH if value == "pending" else ctx.world.clock.time()
    )
