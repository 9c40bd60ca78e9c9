# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step that moves a server to another host."""

from __future__ import annotations

from ..._core.model import Server
from ..._core.plan import Step
from ..._core.units import gib


def move_step(
    server: Server, target: str | None, *, verb: str = "server.live_migrate", **args: object
) -> Step:
    """A move of the server from where it is. Without a target the scheduler chooses."""
    return Step(
        verb,
        server.name,
        {
            "id": server.id,
            "source": server.host,
            "target": target,
            "memory": server.memory,
            **{k: v for k, v in args.items() if v is not None},
        },
        why=gib(server.memory),
    )
