# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of quick.txt, as they have just run on a real OpenStack, leave nothing of the Nova backend out.

choose.py chooses them again from what the full tier has recorded.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from harness.entered import PLAYBOOKS, all_functions

RECORD = os.environ.get("ENTERED")
pytestmark = pytest.mark.skipif(
    not RECORD, reason="only make test records a run of quick.txt, and names the record"
)


@pytest.fixture
def entered() -> set[str]:
    by_test = json.loads(Path(RECORD or "").read_text(encoding="utf-8"))
    return {name for names in by_test.values() for name in names}


def test_every_function_of_the_nova_backend_is_entered(entered: set[str]) -> None:
    assert sorted(all_functions() - entered) == []


def test_every_playbook_is_run(entered: set[str]) -> None:
    assert sorted(PLAYBOOKS - entered) == []
