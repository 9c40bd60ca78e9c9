# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Row 30 of the Compute API's rules: status, state, and hosts that fall silent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.control import Control
from contract.rules.keeping import judge
from contract.rules.nova_control import NovaControl
from contract.rules.xapi_control import FLEET, XapiControl
from simulators.launch import Simulator

SITE: dict[str, Any] = {
    **FLEET,
    "vms": [{"name": "web1", "memory": "2 GiB", "where": "xen2"}],
    "times": {"heartbeat_s": 20},
}
"""The server is on a host that does not coordinate its pool, so that somebody misses it."""


class Mortal(XapiControl):
    """Its hosts may be killed."""

    busy, idle = "xen2", "xen1"

    def kill(self, host: str) -> None:
        self.site.post("/faults", {"action": "kill", "target": host})


class MortalCloud(NovaControl):
    def kill(self, host: str) -> None:
        self.bed.kill(host)


@pytest.fixture
def control(
    request: pytest.FixtureRequest, plane: str, tmp_path: Path
) -> Iterator[Mortal | MortalCloud]:
    store = tmp_path / "store.db"
    if plane == "xapi":
        with Simulator(SITE) as site:
            here = Mortal(site, store)
            yield here
            judge(request, here)
        return
    there = MortalCloud(request.getfixturevalue("bed"), store)
    there.settle()
    try:
        yield there
    finally:
        there.bed.clean()
    judge(request, there)


def shown(control: Control) -> tuple[str, str, str]:
    """status and state of the service of web1's host, and host_status of web1."""
    server = control.given("server_info", name="^web1$")["servers"][0]
    service = control.given("compute_service_info", host=server["host"])["services"][0]
    return service["status"], service["state"], server["host_status"]


def test_row_30_states_and_their_precedence(control: Mortal | MortalCloud) -> None:
    """The heartbeat is nova-compute's on Nova, and the host's liveness as its coordinator sees it."""
    busy = [control.busy]
    what = "status, state and a server's host_status"
    control.saw(f"{what} at first", shown(control), ("enabled", "up", "UP"))
    control.done("compute_service", hosts=busy, status="disabled")
    control.saw(what, shown(control), ("disabled", "up", "MAINTENANCE"))
    control.done("compute_service", hosts=busy, forced_down=True)
    control.saw(what, shown(control), ("disabled", "down", "DOWN"))
    control.done("compute_service", hosts=busy, status="enabled")
    control.saw(what, shown(control), ("enabled", "down", "DOWN"))
    control.done("compute_service", hosts=busy, forced_down=False)
    control.saw(what, shown(control), ("enabled", "up", "UP"))
    control.kill(control.busy)
    control.kept("compute_service", hosts=busy, wait_for="down", wait_timeout=30)
    control.saw(f"{what} of a dead host", shown(control), ("enabled", "down", "UNKNOWN"))
    control.done("compute_service", hosts=busy, status="disabled")
    control.saw(f"{what} of a dead host", shown(control), ("disabled", "down", "MAINTENANCE"))


def test_row_30_a_silent_host_is_down_once_it_is_on_record(tmp_path: Path) -> None:
    """Without a coordinator that misses it."""
    with Simulator(FLEET) as site:
        control = Mortal(site, tmp_path / "store.db")
        control.given("compute_service", hosts=["lone1"], status="disabled")
        control.kill("lone1")
        begun = time.monotonic()
        shown = control.given("compute_service_info", host="lone1")["services"]
        assert [(s["status"], s["state"]) for s in shown] == [("disabled", "down")]
        assert time.monotonic() - begun < 20


@pytest.mark.nova
def test_a_cloud_out_of_reach_does_not_make_hosts_dead(nova: NovaControl) -> None:
    nova.bed.kill("nova-api")
    try:
        result = nova.run("compute_service", hosts=[nova.idle], wait_for="down", wait_timeout=3)
    finally:
        nova.bed.clean()
    assert result["failed"]
    assert (result["error"]["code"], result["changed"]) == ("timeout", False)
    assert f"last seen {nova.idle} unknown" in result["msg"]
