# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maintenances of a host of a real Nova, from the playbook down; looked at by plain REST and SQL."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.playbooks import ROOT, Playbooks, Run, of_role
from testbeds.openstack import faults
from testbeds.openstack.api import OBSERVER
from testbeds.openstack.client import Bed

pytestmark = pytest.mark.nova

PLAYBOOK = ROOT / "playbooks" / "host_maintenance.yml"
HOST = "compute1"
REASON = "xenfleet maintenance: patches"
ACTIVE = ("nm-a1", "nm-a2", "nm-a3")
MANY = (*ACTIVE, "nm-a4", "nm-a5")
PAUSED = "nm-paused"
OFF = ("nm-off1", "nm-off2")


class Cloud:
    """Servers on compute1: some ACTIVE, one PAUSED, two SHUTOFF."""

    def __init__(self, bed: Bed, books: Playbooks, active: tuple[str, ...]) -> None:
        self.bed = bed
        self.books = books
        self.running = (*active, PAUSED)
        self.servers = bed.servers(dict.fromkeys((*self.running, *OFF), HOST))
        bed.action(self.servers[PAUSED], "pause", status="PAUSED")
        for name in OFF:
            bed.action(self.servers[name], "os-stop", status="SHUTOFF")
        self.at_first = self.states()
        self.read_to = 0

    def role(self, *options: str, **variables: Any) -> Run:
        """The playbook on compute1."""
        return self.books.run(PLAYBOOK, *options, **self.named(variables))

    def named(self, variables: dict[str, Any]) -> dict[str, Any]:
        given = {"host": HOST, "name": "patches", **variables}
        return of_role("host_maintenance", given)

    def task(self, state: str, **options: Any) -> Run:
        return self.books.run([play(state, **options)])

    # --- looking from outside ---------------------------------------------------------------------

    def listed(self) -> list[dict[str, Any]]:
        servers = self.bed.api("GET", "/servers/detail?all_tenants=1")["servers"]
        return [server for server in servers if server["name"].startswith("nm-")]

    def states(self) -> dict[str, tuple[str, str, str | None]]:
        """Host, status and task_state by name."""
        return {
            s["name"]: (s["OS-EXT-SRV-ATTR:host"], s["status"], s["OS-EXT-STS:task_state"])
            for s in self.listed()
        }

    def here(self) -> set[str]:
        return {name for name, (host, _status, _task) in self.states().items() if host == HOST}

    def statuses(self) -> dict[str, str]:
        return {name: status for name, (_host, status, _task) in self.states().items()}

    def service(self) -> tuple[str, str | None]:
        shown = self.bed.services()[HOST]
        return shown["status"], shown["disabled_reason"]

    def actions(self) -> list[str]:
        """Everything that has ever been asked of the servers, through whatever."""
        return [
            action["action"]
            for uuid in self.servers.values()
            for action in self.bed.api("GET", f"/servers/{uuid}/os-instance-actions")[
                "instanceActions"
            ]
        ]

    def forget_looks(self) -> None:
        log = self.bed.layout.log / "nova-api.requests"
        self.read_to = log.stat().st_size

    def looked_at(self, uuid: str) -> int:
        """How often a run has asked for this one server since then."""
        with (self.bed.layout.log / "nova-api.requests").open("rb") as file:
            file.seek(self.read_to)
            requests = [json.loads(line) for line in file]
        path = f"/v2.1/servers/{uuid}"
        return sum(m["path"] == path and m["user_agent"] != OBSERVER for m in requests)

    def copying(self) -> bool:
        """Whether the last two are in the midst of their way, and the others have moved."""
        migrations = self.bed.api("GET", f"/os-migrations?host={HOST}")["migrations"]
        statuses = [m["status"] for m in migrations if m["instance_uuid"] in self.servers.values()]
        return sorted(statuses) == ["completed"] * (len(self.running) - 2) + ["running"] * 2

    def migrating(self) -> int:
        return sum(task == "migrating" for _host, _status, task in self.states().values())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if not self.books.store.exists():
            return []
        with sqlite3.connect(f"file:{self.books.store}?mode=rw", uri=True) as connection:
            return connection.execute(query).fetchall()

    def phase(self) -> str:
        return self.rows("select phase from xenfleet_maintenances order by id")[-1][0]

    def moves(self) -> dict[str, list[tuple[str, str]]]:
        """Status and target of the journaled moves by server."""
        listed: dict[str, list[tuple[str, str]]] = {}
        for server, status, target in self.rows(
            "select server, status, target from xenfleet_migrations order by id"
        ):
            listed.setdefault(server, []).append((status, target))
        return listed


