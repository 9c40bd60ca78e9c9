# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every snippet of the README and the guides does what its page says, typed as it stands there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.documents import Desk, commands, pages, snippets
from harness.playbooks import ROOT, Playbooks
from postgres import find_binaries, postgres
from simulators.launch import Simulator

GUIDES = "docs/docsite/rst"
WORK = "- name: Work\n  ansible.builtin.debug:\n    msg: worked on {{ host_maintenance_host }}\n"
POWER_OFF = """
- name: Cut the power
  ansible.builtin.uri:
    url: "{{ lookup('env', 'INSPECT') }}/faults"
    method: POST
    body_format: json
    body: {action: kill, target: "{{ host_recovery_host | default(host_consolidation_host) }}"}
"""
POOL: dict[str, Any] = {
    "clock": {"factor": 60},
    "times": {"heartbeat_s": 60},
    "hosts": [{"name": "xen", "count": 3, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "type": "nfs", "default": True}]}},
    "vms": [{"name": "web", "count": 6, "memory": "2 GiB", "where": "fleet"}],
}
SINGLE: dict[str, Any] = {
    "clock": {"factor": 60},
    "hosts": [{"name": "xen", "count": 3, "memory": "64 GiB"}],
}
ZONES = """
- xenfleet.compute.server_info:
  register: found
- ansible.builtin.debug:
    msg: "{{ found.servers | map(attribute='availability_zone') | unique }}"
"""
FOLLOWED: set[str] = set()
"""Pages that a test of this file follows."""


class Reader:
    """Somebody who follows pages, at a simulated site of his own."""

    def __init__(self, folder: Path, site: Simulator) -> None:
        self.site = site
        names = {f"{name}.example.com": url for name, url in site.hosts.items()}
        environment = {**Playbooks(site, folder).environment, "INSPECT": site.inspect}
        environment.pop("ANSIBLE_CALLBACKS_ENABLED")  # records results for tests that read them
        self.desk = Desk(folder, environment, {**names, "PASSWORD=...": "PASSWORD=secret"})
        self.desk.write("group_vars/all.yml", "vaulted_password: secret\n")

    def tasks(self, text: str) -> str:
        """Tasks of a snippet, in a play."""
        play = {"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(text)}
        self.desk.write("tasks-play.yml", yaml.safe_dump([play]))
        return self.desk.playbook("tasks-play.yml")

    def guests(self, host: str) -> list[str]:
        found: list[str] = self.site.get("/state")["hosts"][host]["guests"]
        return found

    def moved(self) -> set[str]:
        return {life["vm"] for life in self.site.get("/vms") if life["moves"]}

    def no_downtime(self) -> None:
        assert all(v["running"] and v["downtime_s"] == 0 for v in self.site.get("/vms"))


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Callable[[dict[str, Any]], Reader]]:
    with ExitStack() as stack:

        def at(site: dict[str, Any]) -> Reader:
            return Reader(tmp_path, stack.enter_context(Simulator(site)))

        yield at


