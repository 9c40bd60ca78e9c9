# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maintenances of a simulated pool, from the playbook down; looked at from outside."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import XenAPI
import yaml
from harness.playbooks import ROOT, Playbooks, Run, of_role
from harness.power import power_cycle
from simulators.client import Client
from simulators.launch import Simulator

PLAYBOOK = ROOT / "playbooks" / "host_maintenance.yml"
SITE: dict[str, Any] = {
    "clock": {"factor": 20},
    "link_gbit": 4,
    "hosts": [{"name": "xen", "count": 3, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "type": "nfs", "default": True}]}},
    "vms": [
        {"name": "web", "count": 4, "memory": "2 GiB", "where": "xen2"},
        {"name": "db", "memory": "6 GiB", "dirty_rate": "50 MiB", "where": "xen2"},
        {"name": "mail", "memory": "4 GiB", "where": "xen1"},
        {"name": "off", "memory": "1 GiB", "state": "halted", "where": "xen2"},
    ],
}
HOME = {
    "web1": "xen2",
    "web2": "xen2",
    "web3": "xen2",
    "web4": "xen2",
    "db": "xen2",
    "mail": "xen1",
}
KEYS = (
    "MAINTENANCE_MODE",
    "MAINTENANCE_MODE_EVACUATED_VMS_MIGRATED",
    "MAINTENANCE_MODE_EVACUATED_VMS_SUSPENDED",
    "MAINTENANCE_MODE_EVACUATED_VMS_HALTED",
)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Playbooks]:
    with Simulator(SITE) as site:
        yield Playbooks(site, tmp_path)


def role(books: Playbooks, *options: str, **variables: Any) -> Run:
    """The playbook on xen2."""
    return books.run(PLAYBOOK, *options, **named(variables))


def named(variables: dict[str, Any]) -> dict[str, Any]:
    given = {"host": "xen2", "name": "patches", **variables}
    return of_role("host_maintenance", given)


def task(state: str, **options: Any) -> dict[str, Any]:
    given = {"host": "xen2", "name": "patches", "state": state, **options}
    return {"name": state, "xenfleet.compute.host_maintenance": given}


# --- looking from outside -------------------------------------------------------------------------


def places(books: Playbooks) -> dict[str, str]:
    """Where each running guest is."""
    return {
        name: vm["host"]
        for name, vm in books.site.get("/state")["vms"].items()
        if vm["power_state"] == "Running"
    }


def disturbed(books: Playbooks) -> dict[str, float]:
    """Guests that have not been running all the time."""
    return {vm["vm"]: vm["downtime_s"] for vm in books.site.get("/vms") if vm["downtime_s"]}


def host(books: Playbooks, name: str = "xen2") -> dict[str, Any]:
    shown: dict[str, Any] = books.site.get("/state")["hosts"][name]
    return shown


def marks(books: Playbooks) -> dict[str, str]:
    """XenCenter's keys of xen2."""
    return {k: v for k, v in host(books)["other_config"].items() if k in KEYS}


