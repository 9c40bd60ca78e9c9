# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VM in which a host's nova-compute runs, through pool_create: seen from outside, in the simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import ROOT, Playbooks
from simulators.launch import Simulator

PLAYBOOK = ROOT / "playbooks" / "pool_create.yml"
MARKED = {"nova_compute": "true"}
SITE: dict[str, Any] = {
    "clock": {"factor": 30},
    "hosts": [{"name": "xen", "count": 3}],
    "vms": [
        *(
            {"name": "nova-compute", "where": f"xen{n}", "storage": "local", "other_config": MARKED}
            for n in (1, 2, 3)
        ),
        {"name": "off", "where": "xen2", "storage": "local", "state": "halted"},
    ],
}
WANTED: dict[str, Any] = {
    "pool_create_aggregate": "alpha",
    "pool_create_availability_zone": "zone-a",
    "pool_create_hosts": ["xen1", "xen2", "xen3"],
    "pool_create_storage": {
        "name": "nfs1",
        "type": "nfs",
        "device_config": {"server": "nas.example.com", "serverpath": "/srv/xen"},
    },
}


def compute_vms(site: Simulator) -> dict[str, tuple[str, str | None, dict[str, str]]]:
    """By uuid: power state, host, and other_config of those that are called so."""
    vms = site.get("/state")["vms"]
    return {
        vm["uuid"]: (vm["power_state"], vm["host"], vm["other_config"])
        for name, vm in vms.items()
        if name.startswith("nova-compute")
    }


def starts(site: Simulator) -> int:
    return sum(e["method"].endswith("VM.start_on") for e in site.get("/journal?mutating=1"))


def around(host: str) -> list[str]:
    return [
        f"shut down nova-compute, the compute VM of host {host}",
        f"join host {host} to pool alpha",
        f"start nova-compute, the compute VM of host {host}",
    ]


def test_it_runs_again_after_each_join(tmp_path: Path) -> None:
    with Simulator(SITE) as site:
        books = Playbooks(site, tmp_path)
        before = compute_vms(site)
        assert sorted(host or "" for _state, host, _config in before.values()) == [
            "xen1",
            "xen2",
            "xen3",
        ]

        predicted = books.run(PLAYBOOK, "--check", "--diff", **WANTED)
        assert predicted.status == 0, predicted.output
        assert books.mutating_calls() == []
        steps = [*around("xen2"), *around("xen3")]
        assert [text for text in predicted.actions if text in steps] == steps
        assert all(text in predicted.output for text in steps)

        real = books.run(PLAYBOOK, **WANTED)
        assert real.status == 0, real.output
        assert real.actions == predicted.actions
        (pool,) = site.get("/state")["pools"]
        assert pool["hosts"] == ["xen1", "xen2", "xen3"]
        assert compute_vms(site) == before, "same uuids, on their own hosts, unmarked"
        assert starts(site) == 2, "the coordinator's runs on"
        assert site.get("/state")["vms"]["off"]["power_state"] == "Halted"

        again = books.run(PLAYBOOK, **WANTED)
        assert (again.status, again.changed, again.actions) == (0, 0, [])


@pytest.mark.full
def test_side_by_side(tmp_path: Path) -> None:
    with Simulator(SITE) as site:
        books = Playbooks(site, tmp_path)
        before = compute_vms(site)
        run = books.run(PLAYBOOK, **WANTED, pool_create_max_parallel=2)
        assert run.status == 0, run.output
        assert compute_vms(site) == before


FAULTS = {
    "refused": {"action": "error", "error": ["JOINING_HOST_SERVICE_FAILED"]},
    "its answer is lost, and the host joins": {"action": "drop_after"},
}


@pytest.mark.parametrize(
    "fault",
    [
        FAULTS["refused"],
        pytest.param(FAULTS["its answer is lost, and the host joins"], marks=pytest.mark.full),
    ],
    ids=list(FAULTS),
)
def test_it_runs_again_after_a_join_that_fails(fault: dict[str, Any], tmp_path: Path) -> None:
    with Simulator(SITE) as site:
        books = Playbooks(site, tmp_path)
        before = compute_vms(site)
        site.post("/faults", {"method": "pool.join", "nth": 1, **fault})
        failed = books.run(PLAYBOOK, **WANTED)
        assert failed.status == 2, failed.output
        details = failed.failure()["error"]["details"]
        assert [s["text"] for s in details["failed"]] == ["join host xen2 to pool alpha"]
        assert around("xen2")[2] in [s["text"] for s in details["done"]]
        assert [s["text"] for s in details["remaining"]][:3] == around("xen3")
        assert compute_vms(site) == before
        assert starts(site) == 1

        resumed = books.run(PLAYBOOK, **WANTED)
        assert resumed.status == 0, resumed.output
        assert compute_vms(site) == before


