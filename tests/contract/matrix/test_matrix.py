# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every action in every status on both control planes, tried out and compared with Nova's rules."""

from __future__ import annotations

import pytest
from contract.matrix import keeping, page
from contract.matrix.cells import CELLS, NOT_SHOWN, STATES
from contract.matrix.differences import DIFFERENCES, agrees, differences_of
from contract.matrix.keeping import OPTION, PLANES
from contract.matrix.stage import Stage
from contract.matrix.trial import outcomes_of, try_all

from ansible_collections.xenfleet.compute.plugins.module_utils._core.status import STATUSES


def test_every_cell(stage: Stage, pytestconfig: pytest.Config) -> None:
    """All in one, since the servers of all cells are brought about together."""
    cells = [cell for cell in CELLS if cell.status in stage.shows]
    trials = try_all(stage, cells)
    complaints = [complaint for trial in trials for complaint in trial.complaints]
    assert not complaints, "\n".join(complaints)
    outcomes = outcomes_of(trials, CELLS)
    kept = keeping.load()
    if pytestconfig.getoption(OPTION, False):
        kept[stage.plane] = outcomes
        keeping.save(kept)
        page.write(kept)
    assert outcomes == kept[stage.plane]


def test_there_is_a_state_for_every_status() -> None:
    assert set(STATES) == STATUSES


@pytest.mark.parametrize("plane", PLANES)
def test_every_departure_from_nova_is_documented_once(plane: str) -> None:
    complaints = []
    for cell, outcome in keeping.load()[plane].items():
        count = len(differences_of(cell, plane, outcome))
        if count != (0 if agrees(cell, outcome) else 1):
            complaints.append(
                f"{cell.action} in {cell.status} is {outcome}: documented {count} times"
            )
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda one: one.name)
def test_every_documented_difference_occurs(difference: object) -> None:
    kept = keeping.load()
    assert any(
        difference in differences_of(cell, plane, outcome)
        for plane in PLANES
        for cell, outcome in kept[plane].items()
    )


def test_every_cell_is_kept() -> None:
    for plane, outcomes in keeping.load().items():
        assert [cell for cell, outcome in outcomes.items() if not outcome] == [], plane
        assert set(outcomes.values()) != {NOT_SHOWN}


def test_the_page_is_up_to_date() -> None:
    assert page.FILE.read_text(encoding="utf-8") == page.written(keeping.load())
