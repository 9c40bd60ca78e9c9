# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks and blocks on guests, read and written without a pool."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi import marks

VM: dict[str, Any] = {"uuid": "v-1", "power_state": "Halted", "blocked_operations": {}}


@pytest.mark.parametrize(
    ("power_state", "config", "state"),
    [
        ("Halted", {"id": "v-1", "vm_state": "shelved"}, "shelved"),
        ("Running", {"id": "v-1", "vm_state": "shelved"}, None),
        ("Running", {"id": "v-1", "vm_state": "resized"}, "resized"),
        ("Paused", {"id": "v-1", "vm_state": "error"}, "error"),
        ("Halted", {"id": "v-2", "vm_state": "shelved"}, None),
        ("Halted", {"vm_state": "shelved"}, None),
        ("Halted", {"id": "v-1", "vm_state": "deleted"}, None),
        ("Halted", {"id": "v-1"}, None),
    ],
)
def test_marks_count_for_their_own_vm_only(
    power_state: str, config: dict[str, str], state: str | None
) -> None:
    other_config = {f"xenfleet:{key}": value for key, value in config.items()}
    vm = {**VM, "power_state": power_state, "other_config": {"mac_seed": "x", **other_config}}
    assert marks.marked_state(vm) == state
    assert marks.plain(vm["other_config"]) == {"mac_seed": "x"}


@pytest.mark.parametrize(
    ("blocked", "locked"),
    [
        ({}, (False, None)),
        ({"start": "xenfleet: locked"}, (True, None)),
        ({"start": "xenfleet: locked: audit: 2"}, (True, "audit: 2")),
        ({"start": "xenfleet: shelved"}, (False, None)),
        ({"start": "locked", "destroy": "xenfleet: lockedout"}, (False, None)),
    ],
)
def test_a_lock_is_known_by_its_text(
    blocked: dict[str, str], locked: tuple[bool, str | None]
) -> None:
    assert marks.lock_of(blocked) == locked


def test_what_is_blocked_already_keeps_its_text() -> None:
    blocked = marks.with_blocks({"start": "theirs"}, ("start", "destroy"), marks.lock_text("why"))
    assert blocked == {"start": "theirs", "destroy": "xenfleet: locked: why"}


def test_old_sizes_can_be_read_back() -> None:
    old = marks.Old((1, 2, 3, 4), (8, 6), "h-1", "", True)
    assert marks.Old.parsed(old.text) == old


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"memory": [1], "vcpus": [1, 1]}', "null"])
def test_old_sizes_that_somebody_has_edited(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        marks.Old.parsed(text)
