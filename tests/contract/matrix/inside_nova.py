# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in Nova's own Python: prints, as JSON, what the decorators of nova.compute.api.API ask of a
server for each action, from the decorated functions themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nova.compute.api import API

METHODS = {
    "start": ["start"],
    "stop": ["stop"],
    "reboot_soft": ["reboot", "_soft_reboot"],
    "reboot_hard": ["reboot", "_hard_reboot"],
    "pause": ["pause"],
    "unpause": ["unpause"],
    "suspend": ["suspend"],
    "resume": ["resume"],
    "rescue": ["rescue"],
    "unrescue": ["unrescue"],
    "rebuild": ["rebuild"],
    "resize": ["resize"],
    "migrate": ["resize"],
    "confirm_resize": ["confirm_resize"],
    "revert_resize": ["revert_resize"],
    "create_image": ["snapshot"],
    "create_backup": ["backup"],
    "shelve": ["shelve"],
    "shelve_offload": ["shelve_offload"],
    "unshelve": ["unshelve"],
    "lock": ["lock"],
    "unlock": ["unlock"],
    "change_password": ["set_admin_password"],
    "trigger_crash_dump": ["trigger_crash_dump"],
    "live_migrate": ["live_migrate"],
    "live_migrate_abort": ["live_migrate_abort"],
    "live_migrate_force_complete": ["live_migrate_force_complete"],
    "evacuate": ["evacuate"],
    # servers.py _delete: soft_delete where reclaim_instance_interval is set, and delete where that
    # refuses a server that was never launched; both take any state.
    "delete": ["delete"],
    "force_delete": ["force_delete"],
    "restore": ["restore"],
    # admin_actions.py _reset_state writes the state itself.
    "reset_state": [],
}
"""Actions, and the methods that a request for them goes through."""


def wrappers(function: Callable[..., Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and arguments of each decorator, outermost first."""
    while hasattr(function, "__wrapped__"):
        code = function.__code__
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        yield code.co_qualname.split(".")[0], dict(zip(code.co_freevars, cells, strict=True))
        function = function.__wrapped__


def listed(states: Iterable[str | None] | None) -> list[str | None] | None:
    return None if states is None else sorted(states, key=str)


def rule(methods: list[str]) -> dict[str, Any]:
    checks: dict[str, Any] = {
        "vm_state": None,
        "task_state": None,
        "lock": False,
        "must_have_launched": False,
    }
    for name, given in (pair for method in methods for pair in wrappers(getattr(API, method))):
        if name == "check_instance_lock":
            checks["lock"] = True
        if name == "check_instance_state":
            checks["vm_state"] = listed(given["vm_state"])
            checks["task_state"] = listed(given["task_state"])
            checks["must_have_launched"] = given["must_have_launched"]
    return checks


print(json.dumps({action: rule(methods) for action, methods in METHODS.items()}))
