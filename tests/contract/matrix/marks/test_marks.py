# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every action on a server that carries the marks of another, tried out and compared with Nova's rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from contract.matrix.decorators import ACCEPTED, expected, kept
from contract.matrix.keeping import OPTION
from contract.matrix.marks import keeping, page
from contract.matrix.marks.scenes import CELLS, DEEDS, Cell
from contract.matrix.marks.stage import MarksStage
from contract.matrix.marks.trial import Outcomes, try_all

SAMPLE = ("rescue", "offloaded", "deleted-rescue", "error-rescue", "killed-rescue")
"""Marks with which most could go wrong."""


BEYOND_NOVA = {("shelve_offload", "shelved"): "its disk is on its host alone"}
"""What is refused for a reason that Nova does not know."""


@pytest.fixture
def tried(tmp_path: Path) -> Callable[[Sequence[Cell]], Outcomes]:
    def trying(cells: Sequence[Cell]) -> Outcomes:
        stage = MarksStage(tmp_path / "store.db", cells)
        try:
            trials = try_all(stage)
        finally:
            stage.close()
        complaints = [complaint for trial in trials for complaint in trial.complaints]
        assert not complaints, "\n".join(complaints)
        return {key: outcome for trial in trials for key, outcome in trial.outcomes.items()}

    return trying


@pytest.mark.full
def test_every_cell(
    tried: Callable[[Sequence[Cell]], Outcomes], pytestconfig: pytest.Config
) -> None:
    outcomes = tried(CELLS)
    found = {
        deed.title: {
            c.mark.name: outcomes[deed.title, c.mark.name] for c in CELLS if c.deed is deed
        }
        for deed in DEEDS
    }
    if pytestconfig.getoption(OPTION, False):
        keeping.save(found)
        page.write(found)
    assert found == keeping.load()


def test_cells_of_some_marks(tried: Callable[[Sequence[Cell]], Outcomes]) -> None:
    outcomes = tried([cell for cell in CELLS if cell.mark.name in SAMPLE])
    known = keeping.load()
    assert outcomes == {(deed, mark): known[deed][mark] for deed, mark in outcomes}


def test_what_nova_would_refuse_is_refused_or_done_already() -> None:
    """And nothing else, but for what there is nothing to do: Nova has no word for that."""
    known = keeping.load()
    complaints = []
    for mark, deed in CELLS:
        barred = mark.locked and kept()[deed.action].lock
        accepted = expected(deed.action, mark.vm_state, mark.task_state) == ACCEPTED and not barred
        outcome = known[deed.title][mark.name]
        if (deed.title, mark.name) in BEYOND_NOVA:
            accepted = False
        if outcome != "satisfied" and outcome.startswith("done ") != accepted:
            complaints.append(f"{deed.title} of {mark.title} is {outcome or 'not kept'}")
    assert not complaints, "\n".join(complaints)


def test_the_page_is_up_to_date() -> None:
    assert page.FILE.read_text(encoding="utf-8") == page.written(keeping.load())
