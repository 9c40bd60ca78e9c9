# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play under --check remembers from task to task."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from unit.steps import step

from ansible_collections.xenfleet.compute.plugins.module_utils._glue.overlay import Overlay

STEP = step("aggregate.set_metadata", "prod", {"changes": {"a": None, "b": "1"}}, "because")


def test_steps_come_back_as_they_were(tmp_path: Path) -> None:
    overlay = Overlay(str(tmp_path / "steps"))
    assert overlay.steps() == ()
    overlay.add([STEP])
    overlay.add([])
    overlay.add([step("aggregate.delete", "prod")])
    again = Overlay(str(tmp_path / "steps")).steps()
    assert again == (STEP, step("aggregate.delete", "prod"))


def test_without_a_path_nothing_is_kept() -> None:
    overlay = Overlay()
    overlay.add([STEP])
    assert overlay.steps() == ()


def _add_many(path: str) -> None:
    for _time in range(50):
        Overlay(path).add([STEP])


def test_workers_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = str(tmp_path / "steps")
    workers = [multiprocessing.Process(target=_add_many, args=(path,)) for _worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Overlay(path).steps() == (STEP,) * 150
