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


class Row(NamedTuple):
    """An action, about how many jobs it takes, for the progress that is shown, and whether it is begun
    with all that there is to do.
    """

    action: XapiAction
    jobs: int
    one_call: bool = False


ACTIONS: Mapping[str, Row] = {
    "start": Row(recovering(start), 1, one_call=True),
    "stop": Row(recovering(stop), 1, one_call=True),
    "reboot_soft": Row(single("VM.clean_reboot"), 1, one_call=True),
    "reboot_hard": Row(recovering(reboot_hard), 1),
    "pause": Row(single("VM.pause", reached=power("Paused")), 1, one_call=True),
    "unpause": Row(single("VM.unpause", reached=power("Running")), 1, one_call=True),
    "suspend": Row(single("VM.suspend", reached=power("Suspended")), 1, one_call=True),
    "resume": Row(resume, 1, one_call=True),
    "lock": Row(lock, 0, one_call=True),
    "unlock": Row(unlock, 0, one_call=True),
    "live_migrate": Row(live_migrate, 1, one_call=True),
    "live_migrate_abort": Row(live_migrate_abort, 1),
    "create_image": Row(create_image, 1),
    "create_backup": Row(create_backup, 2),
    "shelve": Row(shelve, 1),
    "shelve_offload": Row(shelve_offload, 0, one_call=True),
    "unshelve": Row(unshelve, 1),
    "rescue": Row(rescue, 4),
    "unrescue": Row(unrescue, 4),
    "rebuild": Row(rebuild, 6),
    "resize": Row(resize, 2),
    "migrate": Row(migrate, 2),
    "confirm_resize": Row(confirm_resize, 0, one_call=True),
    "revert_resize": Row(revert_resize, 2),
    "evacuate": Row(evacuate, 1),
    "delete": Row(delete, 3),
    "force_delete": Row(force_delete, 3),
    "restore": Row(restore, 1),
    "reset_state": Row(reset_state, 0, one_call=True),
    **{
        name: Row(unsupported(UNSUPPORTED[f"action {name}"]), 0)
        for name in ("change_password", "trigger_crash_dump", "live_migrate_force_complete")
    },
}

STEPWISE = frozenset(name for name, row in ACTIONS.items() if not row.one_call)