def follows(page: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Marks a test that follows the page."""
    FOLLOWED.add(page)
    return lambda test: test


def texts(page: str, count: int) -> list[str]:
    """The page's snippets. One that is added or taken away changes the count, and so needs a test."""
    found = snippets(page)
    assert len(found) == count, f"{page}: {[s.text.splitlines()[0] for s in found]}"
    return [s.text for s in found]


At = Callable[[dict[str, Any]], Reader]


@follows("README.md")
def test_readme(reader: At) -> None:
    _make, playbook, run, _install = texts("README.md", 4)  # make demo: test_demo.py
    user = reader(POOL)
    name = playbook.splitlines()[0].removeprefix("# ")
    user.desk.write(name, playbook)
    user.desk.write("update.yml", WORK)
    home = user.guests("xen1")
    user.desk.shell(run)
    assert user.guests("xen1") == home
    assert set(home) <= user.moved()
    user.no_downtime()


@follows("roles/host_maintenance/README.md")
def test_role_host_maintenance(reader: At) -> None:
    playbook, _on_nova = texts("roles/host_maintenance/README.md", 2)
    user = reader(POOL)
    user.desk.write("maintenance.yml", playbook)
    user.desk.write("update.yml", WORK)
    home = user.guests("xen1")
    assert "worked on xen1" in user.desk.playbook("maintenance.yml")
    assert user.guests("xen1") == home
    assert set(home) <= user.moved()


@follows("roles/pool_create/README.md")
def test_role_pool_create(reader: At) -> None:
    (playbook,) = texts("roles/pool_create/README.md", 1)
    user = reader(SINGLE)
    user.desk.write("pool.yml", playbook)
    user.desk.playbook("pool.yml")
    pools = user.site.get("/state")["pools"]
    assert [pool["hosts"] for pool in pools] == [["xen1", "xen2", "xen3"]]


def in_production(user: Reader) -> None:
    """The aggregate that the pages take for granted."""
    user.tasks("- xenfleet.compute.aggregate: {name: production, hosts: [xen1, xen2, xen3]}")


@follows("roles/rolling_update/README.md")
def test_role_rolling_update(reader: At) -> None:
    (playbook,) = texts("roles/rolling_update/README.md", 1)
    user = reader(POOL)
    in_production(user)
    user.desk.write("rolling.yml", playbook)
    user.desk.write("update.yml", WORK)
    user.desk.write(
        "check.yml", "- ansible.builtin.debug: {msg: 'checked {{ rolling_update_host }}'}\n"
    )
    shown = user.desk.playbook("rolling.yml")
    assert all(f"{what} xen{n}" in shown for what in ("worked on", "checked") for n in (1, 2, 3))
    user.no_downtime()


@follows("roles/host_consolidation/README.md")
def test_role_host_consolidation(reader: At) -> None:
    (playbook,) = texts("roles/host_consolidation/README.md", 1)
    user = reader(POOL)
    in_production(user)
    user.desk.write("night.yml", playbook)
    user.desk.write("power_off.yml", POWER_OFF)
    user.desk.playbook("night.yml")
    powered = {name: h["powered"] for name, h in user.site.get("/state")["hosts"].items()}
    assert sorted(powered.values()) == [False, True, True]
    user.no_downtime()


@follows("roles/host_spread/README.md")
def test_role_host_spread(reader: At) -> None:
    (playbook,) = texts("roles/host_spread/README.md", 1)
    vms = [{"name": "web", "count": 6, "memory": "8 GiB", "where": "xen1"}]
    user = reader({**POOL, "vms": vms})
    in_production(user)
    user.desk.write("spread.yml", playbook)
    user.desk.playbook("spread.yml")
    assert [len(user.guests(host)) for host in ("xen1", "xen2", "xen3")] == [2, 2, 2]
    user.no_downtime()


@follows("roles/host_recovery/README.md")
def test_role_host_recovery(reader: At) -> None:
    playbook, back = texts("roles/host_recovery/README.md", 2)
    user = reader(POOL)
    lost = user.guests("xen3")
    user.site.post("/faults", {"action": "kill", "target": "xen3"})
    user.desk.write("recovery.yml", playbook)
    user.desk.write("power_off.yml", POWER_OFF)
    user.desk.playbook("recovery.yml")
    assert sorted(lost) == sorted(set(user.guests("xen1") + user.guests("xen2")) & set(lost))
    user.site.post("/faults", {"action": "revive", "target": "xen3"})
    (play,) = yaml.safe_load(playbook)
    user.desk.write("back.yml", yaml.safe_dump([{**play, "roles": yaml.safe_load(back)}]))
    assert "xen3 is back in service" in user.desk.playbook("back.yml")


@follows(f"{GUIDES}/guide_host_maintenance.rst")
def test_guide_host_maintenance(reader: At) -> None:
    command, end, _on_nova = texts(f"{GUIDES}/guide_host_maintenance.rst", 3)
    user = reader(POOL)
    user.desk.write("site.yml", "xenfleet_endpoints: [xen1.example.com, xen2.example.com]\n")
    user.desk.write("update.yml", "- ansible.builtin.fail: {msg: no luck}\n")
    home = user.guests("xen1")
    with pytest.raises(AssertionError, match="no luck"):
        user.desk.shell(commands(command))
    assert user.guests("xen1") == []
    user.tasks(end)  # gives the maintenance up
    assert user.guests("xen1") == home


@follows(f"{GUIDES}/guide_plans.rst")
def test_guide_plans(reader: At) -> None:
    (tasks,) = texts(f"{GUIDES}/guide_plans.rst", 1)
    user = reader(POOL)
    assert "live-migrate" in user.tasks(tasks)
    assert user.moved() == set()


@follows(f"{GUIDES}/guide_pool_create.rst")
def test_guide_pool_create(reader: At) -> None:
    variables, run, _there, _on_nova, _steps = texts(f"{GUIDES}/guide_pool_create.rst", 5)
    user = reader(SINGLE)
    user.desk.write("site.yml", variables)
    user.desk.shell(commands(run))
    pools = user.site.get("/state")["pools"]
    assert [pool["hosts"] for pool in pools] == [["xen1", "xen2", "xen3"]]


def test_guide_pool_create_with_a_pool_that_is_there(reader: At) -> None:
    _variables, run, there, _on_nova, _steps = texts(f"{GUIDES}/guide_pool_create.rst", 5)
    user = reader(POOL)
    user.desk.write("site.yml", there)
    user.desk.shell(commands(run))
    assert "zone-a" in user.tasks(ZONES)
    assert user.moved() == set()
    user.no_downtime()


@follows(f"{GUIDES}/guide_server_actions.rst")
def test_guide_server_actions(reader: At) -> None:
    (tasks,) = texts(f"{GUIDES}/guide_server_actions.rst", 1)
    user = reader(POOL)
    stopped = user.guests("xen1")
    user.tasks(tasks)
    halted = [
        n for n, vm in user.site.get("/state")["vms"].items() if vm["power_state"] == "Halted"
    ]
    assert sorted(halted) == sorted(stopped)


@follows(f"{GUIDES}/guide_store.rst")
def test_guide_store(reader: At) -> None:
    (defaults,) = texts(f"{GUIDES}/guide_store.rst", 1)
    user = reader(POOL)
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server found; install the package postgresql")
    with postgres() as url:
        user.desk.replaced = {**user.desk.replaced, "postgresql://fleet@db.example.com/fleet": url}
        user.desk.write("group_vars/all.yml", "vaulted_store_password: unused\n")
        task = {"xenfleet.compute.aggregate": {"name": "production"}}
        play = {"hosts": "localhost", "gather_facts": False, **yaml.safe_load(defaults)}
        user.desk.write("play.yml", yaml.safe_dump([{**play, "tasks": [task]}]))
        assert "changed=1" in user.desk.playbook("play.yml")
        assert "changed=0" in user.desk.playbook("play.yml")


def in_checkout(folder: Path) -> Desk:
    """A folder that has what a checkout has."""
    for name in (".venv", ".tree", "tests"):
        (folder / name).symlink_to(ROOT / name)
    return Desk(folder, {"ANSIBLE_HOME": str(folder / "ansible")}, {})


@pytest.mark.full
@follows(f"{GUIDES}/guide_moving_servers.rst")
def test_guide_moving_servers(tmp_path: Path) -> None:
    licensed, *typed, _shown = texts(f"{GUIDES}/guide_moving_servers.rst", 10)
    desk = in_checkout(tmp_path)
    task = yaml.safe_load(licensed)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": task}
    desk.write("licensed.yml", yaml.safe_dump([play]))
    # Last, as nothing could be emptied into or out of such a group.
    shown = desk.shell("\n".join([*map(commands, typed), "ansible-playbook licensed.yml"]))
    assert shown.count("failed=0") == 8


@follows(f"{GUIDES}/guide_simulator.rst")
def test_guide_simulator(tmp_path: Path) -> None:
    shown = in_checkout(tmp_path).shell(
        "\n".join(commands(text) for text in texts(f"{GUIDES}/guide_simulator.rst", 3))
    )
    assert "failed=0" in shown


NOT_TYPED = {"CONTRIBUTING.md", f"{GUIDES}/guide_architecture.rst", f"{GUIDES}/guide_rules.rst"}
"""Their snippets are pictures, or need xe, which is on real hosts only."""
ON_NOVA = {f"{GUIDES}/guide_nova.rst"}
"""Followed by tests on a cloud."""


def test_no_page_is_forgotten() -> None:
    assert {page for page in pages() if snippets(page)} == FOLLOWED | NOT_TYPED | ON_NOVA
