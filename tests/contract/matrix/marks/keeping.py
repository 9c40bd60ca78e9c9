# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that keeps what came of every cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from contract.matrix.marks.scenes import DEEDS, MARKS

FILE = Path(__file__).with_name("outcomes.json")

Kept = Mapping[str, Mapping[str, str]]
"""By the title of the action and the name of the mark."""


def load() -> Kept:
    kept: Kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return {d.title: {m.name: kept.get(d.title, {}).get(m.name, "") for m in MARKS} for d in DEEDS}


def save(kept: Kept) -> None:
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
