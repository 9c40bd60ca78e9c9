# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kept decorators are those of the Nova that the testbed installs, one rule per action."""

from __future__ import annotations

import pytest
from contract.matrix import decorators
from contract.matrix.decorators import ACCEPTED, CONFLICT, NOT_FOUND, expected
from testbeds.openstack.client import Bed

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import TABLE


def test_every_action_has_a_rule() -> None:
    assert list(decorators.kept()) == list(TABLE)


@pytest.mark.nova
def test_the_kept_ones_are_those_of_the_installed_nova(pytestconfig: pytest.Config) -> None:
    installed = decorators.installed(Bed.required())
    if pytestconfig.getoption("--write-action-matrix", False):
        decorators.save(installed)
        decorators.kept.cache_clear()
    assert decorators.kept() == installed


@pytest.mark.parametrize(
    ("action", "vm_state", "task_state", "answer"),
    [
        ("start", "stopped", None, ACCEPTED),
        ("start", "active", None, CONFLICT),
        ("start", "stopped", "powering-on", CONFLICT),
        ("reboot_hard", "active", "rebooting", ACCEPTED),
        ("reboot_hard", "active", "reboot_started_hard", CONFLICT),
        ("evacuate", "active", "migrating", ACCEPTED),
        ("lock", "unknown", "anything", ACCEPTED),
        ("lock", "deleted", None, NOT_FOUND),
    ],
)
def test_what_they_answer(action: str, vm_state: str, task_state: str | None, answer: str) -> None:
    assert expected(action, vm_state, task_state) == answer
