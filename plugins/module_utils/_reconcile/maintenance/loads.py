# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How full hosts are, and how much fuller one is than another.

The load of a host is the memory in use, by the hypervisor, too, in percent of all that it has; where
the control plane's numbers are late (``Traits.late_numbers``), the memory of its servers. Beside it
stand the virtual CPUs of the servers that run there, in percent of its CPUs. The imbalance of hosts
is the difference between the highest and the lowest of their loads, in percentage points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..._core.model import Fleet, Host, Server


@dataclass(frozen=True)
class Load:
    """Of one host. ``memory`` (in bytes) and ``vcpus`` are what is used of ``total`` and ``cpus``."""

    total: int
    cpus: int
    memory: int
    vcpus: int

    def plus(self, server: Server, times: int = 1) -> Load:
        return Load(
            self.total,
            self.cpus,
            self.memory + times * server.memory,
            self.vcpus + times * server.vcpus,
        )

    def minus(self, server: Server) -> Load:
        return self.plus(server, -1)

    @property
    def free(self) -> int:
        return self.total - self.memory

    @property
    def memory_percent(self) -> float:
        return percent(self.memory, self.total)

    @property
    def vcpus_percent(self) -> float:
        return percent(self.vcpus, self.cpus)


def percent(part: float, whole: int) -> float:
    """Of nothing, 0."""
    return 100 * part / whole if whole else 0.0


def loads_of(fleet: Fleet, names: Iterable[str]) -> dict[str, Load]:
    """Of those hosts that are known. Virtual CPUs are counted from the servers, which plans move."""
    hosts = {h.name: h for h in fleet.hosts}
    known = [name for name in names if name in hosts]
    vcpus, memory = dict.fromkeys(known, 0), dict.fromkeys(known, 0)
    for server in fleet.servers:
        if server.host not in vcpus:
            continue
        if server.running:
            vcpus[server.host] += server.vcpus
        if server.running or fleet.traits.keeps_stopped:
            memory[server.host] += server.memory
    late = fleet.traits.late_numbers
    return {name: _load(hosts[name], memory[name] if late else None, vcpus[name]) for name in known}


def _load(host: Host, memory: int | None, vcpus: int) -> Load:
    """``memory`` is that of its servers, None to take the host's word."""
    used = host.memory_total - host.memory_free if memory is None else memory
    return Load(host.memory_total, host.cpus, used, vcpus)


def imbalance(loads: Mapping[str, Load]) -> float:
    """That of memory, which counts first."""
    return _spread([load.memory_percent for load in loads.values()])


def vcpu_imbalance(loads: Mapping[str, Load]) -> float:
    return _spread([load.vcpus_percent for load in loads.values()])


def _spread(values: list[float]) -> float:
    return max(values) - min(values) if values else 0.0


# --- what a move gains ----------------------------------------------------------------------------


def memory_gain(here: Load, there: Load, server: Server) -> float:
    """By how many percentage points the difference between two hosts falls if the server goes from
    one to the other.
    """
    return _gain((here.memory, here.total), (there.memory, there.total), server.memory)


def vcpu_gain(here: Load, there: Load, server: Server) -> float:
    return _gain((here.vcpus, here.cpus), (there.vcpus, there.cpus), server.vcpus)


def _gain(here: tuple[int, int], there: tuple[int, int], size: int) -> float:
    """0 if either host would then be outside of what the two were before: that could raise the
    imbalance of all hosts.
    """
    high, low = percent(*here), percent(*there)
    left, reached = percent(here[0] - size, here[1]), percent(there[0] + size, there[1])
    if reached >= high or left <= low:
        return 0.0
    return round(high - low - abs(left - reached), 6)


def memory_kept(here: Load, there: Load, server: Server) -> bool:
    """Whether the move leaves the memory of both hosts within what the two had."""
    return (
        there.plus(server).memory_percent < here.memory_percent
        and here.minus(server).memory_percent > there.memory_percent
    )
