# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's time lines, transports and books: joins, ejects, GPUs, TLS, JSON-RPC, journal."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import urllib.request
import xmlrpc.client
from collections.abc import Iterator
from typing import Any

import pytest
import XenAPI

from ansible_collections.xenfleet.compute.tests.simulators.client import Client, until
from ansible_collections.xenfleet.compute.tests.simulators.launch import Simulator
from ansible_collections.xenfleet.compute.tests.simulators.xapi.gpus import GROUP

GIB = 1024**3
FRESH: dict[str, Any] = {
    "clock": {"factor": 25},
    "times": {"boot_s": 20},
    "hosts": [{"name": "xen", "count": 4, "memory": "16 GiB"}],
}
POOL: dict[str, Any] = {
    "clock": {"factor": 10},
    "link_gbit": 8,
    "hosts": [{"name": "xen", "count": 3, "memory": "16 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "calm", "memory": "2 GiB", "dirty_rate": 0, "where": "xen1"},
        {"name": "busy", "memory": "2 GiB", "dirty_rate": "500 MiB", "where": "xen1"},
        {"name": "frantic", "memory": "1 GiB", "dirty_rate": "2 GiB", "where": "xen1"},
        {
            "name": "spread",
            "count": 2,
            "memory": "1 GiB",
            "where": "xen1",
            "group": "g",
            "state": "halted",
        },
    ],
}


@pytest.fixture(scope="module")
def pool_sim() -> Iterator[Simulator]:
    """A pool of three; tests put back what they move."""
    with Simulator(POOL) as running:
        yield running


def address(sim: Simulator, host: str) -> str:
    found: str = sim.get("/state")["hosts"][host]["address"]
    return found


def json_call(sim: Simulator, version: str, method: str, *params: Any) -> dict[str, Any]:
    body = {"method": method, "params": params, "id": 1} | (
        {"jsonrpc": "2.0"} if version == "2.0" else {}
    )
    request = urllib.request.Request(
        sim.hosts["xen1"] + "/jsonrpc", data=json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        value: dict[str, Any] = json.load(answer)
    return value


def test_several_hosts_join_at_once_and_one_leaves_again() -> None:
    with Simulator(FRESH) as sim:
        target = Client(sim.hosts["xen1"])
        target("SR.create", target.host("xen1"), {}, "0", "shared", "", "nfs", "user", True, {})
        joiners = {n: Client(sim.hosts[n]) for n in ("xen2", "xen3", "xen4")}
        join = ("Async.pool.join", address(sim, "xen1"), "root", "secret")
        tasks = {n: joiner(*join) for n, joiner in joiners.items()}
        for name, task in tasks.items():
            assert joiners[name].finish(task)["status"] == "success"
        assert len(target("host.get_all")) == 4
        assert [target("host.get_enabled", target.host(n)) for n in tasks] == [False] * 3
        until(lambda: all(target("host.get_enabled", target.host(n)) for n in tasks))
        state = sim.get("/state")
        assert sorted(state["pools"][0]["hosts"]) == ["xen1", "xen2", "xen3", "xen4"]
        shared = next(s for s in state["pools"][0]["srs"] if s["name"] == "shared")
        assert shared["pbds"] == dict.fromkeys(("xen1", "xen2", "xen3", "xen4"), True)
        target("pool.eject", target.host("xen4"))
        assert len(target("host.get_all")) == 3
        until(lambda: sim.get("/state")["hosts"]["xen4"]["role"] == "coordinator")
        alone = until(lambda: reachable(sim, "xen4"))
        assert alone("pool.get_all_records").popitem()[1]["tls_verification_enabled"] is False
        assert alone("host.get_uuid", alone.host("xen4")) == state["hosts"]["xen4"]["uuid"]


def reachable(sim: Simulator, host: str) -> Client | None:
    try:
        return Client(sim.hosts[host])
    except (OSError, http.client.HTTPException, XenAPI.Failure):
        return None


def test_a_join_that_breaks_off_leaves_a_partial_record() -> None:
    with Simulator(FRESH) as sim:
        sim.post("/tweak", {"host": "xen2", "tweaks": {"join_fails_after_merge": True}})
        joiner, target = Client(sim.hosts["xen2"]), Client(sim.hosts["xen1"])
        assert (
            joiner.error("pool.join", address(sim, "xen1"), "root", "secret")[0] == "INTERNAL_ERROR"
        )
        left = target.host("xen2")
        assert target("host.get_enabled", left) is False
        assert target("host_metrics.get_live", target("host.get_metrics", left)) is False
        assert sim.get("/state")["hosts"]["xen2"]["role"] == "coordinator"


def test_a_guest_of_a_joiner_keeps_its_uuid_and_its_local_disk() -> None:
    """import.ml, and join_common in xapi_pool.ml, which unplugs all storage before the restart."""
    guest = {"name": "inside", "where": "xen2", "storage": "local"}
    with Simulator({**FRESH, "vms": [guest]}) as sim:
        joiner, target = Client(sim.hosts["xen2"]), Client(sim.hosts["xen1"])
        join = ("pool.join", address(sim, "xen1"), "root", "secret")
        assert joiner.error(*join) == ["JOINING_HOST_CANNOT_HAVE_RUNNING_VMS"]
        vm = joiner.vm("inside")
        before = joiner("VM.get_record", vm)
        joiner("VM.clean_shutdown", vm)
        joiner(*join)
        assert joiner.error("VM.start", vm, False, False)[0] == "NO_HOSTS_AVAILABLE"
        assert joiner.error("VM.start_on", vm, joiner.host("xen2"), False, False)[:2] == [
            "VM_REQUIRES_SR",
            vm,
        ]
        until(lambda: target("host.get_enabled", target.host("xen2")))
        after = target("VM.get_record", target.vm("inside"))
        same = ("uuid", "other_config", "memory_static_max")
        assert [after[key] for key in same] == [before[key] for key in same]
        assert target.vm("inside") != vm
        assert target("VM.get_possible_hosts", target.vm("inside")) == [target.host("xen2")]
        target("VM.start", target.vm("inside"), False, False)
        assert sim.get("/state")["vms"]["inside"]["host"] == "xen2"


def test_a_joiner_that_loses_power_before_its_restart_comes_up_in_the_pool() -> None:
    with Simulator(FRESH) as sim:
        joiner, target = Client(sim.hosts["xen2"]), Client(sim.hosts["xen1"])
        joiner("pool.join", address(sim, "xen1"), "root", "secret")
        sim.post("/faults", {"action": "kill", "target": "xen2"})
        sim.post("/faults", {"action": "revive", "target": "xen2"})
        until(lambda: target("host.get_enabled", target.host("xen2")))
        assert sim.get("/state")["hosts"]["xen2"]["role"] == "supporter"


def test_a_migration_takes_as_long_as_its_memory_and_writes(pool_sim: Simulator) -> None:
    """2 GiB over 8 Gbit/s are 2.1 s; half as many writes as the link carries about double that."""
    pool = Client(pool_sim.hosts["xen1"])
    for name in ("calm", "busy", "frantic"):
        pool("VM.pool_migrate", pool.vm(name), pool.host("xen2"), {})
    lives = {v["vm"]: v for v in pool_sim.get("/vms")}
    took = {
        n: lives[n]["moves"][-1]["end"] - lives[n]["moves"][-1]["start"]
        for n in ("calm", "busy", "frantic")
    }
    assert 2.1 < took["calm"] < took["busy"] < 8
    assert lives["calm"]["pause_s"] == pytest.approx(0.05)
    assert 0.05 < lives["busy"]["pause_s"] < 0.5
    assert lives["frantic"]["pause_s"] > 1
    assert all(lives[n]["downtime_s"] == 0 for n in took)
    assert {lives[n]["host"] for n in took} == {"xen2"}


def test_migrations_side_by_side_share_the_link() -> None:
    """In slow time: on a busy machine the second, too, begins while the first is on its way."""
    with Simulator({**POOL, "clock": {"factor": 2}}) as sim:
        pool = Client(sim.hosts["xen1"])
        there = pool.host("xen3")
        tasks = [pool("Async.VM.pool_migrate", pool.vm(n), there, {}) for n in ("busy", "calm")]
        for task in tasks:
            assert pool.finish(task)["status"] == "success"
        move = next(v for v in sim.get("/vms") if v["vm"] == "calm")["moves"][-1]
    assert move["end"] - move["start"] > 3.5


def test_downtime_counts_from_stop_to_start(pool_sim: Simulator) -> None:
    pool = Client(pool_sim.hosts["xen1"])
    vm = pool.vm("frantic")
    pool("VM.hard_shutdown", vm)
    time.sleep(0.3)
    pool("VM.start", vm, False, False)
    life = next(v for v in pool_sim.get("/vms") if v["vm"] == "frantic")
    assert life["running"] is True
    assert 3 < life["downtime_s"] < 60


def test_members_of_a_group_start_apart(pool_sim: Simulator) -> None:
    pool = Client(pool_sim.hosts["xen1"])
    for name in ("spread1", "spread2"):
        pool("VM.start", pool.vm(name), False, False)
    vms = pool_sim.get("/state")["vms"]
    assert vms["spread1"]["host"] != vms["spread2"]["host"]


def test_progress_of_a_migration_grows(pool_sim: Simulator) -> None:
    pool = Client(pool_sim.hosts["xen1"])
    vm = pool.vm("busy")
    other = next(h for h in pool("host.get_all") if h != pool("VM.get_resident_on", vm))
    task = pool("Async.VM.pool_migrate", vm, other, {})
    seen = set()
    while pool("task.get_status", task) == "pending":
        seen.add(pool("task.get_progress", task))
        time.sleep(0.02)
    assert len(seen) > 1
    assert pool("task.get_progress", task) == 1.0


def test_an_agentless_guest_prevents_evacuation_unless_forced(pool_sim: Simulator) -> None:
    pool = Client(pool_sim.hosts["xen1"])
    vm = pool.vm("calm")
    pool_sim.post("/tweak", {"vm": "calm", "agent": False})
    here = pool("VM.get_resident_on", vm)
    assert pool("host.get_vms_which_prevent_evacuation", here) == {vm: ["VM_LACKS_FEATURE", vm]}
    other = next(h for h in pool("host.get_all") if h != here)
    pool("VM.pool_migrate", vm, other, {"force": "true"})
    pool_sim.post("/tweak", {"vm": "calm", "agent": True})


def test_an_unresponsive_guest_does_not_shut_down(pool_sim: Simulator) -> None:
    pool = Client(pool_sim.hosts["xen1"])
    vm = pool.vm("calm")
    pool_sim.post("/tweak", {"vm": "calm", "responsive": False})
    assert pool.error("VM.clean_shutdown", vm) == ["VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT", vm]
    assert pool("VM.get_power_state", vm) == "Running"
    pool_sim.post("/tweak", {"vm": "calm", "responsive": True})


def test_json_rpc_speaks_both_versions(pool_sim: Simulator) -> None:
    session = json_call(pool_sim, "2.0", "session.login_with_password", "root", "secret")["result"]
    assert json_call(pool_sim, "1.0", "VM.get_memory_static_max", session, "nope") == {
        "result": None,
        "error": ["HANDLE_INVALID", "VM", "nope"],
        "id": 1,
    }
    failed = json_call(pool_sim, "2.0", "host.nonsense", session)
    assert failed["error"] == {
        "code": 1,
        "message": "MESSAGE_METHOD_UNKNOWN",
        "data": ["host.nonsense"],
    }
    records = json_call(pool_sim, "2.0", "host_metrics.get_all_records", session)["result"]
    assert all(isinstance(r["memory_total"], int) for r in records.values())
    assert Client(pool_sim.hosts["xen1"]).session is not None


def test_a_session_works_on_both_protocols(pool_sim: Simulator) -> None:
    session = json_call(pool_sim, "1.0", "session.login_with_password", "root", "secret")["result"]
    answer: Any = xmlrpc.client.ServerProxy(pool_sim.hosts["xen1"] + "/RPC2").pool.get_all(session)
    assert answer["Status"] == "Success"


def test_the_journal_numbers_calls_and_keeps_secrets(pool_sim: Simulator) -> None:
    pool = Client(pool_sim.hosts["xen1"])
    pool("pool.add_tags", pool("pool.get_all")[0], "t")
    entries = pool_sim.get("/journal")
    assert [e["n"] for e in entries] == list(range(1, len(entries) + 1))
    login = next(e for e in entries if e["method"] == "session.login_with_password")
    assert login["args"][:2] == ["root", "********"]
    assert "secret" not in json.dumps(entries)
    assert pool.session._session not in json.dumps(entries)
    assert {e["mutating"] for e in pool_sim.get("/journal?mutating=1")} == {True}


def test_a_failed_login_costs_the_delay() -> None:
    with Simulator({"clock": {"factor": 10}, "login_delay": 4, "hosts": [{"name": "xen1"}]}) as sim:
        began = time.monotonic()
        answer: Any = xmlrpc.client.ServerProxy(sim.hosts["xen1"]).session.login_with_password(
            "root", "wrong"
        )
        assert answer["ErrorDescription"][0] == "SESSION_AUTHENTICATION_FAILED"
        assert time.monotonic() - began >= 0.4


def test_event_from_wakes_on_a_change(pool_sim: Simulator) -> None:
    pool, other = Client(pool_sim.hosts["xen1"]), Client(pool_sim.hosts["xen1"])
    token = pool("event.from", ["pool"], "", 5.0)["token"]
    timer = threading.Timer(
        0.2, lambda: other("pool.set_name_description", other("pool.get_all")[0], "changed")
    )
    timer.start()
    began = time.monotonic()
    events = pool("event.from", ["pool"], token, 20.0)["events"]
    timer.join()
    assert time.monotonic() - began < 10
    assert events[0]["snapshot"]["name_description"] == "changed"


@pytest.mark.parametrize("kind", [True, "self-signed"])
def test_tls(kind: bool | str) -> None:
    """With a CA its certificate is enough to trust a host; a self-signed one is trusted by nobody."""
    with Simulator({"tls": kind, "hosts": [{"name": "xen1"}]}) as sim:
        assert sim.hosts["xen1"].startswith("https://")
        assert Client(sim.hosts["xen1"])("pool.get_all")
        if kind == "self-signed":
            with pytest.raises(RuntimeError, match="404"):
                sim.get("/ca.pem")
            context = ssl.create_default_context()
            with pytest.raises(ssl.SSLCertVerificationError):
                xmlrpc.client.ServerProxy(sim.hosts["xen1"], context=context).pool.get_all("x")
            return
        context = ssl.create_default_context(cadata=sim.get("/ca.pem").decode())
        answer: Any = xmlrpc.client.ServerProxy(sim.hosts["xen1"], context=context).pool.get_all(
            "x"
        )
        assert answer["ErrorDescription"] == ["SESSION_INVALID", "x"]


def test_one_address_for_all_hosts() -> None:
    """host.address then names the port too, and a join finds it."""
    with Simulator(
        {
            "clock": {"factor": 50},
            "one_address": "127.0.0.1",
            "hosts": [{"name": "xen", "count": 2}],
        }
    ) as sim:
        where = address(sim, "xen1")
        assert sim.hosts["xen1"] == f"http://{where}"
        Client(sim.hosts["xen2"])("pool.join", where, "root", "secret")
        target = Client(sim.hosts["xen1"])
        until(lambda: target("host.get_enabled", target.host("xen2")))


def test_two_simulators_do_not_meet() -> None:
    with Simulator(FRESH) as first, Simulator(FRESH) as second:
        assert not set(first.hosts.values()) & set(second.hosts.values())
        Client(first.hosts["xen1"])(
            "pool.add_tags", Client(first.hosts["xen1"])("pool.get_all")[0], "mine"
        )
        other = Client(second.hosts["xen1"])
        assert other("pool.get_tags", other("pool.get_all")[0]) == []


def test_a_bad_site_is_refused_with_a_reason(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="exit status 2"):
        Simulator({"hosts": [{"name": "xen1", "colour": "red"}]})
    assert "unknown keys ['colour']" in capfd.readouterr().err


def test_stop_ends_cleanly() -> None:
    sim = Simulator(FRESH)
    assert sim.stop() == 0


# --- GPUs -----------------------------------------------------------------------------------------

GPU_SITE: dict[str, Any] = {
    "clock": {"factor": 50},
    "hosts": [
        {"name": "plain", "pool": "fleet", "memory": "64 GiB"},
        {"name": "fast", "pool": "fleet", "memory": "32 GiB", "gpus": 1},
    ],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "render", "where": "fleet", "gpu": True, "state": "halted"},
        {"name": "second", "where": "fleet", "gpu": True, "state": "halted"},
    ],
}


def test_a_gpu_is_had_by_one_guest_on_its_host() -> None:
    """VM_REQUIRES_GPU elsewhere and for the next one, as in vgpuops.ml; XAPI's own choice heeds it."""
    with Simulator(GPU_SITE) as sim:
        pool = Client(sim.hosts["plain"])
        render, second = pool.vm("render"), pool.vm("second")
        plain, fast = pool.host("plain"), pool.host("fast")
        refused = pool.error("VM.assert_can_boot_here", render, plain)
        assert refused == ["VM_REQUIRES_GPU", render, pool.named("GPU_group", GROUP)]
        assert pool.error("VM.start_on", render, plain, False, False) == refused
        assert pool("VM.get_possible_hosts", render) == [fast]
        pool("VM.start", render, False, False)
        assert sim.get("/state")["vms"]["render"]["host"] == "fast"
        assert pool("VM.get_possible_hosts", second) == []
        assert pool.error("VM.start", second, False, False) == ["NO_HOSTS_AVAILABLE"]
        assert pool.error("VM.pool_migrate", render, plain, {}) == ["VM_HAS_VGPU", render]
        pool("VM.hard_shutdown", render)
        assert pool("VM.get_possible_hosts", second) == [fast]
