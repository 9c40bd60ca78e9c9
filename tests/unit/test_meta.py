# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module and every file of the collection must have, so that none is forgotten."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit import actions_page
from unit.documented import problems

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.xenfleet.compute.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
ATTRIBUTES = {"check_mode", "diff_mode", "idempotent", "action_group"}
LICENSED = {".py", ".sh", ".yml", ".yaml", ".toml", ".rst", ".md"}
# Written by tools (fragments and the changelog), or a statement of its own.
WITHOUT_HEADER = re.compile(r"^(CHANGELOG\.rst|changelogs/(fragments|changelog\.yaml)|LICENSE)")
MACHINE_PATH = re.compile(r"(?<![\w.}-])/(home/\w+|root|work|tmp/(?!\S*x{3,}))/")


def tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [path for path in listed.stdout.split("\0") if path]
    return [path for path in paths if (ROOT / path).is_file() and not path.startswith(".tree/")]


@pytest.fixture(scope="module")
def action_groups() -> dict[str, list[Any]]:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    groups: dict[str, list[Any]] = runtime["action_groups"]
    return groups


def spec_of(name: str) -> dict[str, dict[str, Any]]:
    spec: dict[str, dict[str, Any]] = importlib.import_module(
        f"{PLUGINS}.modules.{name}"
    ).SPEC.argument_spec()
    return spec


def test_there_are_modules() -> None:
    assert len(MODULES) >= 13


def test_groups_name_no_module_that_is_gone(action_groups: dict[str, list[Any]]) -> None:
    named = {one for group in action_groups.values() for one in group if isinstance(one, str)}
    assert named <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_module_is_in_the_groups_whose_options_it_has(
    name: str, action_groups: dict[str, list[Any]]
) -> None:
    options = spec_of(name)
    assert (name in action_groups["xapi"]) == ("endpoints" in options)
    assert (name in action_groups["nova"]) == ("cloud" in options)
    assert (name in action_groups["store"]) == ("store" in options)


def test_group_all_reaches_every_module(action_groups: dict[str, list[Any]]) -> None:
    extended = [one["metadata"]["extend_group"] for one in action_groups["all"]]
    reached = {one for groups in extended for group in groups for one in action_groups[group]}
    assert reached == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_module_runs_in_process(name: str) -> None:
    action = importlib.import_module(f"{PLUGINS}.action.{name}")
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    assert action.ActionModule.module is module


