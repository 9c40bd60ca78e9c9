# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file of tasks that can't be used is refused by every role that takes one before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import ROOT, Playbooks, Run
from simulators.launch import Simulator

SITE: dict[str, Any] = {
    "clock": {"factor": 60},
    "hosts": [{"name": "xen", "count": 2, "memory": "32 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "type": "nfs", "default": True}]}},
    "vms": [{"name": "web", "memory": "2 GiB", "where": "xen2"}],
}
GIVEN: dict[str, tuple[str, dict[str, Any]]] = {
    "host_maintenance": ("tasks_file", {"host": "xen2"}),
    "rolling_update": ("check_tasks_file", {"hosts": ["xen2"], "name": "m1"}),
    "host_consolidation": ("power_off_tasks_file", {"hosts": ["xen1", "xen2"], "name": "m1"}),
    "host_recovery": ("fencing_tasks_file", {"host": "xen2"}),
}

GOOD = """
- name: Short names, and a full one
  debug: {msg: hello}
- xenfleet.compute.aggregate_info:
- ansible.builtin.include_tasks: "{{ looked_at_when_it_runs }}"
- block:
    - set_fact: {a: 1}
  rescue:
    - fail: {msg: no}
- import_tasks: nested.yml
- import_tasks: "{{ chosen_by_a_variable }}.yml"
"""
BAD = {
    "play.yml": ("- hosts: localhost\n  tasks: []\n", "it is a playbook"),
    "imports.yml": ("- import_playbook: other.yml\n", "it is a playbook"),
    "unknown.yml": ("- pingg: {}\n", "couldn't resolve module/action 'pingg'"),
    "two.yml": ("- ping: {}\n  debug: {}\n", "conflicting action statements: ping, debug"),
    "broken.yml": ("- ping: [\n", "it can't be read: YAML"),
    "empty.yml": ("---\n", "it has no tasks"),
    "mapping.yml": ("ping: {}\n", "it is no list of tasks"),
    "words.yml": ("- ping\n", "it is no list of tasks"),
    "far.yml": ("- import_tasks: gone.yml\n", "gone.yml, and there is no such file"),
    "deep.yml": ("- import_tasks: two.yml\n", "conflicting action statements"),
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playbooks]:
    with Simulator(SITE) as site:
        yield Playbooks(site, tmp_path_factory.mktemp("books"))


def run(books: Playbooks, role: str, path: str, *options: str) -> Run:
    variable, others = GIVEN[role]
    given = {f"{role}_{name}": value for name, value in {**others, variable: path}.items()}
    return books.run(ROOT / "playbooks" / f"{role}.yml", *options, **given)


@pytest.mark.parametrize("options", [("--check",), ()], ids=["check", "real"])
@pytest.mark.parametrize("role", GIVEN)
def test_missing_file(books: Playbooks, role: str, options: tuple[str, ...]) -> None:
    refused = run(books, role, "/nonexistent/tasks.yml", *options)
    assert refused.status == 2, refused.output
    assert refused.failure()["msg"].startswith("/nonexistent/tasks.yml: there is no such file")
    assert books.mutating_calls() == []


def test_playbook_that_names_itself(books: Playbooks) -> None:
    itself = ROOT / "playbooks" / "host_maintenance.yml"
    refused = run(books, "host_maintenance", str(itself))
    assert "it is a playbook" in refused.failure()["msg"]
    assert books.mutating_calls() == []


def test_include_that_fails_in_the_middle_says_how_to_go_on(books: Playbooks) -> None:
    """What only the run can find out: the file includes another one, which is not there."""
    path = books.directory / "work.yml"
    path.write_text("- ansible.builtin.include_tasks: gone.yml\n", encoding="utf-8")
    failed = run(books, "host_maintenance", str(path))
    assert "The host stays in maintenance" in failed.failure()["msg"]
    assert "gone.yml" in failed.output
    path.write_text("- ansible.builtin.debug: {msg: done}\n", encoding="utf-8")
    assert run(books, "host_maintenance", str(path)).status == 0


def test_each_problem_is_named(tmp_path: Path) -> None:
    files = {name: text for name, (text, _problem) in BAD.items()}
    for name, text in {**files, "good.yml": GOOD, "nested.yml": "- ping:\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    names = ["good.yml", *BAD, "nowhere.yml", "."]
    paths = [str(tmp_path / name) for name in names]
    asked = "{{ lookup('xenfleet.compute.tasks_file', *paths, wantlist=true) }}"
    looked = {
        "name": "Look",
        "ansible.builtin.debug": {"msg": asked},
        "vars": {"paths": ["", *paths]},
    }
    none, *found = Playbooks(None, tmp_path).tasks(looked).result("Look")["msg"]
    assert none == {"path": "", "problem": ""}
    problems = {name: one["problem"] for name, one in zip(names, found, strict=True)}
    assert problems.pop("good.yml") == ""
    assert "it is a folder" in problems.pop(".")
    assert "there is no such file" in problems.pop("nowhere.yml")
    for name, problem in problems.items():
        assert problem.startswith(f"{tmp_path / name}: ")
        assert BAD[name][1] in problem
        assert "\n" not in problem
