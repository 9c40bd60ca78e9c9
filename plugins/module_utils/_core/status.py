# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status of a server, derived from vm_state and task_state.

As in nova/api/openstack/common.py, _STATE_MAP.
"""

from __future__ import annotations

from collections.abc import Mapping

UNKNOWN = "UNKNOWN"

MIGRATING = "migrating"
"""The task_state of a server that is being live-migrated (nova/compute/task_states.py)."""

RESIZING = ("resize_prep", "resize_migrating", "resize_migrated", "resize_finish")
"""The task_states of a cold migration or a resize, in order. It ends in vm_state resized until it
is confirmed.
"""

COLD = "migration"
"""migration_type of a cold migration; a resize to another flavor has one of its own."""

BY_VM_STATE: Mapping[str, str] = {
    "active": "ACTIVE",
    "building": "BUILD",
    "stopped": "SHUTOFF",
    "resized": "VERIFY_RESIZE",
    "paused": "PAUSED",
    "suspended": "SUSPENDED",
    "rescued": "RESCUE",
    "error": "ERROR",
    "deleted": "DELETED",
    "soft-delete": "SOFT_DELETED",
    "shelved": "SHELVED",
    "shelved_offloaded": "SHELVED_OFFLOADED",
}
"""Status by vm_state, where the task_state does not matter."""

BY_POWER: Mapping[str, str] = {
    "Running": "active",
    "Halted": "stopped",
    "Paused": "paused",
    "Suspended": "suspended",
}
"""XAPI's power state to the vm_state that it stands for, where nothing says otherwise."""

_RESIZING = dict.fromkeys(RESIZING, "RESIZE")
_REBUILDING = dict.fromkeys(
    ("rebuilding", "rebuild_block_device_mapping", "rebuild_spawning"), "REBUILD"
)
_REBOOTING = dict.fromkeys(("rebooting", "reboot_pending", "reboot_started"), "REBOOT")
_HARD_REBOOTING = dict.fromkeys(
    ("rebooting_hard", "reboot_pending_hard", "reboot_started_hard"), "HARD_REBOOT"
)

BY_TASK_STATE: Mapping[str, Mapping[str, str]] = {
    "active": {
        **_REBOOTING,
        **_HARD_REBOOTING,
        **_REBUILDING,
        **_RESIZING,
        "updating_password": "PASSWORD",
        "migrating": "MIGRATING",
    },
    "stopped": {**_RESIZING, **_REBUILDING},
    "resized": {"resize_reverting": "REVERT_RESIZE"},
    "paused": {"migrating": "MIGRATING"},
    "error": _REBUILDING,
}
"""By vm_state, the task_states that have a status of their own. Powering on and off, pausing,
suspending, shelving, taking images, deleting and confirming have none.
"""

TASK_STATES = frozenset(
    {
        "scheduling",
        "block_device_mapping",
        "networking",
        "spawning",
        "image_snapshot",
        "image_snapshot_pending",
        "image_pending_upload",
        "image_uploading",
        "image_backup",
        "updating_password",
        *RESIZING,
        "resize_reverting",
        "resize_confirming",
        "rebooting",
        "reboot_pending",
        "reboot_started",
        "rebooting_hard",
        "reboot_pending_hard",
        "reboot_started_hard",
        "pausing",
        "unpausing",
        "suspending",
        "resuming",
        "powering-off",
        "powering-on",
        "rescuing",
        "unrescuing",
        "rebuilding",
        "rebuild_block_device_mapping",
        "rebuild_spawning",
        "migrating",
        "deleting",
        "soft-deleting",
        "restoring",
        "shelving",
        "shelving_image_pending_upload",
        "shelving_image_uploading",
        "shelving_offloading",
        "unshelving",
    }
)
"""All that Nova has (nova/compute/task_states.py); on XAPI they are some of these."""


def status_of(vm_state: str, task_state: str | None) -> str:
    """UNKNOWN for a vm_state that Nova does not have."""
    special = BY_TASK_STATE.get(vm_state, {}).get(task_state or "")
    return special or BY_VM_STATE.get(vm_state, UNKNOWN)


STATUSES = frozenset(
    {UNKNOWN, *BY_VM_STATE.values()}.union(*(m.values() for m in BY_TASK_STATE.values()))
)
"""All twenty that the Compute API documents."""
