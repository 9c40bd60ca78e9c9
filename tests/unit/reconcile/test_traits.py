# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planners and modules ask what is true of a control plane, never which one it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
PLANES = {"nova", "xapi"}


def names_a_plane(source: str) -> Iterator[int]:
    """Lines that read a flag for one plane, or compare or look up with the name of one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in {"scheduled", "is_nova", "is_xapi"}:
            yield node.lineno
        if isinstance(node, (ast.Compare, ast.Subscript)):
            words = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
            if words & {"control_plane", *PLANES}:
                yield node.lineno


@pytest.mark.parametrize("folder", ["module_utils/_reconcile", "module_utils/_core", "modules"])
def test_no_plane_is_named(folder: str) -> None:
    files = sorted((PLUGINS / folder).rglob("*.py"))
    assert files
    named = [f"{f.name}:{n}" for f in files for n in names_a_plane(f.read_text("utf-8"))]
    assert not named


@pytest.mark.parametrize(
    "source",
    ["fleet.scheduled", 'params["control_plane"] == "nova"', 'plane in ("xapi",)', 'table["nova"]'],
)
def test_one_that_is_named_is_found(source: str) -> None:
    assert list(names_a_plane(source))