def play(state: str, **options: Any) -> dict[str, Any]:
    """The module by itself."""
    given = {"host": HOST, "name": "patches", "state": state, **options}
    task = {"name": state, "xenfleet.compute.host_maintenance": given}
    return {"hosts": "localhost", "gather_facts": False, "tasks": [task]}


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    testbed = Bed.required()
    testbed.clean()
    try:
        yield testbed
    finally:
        testbed.clean()


@pytest.fixture
def cloud(bed: Bed, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cloud]:
    where = {**bed.cloud_env(), "XENFLEET_CONTROL_PLANE": "nova"}
    try:
        yield Cloud(bed, Playbooks(None, tmp_path, **where), getattr(request, "param", ACTIVE))
    finally:
        bed.clean()


def written(directory: Path) -> str:
    """Work that leaves a trace each time it is done."""
    path = directory / "work.yml"
    command = {"ansible.builtin.shell": f"echo once >> {directory / 'worked'}"}
    path.write_text(yaml.safe_dump([{"name": "Work", **command}]), encoding="utf-8")
    return str(path)


# --- undisturbed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cloud", [MANY], indirect=True, ids=["eight"])
def test_the_playbook_drains_works_and_returns(cloud: Cloud, tmp_path: Path) -> None:
    work = written(tmp_path)
    before = cloud.actions()
    checked = cloud.role("--check", "--diff", tasks_file=work)
    assert checked.status == 0, checked.output
    assert cloud.actions() == before
    assert (cloud.states(), cloud.service()) == (cloud.at_first, ("enabled", None))
    assert not cloud.books.store.exists()

    ran = cloud.role(tasks_file=work)
    assert ran.status == 0, ran.output
    unchosen = "a host of the scheduler's choice"
    away, home = ran.actions[:9], ran.actions[9:]
    assert checked.actions[:9] == away
    assert [a.replace(source(a), unchosen) for a in home] == checked.actions[9:]
    assert all(step in checked.output for step in checked.actions)
    assert sum(a.startswith("live-migrate") for a in away) == len(cloud.running)
    assert (cloud.states(), cloud.service()) == (cloud.at_first, ("enabled", None))
    assert all(moves == [("completed", moves[0][1])] for moves in cloud.moves().values())
    assert {m[0][1] for m in cloud.moves().values()} <= {"compute2", "compute3", "compute4"}
    assert set(cloud.moves()) == set(cloud.running)
    assert sorted(set(cloud.actions()) - {"create", "pause", "stop"}) == ["live-migration"]

    done = cloud.actions()
    again = cloud.role(tasks_file=work)
    assert (again.status, again.changed) == (0, 0), again.output
    assert cloud.actions() == done
    assert (tmp_path / "worked").read_text(encoding="utf-8") == "once\n"


def source(action: str) -> str:
    """The host that a server leaves; something that is absent from other sentences."""
    match = re.search(" from (\\S+) to ", action)
    return match[1] if match else "\n"


def test_stopped_servers_leave_and_return_if_wanted(cloud: Cloud) -> None:
    away = cloud.task("in_maintenance", cold_migrate=True)
    assert away.status == 0, away.output
    assert cloud.here() == set()
    assert cloud.statuses() == {n: s for n, (_h, s, _t) in cloud.at_first.items()}
    assert cloud.service() == ("disabled", REASON)
    assert cloud.phase() == "in_maintenance"
    words = {m["server"]: (m["to"], m["now_on"]) for m in moves(away)}
    assert words == {name: (host, host) for name, (host, _s, _t) in cloud.states().items()}
    again = cloud.task("in_maintenance", cold_migrate=True)
    assert (again.status, again.changed) == (0, 0), again.output
    back = cloud.task("in_service")
    assert back.status == 0, back.output
    assert (cloud.states(), cloud.service()) == (cloud.at_first, ("enabled", None))
    kinds = [m["migration_type"] for m in cloud.bed.migrations(cloud.servers[OFF[0]])]
    ends = [m["status"] for m in cloud.bed.migrations(cloud.servers[OFF[0]])]
    assert (kinds, ends) == (["migration"] * 2, ["confirmed"] * 2)


