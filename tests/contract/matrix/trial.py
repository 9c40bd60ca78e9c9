# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cell tried out: in check mode, then in earnest; and what is to be found before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from contract.matrix.cells import NOT_SHOWN, Cell, outcome_of
from contract.matrix.keeping import Outcomes
from contract.matrix.stage import Stage


@dataclass
class Trial:
    """``complaints`` say what should not have been so."""

    cell: Cell
    outcome: str = ""
    complaints: list[str] = field(default_factory=list)

    def expect(self, actual: object, expected: object, what: str) -> None:
        if actual != expected:
            where = f"{self.cell.action} in {self.cell.status}: {what}"
            self.complaints.append(f"{where} is {actual!r}, not {expected!r}")


def try_all(stage: Stage, cells: Collection[Cell]) -> list[Trial]:
    """All cells of a control plane that has servers in their statuses, some beside each other."""
    stage.prepare(cells)
    chains: dict[str, list[Cell]] = {}
    for cell in cells:
        chains.setdefault(stage.chain(cell), []).append(cell)
    with ThreadPoolExecutor(stage.side_by_side) as pool:
        chained = pool.map(lambda chain: [_try(stage, cell) for cell in chain], chains.values())
        return [trial for trials in chained for trial in trials]


def outcomes_of(trials: Iterable[Trial], cells: Iterable[Cell]) -> Outcomes:
    """With those that were not tried."""
    tried = {trial.cell: trial.outcome for trial in trials}
    return {cell: tried.get(cell, NOT_SHOWN) for cell in cells}


def _try(stage: Stage, cell: Cell) -> Trial:
    trial = Trial(cell)
    uuid = stage.server(cell)
    trial.expect(stage.status(uuid), cell.status, "the status before")
    before = stage.state(uuid)
    stage.mutations(uuid)
    check = stage.run(cell, check_mode=True)
    trial.expect(stage.mutations(uuid), [], "what check mode asked for")
    trial.expect(stage.state(uuid), before, "the state after check mode")
    with stage.during(cell):
        real = stage.run(cell, check_mode=False)
    trial.outcome = outcome_of(real)
    foreseen = stage.foreseen(cell, trial.outcome)
    trial.expect(outcome_of(check), foreseen, "the prediction of check mode")
    asked = stage.mutations(uuid)
    if trial.outcome.startswith("done"):
        trial.expect(bool(asked), True, "that something was asked for")
        trial.expect(f"done {stage.status(uuid)}", trial.outcome, "the status afterwards")
    else:
        trial.expect(asked, [], "what was asked for")
        trial.expect(stage.state(uuid), before, "the state afterwards")
    if real.get("failed"):
        trial.expect(bool(real["error"]["remedy"]), True, "that a remedy is given")
    return trial
