# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers with devices start where XAPI finds these, and nobody asks XAPI about other servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.xapi_control import XapiControl
from contract.xapi.sites import mark, methods
from simulators.client import Client
from simulators.launch import Simulator

SITE: dict[str, Any] = {
    "clock": {"factor": 200},
    "login_delay": 0,
    "hosts": [
        {"name": "plain", "pool": "fleet", "memory": "64 GiB"},
        {"name": "fast", "count": 2, "pool": "fleet", "memory": "32 GiB", "gpus": 1},
    ],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "web", "count": 2, "where": "fleet", "state": "halted"},
        {"name": "gpu", "count": 3, "where": "fleet", "gpu": True, "state": "halted"},
    ],
}


@pytest.fixture
def control(tmp_path: Path) -> Iterator[XapiControl]:
    with Simulator(SITE) as site:
        yield XapiControl(site, tmp_path / "store.db")


def hosts_after(control: XapiControl, action: str, *servers: str) -> tuple[list[str], int]:
    """Where the servers are, and how often XAPI was asked for possible hosts."""
    before = mark(control.site)
    control.given("server_action", action=action, servers=list(servers))
    questions = methods(control.site, before).count("VM.get_possible_hosts")
    return [control.server(name)["host"] for name in servers], questions


def test_servers_start_where_their_devices_are(control: XapiControl) -> None:
    assert hosts_after(control, "start", "web1", "web2") == (["plain", "plain"], 0)
    assert hosts_after(control, "start", "gpu1", "gpu2") == (["fast1", "fast2"], 2)
    assert hosts_after(control, "start", "gpu1", "gpu2") == (["fast1", "fast2"], 0)
    refused = control.run("server_action", action="start", servers=["gpu3"])
    assert refused["error"]["status"] == 400
    assert "plain cannot run it: XAPI finds no free devices" in refused["msg"]


def test_one_that_runs_goes_where_its_devices_are_free(control: XapiControl) -> None:
    (here,), _questions = hosts_after(control, "start", "gpu1")
    (there,), _questions = hosts_after(control, "migrate", "gpu1")
    assert {here, there} == {"fast1", "fast2"}


@pytest.mark.parametrize("device", ["USB", "SR-IOV"])
def test_other_devices(control: XapiControl, device: str) -> None:
    api = Client(control.site.hosts["plain"])
    web = api.vm("web1")
    if device == "USB":
        change: Any = {"insert": {"class": "VUSB", "values": {"VM": web}}}
    else:
        (vif,) = api("VM.get_VIFs", web)
        pif = api("network.get_PIFs", api("VIF.get_network", vif))[0]
        values = {"sriov_logical_PIF_of": ["OpaqueRef:sriov"]}
        change = {"update": {"class": "PIF", "ref": pif, "values": values}}
    control.site.post("/tweak", {"host": "plain", **change})
    assert hosts_after(control, "start", "web1") == (["plain"], 1)


def test_its_own_host_has_the_devices_that_it_uses(control: XapiControl) -> None:
    """XAPI counts them as taken, by itself."""
    hosts_after(control, "start", "gpu1", "gpu2")
    api = Client(control.site.hosts["plain"])
    assert api("VM.get_possible_hosts", api.vm("gpu1")) == []
    result = control.given("server_action", action="resize", servers=["gpu1"], vcpus=4)
    assert [action["text"] for action in result["actions"]] == ["resize gpu1 on fast1"]
    assert control.server("gpu1")["host"] == "fast1"