def test_one_that_does_not_shut_down_stops_the_run_before_the_join(tmp_path: Path) -> None:
    with Simulator(SITE) as site:
        books = Playbooks(site, tmp_path)
        before = compute_vms(site)
        site.post(
            "/faults",
            {
                "method": "VM.clean_shutdown",
                "action": "error",
                "error": ["VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT", "x"],
            },
        )
        failed = books.run(PLAYBOOK, **WANTED)
        assert failed.status == 2, failed.output
        assert "shut down nova-compute, the compute VM of host xen2" in failed.failure()["msg"]
        assert not any("pool.join" in method for method in books.mutating_calls())
        assert compute_vms(site) == before


def one_is_down(site: Simulator) -> bool:
    return any(state == "Halted" for state, _host, _config in compute_vms(site).values())


def xen2_has_joined(site: Simulator) -> bool:
    state = site.get("/state")
    return any("xen2" in p["hosts"] and len(p["hosts"]) > 1 for p in state["pools"])


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(one_is_down, id="before the join"),
        pytest.param(xen2_has_joined, id="after the join", marks=pytest.mark.full),
    ],
)
def test_a_run_that_is_killed_while_it_is_down(moment: Any, tmp_path: Path) -> None:
    with Simulator(SITE) as site:
        books = Playbooks(site, tmp_path)
        before = compute_vms(site)
        books.run_until_killed(PLAYBOOK, lambda: moment(site), **WANTED)
        assert one_is_down(site)

        resumed = books.run(PLAYBOOK, **WANTED)
        assert resumed.status == 0, resumed.output
        assert around("xen2")[0] not in resumed.actions
        assert around("xen2")[2] in resumed.actions
        assert compute_vms(site) == before

        again = books.run(PLAYBOOK, **WANTED)
        assert (again.status, again.changed) == (0, 0), again.output


@pytest.mark.full
def test_another_guest_is_a_blocker_and_so_is_the_vm_itself_where_none_is_meant(
    tmp_path: Path,
) -> None:
    guests = [*SITE["vms"], {"name": "web", "where": "xen3", "storage": "local"}]
    with Simulator({**SITE, "vms": guests}) as site:
        books = Playbooks(site, tmp_path)
        refused = books.run(PLAYBOOK, **WANTED)
        assert "xen3: 1 running VM: web" in refused.failure()["msg"]
        assert "nova-compute" not in refused.failure()["msg"]
        none = books.run(PLAYBOOK, **WANTED, pool_create_compute_vm=[])
        assert "xen2: 1 running VM: nova-compute" in none.failure()["msg"]
        assert "duplicate VM name: nova-compute" in none.failure()["msg"]
        assert books.mutating_calls() == []


@pytest.mark.full
def test_an_eject_shuts_it_down(tmp_path: Path) -> None:
    with Simulator(SITE) as site:
        books = Playbooks(site, tmp_path)
        assert books.run(PLAYBOOK, **WANTED).status == 0
        leave = {"host": "xen3", "state": "absent", "wipe_local_storage": True}
        task = {"xenfleet.compute.xen_pool_member": {"aggregate": "alpha", **leave}}
        site.post(
            "/faults", {"method": "pool.eject", "action": "error", "error": ["INTERNAL_ERROR", "x"]}
        )
        failed = books.tasks(task)
        assert failed.status == 2, failed.output
        assert not one_is_down(site), "its host stays"

        ejected = books.tasks(task)
        assert ejected.status == 0, ejected.output
        assert ejected.actions[1:3] == [around("xen3")[0], "eject host xen3 from pool alpha"]
        states = [state for state, _host, _config in compute_vms(site).values()]
        assert sorted(states) == ["Halted", "Running", "Running"]
        assert not any(
            "xenfleet:" in key for *_rest, config in compute_vms(site).values() for key in config
        )
