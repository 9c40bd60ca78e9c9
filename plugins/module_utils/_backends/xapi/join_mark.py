# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark on a guest that was shut down for its host's join to a pool.

It goes with the VM into the pool, which keeps uuid and other_config of a joiner's VMs, so that the
run after one that was killed knows it wherever the join stands.
"""

from __future__ import annotations

from typing import Any

from . import marks
from .directory import Place
from .hosts import change_map
from .server import time_of

KEY, ID = f"{marks.PREFIX}join", f"{marks.PREFIX}id"


def set_join_mark(place: Place, host: str | None) -> None:
    """For the host with this uuid; None takes the mark away."""
    found: Any = place.call("VM.get_record", place.ref)
    vm: dict[str, Any] = found
    own = marks.marks(vm)
    changes: dict[str, str | None] = {}
    if host is None:
        if "join" in own:
            changes[KEY] = None
        if set(own) == {"id", "join"}:
            changes[ID] = None
    else:
        if not own:
            # Those of the VM that it was copied from would count as its own from now on.
            inherited = [key for key in vm["other_config"] if key.startswith(marks.PREFIX)]
            changes |= {**dict.fromkeys(inherited), ID: vm["uuid"]}
        changes[KEY] = f"{host} {time_of(place.records, vm, 'start_time') or ''}".rstrip()
    change_map(place, "VM", "other_config", changes)
