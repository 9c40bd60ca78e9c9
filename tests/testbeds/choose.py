# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the tests of the quick tier on OpenStack again, from what the last full run has recorded.

``python tests/testbeds/choose.py`` writes quick.txt: each next test is the one that enters the most functions
of the Nova backend, or runs the most playbooks, that no test before it does, for the time that it takes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOGS = HERE.parents[1] / ".cache/log"
PARTS = ("nova", "nova-contract")
WHOLE_S = 0.5
"""What any test costs besides, in seconds."""


def chosen(entered: Mapping[str, set[str]], seconds: Mapping[str, float]) -> list[str]:
    """Tests that together enter all that any does, in the order of their ids."""
    left = {name for names in entered.values() for name in names}
    found = []
    while left:
        best = max(
            sorted(entered), key=lambda test: len(entered[test] & left) / (seconds[test] + WHOLE_S)
        )
        found.append(best)
        left -= entered[best]
    # One that was worth it at first may have become superfluous.
    for test in sorted(found, key=lambda one: seconds[one], reverse=True):
        others = {name for one in found if one != test for name in entered[one]}
        if entered[test] <= others:
            found.remove(test)
    return sorted(found)


def main() -> int:
    durations = json.loads((LOGS / "durations.json").read_text(encoding="utf-8"))
    entered: dict[str, set[str]] = {}
    seconds: dict[str, float] = {}
    for part in PARTS:
        record = json.loads((LOGS / f"{part}.entered.json").read_text(encoding="utf-8"))
        entered.update({test: set(names) for test, names in record.items()})
        seconds.update({t: cost["seconds"] for t, cost in durations[part]["tests"].items()})
    tests = chosen(entered, seconds)
    (HERE / "quick.txt").write_text("".join(f"{test}\n" for test in tests), encoding="utf-8")
    print(f"{len(tests)} tests, {sum(seconds[test] for test in tests):.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
