# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of an action for each of its servers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
