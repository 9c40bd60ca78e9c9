# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an evacuation loses is told before it is done, on both control planes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.rules.control import Control
from contract.rules.xapi_control import FLEET, XapiControl
from simulators.launch import Simulator

LOST = {
    "xapi": [],
    "memory": [],
    "nova": ["web1: its root disk will be made anew, and what was on it is lost, unless"],
}
"""web1 is on shared storage of XAPI's; on Nova it was booted from an image."""


@pytest.mark.memory
def test_an_evacuation_tells_what_it_loses(control: Control) -> None:
    control.given("compute_service", hosts=[control.busy], forced_down=True)
    before = control.everything()
    evacuate = {"action": "evacuate", "servers": ["web1"]}
    result = control.run("server_action", check_mode=True, **evacuate)
    assert result["changed"], result
    expected = LOST[control.plane]
    assert [text[: len(expected[0])] for text in control.warnings] == expected
    assert control.everything() == before


@pytest.fixture
def local(tmp_path: Path) -> Iterator[XapiControl]:
    """With servers whose disks are on xen1 alone, one of them off."""
    vms = [
        {"name": "web1", "memory": "1 GiB", "where": "xen1"},
        {"name": "scratch", "memory": "1 GiB", "storage": "local", "where": "xen1"},
        {
            "name": "off",
            "memory": "1 GiB",
            "storage": "local",
            "where": "xen1",
            "state": "halted",
        },
    ]
    with Simulator({**FLEET, "vms": vms}) as site:
        yield XapiControl(site, tmp_path / "store.db")


def test_disks_on_the_failed_host_are_told_as_lost(local: XapiControl) -> None:
    local.given("compute_service", hosts=["xen1"], forced_down=True)
    result = local.run(
        "server_action",
        check_mode=True,
        action="evacuate",
        servers=["web1", "scratch", "off"],
        power_on=True,
    )
    assert result["failed"], "scratch ran"
    told = sorted(text for text in local.warnings if "which only xen1 has" in text)
    assert [text.split(":")[0] for text in told] == ["off", "scratch"]
