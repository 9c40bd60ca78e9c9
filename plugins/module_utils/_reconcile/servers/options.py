# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of each server action on each control plane: checks, and what backends get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.actions import TABLE
from ..._core.errors import InvalidError, UnsupportedError, joined
from ..._core.traits import Traits
from ..common.refusals import check_given


def check_action_options(
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


def check_supported(traits: Traits, name: str, options: Mapping[str, Any], wait: bool) -> None:
    """UnsupportedError for what this control plane has nothing for, InvalidError for what it needs."""
    if limit := traits.unsupported.get(f"action {name}"):
        raise UnsupportedError(f"action {name}", *limit)
    if not wait and name in traits.stepwise:
        raise UnsupportedError(
            "option wait",
            f"{name} takes several calls, each of which waits for the one before",
            "Leave wait true",
        )
    for (action, option), missing in traits.needed.items():
        if action == name and not options.get(option):
            raise InvalidError(f"option {option}", *missing)
    check_given(traits, options)
