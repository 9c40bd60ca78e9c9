# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pytest plugin that notes which functions of the Nova backend each test enters.

``-p harness.entered`` measures with coverage.py, in pytest's own process and in those that a test starts,
ansible-playbook and its workers among them. With ``ENTERED=FILE`` in the environment the session ends by
writing ``{TEST: [FUNCTION, ...]}`` to that file, and playbooks that a test starts among them as
``playbook NAME``.
"""

from __future__ import annotations

import ast
import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path

import coverage
import pytest
from harness.playbooks import ROOT, STARTED

BACKEND = ROOT / "plugins/module_utils/_backends/nova"
PLAYBOOKS = frozenset(f"playbook {file.stem}" for file in (ROOT / "playbooks").glob("*.yml"))

SETTINGS = """\
[run]
data_file = {data}
parallel = true
include = */_backends/nova/*
context = ${{PYTEST_CURRENT_TEST-}}
patch =
    _exit
    fork
"""
"""pytest passes the name of the running test to processes that it starts; Ansible's workers end with os._exit."""
PHASE = re.compile(r" \((?:setup|call|teardown)\)$")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Entered:
    """What has been entered so far, by test."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="xenfleet-entered-")
        settings = Path(self.directory.name) / "coveragerc"
        settings.write_text(SETTINGS.format(data=f"{self.directory.name}/data"), encoding="utf-8")
        self.coverage = coverage.Coverage(config_file=str(settings))
        self.playbooks: dict[str, set[str]] = {}

    def stop(self) -> None:
        """End measuring, and join what the processes have left."""
        self.coverage.stop()
        self.coverage.save()
        self.coverage.combine([self.directory.name])

    def by_test(self) -> dict[str, set[str]]:
        """Functions and playbooks by the id of the test that entered them."""
        by_test_id = defaultdict(set, {test: set(names) for test, names in self.playbooks.items()})
        data = self.coverage.get_data()
        measured = {Path(name).resolve(): name for name in data.measured_files()}
        for file in measured.keys() & set(BACKEND.rglob("*.py")):
            contexts = data.contexts_by_lineno(measured[file])
            for name, lines in functions(file).items():
                for context in {one for line in lines for one in contexts.get(line, ())}:
                    by_test_id[PHASE.sub("", context)].add(name)
        by_test_id.pop("", None)
        return by_test_id


def functions(file: Path) -> dict[str, set[int]]:
    """The functions that a file defines, as ``FILE: NAME``, each with the lines that run once it is entered."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, set[int]]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield f"{prefix}{child.name}", own_lines(child)
            if isinstance(child, (Function, ast.ClassDef)):
                yield from walk(child, f"{prefix}{child.name}.")
            else:
                yield from walk(child, prefix)

    tree = ast.parse(file.read_text(encoding="utf-8"))
    return dict(walk(tree, f"{file.relative_to(BACKEND)}: "))


def own_lines(function: Function) -> set[int]:
    """The first lines of its statements; the docstring is none of them."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return {statement.lineno for statement in function.body[int(documented) :]}


def all_functions() -> set[str]:
    """Those of the whole backend but the ones that only declare (``...``)."""
    return {
        name for file in BACKEND.rglob("*.py") for name, lines in functions(file).items() if lines
    }


ENTERED = Entered()


def pytest_configure() -> None:
    ENTERED.coverage.start()
    # Each process reads the settings by itself, and so learns which test has started it.
    os.environ["COVERAGE_PROCESS_START"] = str(ENTERED.coverage.config.config_file)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    ENTERED.coverage.switch_context(item.nodeid)
    STARTED.clear()
    outcome = yield
    ENTERED.playbooks[item.nodeid] = {f"playbook {name}" for name in STARTED} & PLAYBOOKS
    return outcome


def pytest_sessionfinish() -> None:
    ENTERED.stop()
    if path := os.environ.get("ENTERED"):
        by_test_id = {test: sorted(names) for test, names in sorted(ENTERED.by_test().items())}
        Path(path).write_text(json.dumps(by_test_id, indent=1) + "\n", encoding="utf-8")
