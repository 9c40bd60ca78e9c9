# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that keeps what came of every cell on both control planes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from contract.matrix.cells import CELLS, Cell

FILE = Path(__file__).with_name("outcomes.json")
OPTION = "--write-action-matrix"
PLANES = ("xapi", "nova")

Outcomes = dict[Cell, str]
Kept = dict[str, Outcomes]
"""By control plane."""


def load() -> Kept:
    """An outcome that is not kept yet is empty."""
    by_action = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return {
        plane: {
            cell: by_action.get(cell.action, {}).get(cell.status, {}).get(plane, "")
            for cell in CELLS
        }
        for plane in PLANES
    }


def save(kept: Kept) -> None:
    """A line for each cell."""
    FILE.write_text("\n".join(_lines(kept)) + "\n", encoding="utf-8")


def _lines(kept: Kept) -> Iterator[str]:
    actions = list(dict.fromkeys(cell.action for cell in CELLS))
    yield "{"
    for action in actions:
        yield f' "{action}": {{'
        cells = [cell for cell in CELLS if cell.action == action]
        for cell in cells:
            outcomes: Mapping[str, str] = {plane: kept[plane][cell] for plane in PLANES}
            comma = "" if cell is cells[-1] else ","
            yield f'  "{cell.status}": {json.dumps(outcomes)}{comma}'
        yield " }" if action == actions[-1] else " },"
    yield "}"
