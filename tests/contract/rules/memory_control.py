# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests' own control plane, looked at in its memory."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager
from dataclasses import replace

from contract.rules.control import Control, Result
from contract.rules.memory_plane import Memory, MemoryPlane

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ExtraSpec,
    Host,
    Migration,
    Server,
)

GIB = 2**30
HOSTS = ("mem1", "mem2", "mem3", "mem4")


def furnished() -> Memory:
    """Four hosts; mem1 has a server, the others none."""
    hosts = [Host(f"uuid-{name}", name, "", memory_total=64 * GIB, cpus=8) for name in HOSTS]
    web1 = Server("uuid-web1", "web1", "ACTIVE", host="mem1", memory=2 * GIB)
    return Memory(hosts, {web1.id: web1})


class MemoryControl(Control):
    """Its verdicts are those of the other plane whose hosts no scheduler chooses."""

    plane = "memory"
    judged_as = "xapi"
    without = frozenset({"live_migrate"})
    busy, idle, spare1, spare2 = HOSTS

    def __init__(self) -> None:
        super().__init__()
        self.memory = furnished()
        self.control_plane = MemoryPlane(self.memory)

    def connection(self) -> Result:
        return {}

    def everything(self) -> Memory:
        return copy.deepcopy(self.memory)

    def aggregates(self) -> dict[str, Result]:
        return {
            name: {"hosts": sorted(one.hosts), "metadata": dict(one.metadata)}
            for name, one in self.memory.aggregates.items()
        }

    def service(self, host: str) -> Result | None:
        record = self.memory.services.get(host)
        keys = ("status", "disabled_reason", "forced_down")
        return {key: getattr(record, key) for key in keys} if record else None

    def server(self, name: str) -> Result:
        (record,) = (s for s in self.memory.servers.values() if s.name == name)
        return {"id": record.id, "host": record.host, "vm_state": record.vm_state}

    def inhabit(self, aggregate: str) -> str:
        joined = replace(self.memory.aggregates[aggregate], hosts=(self.busy,))
        self.memory.aggregates[aggregate] = joined
        return self.busy

    def evacuate(self, host: str) -> None:
        self.given("compute_service", hosts=[host], forced_down=True)
        self._migration(host, self.busy, "evacuation", "done")

    def forget_evacuations(self, host: str) -> None:
        self.memory.migrations.clear()

    def move_away_for_now(self, host: str) -> None:
        self.given("compute_service", hosts=[host], status="disabled")
        self._migration(host, self.idle, "migration", "finished")

    def twins(self) -> list[str]:
        uuids = ["uuid-twin1", "uuid-twin2"]
        self.memory.servers |= {one: Server(one, "twin", "ACTIVE", host="mem1") for one in uuids}
        return uuids

    def wanting(self, key: str, value: str) -> str:
        web1 = self.memory.servers["uuid-web1"]
        self.memory.servers[web1.id] = replace(web1, extra_specs=(ExtraSpec(key, value),))
        return web1.name

    def slow_move(self) -> AbstractContextManager[str]:
        raise NotImplementedError("no server moves while it runs")

    def failing_moves(self) -> AbstractContextManager[None]:
        raise NotImplementedError("no server moves while it runs")

    def stranger(self) -> AbstractContextManager[None]:
        raise NotImplementedError("there are no accounts")

    def _migration(self, source: str, target: str, kind: str, status: str) -> None:
        record = Migration("uuid-web1", "web1", source, target, kind, status)
        self.memory.migrations.append(record)
