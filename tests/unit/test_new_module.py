# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``make new-module`` writes works as it is, and keeps the project's rules."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import generate
import new_module
import pytest
import returns
import yaml
from unit.documented import problems

PLUGINS = "ansible_collections.xenfleet.compute.plugins"
ROOT = generate.ROOT
NAMES = ("storage_policy_info", "storage_policy")


def load(monkeypatch: pytest.MonkeyPatch, name: str, path: Path) -> ModuleType:
    """The file, as if it stood in this checkout."""
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def calls(tests: ModuleType) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    for name, function in vars(tests).items():
        if name.startswith("test_"):
            marks = getattr(function, "pytestmark", [])
            for arguments in marks[0].args[1] if marks else [()]:
                yield function, arguments


def documented(root: Path, name: str) -> dict[str, Any]:
    """The module's options, those of its fragments included."""
    doc = generate.documentation((root / f"plugins/modules/{name}.py").read_text(encoding="utf-8"))
    options = dict(doc["options"])
    for fragment in doc["extends_documentation_fragment"]:
        source = root / f"plugins/doc_fragments/{fragment.split('.')[2]}.py"
        options |= generate.documentation(source.read_text(encoding="utf-8"))["options"]
    return options


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_run_and_tested(copy: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    written = new_module.create(copy, name)
    module = load(monkeypatch, f"{PLUGINS}.modules.{name}", written["module.py"])
    action = load(monkeypatch, f"{PLUGINS}.action.{name}", copy / f"plugins/action/{name}.py")
    assert action.ActionModule.module is module
    assert list(problems(documented(copy, name), module.SPEC.argument_spec())) == []
    assert f"\n  xenfleet.compute.{name}: " in written["target.yml"].read_text(encoding="utf-8")
    for function, arguments in calls(load(monkeypatch, "its_tests", written["test.py"])):
        function(*arguments)


def test_all_is_written_and_in_the_projects_format(copy: Path) -> None:
    paths = [path for name in NAMES for path in new_module.create(copy, name).values()]
    assert generate.stale(copy) == []
    groups = yaml.safe_load((copy / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert all({*NAMES} <= {*groups["action_groups"][one]} for one in generate.GROUPS)
    names = [*returns.read(copy)]
    assert names == sorted(names)
    written = [str(path) for path in paths if path.suffix == ".py"]
    written += [str(copy / f"plugins/action/{name}.py") for name in NAMES]
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        ruff = Path(sys.executable).with_name("ruff")
        done = subprocess.run(
            [ruff, *command, *written], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert max(map(len, text.splitlines())) <= 120, path
        assert not re.search(r"\$\w", text), path


@pytest.mark.parametrize("name", NAMES)
def test_what_is_left_names_files_and_commands_that_exist(copy: Path, name: str) -> None:
    report = new_module.remaining_work(copy, name, new_module.create(copy, name))
    paths = re.findall(r"[\w./]+/[\w./]+\w", report)
    assert [one for one in paths if not any((top / one).exists() for top in (copy, ROOT))] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = " ".join(re.findall(r"make ([a-z ]+)", report.partition("Then: ")[2])).split()
    assert len(targets) > 4
    assert [one for one in targets if f"\n{one}: " not in makefile] == []


@pytest.mark.parametrize("name", ["Storage", "storage-policy", "", "xen_pool"])
def test_other_names_and_those_that_are_taken_are_refused(copy: Path, name: str) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit, match=r"not the name of a module|exists"):
        new_module.create(copy, name)
    assert before == {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