def moves(run: Run) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = run.result("in_maintenance")["maintenance"]["moves"]
    return listed


# --- interrupted ----------------------------------------------------------------------------------


def test_killed_in_the_drain_and_run_again(cloud: Cloud) -> None:
    with cloud.bed.fault(live_migration_seconds=120):
        output = cloud.books.run_until_killed(
            PLAYBOOK, lambda: cloud.migrating() > 0, **cloud.named({"max_parallel": 2})
        )
        assert "PLAY RECAP" not in output
        assert cloud.phase() == "draining"
        (first, *_others) = (n for n, (_h, _s, task) in cloud.states().items() if task)

        def let_go() -> bool:
            """When the next run has found a move under way and looks at it again and again."""
            if waits := cloud.looked_at(cloud.servers[first]) > 6:
                faults.write(cloud.bed.layout, {})
            return waits

        cloud.forget_looks()
        again = cloud.books.run_while([play("in_maintenance")], let_go)
    assert again.status == 0, again.output
    assert any(a.startswith("wait until nm-") for a in again.actions)
    assert cloud.here() == set(OFF)
    assert {name: moves[-1][0] for name, moves in cloud.moves().items()} == dict.fromkeys(
        cloud.running, "completed"
    )
    hosts = {name: host for name, (host, _s, _t) in cloud.states().items() if name not in OFF}
    assert {name: moves[-1][1] for name, moves in cloud.moves().items()} == hosts
    back = cloud.task("in_service")
    assert back.status == 0, back.output
    assert (cloud.states(), cloud.service()) == (cloud.at_first, ("enabled", None))


def test_killed_between_a_cold_migration_and_its_confirmation(cloud: Cloud) -> None:
    """The confirmation of one that somebody else moves at the same time is left to them."""
    cloud.bed.action(cloud.servers["nm-a3"], "resize", {"flavorRef": "2"}, status="VERIFY_RESIZE")
    where = cloud.states()["nm-a3"][0]

    def resizing() -> bool:
        return any(cloud.states()[name][1] in ("RESIZE", "VERIFY_RESIZE") for name in OFF)

    with cloud.bed.fault(delay={"finish_migration": 2}):
        cloud.books.run_until_killed(PLAYBOOK, resizing, **cloud.named({"cold_migrate": True}))
    again = cloud.task("in_maintenance", cold_migrate=True)
    assert again.status == 0, again.output
    assert any(a.startswith("confirm the resize of nm-off") for a in again.actions)
    assert cloud.here() == set()
    assert {cloud.statuses()[name] for name in OFF} == {"SHUTOFF"}
    assert cloud.states()["nm-a3"] == (where, "VERIFY_RESIZE", None)
    assert "nm-a3" not in cloud.moves()


def test_the_compute_dies_in_the_drain(cloud: Cloud) -> None:
    """Nova leaves its migrations as they are until the process is back. (One that is asked for when
    it is dead may end in ERROR after that; so it dies when all have been asked for.)
    """
    killed: list[float] = []

    def kill() -> bool:
        if not killed and cloud.copying():
            cloud.bed.kill(HOST)
            killed.append(time.monotonic())
        return bool(killed)

    with cloud.bed.fault(live_migration_seconds=8):
        failed = cloud.books.run_while(PLAYBOOK, kill, **cloud.named({"max_parallel": 2}))
    assert failed.status == 2, failed.output
    assert time.monotonic() - killed[0] < 60
    text = failed.failure()["msg"]
    assert f"does not continue, as the compute service of {HOST} is down" in text
    assert f"Start nova-compute on {HOST} and run again" in text
    remaining = cloud.here() - set(OFF)
    gone = set(cloud.running) - remaining
    assert (bool(remaining), bool(gone)) == (True, True)
    assert all(name in text for name in cloud.running)
    assert cloud.migrating() > 0

    down = cloud.task("in_maintenance")
    assert "it is down, and servers can't be moved off" in down.failure()["msg"]

    cloud.bed.start(HOST)
    cloud.bed.wait_service(HOST, "up")
    again = cloud.role()
    assert again.status == 0, again.output
    assert (cloud.states(), cloud.service()) == (cloud.at_first, ("enabled", None))
    assert cloud.phase() == "done"


