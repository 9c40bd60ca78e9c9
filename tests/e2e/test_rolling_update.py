# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rolling updates of a simulated pool, from the playbook down; looked at from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.playbooks import ROOT, Playbooks, Run, Trace, of_role
from harness.power import power_cycle
from simulators.launch import Simulator

PLAYBOOK = ROOT / "playbooks" / "rolling_update.yml"
SITE: dict[str, Any] = {
    "clock": {"factor": 40},
    "hosts": [{"name": "xen", "count": 3, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "type": "nfs", "default": True}]}},
    "vms": [
        {"name": "web", "memory": "2 GiB", "where": "xen1"},
        {"name": "app", "memory": "2 GiB", "where": "xen2"},
        {"name": "db", "memory": "4 GiB", "where": "xen3"},
    ],
}
HOME = {"web": "xen1", "app": "xen2", "db": "xen3"}
ORDER = ["xen1", "xen3", "xen2"]
"""The coordinator, then as they are named."""


class Site:
    """The playbook on all three hosts, with tasks that leave a trace, and may be made to fail."""

    def __init__(self, books: Playbooks) -> None:
        self.books = books
        self.trace = Trace(books.directory / "trace")
        self.sick = books.directory / "sick"
        self.work = self.tasks_file("work")
        self.check = self.tasks_file("check")

    def tasks_file(self, kind: str) -> str:
        path = self.books.directory / f"{kind}.yml"
        script = (
            f"echo {kind} {{{{ rolling_update_host }}}} >> {self.trace.path}; "
            f"! grep -sqx '{kind} {{{{ rolling_update_host }}}}' {self.sick}"
        )
        task = {"name": kind, "ansible.builtin.shell": script, "changed_when": kind == "work"}
        path.write_text(yaml.safe_dump([task]), encoding="utf-8")
        return str(path)

    def run(self, *options: str, **variables: Any) -> Run:
        given = {
            "name": "november",
            "hosts": ["xen3", "xen2", "xen1"],
            "tasks_file": self.work,
            **variables,
        }
        return self.books.run(PLAYBOOK, *options, **of_role("rolling_update", given))

    def done(self) -> list[str]:
        """What the tasks have been run for since the last look."""
        return self.trace.taken()

    def state(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.books.site.get("/state")
        return shown

    def places(self) -> dict[str, str]:
        return {name: vm["host"] for name, vm in self.state()["vms"].items()}

    def in_service(self) -> bool:
        """All hosts, with their guests at home, none of which was ever down."""
        return (
            all(h["enabled"] for h in self.state()["hosts"].values())
            and self.places() == HOME
            and all(vm["downtime_s"] == 0 for vm in self.books.site.get("/vms"))
        )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Simulator(SITE) as simulator:
        yield Site(Playbooks(simulator, tmp_path))


def test_all_hosts_in_order_once(site: Site) -> None:
    checked = site.run("--check", "--diff", check_tasks_file=site.check)
    assert checked.status == 0, checked.output
    assert site.books.mutating_calls() == []
    assert site.done() == []
    ran = site.run(check_tasks_file=site.check)
    assert ran.status == 0, ran.output
    assert checked.actions == ran.actions
    assert site.done() == [f"{kind} {host}" for host in ORDER for kind in ("work", "check")]
    assert [f"host {i} of 3: {h}" in ran.output for i, h in enumerate(ORDER, 1)] == [True] * 3
    assert "rolling update november: 3 of 3 hosts done" in ran.output
    assert site.in_service()
    calls = len(site.books.mutating_calls())
    again = site.run(check_tasks_file=site.check)
    assert (again.status, again.changed) == (0, 0), again.output
    assert site.done() == ["check xen2"], "the last one, which a killed run may not have looked at"
    assert len(site.books.mutating_calls()) == calls


@pytest.mark.full
@pytest.mark.parametrize("after", [0, 4])
def test_hosts_whose_update_restarts_them_are_waited_for(site: Site, after: float) -> None:
    """Also the coordinator, at once or when the tasks are long over."""
    cycle = power_cycle(site.books.site, "{{ rolling_update_host }}", after=after, off=1)
    work = site.books.directory / "restart.yml"
    work.write_text(yaml.safe_dump([cycle]), encoding="utf-8")
    given = of_role("rolling_update", {"name": "november", "hosts": ORDER, "tasks_file": str(work)})
    told = of_role("host_maintenance", {"tasks_reboot": after > 0 or "auto", "wait_timeout": 120})
    run = site.books.run(PLAYBOOK, **given, **told)
    assert run.status == 0, run.output
    assert site.in_service()


@pytest.mark.full
def test_it_stops_at_a_host_that_fails_and_goes_on_there(site: Site) -> None:
    site.sick.write_text("work xen3\n", encoding="utf-8")
    failed = site.run()
    assert failed.status == 2
    message = failed.failure()["msg"]
    for text in (
        "Rolling update november stops at host xen3 (2 of 3)",
        "your task 'work' failed",
        "Done: xen1. Not begun in this run: xen2.",
        "it continues with xen3",
    ):
        assert text in message
    assert site.done() == ["work xen1", "work xen3"]
    state = site.state()["hosts"]
    assert [state[h]["enabled"] for h in ("xen1", "xen2", "xen3")] == [True, True, False]
    assert "xen3" not in site.places().values()
    site.sick.unlink()
    again = site.run()
    assert again.status == 0, again.output
    assert site.done() == ["work xen3", "work xen2"]
    assert site.in_service()


@pytest.mark.full
def test_a_failed_check_spares_the_next_hosts_also_in_the_next_run(site: Site) -> None:
    site.sick.write_text("check xen1\n", encoding="utf-8")
    for done in (["work xen1", "check xen1"], ["check xen1"]):
        failed = site.run(check_tasks_file=site.check)
        assert failed.status == 2
        assert "stops at host xen1 (1 of 3), task 'check'" in failed.failure()["msg"]
        assert "Not begun in this run: xen3, xen2" in failed.failure()["msg"]
        assert site.done() == done
    site.sick.unlink()
    again = site.run(check_tasks_file=site.check)
    assert again.status == 0, again.output
    assert site.done() == [
        "check xen1",
        *(f"{kind} {host}" for host in ORDER[1:] for kind in ("work", "check")),
    ]
    assert site.in_service()


def test_what_is_in_the_way_of_any_host_is_reported_before_the_first_is_touched(site: Site) -> None:
    blocked = {"fields": {"blocked_operations": {"pool_migrate": "dongle"}}}
    site.books.site.post("/tweak", {"vm": "db", **blocked})
    other = {"host": "xen2", "name": "fan"}
    assert site.books.tasks({"xenfleet.compute.host_maintenance": other}).status == 0
    calls = len(site.books.mutating_calls())
    failed = site.run(hosts=["xen3", "xen2", "xen1", "xen9"])
    assert failed.status == 2
    message = failed.failure()["msg"]
    for text in (
        "rolling update november of 4 hosts",
        "host xen3: it can't be emptied: db: has pool_migrate among its blocked_operations (dongle)",
        "maintenance 'fan' of it is open",
        "host xen9: it is unknown to every coordinator that answered",
        "remove the 3 blockers and run again",
    ):
        assert text in message
    assert len(site.books.mutating_calls()) == calls
    assert site.done() == []


def test_killed_while_a_host_is_emptied_and_run_again(site: Site) -> None:
    def third_move() -> bool:
        calls = site.books.mutating_calls()
        return sum("VM.pool_migrate" in method for method in calls) >= 3

    options = {"name": "november", "hosts": ["xen3", "xen2", "xen1"], "tasks_file": site.work}
    output = site.books.run_until_killed(PLAYBOOK, third_move, **of_role("rolling_update", options))
    assert "PLAY RECAP" not in output
    assert site.done() == ["work xen1"]
    again = site.run()
    assert again.status == 0, again.output
    assert site.done() == ["work xen3", "work xen2"]
    assert site.in_service()


@pytest.mark.full
def test_the_hosts_of_an_aggregate_and_how_they_are_emptied(site: Site) -> None:
    aggregate = {"name": "rack", "hosts": ["xen2", "xen3"]}
    assert site.books.tasks({"xenfleet.compute.aggregate": aggregate}).status == 0
    run = site.books.run(
        PLAYBOOK,
        rolling_update_name="december",
        rolling_update_aggregate="rack",
        rolling_update_tasks_file=site.work,
        host_maintenance_return_servers=False,
    )
    assert run.status == 0, run.output
    assert site.done() == ["work xen2", "work xen3"]
    assert "xen1: coordinates pool" in run.output, "it is warned about, being left out"
    assert site.places()["db"] != "xen3"
