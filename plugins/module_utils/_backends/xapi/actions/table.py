# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action → what is called, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..limits import UNSUPPORTED
from ..sequence import power
from .deletion import delete, force_delete, restore
from .evacuation import evacuate
from .images import create_backup, create_image
from .rebuilding import rebuild
from .rescuing import rescue, unrescue
from .resizing import confirm_resize, migrate, resize, revert_resize
from .shelving import shelve, shelve_offload, unshelve
from .single import (
    XapiAction,
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


class ActionRow(NamedTuple):
    """An action, about how many jobs it takes, for the progress that is shown, and whether it is begun
    with all that there is to do.
    """

    action: XapiAction
    jobs: int
    one_call: bool = False


ACTIONS: Mapping[str, ActionRow] = {
    "start": ActionRow(recovering(start), 1, one_call=True),
    "stop": ActionRow(recovering(stop), 1, one_call=True),
    "reboot_soft": ActionRow(single("VM.clean_reboot"), 1, one_call=True),
    "reboot_hard": ActionRow(recovering(reboot_hard), 1),
    "pause": ActionRow(single("VM.pause", reached=power("Paused")), 1, one_call=True),
    "unpause": ActionRow(single("VM.unpause", reached=power("Running")), 1, one_call=True),
    "suspend": ActionRow(single("VM.suspend", reached=power("Suspended")), 1, one_call=True),
    "resume": ActionRow(resume, 1, one_call=True),
    "lock": ActionRow(lock, 0, one_call=True),
    "unlock": ActionRow(unlock, 0, one_call=True),
    "live_migrate": ActionRow(live_migrate, 1, one_call=True),
    "live_migrate_abort": ActionRow(live_migrate_abort, 1),
    "create_image": ActionRow(create_image, 1),
    "create_backup": ActionRow(create_backup, 2),
    "shelve": ActionRow(shelve, 1),
    "shelve_offload": ActionRow(shelve_offload, 0, one_call=True),
    "unshelve": ActionRow(unshelve, 1),
    "rescue": ActionRow(rescue, 4),
    "unrescue": ActionRow(unrescue, 4),
    "rebuild": ActionRow(rebuild, 6),
    "resize": ActionRow(resize, 2),
    "migrate": ActionRow(migrate, 2),
    "confirm_resize": ActionRow(confirm_resize, 0, one_call=True),
    "revert_resize": ActionRow(revert_resize, 2),
    "evacuate": ActionRow(evacuate, 1),
    "delete": ActionRow(delete, 3),
    "force_delete": ActionRow(force_delete, 3),
    "restore": ActionRow(restore, 1),
    "reset_state": ActionRow(reset_state, 0, one_call=True),
    **{
        name: ActionRow(unsupported(UNSUPPORTED[f"action {name}"]), 0)
        for name in ("change_password", "trigger_crash_dump", "live_migrate_force_complete")
    },
}

STEPWISE = frozenset(name for name, row in ACTIONS.items() if not row.one_call)
