# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many looks it takes when many ask in turn."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.xenfleet.compute.plugins.module_utils._core.polling import BatchPoll
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState


class Handle:
    """Handles are distinguished by identity."""


class Cloud:
    """``ends`` are handles that have ended; ``blind`` while nothing can be seen; a look takes
    ``slow`` seconds.
    """

    def __init__(self) -> None:
        self.looks: list[int] = []
        self.ends: set[Handle] = set()
        self.blind = False
        self.time = self.slow = 0.0
        self.batch = BatchPoll(self.look, lambda: self.time)

    def look(self, handles: Sequence[Handle]) -> dict[Handle, JobState]:
        self.looks.append(len(handles))
        self.time += self.slow
        return {} if self.blind else {h: JobState(done=h in self.ends) for h in handles}

    def start(self, number: int) -> list[Handle]:
        return [self.batch.begun(Handle(), JobState(done=False)) for _n in range(number)]

    def ask(self, handles: Sequence[Handle]) -> list[bool]:
        """One after another."""
        return [self.batch.poll([handle])[0].done for handle in handles]


def test_a_round_of_many_is_one_look() -> None:
    cloud = Cloud()
    handles = cloud.start(50)
    assert cloud.ask(handles) == [False] * 50
    assert cloud.looks == []
    for _round in range(3):
        assert cloud.ask(handles) == [False] * 50
    assert cloud.looks == [50] * 3


def test_those_that_have_ended_or_are_forgotten_are_not_looked_at() -> None:
    cloud = Cloud()
    ended, kept, forgotten = cloud.start(3)
    cloud.ends = {ended}
    cloud.ask([ended, kept, forgotten])
    assert cloud.ask([ended, kept, forgotten]) == [True, False, False]
    del forgotten
    assert cloud.ask([ended, kept]) == [True, False]
    assert cloud.looks == [3, 1]


def test_one_that_joins_in_a_round_costs_no_look_of_its_own() -> None:
    cloud = Cloud()
    first = cloud.start(2)
    cloud.ask(first)
    cloud.ask([*first, *cloud.start(1)])
    assert cloud.looks == [3]


def test_a_cloud_that_shows_nothing_is_asked_once_a_round() -> None:
    """Each question may last until it times out."""
    cloud = Cloud()
    handles = cloud.start(50)
    cloud.ask(handles)
    cloud.blind = True
    assert cloud.ask(handles) == [False] * 50
    assert cloud.looks == [50]


def test_the_state_after_the_start_is_reported_without_a_look() -> None:
    cloud = Cloud()
    handle = cloud.batch.begun(Handle(), JobState(done=True))
    assert cloud.ask([handle, handle]) == [True, True]
    assert cloud.looks == []


def test_a_slow_cloud_is_left_to_its_work_between_looks() -> None:
    cloud = Cloud()
    handles = cloud.start(3)
    cloud.ask(handles)
    cloud.slow = 4.0
    for _round in range(20):
        cloud.ask(handles)
        cloud.time += 0.5
    assert len(cloud.looks) == 3
    cloud.ends = set(handles)
    cloud.time += 8
    assert cloud.ask(handles) == [True] * 3
