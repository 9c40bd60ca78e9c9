# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evening out memory over the hosts of a simulated pool, from the playbook down; looked at from outside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import ROOT, Playbooks, Run, of_role
from simulators.launch import Simulator

PLAYBOOK = ROOT / "playbooks" / "host_spread.yml"
SITE: dict[str, Any] = {
    "clock": {"factor": 40},
    "hosts": [{"name": "xen", "count": 4, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "type": "nfs", "default": True}]}},
    "vms": [
        {"name": "a", "count": 6, "memory": "8 GiB", "where": "xen1"},
        {"name": "b", "count": 3, "memory": "8 GiB", "where": "xen2"},
        {"name": "c", "memory": "4 GiB", "where": "xen3"},
    ],
}
HOSTS = ("xen1", "xen2", "xen3", "xen4")


class Site:
    """The playbook on the whole pool."""

    def __init__(self, books: Playbooks, simulator: Simulator) -> None:
        self.books = books
        self.simulator = simulator

    def run(self, *options: str, **variables: Any) -> Run:
        given = {"hosts": list(HOSTS), **variables}
        return self.books.run(PLAYBOOK, *options, **of_role("host_spread", given))

    def places(self) -> dict[str, str]:
        shown = self.simulator.get("/state")["vms"]
        return {name: vm["host"] for name, vm in shown.items()}

    def memory(self) -> Counter[str]:
        """GiB of guests by host."""
        used = Counter[str]()
        for name, host in self.places().items():
            used[host] += 4 if name == "c" else 8
        return used

    def undisturbed(self) -> bool:
        """No guest was ever down."""
        return all(vm["downtime_s"] == 0 and vm["running"] for vm in self.simulator.get("/vms"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Simulator(SITE) as simulator:
        yield Site(Playbooks(simulator, tmp_path), simulator)


def test_evenly_full_in_few_moves_and_nothing_left_to_do(site: Site) -> None:
    before = site.places()
    checked = site.run("--check", "--diff")
    assert checked.status == 0, checked.output
    assert (site.books.mutating_calls(), site.places()) == ([], before)
    ran = site.run()
    assert ran.status == 0, ran.output
    assert checked.actions == ran.actions
    assert sorted(site.memory().values()) == [16, 16, 20, 24]
    moved = [name for name, host in site.places().items() if host != before[name]]
    assert len(moved) == len(ran.actions)
    assert re.search(r"imbalance 7\d\.\d% before, 1\d\.\d% after 4 moves", ran.output), ran.output
    assert site.undisturbed()
    calls = len(site.books.mutating_calls())
    again = site.run()
    assert (again.status, again.changed) == (0, 0), again.output
    assert "nothing to move" in again.output
    assert len(site.books.mutating_calls()) == calls


def test_killed_midway_and_run_again(site: Site) -> None:
    def second_move() -> bool:
        return sum("VM.pool_migrate" in call for call in site.books.mutating_calls()) >= 2

    output = site.books.run_until_killed(
        PLAYBOOK, second_move, **of_role("host_spread", {"hosts": list(HOSTS), "max_parallel": 1})
    )
    assert "PLAY RECAP" not in output
    again = site.run()
    assert again.status == 0, again.output
    third = site.run()
    assert third.status == 0, third.output
    used = site.memory()
    assert max(used.values()) - min(used.values()) <= 8, used
    assert site.undisturbed()


@pytest.mark.full
def test_a_move_that_fails_is_reported_with_what_was_done(site: Site) -> None:
    error = ["VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED"]
    fault = {"action": "error", "method": "VM.pool_migrate", "nth": 2, "error": error}
    site.simulator.post("/faults", fault)
    failed = site.run(max_parallel=1)
    assert failed.status == 2
    shown = failed.failure()
    assert shown["error"]["code"] == "interrupted"
    assert len(shown["moves"]) == 1
    assert site.places()[shown["moves"][0]["server"]] == shown["moves"][0]["now_on"]
    assert site.run().status == 0
    used = site.memory()
    assert max(used.values()) - min(used.values()) <= 8, used
    assert site.undisturbed()


@pytest.mark.full
def test_closed_hosts_and_locked_guests_are_left_alone(site: Site) -> None:
    blocked = {"fields": {"blocked_operations": {"pool_migrate": "dongle"}}}
    site.simulator.post("/tweak", {"vm": "a1", **blocked})
    out = {"xenfleet.compute.host_maintenance": {"host": "xen4", "name": "m"}}
    assert site.books.tasks({"name": "out", **out}).status == 0
    ran = site.run(max_moves=2)
    assert ran.status == 0, ran.output
    assert len(ran.actions) == 2
    assert (site.places()["a1"], site.memory()["xen4"]) == ("xen1", 0)
    assert "left out: it is" in ran.output
