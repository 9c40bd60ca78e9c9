# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far servers may go, row 53, through the modules, on both control planes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.control import Control
from contract.rules.keeping import judge
from contract.rules.memory_control import MemoryControl
from contract.rules.nova_control import NovaControl
from contract.rules.xapi_control import FLEET, XapiControl
from simulators.launch import Simulator

pytestmark = pytest.mark.memory


@pytest.fixture
def control(request: pytest.FixtureRequest, plane: str, tmp_path: Path) -> Iterator[Control]:
    """On a site of its own, since servers do change."""
    control: Control
    if plane == "xapi":
        with Simulator(FLEET) as site:
            control = XapiControl(site, tmp_path / "store.db")
            yield control
            judge(request, control)
        return
    if plane == "memory":
        control = MemoryControl()
    else:
        control = NovaControl(request.getfixturevalue("bed"), tmp_path / "store.db")
        control.settle()
    yield control
    judge(request, control)


def in_another_zone(control: Control, **options: Any) -> dict[str, Any]:
    """A cold migration of web1 to the idle host, which is put into a zone."""
    control.given("aggregate", name="far", availability_zone="far-zone", hosts=[control.idle])
    return {"action": "migrate", "servers": ["web1"], "host": control.idle, **options}


def test_row_53_zone_of_a_named_host(control: Control) -> None:
    task = in_another_zone(control)
    control.done("server_action", **task)
    assert control.server("web1")["host"] == control.idle
    control.given("server_action", action="confirm_resize", servers=["web1"])
    control.differs("out of a zone", "server_action", **{**task, "host": control.busy})


def test_row_53_option(control: Control) -> None:
    control.differs("within", "server_action", **in_another_zone(control, within="pool"))
