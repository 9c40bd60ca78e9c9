# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cells of the matrix: every server action in every status; and what came of one, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import ANY, TABLE
from ansible_collections.xenfleet.compute.plugins.module_utils._core.status import STATUSES

STATES: Mapping[str, tuple[str, str | None]] = {
    "ACTIVE": ("active", None),
    "BUILD": ("building", "spawning"),
    "DELETED": ("deleted", None),
    "ERROR": ("error", None),
    "HARD_REBOOT": ("active", "rebooting_hard"),
    "MIGRATING": ("active", "migrating"),
    "PASSWORD": ("active", "updating_password"),
    "PAUSED": ("paused", None),
    "REBOOT": ("active", "rebooting"),
    "REBUILD": ("active", "rebuilding"),
    "RESCUE": ("rescued", None),
    "RESIZE": ("active", "resize_migrating"),
    "REVERT_RESIZE": ("resized", "resize_reverting"),
    "SHELVED": ("shelved", None),
    "SHELVED_OFFLOADED": ("shelved_offloaded", None),
    "SHUTOFF": ("stopped", None),
    "SOFT_DELETED": ("soft-delete", None),
    "SUSPENDED": ("suspended", None),
    "UNKNOWN": ("unknown", None),
    "VERIFY_RESIZE": ("resized", None),
}
"""The vm_state and task_state that stand for each status here; no Nova has a vm_state ``unknown``."""

NOT_SHOWN = "not shown"
"""The outcome where a control plane has no servers in that status."""


class Cell(NamedTuple):
    action: str
    status: str

    @property
    def starts(self) -> bool:
        """Whether the table of actions lets it start, so that it needs a server of its own."""
        action, (vm_state, task_state) = TABLE[self.action], STATES[self.status]
        fits = action.starts is ANY or vm_state in action.starts
        free = task_state is None or action.busy is ANY or task_state in action.busy
        return fits and free and self.status != "DELETED"


CELLS = tuple(Cell(action, status) for action in TABLE for status in sorted(STATUSES))


def outcome_of(result: Mapping[str, Any]) -> str:
    """``done`` and the status then, ``satisfied``, ``refused`` with number and kind, or ``failed``.

    A server that is gone ends in DELETED.
    """
    if result.get("failed"):
        error = result["error"]
        return f"refused {error['status']} {error['code']}" if error["status"] else "failed"
    if not result["changed"]:
        return "satisfied"
    (status,) = [server["status"] for server in result["servers"]] or ["DELETED"]
    return f"done {status}"
