# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The moving patterns on a real Nova, from the playbooks down; looked at by plain REST."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.playbooks import ROOT, Playbooks, Run, Trace
from testbeds.openstack.client import Bed

pytestmark = pytest.mark.nova

LOST = "compute4"


class Cloud:
    """The playbooks, with tasks that switch compute processes off and on and leave a trace."""

    def __init__(self, bed: Bed, directory: Path) -> None:
        where = {**bed.cloud_env(), "XENFLEET_CONTROL_PLANE": "nova"}
        self.bed = bed
        self.books = Playbooks(None, directory, **where)
        self.trace = Trace(directory / "trace")

    def tasks_file(self, name: str, host: str, *command: str) -> str:
        path = self.books.directory / f"{name}.yml"
        note = {"name": name, "ansible.builtin.shell": f"echo {name} {host} >> {self.trace.path}"}
        tasks: list[dict[str, Any]] = [{**note, "changed_when": True}]
        if command:
            bed_py = str(ROOT / "tests/testbeds/openstack/bed.py")
            argv = [sys.executable, bed_py, *command, "--root", str(self.bed.layout.root)]
            tasks.append({"name": "Switch", "ansible.builtin.command": {"argv": argv}})
        path.write_text(yaml.safe_dump(tasks), encoding="utf-8")
        return str(path)

    def run(self, pattern: str, *options: str, **variables: Any) -> Run:
        given = {f"{pattern}_{name}": value for name, value in variables.items()}
        return self.books.run(ROOT / "playbooks" / f"{pattern}.yml", *options, **given)

    def done(self) -> list[str]:
        """What the tasks have been run for since the last look."""
        return self.trace.taken()

    def servers(self) -> dict[str, tuple[str, str]]:
        """Host and status by name."""
        listed = self.bed.api("GET", "/servers/detail?all_tenants=1")["servers"]
        return {s["name"]: (s["OS-EXT-SRV-ATTR:host"], s["status"]) for s in listed}

    def service(self, host: str) -> tuple[str, str, bool]:
        shown = self.bed.services()[host]
        return shown["status"], shown["state"], shown["forced_down"]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    bed = Bed.required()
    bed.clean()
    try:
        yield Cloud(bed, tmp_path)
    finally:
        bed.clean()


def test_a_failed_host_is_recovered_from_and_comes_back(cloud: Cloud) -> None:
    servers = cloud.bed.servers({"lost1": LOST, "lost2": LOST, "off": LOST, "other": "compute1"})
    cloud.bed.action(servers["off"], "os-stop", status="SHUTOFF")
    fence = cloud.tasks_file("fence", LOST)
    given = {"host": LOST, "fencing_tasks_file": fence}
    up = cloud.run("host_recovery", wait_timeout=2, **given)
    assert (up.status, cloud.done(), cloud.service(LOST)) == (2, [], ("enabled", "up", False))

    cloud.bed.kill(LOST)
    ran = cloud.run("host_recovery", **given)
    assert ran.status == 0, ran.output
    assert cloud.done() == [f"fence {LOST}"]
    assert cloud.service(LOST) == ("disabled", "down", True)
    after = cloud.servers()
    assert {name: status for name, (_host, status) in after.items()} == {
        "lost1": "ACTIVE",
        "lost2": "ACTIVE",
        "off": "SHUTOFF",
        "other": "ACTIVE",
    }
    assert LOST not in {host for host, _status in after.values()}
    assert all(f"{name}: ACTIVE on {after[name][0]}" in ran.output for name in ("lost1", "lost2"))
    again = cloud.run("host_recovery", **given)
    assert (again.status, again.changed, cloud.done()) == (0, 0, []), again.output

    early = cloud.run("host_recovery", host=LOST, state="in_service")
    assert early.status == 2
    assert "Restart the host first" in early.failure()["msg"]
    cloud.bed.start(LOST)
    back = cloud.run("host_recovery", host=LOST, state="in_service")
    assert back.status == 0, back.output
    assert cloud.service(LOST) == ("enabled", "up", False)
    assert cloud.servers() == after
    third = cloud.run("host_recovery", host=LOST, state="in_service")
    assert (third.status, third.changed) == (0, 0), third.output


def test_two_hosts_are_updated_one_after_the_other(cloud: Cloud) -> None:
    cloud.bed.servers({"a": "compute1", "b": "compute2"})
    before = cloud.servers()
    given = {
        "name": "november",
        "hosts": ["compute2", "compute1"],
        "tasks_file": cloud.tasks_file("work", "{{ rolling_update_host }}"),
    }
    checked = cloud.run("rolling_update", "--check", **given)
    assert (checked.status, cloud.done(), cloud.servers()) == (0, [], before), checked.output
    ran = cloud.run("rolling_update", **given)
    assert ran.status == 0, ran.output
    assert cloud.done() == ["work compute2", "work compute1"]
    assert cloud.servers() == before
    assert len(ran.actions) == len(checked.actions)
    again = cloud.run("rolling_update", **given)
    assert (again.status, again.changed, cloud.done()) == (0, 0, []), again.output


def test_a_host_is_emptied_switched_off_and_brought_back(cloud: Cloud) -> None:
    cloud.bed.servers({"a": "compute1", "b": "compute2", "c": "compute2"})
    host = "{{ host_consolidation_host }}"
    given = {
        "name": "tonight",
        "hosts": ["compute1", "compute2"],
        "power_off_tasks_file": cloud.tasks_file("power_off", host, "kill", host),
        "power_on_tasks_file": cloud.tasks_file("power_on", host, "start", host),
    }
    ran = cloud.run("host_consolidation", **given)
    assert ran.status == 0, ran.output
    assert cloud.done() == ["power_off compute1"]
    assert cloud.service("compute1")[:2] == ("disabled", "down")
    after = cloud.servers()
    assert "compute1" not in {where for where, _status in after.values()}
    again = cloud.run("host_consolidation", **given)
    assert (again.status, again.changed, cloud.done()) == (0, 0, []), again.output
    back = cloud.run("host_consolidation", state="in_service", **given)
    assert back.status == 0, back.output
    assert cloud.done() == ["power_on compute1"]
    assert cloud.service("compute1") == ("enabled", "up", False)
    assert cloud.servers() == after


def test_memory_is_evened_out_and_a_second_run_finds_nothing(cloud: Cloud) -> None:
    made = cloud.bed.servers(dict.fromkeys(("a", "b", "c", "d"), "compute1"), flavor="m1.tiny")
    cloud.bed.api("POST", f"/servers/{made['a']}/action", {"lock": None})
    hosts = {"hosts": ["compute1", "compute2", "compute3"]}
    checked = cloud.run("host_spread", "--check", **hosts)
    assert checked.status == 0, checked.output
    assert {host for host, _status in cloud.servers().values()} == {"compute1"}
    ran = cloud.run("host_spread", **hosts)
    assert ran.status == 0, ran.output
    assert ran.actions == checked.actions
    after = cloud.servers()
    assert sorted(host for host, _status in after.values()) == [
        "compute1",
        "compute1",
        "compute2",
        "compute3",
    ]
    assert after["a"] == ("compute1", "ACTIVE")
    assert {status for _host, status in after.values()} == {"ACTIVE"}
    again = cloud.run("host_spread", **hosts)
    assert (again.status, again.changed) == (0, 0), again.output
