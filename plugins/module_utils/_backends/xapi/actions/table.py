# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action → what is called, one after another."""

from __future__ import annotations

from collections.abc import Mapping

from ..sequence import power
from .deletion import delete, force_delete, restore
from .evacuation import evacuate
from .images import create_backup, create_image
from .rebuilding import rebuild
from .rescuing import rescue, unrescue
from .resizing import confirm_resize, migrate, resize, revert_resize
from .shelving import shelve, shelve_offload, unshelve
from .single import (
    Action,
    live_migrate,
    live_migrate_abort,
    lock,
    reboot_hard,
    recovering,
    reset_state,
    resume,
    single,
    start,
    stop,
    unlock,
    unsupported,
)

ACTIONS: Mapping[str, tuple[Action, int]] = {
    "start": (recovering(start), 1),
    "stop": (recovering(stop), 1),
    "reboot_soft": (single("VM.clean_reboot"), 1),
    "reboot_hard": (recovering(reboot_hard), 1),
    "pause": (single("VM.pause", reached=power("Paused")), 1),
    "unpause": (single("VM.unpause", reached=power("Running")), 1),
    "suspend": (single("VM.suspend", reached=power("Suspended")), 1),
    "resume": (resume, 1),
    "lock": (lock, 0),
    "unlock": (unlock, 0),
    "live_migrate": (live_migrate, 1),
    "live_migrate_abort": (live_migrate_abort, 1),
    "create_image": (create_image, 1),
    "create_backup": (create_backup, 2),
    "shelve": (shelve, 1),
    "shelve_offload": (shelve_offload, 0),
    "unshelve": (unshelve, 1),
    "rescue": (rescue, 4),
    "unrescue": (unrescue, 4),
    "rebuild": (rebuild, 6),
    "resize": (resize, 2),
    "migrate": (migrate, 2),
    "confirm_resize": (confirm_resize, 0),
    "revert_resize": (revert_resize, 2),
    "evacuate": (evacuate, 1),
    "delete": (delete, 3),
    "force_delete": (force_delete, 3),
    "restore": (restore, 1),
    "reset_state": (reset_state, 0),
    "change_password": (
        unsupported(
            "its password cannot be changed: XenAPI has no call for it",
            "Change it from inside, over SSH or the console",
        ),
        0,
    ),
    "trigger_crash_dump": (
        unsupported(
            "a crash dump cannot be triggered: XAPI does not implement VM.send_sysrq",
            "Trigger it from inside, or on the host with xl trigger",
        ),
        0,
    ),
    "live_migrate_force_complete": (
        unsupported(
            "its migration cannot be forced to complete: XenAPI has no call for it",
            "Wait, or abort it; pausing the guest is refused while it moves",
        ),
        0,
    ),
}
"""And about how many jobs it takes, for the progress that is shown."""
