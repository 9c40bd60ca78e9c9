# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is true of a control plane: planners ask for it by its meaning, never for the plane's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Limit(NamedTuple):
    """Why something can't be done, and what to do instead."""

    cause: str
    remedy: str


@dataclass(frozen=True)
class Words:
    """How the plane speaks of hosts. Where ``asks_all``, a cause goes on with the endpoints that gave
    no answer.
    """

    unknown_host: str = "no such host is known"
    find_host: str = "Check the name"
    unknown_service: str = "none is known"
    name_host: str = "Use the name of its compute service, in the same case"
    lost_host: str = "Bring it back, or evacuate its servers"
    asks_all: bool = False


@dataclass(frozen=True)
class Traits:
    """Made by the control plane, and read with every fleet. The defaults are the simplest plane."""

    scheduler: bool = False
    """It chooses the hosts of servers, and knows their room. Otherwise planners choose."""
    host_switch: bool = False
    """A host can be disabled apart from its compute service."""
    service_processes: bool = False
    """A compute service is a process: it carries out what is done to servers, may be down while its
    host is up, and is gone when it is deleted. Otherwise it is there as long as its host, and up when
    that is.
    """
    endpoints_are_hosts: bool = False
    """One that gives no answer is a host that is down, not the control plane."""
    locks_bind_everybody: bool = False
    """Otherwise an administrator overrides them."""
    lists_operations: bool = False
    """Servers list which operations they allow at the moment (``Server.allowed`` and ``blocked``)."""
    keeps_stopped: bool = False
    """A server that does not run keeps its host and its memory there."""
    late_numbers: bool = False
    """The memory in use that it shows of a host may be that of a minute ago; its servers are up to date."""
    pins_zones: bool = False
    """A server may be bound to the zone that it is in. A host with any server, stopped or not, keeps
    its zone then; otherwise stopped ones go along with it, and running ones where that is accepted.
    """
    hosts_in_pools: bool = False
    """Its hosts are members of Xen pools, which it can be asked for at any time."""
    reset_by_power: bool = False
    """A server whose state is reset to active is in the vm_state that its power state stands for.
    Otherwise it is active, whatever that says.
    """
    lists_migrations: bool = False
    """It has records of migrations of its own. Otherwise they are the journal's."""
    late_arrivals: bool = False
    """A move that has failed may still go on, and arrive."""
    stepwise: frozenset[str] = frozenset()
    """Server actions that take several calls, one after another, which only a waiting task makes."""
    needed: Mapping[tuple[str, str], Limit] = field(default_factory=dict)
    """By action and option, options that an action needs here."""
    unsupported: Mapping[str, Limit] = field(default_factory=dict)
    """What can't be done: "action NAME", "option NAME", or "filter NAME" of servers."""
    filters: frozenset[str] = frozenset()
    """Filters that its own list of servers applies, and exactly as they are meant."""
    sort_keys: frozenset[str] = frozenset()
    """Sort keys by which its own list of servers gives pages that leave none out."""
    words: Words = field(default_factory=Words)
