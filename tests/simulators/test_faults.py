# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on order: errors, cut connections, delays, power cuts, lost toolstacks."""

from __future__ import annotations

import http.client
import time
import xmlrpc.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import XenAPI

from ansible_collections.xenfleet.compute.tests.simulators.client import Client, until
from ansible_collections.xenfleet.compute.tests.simulators.launch import Simulator

SITE: dict[str, Any] = {
    "clock": {"factor": 50},
    "times": {"boot_s": 20, "heartbeat_s": 60},
    "hosts": [{"name": "xen", "count": 3, "memory": "16 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [{"name": "web", "count": 6, "memory": "1 GiB", "where": "fleet"}],
}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(SITE) as running:
        yield running


@pytest.fixture
def pool(sim: Simulator) -> Client:
    return Client(sim.hosts["xen1"])


def guest_host(sim: Simulator, name: str) -> str:
    host: str = sim.get("/state")["vms"][name]["host"]
    return host


def test_the_second_migration_fails(sim: Simulator, pool: Client) -> None:
    sim.post(
        "/faults",
        {
            "action": "error",
            "method": "VM.pool_migrate",
            "nth": 2,
            "error": ["TASK_CANCELLED", "x"],
        },
    )
    vm, here, there = pool.vm("web1"), pool.host("xen1"), pool.host("xen2")
    pool("VM.pool_migrate", vm, there, {})
    assert pool.error("VM.pool_migrate", vm, here, {}) == ["TASK_CANCELLED", "x"]
    assert guest_host(sim, "web1") == "xen2"
    pool("VM.pool_migrate", vm, here, {})
    assert guest_host(sim, "web1") == "xen1"


def test_an_evacuation_stops_at_a_failed_migration(sim: Simulator, pool: Client) -> None:
    sim.post(
        "/faults",
        {
            "action": "error",
            "method": "VM.pool_migrate",
            "nth": 2,
            "error": ["VM_LACKS_FEATURE", "x"],
        },
    )
    host = pool.host("xen2")
    record = pool.finish(pool("Async.host.evacuate", host, "OpaqueRef:NULL", "1"))
    assert (record["status"], record["error_info"]) == ("failure", ["VM_LACKS_FEATURE", "x"])
    assert [guest_host(sim, "web2"), guest_host(sim, "web5")].count("xen2") == 1
    assert pool("host.get_current_operations", host) == {}


def test_a_connection_cut_before_the_call_leaves_it_undone(sim: Simulator, pool: Client) -> None:
    """Twice, as Python's XML-RPC client silently tries again once."""
    sim.post("/faults", {"action": "drop_before", "method": "host.disable", "times": 2})
    with pytest.raises((OSError, http.client.HTTPException)):
        pool("host.disable", pool.host("xen2"))
    assert pool("host.get_enabled", pool.host("xen2")) is True


def test_a_connection_cut_after_the_call_leaves_it_done(sim: Simulator, pool: Client) -> None:
    host = pool.host("xen2")
    sim.post("/faults", {"action": "drop_after", "method": "host.disable"})
    body = xmlrpc.client.dumps((pool.session._session, host), "host.disable")
    connection = http.client.HTTPConnection(urlsplit(sim.hosts["xen1"]).netloc, timeout=10)
    connection.request("POST", "/", body)
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()
    assert pool("host.get_enabled", host) is False
    entry = [e for e in sim.get("/journal?mutating=1") if e["method"] == "host.disable"]
    assert [e["ok"] for e in entry] == [True]


def test_a_connection_cut_in_the_answer_leaves_the_call_done(sim: Simulator, pool: Client) -> None:
    host = pool.host("xen2")
    sim.post("/faults", {"action": "drop_midway", "method": "host.disable"})
    body = xmlrpc.client.dumps((pool.session._session, host), "host.disable")
    connection = http.client.HTTPConnection(urlsplit(sim.hosts["xen1"]).netloc, timeout=10)
    connection.request("POST", "/", body)
    answer = connection.getresponse()
    stated = int(answer.headers["Content-Length"])
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    connection.close()
    assert len(caught.value.partial) == stated // 2
    assert caught.value.partial.startswith(b"<?xml version='1.0'?><methodResponse>")
    assert pool("host.get_enabled", host) is False


def test_a_delay_goes_through_the_clock(sim: Simulator, pool: Client) -> None:
    sim.post("/faults", {"action": "delay", "method": "pool.get_all", "seconds": 25})
    began = time.monotonic()
    pool("pool.get_all")
    assert 0.5 <= time.monotonic() - began < 5
    assert sim.get("/faults")[0]["fired"] == 1
    sim.delete("/faults")
    assert sim.get("/faults") == []


def test_a_nonsensical_fault_is_refused(sim: Simulator) -> None:
    with pytest.raises(RuntimeError, match="action must be one of"):
        sim.post("/faults", {"action": "explode"})
    with pytest.raises(RuntimeError, match="target must be one of"):
        sim.post("/faults", {"action": "kill", "target": "nobody"})


def test_a_power_cut_is_noticed_after_the_heartbeat_timeout(sim: Simulator, pool: Client) -> None:
    host, vm = pool.host("xen2"), pool.vm("web2")
    assert guest_host(sim, "web2") == "xen2"
    sim.post("/faults", {"action": "kill", "target": "xen2"})
    metrics = pool("host.get_metrics", host)
    assert pool("host_metrics.get_live", metrics) is True
    assert pool("VM.get_power_state", vm) == "Running"
    assert sim.get("/state")["vms"]["web2"]["has_domain"] is False
    pending = pool("Async.host.disable", host)
    until(lambda: pool("host_metrics.get_live", metrics) is False)
    assert pool("host.get_enabled", host) is True
    assert pool.finish(pending)["error_info"] == ["HOST_OFFLINE", host]
    assert pool.error("VM.hard_shutdown", vm) == ["HOST_OFFLINE", host]
    assert pool.error("VM.start_on", pool.vm("web1"), host, False, False)[0] == "VM_BAD_POWER_STATE"
    assert pool.error("host.destroy", host) == ["HOST_HAS_RESIDENT_VMS", host]
    for name in ("web2", "web5"):
        pool("VM.power_state_reset", pool.vm(name))
    assert pool("VM.get_resident_on", vm) == "OpaqueRef:NULL"
    pool("host.destroy", host)
    assert pool("host.get_by_name_label", "xen2") == []


def test_a_revived_host_enables_itself_and_its_guests_are_halted(
    sim: Simulator, pool: Client
) -> None:
    host = pool.host("xen3")
    before = float(pool("host.get_other_config", host)["boot_time"])
    pool("host.disable", host)
    sim.post("/faults", {"action": "kill", "target": "xen3"})
    sim.post("/faults", {"action": "revive", "target": "xen3"})
    until(lambda: pool("host.get_enabled", host))
    assert float(pool("host.get_other_config", host)["boot_time"]) > before
    assert pool("VM.get_power_state", pool.vm("web3")) == "Halted"
    assert pool("VM.start_on", pool.vm("web3"), host, False, False) == ""


def test_a_restarted_coordinator_has_forgotten_sessions_and_tasks(
    sim: Simulator, pool: Client
) -> None:
    task = pool("Async.VM.suspend", pool.vm("web1"))
    session = pool.session._session
    sim.post("/faults", {"action": "restart_toolstack", "target": "xen1"})
    until(lambda: not sim.get("/state")["hosts"]["xen1"]["answers"])
    assert reachable(sim, "xen1") is None
    fresh = until(lambda: reachable(sim, "xen1"))
    assert fresh.error("task.get_record", task) == ["HANDLE_INVALID", "task", task]
    with pytest.raises(XenAPI.Failure) as caught:
        raw(sim, session)
    assert caught.value.details == ["SESSION_INVALID", session]
    assert fresh("VM.get_record", fresh.vm("web1"))["current_operations"] == {}


def reachable(sim: Simulator, host: str) -> Client | None:
    try:
        return Client(sim.hosts[host])
    except (OSError, http.client.HTTPException, XenAPI.Failure):
        return None


def raw(sim: Simulator, session: str) -> Any:
    """A call with a given session, without the library's silent new login."""
    answer: Any = xmlrpc.client.ServerProxy(sim.hosts["xen1"]).pool.get_all(session)
    if answer["Status"] == "Failure":
        raise XenAPI.Failure(answer["ErrorDescription"])
    return answer["Value"]


def test_a_restarted_supporter_is_enabled_again_unless_disabled_for_good(
    sim: Simulator, pool: Client
) -> None:
    temporary, for_good = pool.host("xen2"), pool.host("xen3")
    restart(pool, temporary, True)
    restart(pool, for_good, False)
    until(lambda: pool("host.get_enabled", temporary))
    time.sleep(0.3)
    assert pool("host.get_enabled", pool.host("xen3")) is False
    assert pool("VM.get_power_state", pool.vm("web2")) == "Running"


def restart(pool: Client, host: str, auto_enable: bool) -> None:
    """Disable a host and restart its agent; returns when the agent is back."""
    pool("host.disable", host, auto_enable)
    started = pool("host.get_other_config", host)["agent_start_time"]
    pool("host.restart_agent", host)
    until(lambda: pool("host.get_other_config", host)["agent_start_time"] != started)


def test_killing_a_host_at_a_call(sim: Simulator, pool: Client) -> None:
    """The source dies when its evacuation is ordered; nothing is left marked as moving."""
    host = pool.host("xen2")
    sim.post("/faults", {"action": "kill", "method": "host.evacuate", "target": "xen2"})
    record = pool.finish(pool("Async.host.evacuate", host))
    assert record["status"] == "failure"
    assert sim.get("/state")["hosts"]["xen2"]["powered"] is False


def test_a_target_that_dies_leaves_the_guest_where_it_was(sim: Simulator, pool: Client) -> None:
    sim.post("/tweak", {"settings": {"link": 1e7}})
    vm, there = pool.vm("web1"), pool.host("xen2")
    task = pool("Async.VM.pool_migrate", vm, there, {})
    until(lambda: pool("VM.get_current_operations", vm))
    sim.post("/faults", {"action": "kill", "target": "xen2"})
    assert pool.finish(task)["error_info"] == ["VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED"]
    assert guest_host(sim, "web1") == "xen1"
    assert sim.get("/state")["vms"]["web1"]["has_domain"] is True


def test_a_cancelled_migration_stays(sim: Simulator, pool: Client) -> None:
    sim.post("/tweak", {"settings": {"link": 2e7}})
    vm = pool.vm("web1")
    task = pool("Async.VM.pool_migrate", vm, pool.host("xen2"), {})
    pool("task.cancel", task)
    assert pool.finish(task)["status"] == "cancelled"
    assert guest_host(sim, "web1") == "xen1"
    assert pool("VM.get_record", vm)["scheduled_to_be_resident_on"] == "OpaqueRef:NULL"