def test_the_host_restarts_while_it_is_worked_on(cloud: Cloud) -> None:
    assert cloud.task("in_maintenance").status == 0
    cloud.bed.kill(HOST)
    cloud.bed.wait_service(HOST, "down")
    again = cloud.task("in_maintenance")
    assert (again.status, again.changed) == (0, 0), again.output
    started: list[bool] = []

    def start() -> bool:
        if not started and cloud.phase() == "in_maintenance":
            started.append(True)
            time.sleep(4)
            cloud.bed.start(HOST)
        return bool(started)

    back = cloud.books.run_while(PLAYBOOK, start, **cloud.named({}))
    assert back.status == 0, back.output
    assert f"wait until compute service of {HOST} is up" in back.actions
    assert (cloud.states(), cloud.service()) == (cloud.at_first, ("enabled", None))


# --- other people ---------------------------------------------------------------------------------


def test_a_foreign_reason_is_kept(cloud: Cloud) -> None:
    uuid = cloud.bed.services()[HOST]["id"]
    reason = {"status": "disabled", "disabled_reason": "broken fan"}
    cloud.bed.api("PUT", f"/os-services/{uuid}", reason)
    run = cloud.role()
    assert run.status == 0, run.output
    assert cloud.service() == ("disabled", "broken fan")
    assert cloud.here() == set(OFF)
    assert not any("compute service" in action for action in run.actions)
    assert "stays disabled, as someone else disabled it (reason: broken fan)" in run.output
    assert f"does not return: {HOST} has its compute service disabled" in run.output


def test_what_others_did_meanwhile_stands(cloud: Cloud) -> None:
    assert cloud.task("in_maintenance").status == 0
    gone, stopped, other = "nm-a1", "nm-a2", "nm-a3"
    cloud.bed.action(cloud.servers[gone], "forceDelete")
    wait_for(lambda: gone not in cloud.states())
    cloud.bed.action(cloud.servers[stopped], "os-stop", status="SHUTOFF")
    here = cloud.states()[other][0]
    elsewhere = next(h for h in cloud.bed.hosts if h not in (HOST, here))
    live = {"host": elsewhere, "block_migration": "auto"}
    cloud.bed.action(cloud.servers[other], "os-migrateLive", live)
    wait_for(lambda: cloud.states()[other] == (elsewhere, "ACTIVE", None))
    back = cloud.task("in_service")
    assert back.status == 0, back.output
    assert cloud.here() == {*OFF, PAUSED}
    assert cloud.states()[other][0] == elsewhere
    for words in (
        f"{gone}: does not return: it is gone",
        f"{stopped}: does not return: it is SHUTOFF",
        f"{other}: does not return: it was moved to {elsewhere} meanwhile",
    ):
        assert words in back.output


def test_every_blocker_is_reported_and_nothing_changed(cloud: Cloud) -> None:
    cloud.bed.action(cloud.servers["nm-a1"], "rescue", status="RESCUE")
    body = {"os-resetState": {"state": "error"}}
    cloud.bed.api("POST", f"/servers/{cloud.servers['nm-a2']}/action", body)
    before = cloud.actions()
    run = cloud.task("in_maintenance")
    error = run.failure()["error"]
    assert (error["code"], error["status"]) == ("plan_refused", 409)
    assert {v["subject"] for v in error["details"]["verdicts"]} == {"nm-a1", "nm-a2"}
    assert all(v["remedy"] for v in error["details"]["verdicts"])
    for options, text in (
        ({"network": "fast"}, "option network"),
        ({"anti_affinity": "relax"}, "option anti_affinity"),
    ):
        refused = cloud.task("in_maintenance", **options).failure()
        assert refused["error"]["status"] == 501
        assert refused["msg"].startswith(text)
    assert (cloud.actions(), cloud.service()) == (before, ("enabled", None))
    assert cloud.rows("select 1 from xenfleet_maintenances") == []


def wait_for(condition: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)
