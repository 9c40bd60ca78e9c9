# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nova's table of statuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.xenfleet.compute.plugins.module_utils._core.status import (
    STATUSES,
    status_of,
)

ROOT = Path(__file__).resolve().parents[2]
CASES = {
    ("active", None): "ACTIVE",
    ("active", "powering-off"): "ACTIVE",
    ("active", "reboot_started"): "REBOOT",
    ("active", "reboot_pending_hard"): "HARD_REBOOT",
    ("active", "updating_password"): "PASSWORD",
    ("active", "rebuild_spawning"): "REBUILD",
    ("active", "migrating"): "MIGRATING",
    ("active", "resize_finish"): "RESIZE",
    ("building", "spawning"): "BUILD",
    ("stopped", None): "SHUTOFF",
    ("stopped", "rebooting_hard"): "SHUTOFF",
    ("stopped", "resize_prep"): "RESIZE",
    ("stopped", "rebuilding"): "REBUILD",
    ("resized", None): "VERIFY_RESIZE",
    ("resized", "resize_reverting"): "REVERT_RESIZE",
    ("paused", None): "PAUSED",
    ("paused", "migrating"): "MIGRATING",
    ("paused", "rebooting_hard"): "PAUSED",
    ("suspended", "resuming"): "SUSPENDED",
    ("rescued", "unrescuing"): "RESCUE",
    ("shelved", "shelving_offloading"): "SHELVED",
    ("shelved_offloaded", "spawning"): "SHELVED_OFFLOADED",
    ("error", None): "ERROR",
    ("error", "rebuilding"): "REBUILD",
    ("deleted", None): "DELETED",
    ("soft-delete", "restoring"): "SOFT_DELETED",
    ("something new", None): "UNKNOWN",
}


@pytest.mark.parametrize("states", CASES)
def test_status(states: tuple[str, str | None]) -> None:
    assert status_of(*states) == CASES[states]


def test_all_statuses_are_in_the_cases() -> None:
    assert set(CASES.values()) == STATUSES
    assert len(STATUSES) == 20


def test_the_guide_has_a_row_for_each_status() -> None:
    text = (ROOT / "docs/docsite/rst/guide_server_statuses.rst").read_text(encoding="utf-8")
    assert set(re.findall(r"^   \* - ``(\w+)``$", text, re.M)) == STATUSES
