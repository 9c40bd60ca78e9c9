# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The marks that actions leave on a server of XAPI, one upon another, and how each comes about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import ANY, TABLE
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import XAPI

KILLED_AT = "2026-01-31T12:00:00Z"


class Task(NamedTuple):
    """A task of server_action."""

    action: str
    options: Mapping[str, Any] = {}


class Plain(NamedTuple):
    """A call to XAPI that somebody makes by hand."""

    method: str


class Killed(NamedTuple):
    """A run that was killed in this task_state. ``unset``: marks that it had not set yet; ``unblocked``:
    it had lifted the blocks of the state, or not made them yet.
    """

    task_state: str
    unset: tuple[str, ...] = ()
    unblocked: bool = False
    auxiliary: bool = False
    """It had made an auxiliary VM, which does not run yet."""


Step = Task | Plain | Killed


@dataclass(frozen=True)
class Mark:
    """``vm_state`` and ``task_state`` are those that are shown then."""

    name: str
    title: str
    vm_state: str
    steps: tuple[Step, ...]
    task_state: str | None = None
    locked: bool = False
    state: str = "running"
    storage: str = "shared"


RESCUE = Task("rescue", {"image": "golden"})
RESIZE = Task("resize", {"vcpus": 3})
SHELVE = Task("shelve")
SOFT = Task("delete", {"soft": True})
ERROR = Task("reset_state", {"vm_state": "error"})
LOCK = Task("lock", {"reason": "audit"})
PAUSE = Plain("VM.pause")
SUSPEND = Plain("VM.suspend")
BY_HAND = (Plain("VM.set_blocked_operations"), Plain("VM.start_on"))

MARKS: tuple[Mark, ...] = (
    Mark("locked", "ACTIVE, locked", "active", (LOCK,), locked=True),
    Mark("locked-off", "SHUTOFF, locked", "stopped", (LOCK,), locked=True, state="halted"),
    Mark("rescue", "RESCUE", "rescued", (RESCUE,)),
    Mark("rescue-off", "RESCUE of a stopped server", "rescued", (RESCUE,), state="halted"),
    Mark("rescue-locked", "RESCUE, locked", "rescued", (RESCUE, LOCK), locked=True),
    Mark("resize", "VERIFY_RESIZE", "resized", (RESIZE,)),
    Mark("resize-off", "VERIFY_RESIZE of a stopped server", "resized", (RESIZE,), state="halted"),
    Mark("resize-paused", "VERIFY_RESIZE, paused by hand", "resized", (RESIZE, PAUSE)),
    Mark("resize-suspended", "VERIFY_RESIZE, suspended by hand", "resized", (RESIZE, SUSPEND)),
    Mark("shelved", "SHELVED", "shelved", (SHELVE,), storage="local"),
    Mark("offloaded", "SHELVED_OFFLOADED", "shelved_offloaded", (SHELVE,)),
    Mark(
        "offloaded-paused",
        "SHELVED_OFFLOADED of a paused server",
        "shelved_offloaded",
        (PAUSE, SHELVE),
    ),
    Mark(
        "offloaded-locked",
        "SHELVED_OFFLOADED, locked",
        "shelved_offloaded",
        (SHELVE, LOCK),
        locked=True,
    ),
    Mark("by-hand", "SHELVED_OFFLOADED, then started by hand", "active", (SHELVE, *BY_HAND)),
    Mark("deleted", "SOFT_DELETED", "soft-delete", (SOFT,)),
    Mark("deleted-rescue", "SOFT_DELETED from RESCUE", "soft-delete", (RESCUE, SOFT)),
    Mark("deleted-resize", "SOFT_DELETED from VERIFY_RESIZE", "soft-delete", (RESIZE, SOFT)),
    Mark(
        "deleted-shelved",
        "SOFT_DELETED from SHELVED",
        "soft-delete",
        (SHELVE, SOFT),
        storage="local",
    ),
    Mark(
        "deleted-suspended", "SOFT_DELETED from SUSPENDED", "soft-delete", (Task("suspend"), SOFT)
    ),
    Mark("error-rescue", "ERROR in RESCUE", "error", (RESCUE, ERROR)),
    Mark("error-shelved", "ERROR in SHELVED_OFFLOADED", "error", (SHELVE, ERROR)),
    Mark("error-paused", "ERROR of a paused server", "error", (PAUSE, ERROR)),
    Mark("error-suspended", "ERROR of a suspended server", "error", (SUSPEND, ERROR)),
    Mark("error-locked", "ERROR in RESCUE, locked", "error", (RESCUE, ERROR, LOCK), locked=True),
    Mark(
        "killed-rescue",
        "rescuing, killed with the rescue VM up",
        "stopped",
        (RESCUE, Killed("rescuing", ("vm_state",), unblocked=True)),
        "rescuing",
    ),
    Mark(
        "killed-unrescue",
        "unrescuing, killed at once",
        "rescued",
        (RESCUE, Killed("unrescuing", unblocked=True)),
        "unrescuing",
    ),
    Mark(
        "killed-rebuild",
        "rebuilding, killed with the new disks made",
        "active",
        (Killed("rebuilding", auxiliary=True),),
        "rebuilding",
    ),
    Mark(
        "killed-resize",
        "resizing, killed with the server down",
        "stopped",
        (RESIZE, Plain("VM.hard_shutdown"), Killed("resize_finish", ("vm_state",))),
        "resize_finish",
    ),
    Mark(
        "killed-soft",
        "soft-deleting from RESCUE, killed at once",
        "rescued",
        (RESCUE, Killed("soft-deleting")),
        "soft-deleting",
    ),
    Mark(
        "killed-unshelve",
        "unshelving, killed before the start",
        "shelved_offloaded",
        (SHELVE, Killed("unshelving", unblocked=True)),
        "unshelving",
    ),
    Mark(
        "killed-backup",
        "being backed up, killed",
        "active",
        (Killed("image_backup"),),
        "image_backup",
    ),
)


class Deed(NamedTuple):
    """An action with its options."""

    title: str
    action: str
    options: Mapping[str, Any] = {}


OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "rescue": {"image": "golden"},
    "rebuild": {"image": "golden"},
    "resize": {"vcpus": 4},
    "create_image": {"image_name": "monday"},
    "create_backup": {"image_name": "monday", "backup_type": "daily", "rotation": 1},
    "evacuate": {"power_on": True},
}
SEVERAL = ("delete", "reset_state")

DEEDS: tuple[Deed, ...] = (
    *(
        Deed(name, name, OPTIONS.get(name, {}))
        for name in TABLE
        if name not in SEVERAL and f"action {name}" not in XAPI.unsupported
    ),
    Deed("delete", "delete"),
    Deed("delete, soft", "delete", {"soft": True}),
    Deed("reset_state active", "reset_state", {"vm_state": "active"}),
    Deed("reset_state error", "reset_state", {"vm_state": "error"}),
)


class Cell(NamedTuple):
    mark: Mark
    deed: Deed

    @property
    def starts(self) -> bool:
        """Whether the table of actions lets it start, so that it needs a server of its own."""
        mark, action = self.mark, TABLE[self.deed.action]
        if action.locks is mark.locked:
            return False
        fits = action.starts is ANY or mark.vm_state in action.starts
        busy = mark.task_state
        free = busy is None or action.busy is ANY or busy in action.busy
        return fits and free and not (mark.locked and action.locked)


CELLS = tuple(Cell(mark, deed) for deed in DEEDS for mark in MARKS)
