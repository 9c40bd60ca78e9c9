# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of server_action asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .filters import ServerFilter


@dataclass(frozen=True)
class ServerActionWanted:
    """``servers`` are names or uuids; without them ``where`` chooses. ``host`` is the target of a
    move, None leaves the choice to the planner or the scheduler; ``within`` bounds it
    (placing/within.py). ``options`` are those that go with some actions only, as far as they were
    given. ``max_parallel`` servers are worked on side by side; once more than ``max_failures`` have
    failed, no further one is started.
    """

    action: str
    servers: Sequence[str] = ()
    where: ServerFilter | None = None
    host: str | None = None
    within: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    wait: bool = True
    max_parallel: int = 1
    max_failures: int | None = None

    @property
    def force(self) -> bool:
        return bool(self.options.get("force"))
