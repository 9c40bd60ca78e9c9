# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the documentation that shows every check of the rules on both control planes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from contract.rules.differences import DEPARTURES, DIFFERENCES, ONE_PLANE, RULES, UNTESTED
from contract.rules.verdicts import Kept

FILE = Path(__file__).parents[3] / "docs/docsite/rst/rules_table.rst"
HEAD = """..
  SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Written by pytest tests/contract/rules --write-rules-table; edit tests/contract/rules/differences.py instead.

.. _ansible_collections.xenfleet.compute.docsite.rules_table:

The rules on both control planes
================================

Each line is one check of the test suite. It is made on ``control_plane: xapi``, against a store and simulated
hosts, and on ``control_plane: nova``, against a real Nova with four hosts: *busy*, which has the server ``web1``,
*idle*, *spare1* and *spare2*. The state before each task is left out; it is in ``tests/contract/rules``. The
number after *refused* is the result's ``error.status``, the word is ``error.code``. *Nova itself* is the answer to
the same request without the collection.
"""


def rule_of(test: str) -> int:
    match = re.match(r"test_row_(\d+)_", test)
    if not match:
        raise ValueError(f"{test} names no rule")
    return int(match[1])


def written(kept: Kept) -> str:
    parts = [HEAD, *_differences(), *_one_plane(), *_departures(), _section("Each rule", "-")]
    for rule, text in sorted(RULES.items()):
        parts.append(_section(f"Rule {rule}: {text}", "~"))
        lines = _lines(kept, rule)
        parts.append(_table(("asked", "xapi", "nova", "Nova itself"), lines) if lines else "")
        parts.append(f"{UNTESTED[rule]}\n" if rule in UNTESTED else "")
    return "\n".join(part for part in parts if part)


def write(kept: Kept) -> None:
    FILE.write_text(written(kept), encoding="utf-8")


def _lines(kept: Kept, rule: int) -> list[Sequence[str]]:
    """Each question once, where all answers are the same."""
    rows = [
        (
            f"``{one['asked']}``",
            one.get("xapi") or "",
            one.get("nova") or "",
            _number(one.get("api")),
        )
        for test, checks in kept.items()
        if rule_of(test) == rule
        for one in checks
    ]
    return list(dict.fromkeys(rows))


def _number(api: str | None) -> str:
    return {"2xx": "accepted", None: ""}.get(api, api or "")


def _differences() -> Iterable[str]:
    yield _section("Where they differ", "-")
    rows = [
        (str(one.rule), name, one.xapi, one.nova, one.reason) for name, one in DIFFERENCES.items()
    ]
    yield _table(("rule", "case", "xapi", "nova", "why"), sorted(rows, key=lambda r: int(r[0])))


def _one_plane() -> Iterable[str]:
    yield _section("What can be checked on one of them only", "-")
    rows = [(str(rule), plane, why) for (rule, plane), why in sorted(ONE_PLANE.items())]
    yield _table(("rule", "asked on", "why"), rows)


def _departures() -> Iterable[str]:
    yield _section("Where modules answer differently from Nova itself", "-")
    rows = [
        (str(rule), ours, _number(api), why)
        for (rule, ours, api), why in sorted(DEPARTURES.items())
    ]
    yield _table(("rule", "modules", "Nova itself", "why"), rows)


def _section(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (heads, *rows):
        lines += [f"   {'*' if i == 0 else ' '} -{_cell(cell)}" for i, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return f" {text}" if text else ""
