# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked and what came of it, in words; and the file that keeps them for both control planes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("verdicts.json")
PLANES = ("xapi", "nova")

Kept = dict[str, list[dict[str, str | None]]]
"""Checks by test: ``asked``, the verdict of each control plane, Nova's own answer (``api``), and
``differs`` where verdicts may.
"""


@dataclass(frozen=True)
class Check:
    """``difference`` names the entry in DIFFERENCES that allows planes to differ; ``api`` is the
    number that Nova itself answers to the same request, 2xx for any success.
    """

    asked: str
    verdict: str
    difference: str | None = None
    api: str | None = None


def verdict_of(result: Mapping[str, Any]) -> str:
    """done, nothing to do, or refused with number and kind; without a number it failed."""
    if result.get("failed"):
        error = result["error"]
        return f"refused {error['status']} {error['code']}" if error["status"] else "failed"
    return "done" if result["changed"] else "nothing to do"


def asked(module: str, params: Mapping[str, Any], roles: Mapping[str, str]) -> str:
    """A task on one line, with hosts by their part in the test."""
    options = ", ".join(f"{key}: {_written(value, roles)}" for key, value in params.items())
    return f"{module}: {options}" if options else module


def _written(value: Any, roles: Mapping[str, str]) -> str:
    if isinstance(value, Mapping):
        items = (f"{_written(k, roles)}: {_written(v, roles)}" for k, v in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_written(one, roles) for one in value) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    if len(value) > 40 and len(set(value)) == 1:
        return f"{len(value)} times {value[0]}"
    if value.lower() in roles:
        role = roles[value.lower()]
        return role if value.islower() else role.upper() if value.isupper() else role.title()
    plain = re.fullmatch(r"[\w.^$-]+( [\w.-]+)*", value, re.ASCII)
    return value if plain else json.dumps(value)


def load() -> Kept:
    kept: Kept = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def column(kept: Kept, test: str, plane: str) -> list[Check]:
    """What this plane is to answer in this test."""
    return [
        Check(
            one["asked"] or "",
            one[plane] or "",
            one.get("differs"),
            one.get("api") if plane == "nova" else None,
        )
        for one in kept.get(test, [])
        if one.get(plane)
    ]


def merge(kept: Kept, checked: Mapping[tuple[str, str], list[Check]]) -> Kept:
    """The checks of all tests that ran, those of the other plane where only one was asked, and those
    of functions of which nothing ran.
    """
    tests: dict[str, dict[str, list[Check]]] = {}
    for (test, plane), checks in checked.items():
        tests.setdefault(test, {})[plane] = checks
    ran = {_function(test) for test in tests}
    others = {test: lines for test, lines in kept.items() if _function(test) not in ran}
    renewed = {
        test: _merged({p: by_plane.get(p) or column(kept, test, p) for p in PLANES})
        for test, by_plane in tests.items()
    }
    return dict(sorted({**others, **renewed}.items()))


def _function(test: str) -> str:
    return test.split("[", maxsplit=1)[0]


def _merged(by_plane: Mapping[str, list[Check]]) -> list[dict[str, str | None]]:
    """In the order of the plane that was asked more; the same question twice stays two lines."""
    pending = {plane: list(checks) for plane, checks in by_plane.items()}
    lines = []
    order = sorted(PLANES, key=lambda plane: -len(by_plane[plane]))
    for plane in order:
        while pending[plane]:
            check = pending[plane].pop(0)
            other = next(p for p in PLANES if p != plane)
            same = next((c for c in pending[other] if c.asked == check.asked), None)
            if same is not None:
                pending[other].remove(same)
            verdicts = {plane: check.verdict, other: same.verdict if same else None}
            line = {"asked": check.asked, **{p: verdicts[p] for p in PLANES}}
            api = check.api or (same and same.api)
            line |= {"api": api} if api else {}
            line |= {"differs": check.difference} if check.difference else {}
            lines.append(line)
    return lines


def save(kept: Kept) -> None:
    FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
