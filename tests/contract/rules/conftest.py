# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site for the rules, and a fresh store for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.control import Control
from simulators.launch import Simulator

FLEET: dict[str, Any] = {
    "clock": {"factor": 50},
    "login_delay": 0,
    "hosts": [
        {"name": "xen", "count": 2, "memory": "64 GiB", "pool": "fleet"},
        {"name": "lone", "count": 2, "memory": "64 GiB"},
    ],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [{"name": "web1", "memory": "2 GiB", "where": "xen1"}],
}
"""xen1 has a server, xen2 none; lone1 and lone2 stand alone and have none."""


@pytest.fixture(scope="module")
def fleet() -> Iterator[Simulator]:
    with Simulator(FLEET) as site:
        yield site


@pytest.fixture
def control(fleet: Simulator, tmp_path: Path) -> Control:
    """On the site that the tests of a file share, since they leave its hosts as they are."""
    return Control(fleet, tmp_path / "store.db")
