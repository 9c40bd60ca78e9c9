# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fitting the guests of a simulated pool onto fewer hosts and back, from the playbook down; looked at
from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.playbooks import ROOT, Playbooks, Run, Trace, of_role
from simulators.launch import Simulator

PLAYBOOK = ROOT / "playbooks" / "host_consolidation.yml"
SITE: dict[str, Any] = {
    "clock": {"factor": 40},
    "times": {"heartbeat_s": 40},
    "hosts": [{"name": "xen", "count": 4, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "type": "nfs", "default": True}]}},
    "vms": [
        {"name": "mail", "memory": "4 GiB", "where": "xen1"},
        {"name": "app", "memory": "8 GiB", "where": "xen2"},
        {"name": "web", "count": 2, "memory": "2 GiB", "where": "xen3"},
        {"name": "test", "memory": "1 GiB", "where": "xen4"},
    ],
}
HOSTS = ("xen1", "xen2", "xen3", "xen4")
HOME = {"mail": "xen1", "app": "xen2", "web1": "xen3", "web2": "xen3", "test": "xen4"}


class Site:
    """The playbook on the whole pool. Power is cut and comes back through the simulator's faults, each
    of which leaves a trace; power_off fails for a host that is named in ``stuck``.
    """

    def __init__(self, books: Playbooks, simulator: Simulator) -> None:
        self.books = books
        self.simulator = simulator
        self.trace = Trace(books.directory / "trace")
        self.stuck = books.directory / "stuck"
        self.files = {
            f"{kind}_tasks_file": self.tasks_file(kind, fault)
            for kind, fault in (("power_off", "kill"), ("power_on", "revive"))
        }

    def tasks_file(self, kind: str, fault: str) -> str:
        host = "{{ host_consolidation_host }}"
        script = (
            f"echo {kind} {host} >> {self.trace.path}; ! grep -sqx '{kind} {host}' {self.stuck}"
        )
        switch = {
            "url": f"{self.simulator.inspect}/faults",
            "method": "POST",
            "body_format": "json",
            "body": {"action": fault, "target": host},
        }
        path = self.books.directory / f"{kind}.yml"
        tasks = [
            {"name": kind, "ansible.builtin.shell": script, "changed_when": True},
            {"name": "Switch", "ansible.builtin.uri": switch},
        ]
        path.write_text(yaml.safe_dump(tasks), encoding="utf-8")
        return str(path)

    def run(self, *options: str, **variables: Any) -> Run:
        given = {
            "name": "tonight",
            "hosts": list(HOSTS),
            "keep": 2,
            **self.files,
            **variables,
        }
        return self.books.run(PLAYBOOK, *options, **of_role("host_consolidation", given))

    def done(self) -> list[str]:
        """What the tasks have been run for since the last look."""
        return self.trace.taken()

    def state(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.simulator.get("/state")
        return shown

    def places(self) -> dict[str, str]:
        return {name: vm["host"] for name, vm in self.state()["vms"].items() if vm["has_domain"]}

    def powered(self) -> list[str]:
        return sorted(name for name, h in self.state()["hosts"].items() if h["powered"])

    def undisturbed(self) -> bool:
        """No guest was ever down."""
        return all(vm["downtime_s"] == 0 and vm["running"] for vm in self.simulator.get("/vms"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Simulator(SITE) as simulator:
        yield Site(Playbooks(simulator, tmp_path), simulator)


def test_down_to_two_hosts_and_back(site: Site) -> None:
    checked = site.run("--check", "--diff")
    assert checked.status == 0, checked.output
    assert (site.books.mutating_calls(), site.done(), site.places()) == ([], [], HOME)
    ran = site.run()
    assert ran.status == 0, ran.output
    assert checked.actions == ran.actions
    assert site.done() == ["power_off xen4", "power_off xen3"], "the one with least to move first"
    assert site.powered() == ["xen1", "xen2"]
    assert set(site.places().values()) == {"xen1", "xen2"}
    assert "consolidation tonight: 2 of 4 hosts empty" in ran.output
    assert site.undisturbed()
    calls = len(site.books.mutating_calls())
    again = site.run()
    assert (again.status, again.changed, site.done()) == (0, 0, []), again.output
    assert len(site.books.mutating_calls()) == calls

    placed = site.places()
    one = site.run(state="in_service", hosts=["xen4"])
    assert one.status == 0, one.output
    assert (site.done(), site.powered()) == (["power_on xen4"], ["xen1", "xen2", "xen4"])
    rest = site.run(state="in_service", return_servers=True)
    assert rest.status == 0, rest.output
    assert site.done() == ["power_on xen3"]
    assert all(h["enabled"] for h in site.state()["hosts"].values())
    assert site.places() == {**placed, "web1": "xen3", "web2": "xen3"}
    assert site.undisturbed()
    third = site.run(state="in_service")
    assert (third.status, third.changed, site.done()) == (0, 0, [])


@pytest.mark.full
def test_power_off_fails_midway_and_the_next_run_goes_on(site: Site) -> None:
    site.stuck.write_text("power_off xen4\n", encoding="utf-8")
    failed = site.run()
    assert failed.status == 2
    assert "host xen4 is empty, and your task 'power_off' failed" in failed.failure()["msg"]
    assert site.done() == ["power_off xen4"]
    assert site.powered() == ["xen1", "xen2", "xen3", "xen4"]
    assert site.places() == {**HOME, "test": site.places()["test"]}
    site.stuck.unlink()
    again = site.run()
    assert again.status == 0, again.output
    assert site.done() == ["power_off xen4", "power_off xen3"]
    assert site.powered() == ["xen1", "xen2"]
    assert site.undisturbed()


@pytest.mark.full
def test_a_migration_fails_midway_and_the_next_run_goes_on(site: Site) -> None:
    error = ["VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED"]
    fault = {"action": "error", "method": "VM.pool_migrate", "nth": 2, "error": error}
    site.simulator.post("/faults", fault)
    failed = site.run()
    assert failed.status == 2
    assert failed.failure()["error"]["code"] == "interrupted"
    assert site.done() == ["power_off xen4"]
    again = site.run()
    assert again.status == 0, again.output
    assert site.done() == ["power_off xen3"]
    assert site.powered() == ["xen1", "xen2"]
    assert site.undisturbed()


def test_killed_while_the_second_host_is_emptied_and_run_again(site: Site) -> None:
    def second_move() -> bool:
        calls = site.books.mutating_calls()
        return sum("VM.pool_migrate" in method for method in calls) >= 2

    options = {"name": "tonight", "hosts": list(HOSTS), "keep": 2, **site.files}
    output = site.books.run_until_killed(
        PLAYBOOK, second_move, **of_role("host_consolidation", options)
    )
    assert "PLAY RECAP" not in output
    assert site.done() == ["power_off xen4"]
    again = site.run()
    assert again.status == 0, again.output
    assert site.done() == ["power_off xen3"]
    assert site.powered() == ["xen1", "xen2"]
    assert site.undisturbed()


@pytest.mark.full
def test_headroom_and_what_can_not_leave_keep_hosts_in_service(site: Site) -> None:
    blocked = {"fields": {"blocked_operations": {"pool_migrate": "dongle"}}}
    site.simulator.post("/tweak", {"vm": "test", **blocked})
    tight = site.run(keep=1, headroom_percent=95)
    assert (tight.status, tight.changed, site.done()) == (0, 0, []), tight.output
    assert site.books.mutating_calls() == []
    run = site.run(keep=1)
    assert run.status == 0, run.output
    assert site.powered() == ["xen1", "xen4"], "the coordinator, and the one with the dongle"
    assert "pool_migrate among its blocked_operations (dongle)" in run.output
    assert site.undisturbed()
