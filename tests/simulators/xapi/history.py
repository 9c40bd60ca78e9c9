# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What really happened to the guests: when each ran, where, and how it moved. Times are simulated seconds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock


@dataclass
class Life:
    uuid: str
    name: str
    host: str | None = None
    first_start: float | None = None
    running_since: float | None = None
    stopped_at: float | None = None
    uptime: float = 0.0
    downtime: float = 0.0
    pause: float = 0.0
    moves: list[dict[str, Any]] = field(default_factory=list)


class History:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lives: dict[str, Life] = {}
        self.lock = threading.Lock()

    def life(self, uuid: str, name: str) -> Life:
        life = self.lives.setdefault(uuid, Life(uuid, name))
        life.name = name
        return life

    def started(self, uuid: str, name: str, host: str) -> None:
        """The guest runs on `host` from now on (also after a pause)."""
        with self.lock:
            life, now = self.life(uuid, name), self.clock.now()
            if life.running_since is not None:
                return
            if life.stopped_at is not None:
                life.downtime += now - life.stopped_at
            if life.host not in (None, host):
                life.moves.append(
                    self.move(
                        life.host,
                        host,
                        life.stopped_at or now,
                        now,
                        now - (life.stopped_at or now),
                        0.0,
                    )
                )
            life.first_start = life.first_start or now
            life.running_since, life.stopped_at, life.host = now, None, host

    def stopped(self, uuid: str) -> None:
        """The guest doesn't run any more: shut down, suspended, paused, or its host lost power."""
        with self.lock:
            life = self.lives.get(uuid)
            if life is None or life.running_since is None:
                return
            now = self.clock.now()
            life.uptime += now - life.running_since
            life.running_since, life.stopped_at = None, now

    def migrated(self, uuid: str, host: str, start: float, pause: float) -> None:
        """A live migration to `host` that began at `start` ended now; the guest stood still for `pause`."""
        with self.lock:
            life = self.lives[uuid]
            life.pause += pause
            life.moves.append(self.move(life.host, host, start, self.clock.now(), 0.0, pause))
            life.host = host

    @staticmethod
    def move(
        source: str | None, target: str, start: float, end: float, downtime: float, pause: float
    ) -> dict[str, Any]:
        return {
            "from": source,
            "to": target,
            "start": round(start, 3),
            "end": round(end, 3),
            "downtime_s": round(downtime, 3),
            "pause_s": round(pause, 4),
        }

    def shown(self) -> list[dict[str, Any]]:
        with self.lock:
            now = self.clock.now()
            return [self.describe(life, now) for life in self.lives.values()]

    @staticmethod
    def describe(life: Life, now: float) -> dict[str, Any]:
        running = now - life.running_since if life.running_since is not None else 0.0
        down = now - life.stopped_at if life.stopped_at is not None else 0.0
        return {
            "uuid": life.uuid,
            "vm": life.name,
            "host": life.host,
            "running": life.running_since is not None,
            "uptime_s": round(life.uptime + running, 3),
            "downtime_s": round(life.downtime + down, 3),
            "pause_s": round(life.pause, 4),
            "moves": life.moves,
        }
