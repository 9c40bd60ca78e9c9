# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of an action for each of its servers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..._core.actions import NEVER, TABLE

DONE = "done"
SATISFIED = "satisfied"
FAILED = "failed"
LEFT = "left"
"""Not started, because of the failures before it."""
STAYS = "stays"
"""Nothing can be done for it, as was known beforehand, and that fails nobody."""

StepRecords = Iterable[Mapping[str, Any]]


def outcomes(
    ids: Iterable[str],
    done: StepRecords,
    failed: StepRecords = (),
    not_started: StepRecords = (),
    staying: Mapping[str, str] | None = None,
) -> dict[str, dict[str, Any]]:
    """By server id ``outcome``, and ``error`` in words where it failed or stays, from steps as
    dictionaries. ``staying`` are the reasons of those that stay.
    """
    by_server: dict[str, dict[str, Any]] = {one: {"outcome": SATISFIED} for one in ids}
    by_server |= {one: {"outcome": STAYS, "error": why} for one, why in (staying or {}).items()}
    for outcome, steps in ((DONE, done), (LEFT, not_started), (FAILED, failed)):
        for step in steps:
            error = {"error": step["error"]["cause"]} if "error" in step else {}
            by_server[step["args"]["id"]] = {"outcome": outcome, **error}
    return by_server


def contradictions(
    action: str, servers: Iterable[Mapping[str, Any]], done: StepRecords
) -> list[str]:
    """A warning for each server of which the control plane said that the action is done, and which is
    not as the action leaves it: it did not last, or somebody has changed it since.
    """
    sources = {step["args"]["id"]: step["args"].get("source") for step in done}
    warnings = []
    for server in servers:
        if server["outcome"] != DONE or server["task_state"] is not None:
            continue
        left = not (
            TABLE[action].move and server["host"] and server["host"] == sources[server["id"]]
        )
        if left and server["vm_state"] in _ends(action, server):
            continue
        where = f" on {server['host']}" if server["host"] else ""
        warnings.append(
            f"{server['name']}: {action} was done, and yet it is {server['status']}{where} now. It did "
            "not last, or somebody has changed it since; see why and run again"
        )
    return warnings


def _ends(action: str, server: Mapping[str, Any]) -> Iterable[str]:
    """Resetting a state sets what is recorded, which a power state may correct at once."""
    ends = NEVER if action == "reset_state" else TABLE[action].ends
    return ends or (server["vm_state"],)


def action_summary(action: str, servers: Sequence[Mapping[str, Any]]) -> str:
    """One line about all servers, from their outcomes."""
    if not servers:
        return f"{action}: there is no such server"
    count = Counter(server["outcome"] for server in servers)
    parts = [f"{action}: {count[DONE]} of {len(servers)} servers"]
    parts += [f"nothing to do for {count[SATISFIED]}"] if count[SATISFIED] else []
    parts += [f"{count[STAYS]} stay as they are"] if count[STAYS] else []
    parts += [f"{count[FAILED]} failed"] if count[FAILED] else []
    parts += [f"{count[LEFT]} not started"] if count[LEFT] else []
    return ", ".join(parts)