def ansible_doc() -> dict[str, dict[str, Any]]:
    """What ansible-doc says of every module, doc fragments included."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-doc")),
            "--json",
            *(f"xenfleet.compute.{name}" for name in MODULES),
        ],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree")},
        capture_output=True,
        text=True,
        check=True,
    )
    documented = json.loads(done.stdout)
    return {name: documented[f"xenfleet.compute.{name}"]["doc"] for name in MODULES}


def test_documentation_says_what_the_specification_says(
    action_groups: dict[str, list[Any]],
) -> None:
    """One test for all modules, as workers that share many tests would each start ansible-doc."""
    by_module = {}
    for name, doc in ansible_doc().items():
        attributes = doc.get("attributes", {})
        by_module[name] = [
            f"attribute {one} is missing" for one in sorted(ATTRIBUTES - {*attributes})
        ]
        groups = ["all", *(group for group, names in action_groups.items() if name in names)]
        membership = attributes.get("action_group", {}).get("membership", [])
        if sorted(membership) != sorted(f"xenfleet.compute.{group}" for group in groups):
            by_module[name].append(f"it is in the groups {groups}, documented are {membership}")
        by_module[name] += problems(doc["options"], spec_of(name))
    assert {name: complaints for name, complaints in by_module.items() if complaints} == {}


@pytest.mark.parametrize("name", MODULES)
def test_passwords_are_no_log(name: str) -> None:
    secret = re.compile(r"password|secret|token")
    open_ones = [
        option
        for option, spec in spec_of(name).items()
        if secret.search(option) and not spec.get("no_log")
    ]
    assert open_ones == []


@pytest.mark.parametrize("name", MODULES)
def test_module_has_an_integration_target(name: str) -> None:
    assert (ROOT / "tests/integration/targets" / name / "tasks/main.yml").is_file()


def test_the_readme_names_every_module() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in MODULES if f"`{name}`" not in readme] == []


def test_make_has_and_lists_every_target_that_the_documents_name() -> None:
    named = {
        target
        for name in ("README.md", "CONTRIBUTING.md", "tests/testbeds/openstack/README.md")
        for target in re.findall(
            r"(?:^|`)make ([a-z0-9.-]+)", (ROOT / name).read_text(encoding="utf-8"), re.M
        )
    }
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([a-z0-9.-]+):.* ## ", makefile, re.M))
    assert {"test", "test-all", "new-module", "e2e"} <= named
    assert sorted(named - listed) == []
    phony = makefile.partition(".PHONY:")[2].partition("\n\n")[0].split()
    assert sorted(listed - {*phony, "clean"}) == []


ROLES = sorted(p.name for p in (ROOT / "roles").iterdir())


def role_spec(role: str) -> dict[str, Any]:
    path = ROOT / "roles" / role / "meta/argument_specs.yml"
    main: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"][
        "main"
    ]
    return main


@pytest.mark.parametrize("name", ROLES)
def test_role_is_complete(name: str) -> None:
    role = ROOT / "roles" / name
    options = role_spec(name)["options"]
    defaults = yaml.safe_load((role / "defaults/main.yml").read_text(encoding="utf-8")) or {}
    assert (role / "README.md").is_file()
    assert (ROOT / "playbooks" / f"{name}.yml").is_file()
    assert "version_added" in role_spec(name)
    specified = {name: one["default"] for name, one in options.items() if "default" in one}
    assert specified == {name: value for name, value in defaults.items() if name in options}


@pytest.mark.parametrize("name", ROLES)
def test_role_specifies_what_it_reads_of_another(name: str) -> None:
    """Some include host_maintenance, which reads its variables, others read a few of them."""
    theirs = role_spec("host_maintenance")["options"]
    tasks = "".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "roles" / name / "tasks").iterdir()
    )
    given = set(re.findall(r"^ +(host_maintenance_\w+):", tasks, re.MULTILINE))
    named = set(re.findall(r"\bhost_maintenance_\w+", tasks))
    read = set(theirs) - given if given else set(theirs) & named
    keys = ("type", "choices")
    foreign = {
        option: [spec.get(key) for key in keys]
        for option, spec in role_spec(name)["options"].items()
        if not option.startswith(f"{name}_")
    }
    expected = {option: [theirs[option].get(key) for key in keys] for option in read}
    assert foreign == (expected if name != "host_maintenance" else {})


def test_the_guide_has_the_table_of_server_actions() -> None:
    guide = actions_page.PAGE.read_text(encoding="utf-8")
    assert guide == actions_page.page(guide), "run make format"


def test_every_source_file_names_its_licence() -> None:
    sources = [
        path
        for path in tracked_files()
        if Path(path).suffix in LICENSED and not WITHOUT_HEADER.match(path)
    ]
    lacking = [
        path
        for path in sources
        if "SPDX-License-Identifier: GPL-3.0-or-later"
        not in (ROOT / path).read_text(encoding="utf-8")[:600]
    ]
    assert lacking == []


def test_no_file_names_a_path_of_one_machine() -> None:
    paths = []
    for path in tracked_files():
        text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
        paths += [f"{path}: {match.group()}" for match in MACHINE_PATH.finditer(text)]
    assert paths == []


def test_the_tree_leads_to_this_checkout() -> None:
    link = ROOT / ".tree/ansible_collections/xenfleet/compute"
    assert not Path(os.readlink(link)).is_absolute()
    assert link.resolve() == ROOT
