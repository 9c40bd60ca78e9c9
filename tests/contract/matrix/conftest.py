# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``pytest tests/contract/matrix -m "nova or not nova" --write-action-matrix`` keeps what was found
in outcomes.json and decorators.json, and in marks/outcomes.json, and writes the pages of the documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.matrix.keeping import OPTION
from contract.matrix.nova_stage import NovaStage
from contract.matrix.stage import Stage
from contract.matrix.xapi_stage import XapiStage
from testbeds.openstack.client import Bed

NOVA = pytest.param("nova", marks=pytest.mark.nova)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="keep what came of every cell")


@pytest.fixture(params=["xapi", NOVA])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    store = tmp_path / "store.db"
    chosen: Stage
    if request.param == "xapi":
        chosen = XapiStage(store)
    else:
        bed = Bed.required()
        bed.clean()
        chosen = NovaStage(bed, store)
    try:
        yield chosen
    finally:
        chosen.close()
