# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of each server action on each control plane: checks, and what backends get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.actions import TABLE
from ..._core.errors import InvalidError, UnsupportedError, joined
from ..._core.model import Fleet

BEYOND_XAPI: Mapping[str, tuple[str, str]] = {
    "change_password": (
        "XenAPI has no call that changes a guest's password",
        "Change it from inside",
    ),
    "trigger_crash_dump": (
        "XAPI does not implement VM.send_sysrq",
        "Trigger it from inside, or on the host with xl trigger",
    ),
    "live_migrate_force_complete": (
        "XenAPI has no call that forces a migration to complete",
        "Wait for it, or abort it",
    ),
}
"""Actions that XAPI has nothing for."""

BEYOND: Mapping[bool, Mapping[str, tuple[str, str]]] = {
    True: {
        "force": (
            "Nova decides how a server is stopped: it cuts the power once the guest has had the time "
            "that os_shutdown_timeout of its image grants",
            "Leave it out",
        ),
        "vcpus": ("Nova sizes servers by flavor", "Name a flavor"),
        "memory_mb": ("Nova sizes servers by flavor", "Name a flavor"),
        "soft": ("on Nova, reclaim_instance_interval decides this", "Leave it out"),
    },
    False: {
        "flavor": ("XenAPI has no flavors", "Give vcpus and memory_mb"),
        "admin_password": ("XenAPI can't change the password inside a guest", "Leave it out"),
        "availability_zone": ("XenAPI can't place a server by zone", "Name a host"),
    },
}
"""Options that a control plane has nothing for, by whether a scheduler places servers there."""


def check_options(
    name: str, host: str | None, options: Mapping[str, Any], max_parallel: int
) -> None:
    """The rules that no state of the fleet can change."""
    action = TABLE[name]
    given = {key for key, value in options.items() if value not in (None, False)}
    for option in sorted({*given, *(["host"] if host is not None else [])} - set(action.options)):
        able = joined([n for n, other in TABLE.items() if option in other.options], most=99)
        raise InvalidError(f"option {option}", f"{name} does not accept it", f"Use it with {able}")
    missing = [option for option in action.required if options.get(option) is None]
    if missing:
        raise InvalidError(f"option {missing[0]}", f"{name} needs it", "Give it")
    if name == "resize" and not given:
        raise InvalidError(
            "option flavor", "resize needs a size", "Give flavor, or vcpus and memory_mb on xapi"
        )
    _check_values(options, max_parallel)


def _check_values(options: Mapping[str, Any], max_parallel: int) -> None:
    if max_parallel < 1:
        raise InvalidError("option max_parallel", f"it is {max_parallel}", "Set 1 or more")
    for option, least in (("rotation", 0), ("vcpus", 1), ("memory_mb", 1)):
        value = options.get(option)
        if value is not None and value < least:
            raise InvalidError(f"option {option}", f"it is {value}", f"Set {least} or more")
    for option in ("reason", "image_name", "backup_type"):
        text = options.get(option)
        if text is not None and not 1 <= len(text) <= 255:
            raise InvalidError(
                f"option {option}", f"it has {len(text)} characters", "Use 1 to 255 of them"
            )


STEPWISE = frozenset(TABLE) - {
    "lock",
    "unlock",
    "pause",
    "unpause",
    "suspend",
    "resume",
    "reboot_soft",
    "start",
    "stop",
    "live_migrate",
    "reset_state",
    "confirm_resize",
    "shelve_offload",
}
"""Actions that take several calls on XAPI, each of which waits for the one before."""


def check_supported(fleet: Fleet, name: str, options: Mapping[str, Any], wait: bool) -> None:
    """UnsupportedError for what this control plane has nothing for."""
    if not (fleet.scheduled or wait) and name in STEPWISE:
        raise UnsupportedError(
            "option wait",
            f"{name} takes several calls of XAPI, each of which waits for the one before",
            "Leave wait true",
        )
    if not fleet.scheduled and name == "rescue" and not options.get("image"):
        raise InvalidError(
            "option image", "rescue needs a template to boot from on XAPI", "Name one"
        )
    if not fleet.scheduled and name in BEYOND_XAPI:
        raise UnsupportedError(f"action {name}", *BEYOND_XAPI[name])
    beyond = BEYOND[fleet.scheduled]
    for option, value in options.items():
        if value not in (None, False) and option in beyond:
            raise UnsupportedError(f"option {option}", *beyond[option])
