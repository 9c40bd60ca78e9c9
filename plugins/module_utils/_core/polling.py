# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Polling of many started operations with one request for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from .ports import JobState

H = TypeVar("H")


class BatchPoll(Generic[H]):
    """States by handle. Whoever asks for the second time since a look makes the next one necessary,
    and that is at all running operations: N that ask in turn cost one look a round.

    ``look`` returns the states of handles; one that it leaves out stays as it was seen last, and is
    not looked at again in the same round. A handle that nobody holds any more is forgotten.

    After a look there is none for as long as it took: listing many servers costs a cloud a
    second, which would slow the actions down.
    """

    def __init__(
        self,
        look: Callable[[Sequence[H]], Mapping[H, JobState]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._now = now
        self._rested = 0.0
        self._states: WeakKeyDictionary[H, JobState] = WeakKeyDictionary()
        self._unreported: WeakSet[H] = WeakSet()

    def begun(self, handle: H, state: JobState) -> H:
        """The handle; its state after the start is what the first to ask gets."""
        self._states[handle] = state
        self._unreported.add(handle)
        return handle

    def poll(self, handles: Sequence[H]) -> list[JobState]:
        """The states of these handles, in the same order."""
        for handle in handles:
            self._states.setdefault(handle, JobState(done=False))
        asked = any(not (h in self._unreported or self._states[h].done) for h in handles)
        if asked and self._now() >= self._rested:
            self._look_at_all()
        for handle in handles:
            self._unreported.discard(handle)
        return [self._states[handle] for handle in handles]

    def _look_at_all(self) -> None:
        began = self._now()
        due = [handle for handle, state in self._states.items() if not state.done]
        self._states.update(self._look(due))
        self._unreported.update(due)
        self._rested = 2 * self._now() - began
