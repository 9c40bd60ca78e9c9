# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares a test's verdicts with those that are kept, or keeps them."""

from __future__ import annotations

import pytest
from contract.rules import verdicts
from contract.rules.control import Control

checked: dict[tuple[str, str], list[verdicts.Check]] = {}
"""Checks of this run by test and control plane."""
failed: set[str] = set()
"""Tests of this run whose verdicts mean nothing."""
OPTION = "--write-rules-table"


def judge(request: pytest.FixtureRequest, control: Control) -> None:
    """To be called at the end of each rule's test. Another plane's verdicts are not looked at, unless
    the plane is judged by them; then none of its own are kept.
    """
    if not control.checks or request.node.nodeid in failed:
        return
    test = _name_of(request.node, control.plane)
    if control.judged_as:
        known = verdicts.column(verdicts.load(), test, control.judged_as)
        assert [check for check in control.checks if check not in known] == []
        return
    checked[test, control.plane] = control.checks
    if not request.config.getoption(OPTION, False):
        assert control.checks == verdicts.column(verdicts.load(), test, control.plane)


def _name_of(node: pytest.Item, plane: str) -> str:
    """The test's name, the same on both planes."""
    name = node.name.replace(f"[{plane}]", "").replace(f"[{plane}-", "[")
    return name.replace(f"-{plane}]", "]").replace(f"-{plane}-", "-")
