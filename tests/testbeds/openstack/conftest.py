# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed that is up, clean after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testbeds.openstack.client import Bed


@pytest.fixture
def bed() -> Iterator[Bed]:
    found = Bed.required()
    try:
        yield found
    finally:
        found.clean()
