# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A third control plane, of the tests' own: a backend in memory and its traits.

It has no scheduler, hosts have no switch, and no server moves while it runs. Ports are implemented
without the effects of verbs, so that check mode is compared with something else than itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import TABLE
from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ZONE_KEY,
    Aggregate,
    ComputeService,
    Fleet,
    Host,
    Maintenance,
    Migration,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import (
    JobState,
    Ports,
    Reporter,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import Reading
from ansible_collections.xenfleet.compute.plugins.module_utils._core.status import status_of
from ansible_collections.xenfleet.compute.plugins.module_utils._core.traits import Limit, Traits

ENDS: Mapping[str, tuple[str, str]] = {
    "start": ("active", "Running"),
    "stop": ("stopped", "Halted"),
    "reboot_soft": ("active", "Running"),
    "reboot_hard": ("active", "Running"),
    "pause": ("paused", "Paused"),
    "unpause": ("active", "Running"),
    "suspend": ("suspended", "Suspended"),
    "resume": ("active", "Running"),
    "shelve": ("shelved_offloaded", "Halted"),
    "unshelve": ("active", "Running"),
    "migrate": ("resized", "Running"),
    "confirm_resize": ("active", "Running"),
    "evacuate": ("active", "Running"),
}
"""vm_state and power_state of a server that runs, after each action that there is."""

FIXED = Limit("a server in memory can't leave its host while it runs", "Use action migrate")
TRAITS = Traits(
    unsupported={
        **{
            f"action {name}": Limit("servers in memory have no such action", "Leave it out")
            for name in TABLE
            if name not in ENDS
        },
        "action live_migrate": FIXED,
        "option cold_migrate": Limit("a stopped server in memory is on no host", "Leave it out"),
    }
)


@dataclass
class Memory:
    """What there is. ``services`` are those that somebody has changed; every host has one."""

    hosts: Sequence[Host]
    servers: dict[str, Server]
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    services: dict[str, ComputeService] = field(default_factory=dict)
    maintenances: list[Maintenance] = field(default_factory=list)
    migrations: list[Migration] = field(default_factory=list)
    started: list[tuple[str, str]] = field(default_factory=list)
    """Actions and servers."""

    def fleet(self) -> Fleet:
        fleet = Fleet(
            aggregates=tuple(self.aggregates.values()),
            hosts=tuple(self._host(h) for h in self.hosts),
            servers=tuple(self.servers.values()),
            maintenances=tuple(
                replace(m, moves=tuple(one for one in self.migrations if one.maintenance == m.id))
                for m in self.maintenances
            ),
            migrations=tuple(self.migrations),
            traits=TRAITS,
        )
        services = (replace(self.service(h), zone=fleet.zone_of(h.name)) for h in self.hosts)
        return replace(fleet, services=tuple(services))

    def service(self, host: Host) -> ComputeService:
        service = self.services.get(host.name, ComputeService(host.name, host.id))
        return replace(service, state="up" if host.live and not service.forced_down else "down")

    def _host(self, host: Host) -> Host:
        taken = sum(s.memory for s in self.servers.values() if s.running and s.host == host.name)
        enabled = self.service(host).status == "enabled"
        return replace(host, enabled=enabled, memory_free=host.memory_total - taken)


class MemoryRecords:
    """RecordPort."""

    def __init__(self, memory: Memory) -> None:
        self._all = memory.aggregates

    def exclusive(self) -> AbstractContextManager[None]:
        return nullcontext()

    def create(self, name: str, zone: str | None) -> None:
        self._all[name] = Aggregate(name, {ZONE_KEY: zone} if zone else {}, id=len(self._all) + 1)

    def rename(self, name: str, new_name: str) -> None:
        self._all[new_name] = replace(self._all.pop(name), name=new_name)

    def set_zone(self, name: str, zone: str) -> None:
        self.set_metadata(name, {ZONE_KEY: zone})

    def set_metadata(self, name: str, changes: Mapping[str, str | None]) -> None:
        self._all[name] = self._all[name].with_metadata(changes)

    def add_host(self, name: str, host: str, host_id: str | None) -> None:
        hosts = sorted({*self._all[name].hosts, host})
        self._all[name] = replace(self._all[name], hosts=tuple(hosts))

    def remove_host(self, name: str, host: str) -> None:
        hosts = tuple(h for h in self._all[name].hosts if h != host)
        self._all[name] = replace(self._all[name], hosts=hosts)

    def delete(self, name: str) -> None:
        del self._all[name]


class MemoryServices:
    """ServicePort."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def enable(self, host: str, host_id: str | None) -> None:
        self._change(host, status="enabled", disabled_reason=None)

    def disable(self, host: str, host_id: str | None, reason: str | None) -> None:
        self._change(host, status="disabled", disabled_reason=reason)

    def set_forced_down(self, host: str, host_id: str | None, forced_down: bool) -> None:
        self._change(host, forced_down=forced_down)

    def delete(self, host: str) -> None:
        del self._memory.services[host]
        records = MemoryRecords(self._memory)
        for name in self._memory.aggregates:
            records.remove_host(name, host)

    def _change(self, host: str, **changes: str | bool | None) -> None:
        (known,) = (h for h in self._memory.hosts if h.name == host)
        self._memory.services[host] = replace(self._memory.service(known), **changes)


class MemoryServers:
    """ServerPort. Everything has ended when it has begun."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def start_action(self, action: str, args: ActionArgs) -> str:
        server = self._memory.servers[args.id]
        vm_state, power = ENDS[action]
        stays_off = action in ("migrate", "confirm_resize") and not server.running
        if stays_off or args.start is False:
            vm_state, power = "resized" if action == "migrate" else "stopped", "Halted"
        after = replace(
            server, vm_state=vm_state, power_state=power, status=status_of(vm_state, None)
        )
        host = (args.target or args.host or server.host) if after.running else None
        left = server.host if action == "shelve" and server.running else None
        self._memory.servers[args.id] = replace(after, host=host, shelved_from=left)
        self._memory.started.append((action, server.name))
        return args.id

    def poll(self, handles: Sequence[str]) -> list[JobState]:
        return [JobState(done=True, progress=1.0) for _handle in handles]


class MemoryJournal:
    """JournalPort. Runs of one process, one after another, need no locks."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def begin(self, maintenance: Maintenance) -> int:
        number = len(self._memory.maintenances)
        self._memory.maintenances.append(replace(maintenance, id=number))
        return number

    def advance(self, maintenance_id: int, phase: str) -> None:
        kept = self._memory.maintenances
        kept[maintenance_id] = replace(kept[maintenance_id], phase=phase)

    def record_move(self, migration: Migration) -> int:
        number = len(self._memory.migrations)
        self._memory.migrations.append(replace(migration, id=number))
        return number

    def finish_move(self, migration_id: int, status: str, target: str | None = None) -> None:
        kept = self._memory.migrations
        ended = replace(kept[migration_id], status=status)
        kept[migration_id] = replace(ended, target=target or ended.target)

    def lock(self, name: str, purpose: str) -> AbstractContextManager[None]:
        return nullcontext()


class MemoryPlane:
    """ControlPlane."""

    traits = TRAITS

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def read(self, wanted: Reading) -> Fleet:
        return self._memory.fleet()

    def read_more(self, fleet: Fleet, had: Reading, wanted: Reading) -> Fleet:
        return fleet

    def read_inside(self, wanted: Reading) -> Fleet:
        return self._memory.fleet()

    def ports(self, reporter: Reporter, wanted: Reading) -> Ports:
        return Ports(
            read=self.read,
            records=MemoryRecords(self._memory),
            services=MemoryServices(self._memory),
            journal=MemoryJournal(self._memory),
            servers=MemoryServers(self._memory),
            traits=self.traits,
            atomic=False,
            reporter=reporter,
        )

    def close(self) -> None:
        """Nothing was opened."""
