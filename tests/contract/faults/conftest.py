# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stage on each control plane; the simulated one is made for each test, the cloud put back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.faults.nova_stage import NovaStage
from contract.faults.stage import Stage
from contract.faults.xapi_stage import SITE, XapiStage
from simulators.launch import Simulator
from testbeds.openstack.client import Bed


@pytest.fixture(params=["xapi", pytest.param("nova", marks=pytest.mark.nova)])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    store = tmp_path / "store.db"
    if request.param == "xapi":
        with Simulator(SITE) as site:
            yield XapiStage(site, store)
        return
    bed = Bed.required()
    try:
        yield NovaStage(bed, store)
    finally:
        bed.clean()
