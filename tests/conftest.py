# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test that fails on a real cloud reports what the cloud itself complained of meanwhile."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from testbeds.openstack.client import Bed
from testbeds.openstack.looking import troubles


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and item.get_closest_marker("nova") and (bed := Bed.running()):
        complaints = "\n".join(troubles(bed.layout, call.start))
        report.sections.append(("what the cloud's services complained of", complaints or "nothing"))
    return report
