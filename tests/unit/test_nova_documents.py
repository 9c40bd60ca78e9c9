# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about Nova's documents names modules, options, roles and tests that there are."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path
from typing import Any

import nova_documents
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.xenfleet.compute.plugins"
ROWS: list[dict[str, Any]] = [
    row for section in nova_documents.sections(ROOT) for row in section["rows"]
]
INSIDE = [row for row in ROWS if "outside" not in row]


@cache
def options(name: str) -> set[str]:
    """Options of the module and variables of the role of this name."""
    found: set[str] = set()
    if (ROOT / f"plugins/modules/{name}.py").exists():
        module = importlib.import_module(f"{PLUGINS}.modules.{name}")
        found |= set(module.SPEC.argument_spec())
    specs = ROOT / f"roles/{name}/meta/argument_specs.yml"
    if specs.exists():
        text = yaml.safe_load(specs.read_text(encoding="utf-8"))
        found |= set(text["argument_specs"]["main"]["options"])
    return found


@cache
def functions(path: str) -> set[str]:
    """Names of the test functions in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", INSIDE, ids=[row["says"] for row in INSIDE])
def test_row_has_its_options_and_tests(row: dict[str, Any]) -> None:
    assert row["options"]
    assert row["tests"]
    for option in row["options"]:
        name, _dot, option_name = option.partition(".")
        assert option_name in options(name), option
    for test in row["tests"]:
        path, _colons, function = test.partition("::")
        assert function in functions(path), test


def test_what_is_outside_is_said_in_a_sentence() -> None:
    outside = [row for row in ROWS if "outside" in row]
    assert outside
    assert all(row["outside"].endswith(".") for row in outside)
