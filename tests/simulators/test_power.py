# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that reboot, shut down, are powered on, or lose their coordinator."""

from __future__ import annotations

import time
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest
import XenAPI

from ansible_collections.xenfleet.compute.tests.simulators.client import Client, until
from ansible_collections.xenfleet.compute.tests.simulators.launch import Simulator

SITE: dict[str, Any] = {
    "clock": {"factor": 50},
    "times": {"boot_s": 20, "heartbeat_s": 60},
    "hosts": [{"name": "xen", "count": 2, "memory": "16 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "mobile", "where": "xen2"},
        {"name": "pinned", "where": "xen2", "storage": "local"},
    ],
}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(SITE) as running:
        yield running


@pytest.fixture
def pool(sim: Simulator) -> Client:
    return Client(sim.hosts["xen1"])


def test_a_reboot_moves_what_can_move_and_stops_the_rest(sim: Simulator, pool: Client) -> None:
    host = pool.host("xen2")
    pool("host.disable", host)
    before = float(pool("host.get_other_config", host)["boot_time"])
    pool("host.reboot", host)
    assert pool("VM.get_power_state", pool.vm("pinned")) == "Running"
    until(lambda: pool("host.get_enabled", host))
    assert float(pool("host.get_other_config", host)["boot_time"]) > before
    vms = sim.get("/state")["vms"]
    assert (vms["mobile"]["host"], vms["pinned"]["power_state"]) == ("xen1", "Halted")
    lives = {v["vm"]: v for v in sim.get("/vms")}
    assert lives["mobile"]["downtime_s"] == 0
    assert lives["pinned"]["running"] is False


def test_a_host_that_starts_can_be_enabled_only_once_it_is_up(sim: Simulator, pool: Client) -> None:
    """The pool's record of it stays as it was meanwhile, live and disabled."""
    host = pool.host("xen2")
    pool("host.disable", host)
    for action in ("kill", "revive"):
        sim.post("/faults", {"action": action, "target": "xen2"})
    answers = set()

    def enabled() -> bool:
        try:
            pool("host.enable", host)
        except XenAPI.Failure as refusal:
            answers.add(refusal.details[0])
            return False
        return True

    until(enabled)
    assert "HOST_STILL_BOOTING" in answers
    time.sleep(0.5)
    assert pool("host.get_enabled", host) is True


def test_a_host_that_was_shut_down_is_powered_on(sim: Simulator, pool: Client) -> None:
    host = pool.host("xen2")
    metrics = pool("host.get_metrics", host)
    pool("host.set_power_on_mode", host, "wake-on-lan", {})
    pool("host.disable", host)
    pool("host.shutdown", host)
    until(lambda: not pool("host_metrics.get_live", metrics))
    assert pool.error("host.enable", host) == ["HOST_OFFLINE", host]
    pool("host.power_on", host)
    assert pool("host_metrics.get_live", metrics) is True
    until(lambda: pool("host.get_enabled", host))


def test_a_dead_host_is_declared_dead_and_its_guests_start_elsewhere(
    sim: Simulator, pool: Client
) -> None:
    host = pool.host("xen2")
    assert pool.error("host.declare_dead", host) == ["HOST_IS_LIVE", host]
    sim.post("/faults", {"action": "kill", "target": "xen2"})
    pool("host.declare_dead", host)
    vm = pool.vm("mobile")
    pool("VM.start", vm, False, False)
    life = next(v for v in sim.get("/vms") if v["vm"] == "mobile")
    assert (life["host"], life["running"]) == ("xen1", True)
    assert life["downtime_s"] > 0


def test_a_supporter_takes_over_from_a_dead_coordinator(sim: Simulator, pool: Client) -> None:
    """Until then it names the dead coordinator, and serves local sessions only."""
    sim.post("/faults", {"action": "kill", "target": "xen1"})
    proxy: Any = xmlrpc.client.ServerProxy(sim.hosts["xen2"])
    address = sim.get("/state")["hosts"]["xen1"]["address"]
    refused = proxy.session.login_with_password("root", "secret")
    assert refused["ErrorDescription"] == ["HOST_IS_SLAVE", address]
    local = proxy.session.slave_local_login_with_password("root", "secret")["Value"]
    proxy.pool.emergency_transition_to_master(local)
    until(lambda: sim.get("/state")["hosts"]["xen2"]["role"] == "coordinator")
    until(lambda: sim.get("/state")["hosts"]["xen2"]["answers"])
    until(lambda: not sim.get("/state")["hosts"]["xen2"]["emergency"])
    taken = Client(sim.hosts["xen2"])
    assert taken("VM.get_power_state", taken.vm("pinned")) == "Running"
    assert taken("pool.get_all_records").popitem()[1]["master"] == taken.host("xen2")
    sim.post("/faults", {"action": "revive", "target": "xen1"})
    until(lambda: sim.get("/state")["hosts"]["xen1"]["answers"])
    refused = until(lambda: slave(sim, "xen1"))
    assert refused[0] == "HOST_IS_SLAVE"


def slave(sim: Simulator, host: str) -> list[str] | None:
    proxy: Any = xmlrpc.client.ServerProxy(sim.hosts[host])
    error: list[str] = proxy.session.login_with_password("root", "secret").get(
        "ErrorDescription", [""]
    )
    return error if error[0] == "HOST_IS_SLAVE" else None