def rows(books: Playbooks, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{books.store}?mode=rw", uri=True) as connection:
        return connection.execute(query).fetchall()


def maintenances(books: Playbooks) -> list[tuple[Any, ...]]:
    return rows(books, "select name, phase from xenfleet_maintenances order by id")


def moves(books: Playbooks) -> list[tuple[Any, ...]]:
    """Server and status of every journaled move."""
    return rows(books, "select server, status from xenfleet_migrations order by server, id")


def service(books: Playbooks) -> list[tuple[Any, ...]]:
    """Whether the compute service of xen2 is disabled, and why."""
    return rows(
        books,
        "select s.disabled, s.disabled_reason from xenfleet_services s "
        "join xenfleet_hosts h on h.uuid = s.host_uuid where h.name = 'xen2'",
    )


def moving(books: Playbooks, number: int) -> bool:
    """At least that many migrations have been asked for."""
    calls = [e["method"] for e in books.site.get("/journal?mutating=1")]
    return sum("VM.pool_migrate" in method for method in calls) >= number


# --- undisturbed ----------------------------------------------------------------------------------


def test_there_and_back(books: Playbooks) -> None:
    uuids = {name: vm["uuid"] for name, vm in books.site.get("/state")["vms"].items()}
    assert marks(books) == {}
    away = books.tasks(task("in_maintenance"))
    assert away.status == 0, away.output
    assert set(places(books).values()) == {"xen1", "xen3"}
    assert host(books)["enabled"] is False
    assert service(books) == [(1, "xenfleet maintenance: patches")]
    lists = marks(books)
    assert lists.pop("MAINTENANCE_MODE") == "true"
    assert set(lists.pop("MAINTENANCE_MODE_EVACUATED_VMS_MIGRATED").split(",")) == {
        uuids[name] for name, place in HOME.items() if place == "xen2"
    }
    assert lists == {}
    assert maintenances(books) == [("patches", "in_maintenance")]
    back = books.tasks(task("in_service"))
    assert back.status == 0, back.output
    assert places(books) == HOME
    assert disturbed(books) == {}
    assert host(books)["enabled"] is True
    assert marks(books) == {}
    assert service(books) == [(0, None)]
    assert maintenances(books) == [("patches", "done")]
    assert moves(books) == [(n, "completed") for n in ("db", "web1", "web2", "web3", "web4")]


@pytest.mark.full
def test_biggest_leaves_first_and_returns_last(books: Playbooks) -> None:
    run = books.tasks(task("in_maintenance", max_parallel=1), task("in_service", max_parallel=1))
    assert run.status == 0, run.output
    moved = [a.split()[1] for a in run.actions if a.startswith("live-migrate")]
    assert moved[0] == "db"
    assert moved[5:] == moved[:5][::-1]


def test_check_shows_the_run_and_a_second_run_does_nothing(
    books: Playbooks, tmp_path: Path
) -> None:
    work = written(tmp_path, touched(tmp_path))
    checked = role(books, "--check", "--diff", tasks_file=work)
    assert checked.status == 0, checked.output
    assert books.mutating_calls() == []
    assert not books.store.exists()
    ran = role(books, tasks_file=work)
    assert ran.status == 0, ran.output
    assert checked.actions == ran.actions
    assert len(ran.actions) == 21
    for step in checked.actions:
        assert step in checked.output
    assert (tmp_path / "worked").read_text(encoding="utf-8") == "once\n"
    calls = len(books.mutating_calls())
    again = role(books, tasks_file=work)
    assert (again.status, again.changed) == (0, 0), again.output
    assert (tmp_path / "worked").read_text(encoding="utf-8") == "once\n"
    assert len(books.mutating_calls()) == calls
    assert places(books) == HOME
    assert disturbed(books) == {}


@pytest.mark.full
def test_progress_is_reported(books: Playbooks) -> None:
    run = books.tasks(task("in_maintenance"))
    assert "plan: 11 steps, 5 servers with" in run.output
    assert "live-migrate db from xen2 to xen3: done in" in run.output
    assert "[11/11]" in run.output


def touched(directory: Path) -> list[dict[str, Any]]:
    """Work that leaves a trace each time it is done."""
    return [
        {
            "name": "Work",
            "ansible.builtin.shell": f"echo once >> {directory / 'worked'}",
            "changed_when": True,
        }
    ]


def written(directory: Path, tasks: list[dict[str, Any]]) -> str:
    path = directory / "work.yml"
    path.write_text(yaml.safe_dump(tasks), encoding="utf-8")
    return str(path)


# --- interrupted ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2, pytest.param(7, marks=pytest.mark.full)])
def test_killed_anywhere_and_run_again(books: Playbooks, number: int) -> None:
    """Moves 1 to 5 are the drain, 6 to 10 the return: each kill is in the middle of one."""
    output = books.run_until_killed(
        PLAYBOOK, lambda: moving(books, number), **named({"max_parallel": 1})
    )
    assert "PLAY RECAP" not in output
    assert maintenances(books)[0][1] in ("draining", "in_maintenance", "returning")
    again = role(books, max_parallel=1)
    assert again.status == 0, again.output
    assert places(books) == HOME
    assert disturbed(books) == {}
    assert host(books)["enabled"] is True
    assert marks(books) == {}
    assert service(books) == [(0, None)]
    assert maintenances(books) == [("patches", "done")]
    assert moves(books) == [(n, "completed") for n in ("db", "web1", "web2", "web3", "web4")]
    third = role(books, max_parallel=1)
    assert (third.status, third.changed) == (0, 0)


@pytest.mark.full
def test_a_migration_fails_midway(books: Playbooks) -> None:
    books.site.post(
        "/faults",
        {
            "action": "error",
            "method": "VM.pool_migrate",
            "nth": 3,
            "error": ["VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED"],
        },
    )
    failed = books.tasks(task("in_maintenance", max_parallel=1))
    assert failed.status == 2
    result = failed.failure()
    details = result["error"]["details"]
    assert result["error"]["code"] == "interrupted"
    assert result["changed"] is True
    assert "running again continues with them" in result["msg"]
    total = len(details["done"]) + len(details["failed"]) + len(details["remaining"])
    assert (len(details["failed"]), total) == (1, 11)
    assert details["failed"][0]["verb"] == "server.live_migrate"
    assert str(len(details["done"])) in result["msg"]
    assert disturbed(books) == {}
    again = role(books)
    assert again.status == 0, again.output
    assert places(books) == HOME
    assert disturbed(books) == {}
    assert sorted(status for _server, status in moves(books)) == [*["completed"] * 5, "failed"]


@pytest.mark.full
def test_a_move_that_outlasts_the_wait_goes_on_and_is_waited_for(books: Playbooks) -> None:
    failed = books.tasks(task("in_maintenance", wait_timeout=0.01))
    assert failed.status == 2
    assert "left running" in failed.failure()["msg"]
    away = books.tasks(task("in_maintenance"))
    assert away.status == 0, away.output
    assert "xen2" not in places(books).values()
    back = books.tasks(task("in_service"))
    assert back.status == 0, back.output
    assert places(books) == HOME
    assert moves(books) == [(n, "completed") for n in ("db", "web1", "web2", "web3", "web4")]
    assert disturbed(books) == {}


@pytest.mark.full
def test_a_connection_cut_after_the_call_loses_no_server(books: Playbooks) -> None:
    """XAPI has begun the migration, and the run can't know."""
    fault = {"action": "drop_after", "method": "VM.pool_migrate", "nth": 2, "times": 3}
    books.site.post("/faults", fault)
    first = books.tasks(task("in_maintenance", max_parallel=1))
    books.site.delete("/faults")
    again = role(books)
    assert again.status == 0, first.output + again.output
    assert places(books) == HOME
    assert disturbed(books) == {}
    assert {status for _server, status in moves(books)} <= {"completed", "failed"}
    assert maintenances(books) == [("patches", "done")]


@pytest.mark.full
@pytest.mark.parametrize("name", ["xen1", "xen2"])
def test_the_work_reboots_the_host(books: Playbooks, tmp_path: Path, name: str) -> None:
    """Also the coordinator, without which nobody knows the pool for a while."""
    script = (
        "import XenAPI; x = XenAPI.Session('{url}'); x.login_with_password('root', 'secret'); "
        "x.xenapi.host.reboot(x.xenapi.host.get_by_name_label('{name}')[0])"
    ).format(url=books.site.hosts["xen1"], name=name)
    argv = [sys.executable, "-c", script]
    work = written(
        tmp_path,
        [{"name": "Reboot", "ansible.builtin.command": {"argv": argv}, "changed_when": True}],
    )
    run = role(books, host=name, tasks_file=work)
    assert run.status == 0, run.output
    assert host(books, name)["enabled"] is True
    assert places(books) == HOME
    assert disturbed(books) == {}
    assert maintenances(books) == [("patches", "done")]


def test_the_work_cuts_the_power_and_its_return_waits(books: Playbooks, tmp_path: Path) -> None:
    """As a management controller does. The pool still takes the host for live."""
    work = written(tmp_path, [power_cycle(books.site, "xen2")])
    run = role(books, tasks_file=work, wait_timeout=120)
    assert run.status == 0, run.output
    assert "enable host xen2" in run.actions
    assert "host xen2: waits, " in run.output
    assert places(books) == HOME
    assert disturbed(books) == {}
    assert maintenances(books) == [("patches", "done")]


def test_the_work_reboots_the_host_when_it_is_long_over(books: Playbooks, tmp_path: Path) -> None:
    """As shutdown -r +1 does. Nothing shows it before the power goes."""
    work = written(tmp_path, [power_cycle(books.site, "xen2", after=6, off=1)])
    run = role(books, tasks_file=work, tasks_reboot=True, wait_timeout=120)
    assert run.status == 0, run.output
    assert [a for a in run.actions if "has restarted" in a]
    assert places(books) == HOME
    assert disturbed(books) == {}
    assert maintenances(books) == [("patches", "done")]
    again = role(books, tasks_file=work, tasks_reboot=True)
    assert (again.status, again.changed) == (0, 0), again.output


@pytest.mark.full
def test_a_reboot_that_does_not_come_is_waited_for_in_the_next_run_too(
    books: Playbooks, tmp_path: Path
) -> None:
    work = written(tmp_path, touched(tmp_path))
    failed = role(books, tasks_file=work, tasks_reboot=True, wait_timeout=2)
    assert failed.status == 2
    message = failed.failure()["msg"]
    assert "not ready within 2 s, last seen not restarted" in message
    assert "set wait_for_reboot to false" in message
    assert "xen2" not in places(books).values()
    assert maintenances(books) == [("patches", "returning")]
    for action in ("kill", "revive"):
        books.site.post("/faults", {"action": action, "target": "xen2"})
    run = role(books, tasks_file=work, tasks_reboot=True)
    assert run.status == 0, run.output
    assert places(books) == HOME
    assert disturbed(books) == {}


@pytest.mark.full
def test_the_coordinator_takes_its_time_to_go(tmp_path: Path) -> None:
    """The call that restarts it has long returned, and it still answers."""
    with Simulator({**SITE, "times": {"fuse_s": 120}}) as site:
        books = Playbooks(site, tmp_path)
        assert books.tasks(task("in_maintenance", host="xen1")).status == 0
        client = Client(site.hosts["xen1"])
        client("host.reboot", client("host.get_by_name_label", "xen1")[0])
        run = books.tasks(task("in_service", host="xen1"))
        assert run.status == 0, run.output
        assert "waiting for the pool of xen1: xen1 is about to restart" in run.output
        assert places(books) == HOME
        assert disturbed(books) == {}


@pytest.mark.full
def test_a_restarted_toolstack_does_not_end_the_maintenance(books: Playbooks) -> None:
    """XAPI enables a disabled host when its toolstack restarts; a drain disables it once more."""
    assert books.tasks(task("in_maintenance")).status == 0
    books.site.post("/faults", {"action": "restart_toolstack", "target": "xen2"})
    wait_for(lambda: host(books)["enabled"] is True)
    run = books.tasks(task("in_maintenance"))
    assert run.status == 0, run.output
    assert run.actions == ["disable host xen2"]
    assert host(books)["enabled"] is False


def wait_for(condition: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


# --- the operator's own ---------------------------------------------------------------------------


@pytest.mark.full
def test_what_the_operator_disabled_stays_disabled(books: Playbooks) -> None:
    disabled = {
        "name": "disable",
        "xenfleet.compute.compute_service": {
            "hosts": ["xen2"],
            "status": "disabled",
            "disabled_reason": "broken fan",
        },
    }
    assert books.tasks(disabled).status == 0
    run = role(books)
    assert run.status == 0, run.output
    assert service(books) == [(1, "broken fan")]
    assert host(books)["enabled"] is True
    assert not any("compute service" in action for action in run.actions)
    assert "its compute service stays disabled, as someone else disabled it" in run.output
    assert "does not return: xen2 has its compute service disabled" in run.output
    assert "xen2" not in places(books).values()
    assert disturbed(books) == {}


@pytest.mark.full
def test_failing_work_keeps_the_host_in_maintenance(books: Playbooks, tmp_path: Path) -> None:
    gate = tmp_path / "repaired"
    work = written(
        tmp_path,
        [
            {
                "name": "Swap the fan",
                "ansible.builtin.command": f"test -e {gate}",
                "changed_when": False,
            }
        ],
    )
    failed = role(books, tasks_file=work)
    assert failed.status == 2
    assert "your task 'Swap the fan' failed" in failed.failure()["msg"]
    assert "The host stays in maintenance" in failed.failure()["msg"]
    assert host(books)["enabled"] is False
    assert "xen2" not in places(books).values()
    gate.touch()
    again = role(books, tasks_file=work)
    assert again.status == 0, again.output
    assert places(books) == HOME
    assert disturbed(books) == {}


def test_every_blocker_is_reported_and_nothing_changed(books: Playbooks) -> None:
    tweak(books, "web1", blocked_operations={"pool_migrate": "dongle"})
    pause(books, "web2")
    tweak(books, "db", memory_dynamic_min=70 * 1024**3)
    before = books.mutating_calls()
    run = books.tasks(task("in_maintenance"))
    assert run.status == 2
    error = run.failure()["error"]
    assert (error["code"], error["status"]) == ("plan_refused", 409)
    assert {v["subject"] for v in error["details"]["verdicts"]} == {"web1", "web2", "db"}
    assert all(v["remedy"] for v in error["details"]["verdicts"])
    for words in (
        "web1: has pool_migrate among",
        "web2: is paused",
        "db: no capacity: it needs 70",
    ):
        assert words in run.failure()["msg"]
    assert books.mutating_calls() == before
    assert not books.store.exists()


def tweak(books: Playbooks, vm: str, **fields: Any) -> None:
    books.site.post("/tweak", {"vm": vm, "fields": fields})


def pause(books: Playbooks, vm: str) -> None:
    session = XenAPI.Session(books.site.hosts["xen1"])
    session.xenapi.login_with_password("root", "secret")
    session.xenapi.VM.pause(session.xenapi.VM.get_by_name_label(vm)[0])
    session.xenapi.session.logout()


@pytest.mark.full
def test_a_drain_is_called_off(books: Playbooks) -> None:
    books.run_until_killed(PLAYBOOK, lambda: moving(books, 2), **named({"max_parallel": 1}))
    run = books.tasks(task("in_service"))
    assert run.status == 0, run.output
    assert places(books) == HOME
    assert disturbed(books) == {}
    assert maintenances(books) == [("patches", "done")]
