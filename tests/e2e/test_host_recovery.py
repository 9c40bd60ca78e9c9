# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recovery from a failed host of a simulated pool, from the playbook down; looked at from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.playbooks import ROOT, Playbooks, Run, of_role
from simulators.client import Client
from simulators.launch import Simulator

PLAYBOOK = ROOT / "playbooks" / "host_recovery.yml"
SITE: dict[str, Any] = {
    "clock": {"factor": 40},
    "times": {"heartbeat_s": 60},
    "hosts": [{"name": "xen", "count": 3, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "type": "nfs", "default": True}]}},
    "vms": [
        {"name": "mail", "memory": "2 GiB", "where": "xen1"},
        {"name": "web", "count": 3, "memory": "2 GiB", "where": "xen3"},
        {"name": "off", "memory": "2 GiB", "state": "halted", "where": "xen3"},
    ],
}
LOST = {"web1", "web2", "web3"}


class Site:
    """The playbook on xen3, with fencing tasks that leave a trace, and may be made to fail."""

    def __init__(self, books: Playbooks, simulator: Simulator) -> None:
        self.books = books
        self.simulator = simulator
        self.trace = books.directory / "fenced"
        self.broken = books.directory / "broken"
        script = f"test ! -e {self.broken} && echo once >> {self.trace}"
        task = {"name": "Cut the power", "ansible.builtin.shell": script, "changed_when": True}
        self.fence = books.directory / "fence.yml"
        self.fence.write_text(yaml.safe_dump([task]), encoding="utf-8")

    def run(self, *options: str, **variables: Any) -> Run:
        given = {"host": "xen3", "fencing_tasks_file": str(self.fence), **variables}
        return self.books.run(PLAYBOOK, *options, **of_role("host_recovery", given))

    def fail(self) -> None:
        """The power of xen3 goes."""
        self.simulator.post("/faults", {"action": "kill", "target": "xen3"})

    def error(self, method: str, nth: int, *error: str) -> None:
        fault = {"action": "error", "method": method, "nth": nth, "error": list(error)}
        self.simulator.post("/faults", fault)

    def fenced(self) -> int:
        return len(self.trace.read_text("utf-8").splitlines()) if self.trace.exists() else 0

    def state(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.simulator.get("/state")
        return shown

    def running(self) -> dict[str, str]:
        """Guests that really run somewhere."""
        return {name: vm["host"] for name, vm in self.state()["vms"].items() if vm["has_domain"]}

    def saved(self) -> bool:
        running = self.running()
        return set(running) == LOST | {"mail"} and "xen3" not in running.values()

    def service(self) -> tuple[str, bool, str | None]:
        """Status, forced_down and reason of xen3's."""
        run = self.books.tasks({"xenfleet.compute.compute_service_info": {"host": "xen3"}})
        shown = run.results[-1]["result"]["services"][0]
        return shown["status"], shown["forced_down"], shown["disabled_reason"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Simulator(SITE) as simulator:
        yield Site(Playbooks(simulator, tmp_path), simulator)


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


def test_down_fenced_evacuated_and_back(site: Site) -> None:
    site.fail()
    eventually(lambda: not site.state()["hosts"]["xen3"]["live"])
    checked = site.run("--check")
    assert checked.status == 0, checked.output
    assert (site.books.mutating_calls(), site.fenced(), site.running()) == ([], 0, {"mail": "xen1"})
    assert not site.books.store.exists()
    ran = site.run()
    assert ran.status == 0, ran.output
    assert len(checked.actions) == len(ran.actions) == 5
    assert checked.actions[:2] == ran.actions[:2]
    assert site.fenced() == 1
    assert site.saved()
    assert site.service() == ("disabled", True, "failed and fenced")
    running = site.running()
    assert all(f"{name}: ACTIVE on {running[name]}" in ran.output for name in LOST)
    calls = len(site.books.mutating_calls())
    again = site.run()
    assert (again.status, again.changed, site.fenced()) == (0, 0, 1), again.output
    assert len(site.books.mutating_calls()) == calls

    site.simulator.post("/faults", {"action": "revive", "target": "xen3"})
    back = site.run(state="in_service")
    assert back.status == 0, back.output
    assert site.service() == ("enabled", False, None)
    assert site.running() == running
    third = site.run(state="in_service")
    assert (third.status, third.changed) == (0, 0), third.output


@pytest.mark.full
def test_it_waits_until_the_pool_knows_that_the_host_is_down(site: Site) -> None:
    site.fail()
    assert site.state()["hosts"]["xen3"]["live"]
    run = site.run()
    assert run.status == 0, run.output
    assert site.saved()


@pytest.mark.full
def test_a_host_that_answers_is_left_alone(site: Site) -> None:
    before = site.running()
    for options in ((), ("--check",)):
        run = site.run(*options, wait_timeout=1)
        assert run.status == 2
        assert "xen3" in run.failure()["msg"]
    assert (site.fenced(), site.running()) == (0, before)
    assert site.books.mutating_calls() == []
    assert site.service() == ("enabled", False, None)


def test_without_fencing_nothing_begins(site: Site) -> None:
    site.fail()
    run = site.run(fencing_tasks_file="")
    assert run.status == 2
    assert "set host_recovery_fenced to true" in run.failure()["msg"]
    assert site.books.mutating_calls() == []
    word = site.run(fencing_tasks_file="", fenced=True)
    assert word.status == 0, word.output
    assert site.saved()


@pytest.mark.full
def test_failed_fencing_evacuates_nothing(site: Site) -> None:
    site.fail()
    site.broken.touch()
    run = site.run()
    assert run.status == 2
    assert "your task 'Cut the power' failed" in run.failure()["msg"]
    assert "Nothing was evacuated" in run.failure()["msg"]
    assert site.books.mutating_calls() == []
    assert site.service() == ("enabled", False, None)
    site.broken.unlink()
    again = site.run()
    assert again.status == 0, again.output
    assert (site.saved(), site.fenced()) == (True, 1)


@pytest.mark.full
def test_one_that_fails_does_not_stop_the_others_and_is_not_lost(site: Site) -> None:
    """XAPI has forgotten by then on which host it was."""
    site.fail()
    site.error("VM.start_on", 2, "HOST_NOT_ENOUGH_FREE_MEMORY", "1", "0")
    failed = site.run(max_parallel=1)
    assert failed.status == 2
    assert len(site.running()) == len(LOST), "two of them, and mail"
    missing = (LOST - set(site.running())).pop()
    assert missing in failed.failure()["msg"]
    again = site.run()
    assert again.status == 0, again.output
    assert site.saved()
    assert [a.split()[1] for a in again.actions] == [missing]
    third = site.run()
    assert (third.status, third.changed) == (0, 0)


def test_killed_midway_and_run_again(site: Site) -> None:
    site.fail()
    site.simulator.post(
        "/faults", {"action": "delay", "method": "VM.start_on", "nth": 2, "seconds": 200}
    )

    def second_start() -> bool:
        return (
            sum(".start" in m for m in site.books.mutating_calls()) >= 1
            and len([m for m in site.books.mutating_calls() if m.endswith("VM.power_state_reset")])
            >= 2
        )

    given = {"host": "xen3", "fencing_tasks_file": str(site.fence), "max_parallel": 1}
    site.books.run_until_killed(PLAYBOOK, second_start, **of_role("host_recovery", given))
    site.simulator.delete("/faults")
    again = site.run()
    assert again.status == 0, again.output
    assert (site.saved(), site.fenced()) == (True, 1)


@pytest.mark.full
def test_a_paused_server_is_reported_and_the_others_are_elsewhere(site: Site) -> None:
    client = Client(site.simulator.hosts["xen1"])
    client("VM.pause", client.vm("web2"))
    site.fail()
    run = site.run()
    assert run.status == 2
    assert "web2 can't be evacuated in this state" in run.failure()["msg"]
    assert set(site.running()) == {"mail", "web1", "web3"}
    given_up = {"action": "reset_state", "server": "web2", "vm_state": "error"}
    assert site.books.tasks({"xenfleet.compute.server_action": given_up}).status == 0
    again = site.run()
    assert again.status == 0, again.output
    assert site.saved()


ON_LOCAL = {"storage": "local", "memory": "2 GiB", "where": "xen3"}
TIED = "its disks are on SR Local storage, which only xen3 has"


def with_local_disks(**guest: Any) -> Simulator:
    """The site with a guest ``kept`` whose disks are on the storage of the host that fails."""
    return Simulator({**SITE, "vms": [*SITE["vms"], {"name": "kept", **ON_LOCAL, **guest}]})


def test_what_was_off_and_is_on_its_local_storage_is_not_recovered(tmp_path: Path) -> None:
    with with_local_disks(state="halted") as simulator:
        site = Site(Playbooks(simulator, tmp_path), simulator)
        site.fail()
        eventually(lambda: not site.state()["hosts"]["xen3"]["live"])
        checked = site.run("--check")
        ran = site.run()
        for run in (checked, ran):
            assert run.status == 0, run.output
            assert not [a for a in run.actions if "kept" in a]
            assert f"kept: not recovered, stays SHUTOFF: {TIED}" in run.output
            assert "Bring xen3 back, or restore its disks from a backup" in run.output
        assert checked.actions[:2] == ran.actions[:2]
        assert site.saved()
        calls = len(site.books.mutating_calls())
        again = site.run()
        assert (again.status, again.changed) == (0, 0), again.output
        assert f"kept: not recovered, stays SHUTOFF: {TIED}" in again.output
        assert len(site.books.mutating_calls()) == calls


@pytest.mark.full
def test_what_ran_on_its_local_storage_is_lost_aloud_and_the_others_are_elsewhere(
    tmp_path: Path,
) -> None:
    with with_local_disks() as simulator:
        site = Site(Playbooks(simulator, tmp_path), simulator)
        site.fail()
        eventually(lambda: not site.state()["hosts"]["xen3"]["live"])
        checked = site.run("--check")
        ran = site.run()
        for run in (checked, ran):
            assert run.status == 2, run.output
            assert "evacuate kept from xen3" in run.failure()["msg"]
            assert TIED in run.failure()["msg"]
        assert site.saved(), "the others"
        calls = len(site.books.mutating_calls())
        again = site.run()
        assert (again.status, again.changed) == (2, 0), again.output
        assert len(site.books.mutating_calls()) == calls


def test_an_unknown_host(site: Site) -> None:
    run = site.run(host="xen9")
    assert run.status == 2
    assert "host xen9: none of the addresses that answered knows it" in run.failure()["msg"]
