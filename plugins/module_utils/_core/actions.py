# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server actions of the Compute API as one table: from which states each starts, where it ends.

Sources: nova/compute/api.py, the decorators check_instance_state and check_instance_lock;
nova/compute/manager.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ANY = frozenset({"*"})
"""Every vm_state, or every task_state."""

NEVER: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Action:
    """``starts``: vm_states that it may start from. ``satisfied``: those in which it has nothing to
    do, once the server is not busy; ANY where more than the vm_state decides. ``ends``: those that
    it leads to; empty where the vm_state stays what it is. ``busy``: task_states that don't forbid
    it. ``options`` are those of the module that go with it, ``required`` those that it needs.
    """

    starts: frozenset[str]
    ends: frozenset[str] = NEVER
    satisfied: frozenset[str] = NEVER
    busy: frozenset[str] = NEVER
    locked: bool = True
    """Whether a lock forbids it."""
    move: bool = False
    """Satisfied by where the server is, not by its state."""
    deletes: bool = False
    """Whether the server is gone afterwards, unless it is deleted softly."""
    locks: bool | None = None
    """Whether it is locked afterwards; None where that stays what it is."""
    options: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    sentence: str = ""
    """What a step says that it does; by default what the action is called. A part in brackets goes
    with its argument.
    """

    @property
    def event(self) -> bool:
        """Whether it is done for its own sake, and so never satisfied already."""
        return not self.satisfied and not self.move


def _states(*names: str) -> frozenset[str]:
    return frozenset(names)


ACTIVE = _states("active")
STOPPED = _states("stopped")
KEPT = _states("active", "stopped")
"""A stopped server stays stopped (rebuild, confirm, revert, evacuate)."""
RUNNABLE = _states("active", "stopped", "paused", "suspended")
MENDABLE = _states("active", "stopped", "error")
OFFLOADED = _states("shelved_offloaded")
SHELVED = _states("shelved", "shelved_offloaded")
SETTLED = RUNNABLE | {"rescued", "resized"}
"""vm_states of a server that was unrescued, unshelved or restored, and used again since."""

TABLE: Mapping[str, Action] = {
    "start": Action(STOPPED, ACTIVE, ACTIVE),
    "stop": Action(_states("active", "error"), STOPPED, STOPPED, options=("force",)),
    "reboot_soft": Action(ACTIVE, ACTIVE, sentence="soft-reboot {subject}"),
    "reboot_hard": Action(
        RUNNABLE | {"error"},
        ACTIVE,
        busy=_states(
            "rebooting",
            "reboot_pending",
            "reboot_started",
            "rebooting_hard",
            "resuming",
            "unpausing",
            "pausing",
            "suspending",
        ),
        sentence="hard-reboot {subject}",
    ),
    "pause": Action(ACTIVE, _states("paused"), _states("paused")),
    "unpause": Action(_states("paused"), ACTIVE, ACTIVE),
    "suspend": Action(ACTIVE, _states("suspended"), _states("suspended")),
    "resume": Action(_states("suspended"), ACTIVE, ACTIVE),
    "rescue": Action(
        MENDABLE, _states("rescued"), _states("rescued"), options=("image", "admin_password")
    ),
    "unrescue": Action(_states("rescued"), ACTIVE, RUNNABLE),
    "rebuild": Action(
        MENDABLE,
        KEPT,
        options=("image", "admin_password"),
        required=("image",),
        sentence="rebuild {subject} from image {image}",
    ),
    "resize": Action(
        KEPT, _states("resized"), satisfied=ANY, options=("flavor", "vcpus", "memory_mb")
    ),
    "migrate": Action(
        KEPT,
        _states("resized"),
        move=True,
        options=("host",),
        sentence="cold-migrate {subject}[ from {source}][ to {target}]",
    ),
    "confirm_resize": Action(
        _states("resized"), KEPT, RUNNABLE, sentence="confirm the resize of {subject}"
    ),
    "revert_resize": Action(
        _states("resized"), KEPT, KEPT, sentence="revert the resize of {subject}"
    ),
    "create_image": Action(
        RUNNABLE,
        locked=False,
        options=("image_name", "image_metadata"),
        required=("image_name",),
        sentence="create image {image_name} of {subject}",
    ),
    "create_backup": Action(
        RUNNABLE,
        locked=False,
        options=("image_name", "backup_type", "rotation"),
        required=("image_name", "backup_type", "rotation"),
        sentence="create {backup_type} backup {image_name} of {subject}, keep {rotation}",
    ),
    "shelve": Action(RUNNABLE, SHELVED, SHELVED),
    "shelve_offload": Action(
        _states("shelved"),
        OFFLOADED,
        OFFLOADED,
        sentence="offload the shelved {subject} from its host",
    ),
    "unshelve": Action(SHELVED, ACTIVE, SETTLED, options=("host", "availability_zone")),
    "lock": Action(ANY, satisfied=ANY, locked=False, busy=ANY, options=("reason",), locks=True),
    "unlock": Action(ANY, satisfied=ANY, locked=False, busy=ANY, locks=False),
    "change_password": Action(
        ACTIVE,
        ACTIVE,
        options=("admin_password",),
        required=("admin_password",),
        sentence="change the password of {subject}",
    ),
    "trigger_crash_dump": Action(
        _states("active", "paused", "rescued", "resized", "error"),
        sentence="trigger a crash dump of {subject}",
    ),
    "live_migrate": Action(
        _states("active", "paused"),
        move=True,
        options=("host",),
        sentence="live-migrate {subject} from {source} to {target}",
    ),
    "live_migrate_abort": Action(
        _states("active", "paused"),
        satisfied=ANY,
        busy=_states("migrating"),
        sentence="abort the live migration of {subject}",
    ),
    "live_migrate_force_complete": Action(
        ACTIVE,
        satisfied=ANY,
        busy=_states("migrating"),
        sentence="force the live migration of {subject} to complete",
    ),
    "evacuate": Action(
        MENDABLE,
        KEPT,
        busy=ANY,
        locked=False,
        move=True,
        options=("host", "power_on"),
        sentence="evacuate {subject}[ from {source}][ to {target}]",
    ),
    "delete": Action(
        ANY,
        _states("deleted", "soft-delete"),
        _states("deleted", "soft-delete"),
        busy=ANY,
        options=("soft",),
        deletes=True,
    ),
    "force_delete": Action(
        ANY,
        _states("deleted"),
        _states("deleted"),
        busy=ANY,
        deletes=True,
        sentence="delete {subject} for good",
    ),
    "restore": Action(_states("soft-delete"), ACTIVE, SETTLED),
    "reset_state": Action(
        ANY,
        _states("active", "error"),
        ANY,
        busy=ANY,
        locked=False,
        options=("vm_state",),
        required=("vm_state",),
        sentence="set the vm_state of {subject} to {state}",
    ),
}
