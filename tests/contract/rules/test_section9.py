# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the rules is whole: each rule has a test or a reason why not, each difference a reason,
and the documentation shows it.

The numbers are those of the list of rules that a control plane in Nova's manner must keep: 1 to 22
on aggregates, 23 to 30 on services, 31 to 50 on servers, 51 on host maintenance, 52 on rights. 53
and 54 are not among them: they are what takes the place of a scheduler's rules and filters.
"""

from __future__ import annotations

import re
from pathlib import Path

from contract.rules import page
from contract.rules.differences import DEPARTURES, DIFFERENCES, ONE_PLANE, RULES, UNTESTED
from contract.rules.verdicts import load

HERE = Path(__file__).parent
ROWS = {*range(1, 34), 40, 41, 51, 52, 53, 54}
LINES = [(page.rule_of(test), line) for test, lines in load().items() for line in lines]


def test_every_row_has_a_test_or_a_reason() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*_rules.py"))
    tests = set(re.findall(r"^def (test_row_\w+)\(", text, re.M))
    tested = {page.rule_of(test) for test in tests}
    assert set(RULES) == ROWS
    assert ROWS - tested == set(UNTESTED)
    assert not tested & set(UNTESTED)
    assert {test.split("[")[0] for test in load()} <= tests


def test_planes_differ_where_it_is_said_and_nowhere_else() -> None:
    different = {
        line.get("differs") or f"rule {rule}: {line['asked']}"
        for rule, line in LINES
        if line["xapi"] and line["nova"] and line["xapi"] != line["nova"]
    }
    assert different == set(DIFFERENCES)


def test_what_is_asked_on_one_plane_only_has_a_reason() -> None:
    alone = {
        (rule, "nova" if line["nova"] else "xapi") for rule, line in LINES if None in line.values()
    }
    assert alone == set(ONE_PLANE)


def test_modules_answer_as_nova_does_where_it_is_not_said_otherwise() -> None:
    departures = {
        (rule, line["nova"], line["api"])
        for rule, line in LINES
        if line.get("api") and line["nova"] and not _agree(line["nova"], line["api"] or "")
    }
    assert departures == set(DEPARTURES)


def _agree(verdict: str, number: str) -> bool:
    if verdict.startswith("refused"):
        return verdict.split()[1] == number
    return number == "2xx"


def test_the_documentation_shows_the_table() -> None:
    assert page.FILE.read_text(encoding="utf-8") == page.written(load())
