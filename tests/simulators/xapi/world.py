# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site: machines, the pools they form, and the simulated time they share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .database import Database, new_uuid
from .errors import Dropped
from .faults import Faults
from .history import History
from .journal import Journal
from .server import Endpoint

MIB = 1024**2
GIB = 1024**3


@dataclass
class Settings:
    """Figures of the site, in simulated seconds and bytes per second; see README.md."""

    link: float = 1e9 / 8
    login_delay: float = 5.0
    boot_s: float = 60.0
    toolstack_s: float = 6.0
    fuse_s: float = 10.0
    heartbeat_s: float = 600.0
    start_s: float = 3.0
    shutdown_s: float = 8.0
    hard_shutdown_s: float = 1.0
    suspend_s: float = 5.0
    evacuation_batch: int = 10
    gc_s: float = 10.0
    pbd_lag_s: float = 0.0


class Pool:
    """A pool's database and its machines by host reference; `coordinator` answers for it."""

    def __init__(self, coordinator: Machine) -> None:
        self.db = Database()
        self.coordinator = coordinator
        self.hosts: dict[str, Machine] = {}
        self.networks = 0
        self.registered: dict[str, tuple[list[str], int]] = {}

    @property
    def members(self) -> list[Machine]:
        return list(self.hosts.values())

    def machine(self, host: str) -> Machine | None:
        """The machine behind a host reference, if there is (still) one."""
        return self.hosts.get(host)

    @property
    def ref(self) -> str:
        """The reference of the pool object."""
        return next(iter(self.db.tables["pool"]))


@dataclass
class Guest:
    """What the database doesn't hold of a running guest: bytes written per second, whether it obeys, addresses that its
    agent finds.
    """

    dirty_rate: float = 5 * MIB
    responsive: bool = True
    addresses: tuple[str, ...] = ()


@dataclass(eq=False)
class Machine:
    """One physical host: hardware, toolstack state, the guests that truly run on it."""

    world: World
    name: str
    user: str
    password: str
    memory: int
    cpus: int
    vendor: str
    software_version: dict[str, str]
    uuid: str = field(default_factory=new_uuid)
    address: str = ""
    pool: Pool = field(init=False)
    ref: str = ""
    endpoint: Endpoint | None = None
    powered: bool = True
    emergency: list[str] | None = None
    starting: bool = False
    """Until the storage of the start is there."""
    epoch: int = 0
    keep_disabled: bool = False
    until_reboot: bool = False
    tls_verification: bool = True
    local_sessions: set[str] = field(default_factory=set)
    domains: dict[str, int] = field(default_factory=dict)
    next_domid: int = 1
    migrations: int = 0
    joining: tuple[Pool, str] | None = None
    ejected: bool = False
    tweaks: dict[str, Any] = field(default_factory=dict)

    @property
    def is_coordinator(self) -> bool:
        return self.pool.coordinator is self

    @property
    def answers(self) -> bool:
        """Whether its toolstack is there to talk to."""
        return self.powered and self.endpoint is not None and self.endpoint.listener is not None

    def url(self) -> str:
        if self.endpoint is None:
            return ""
        scheme = "https" if self.endpoint.tls else "http"
        return f"{scheme}://{self.endpoint.address}:{self.endpoint.port}"

    def toolstack_down(self) -> None:
        """Refuse calls, cut connections, end what was in progress here."""
        self.epoch += 1
        self.starting = True
        self.local_sessions.clear()
        if self.endpoint:
            self.endpoint.down()

    def toolstack_up(self) -> None:
        if self.endpoint:
            self.endpoint.up()


class World:
    def __init__(self, factor: float, settings: Settings) -> None:
        self.clock = Clock(factor)
        self.settings = settings
        self.machines: dict[str, Machine] = {}
        self.guests: dict[str, Guest] = {}
        self.journal = Journal(self.clock)
        self.history = History(self.clock)
        self.faults = Faults()
        self.ca_pem: bytes | None = None

    def guest(self, uuid: str) -> Guest:
        return self.guests.setdefault(uuid, Guest())

    def pools(self) -> list[Pool]:
        return list(dict.fromkeys(m.pool for m in self.machines.values()))

    def resolve(self, address: str) -> Machine | None:
        """The machine at an address as host.address or a URL names it."""
        bare = address.rpartition("://")[2].rstrip("/")
        for machine in self.machines.values():
            end = machine.endpoint
            if bare == machine.address or (
                end and bare in (f"{end.address}:{end.port}", machine.name)
            ):
                return machine
        return None

    def spawn(self, step: Callable[..., None], *args: Any) -> None:
        """Run something on its own; a host that goes away while it runs ends it."""

        def run() -> None:
            with suppress(Dropped):
                step(*args)

        threading.Thread(target=run, daemon=True).start()
