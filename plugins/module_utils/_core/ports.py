# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the backends offer, one Protocol per subject.

Mutating methods raise FleetErrors only, know no check mode and do not wait; methods called
``start_*`` return a handle for ``poll``. Hosts and aggregates are referred to by name, everything
else by uuid, as in the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from .args import ActionArgs
from .errors import FleetError
from .model import Fleet, Maintenance, Migration
from .reading import Reading
from .traits import Traits
from .wait import Clock, SystemClock


class AggregatePort(Protocol):
    """Aggregates. All methods raise NotFoundError for an unknown aggregate, ConflictError where
    Nova answers 409.
    """

    def create(self, name: str, zone: str | None) -> None:
        """A new, empty aggregate."""

    def rename(self, name: str, new_name: str) -> None:
        """Give it another name."""

    def set_zone(self, name: str, zone: str) -> None:
        """Set or change the zone; it can never be cleared."""

    def set_metadata(self, name: str, changes: Mapping[str, str | None]) -> None:
        """Merge; None removes a key."""

    def add_host(self, name: str, host: str, host_id: str | None) -> None:
        """Make the host a member."""

    def remove_host(self, name: str, host: str) -> None:
        """End the membership."""

    def delete(self, name: str) -> None:
        """Remove the aggregate, which must be empty."""


class ServicePort(Protocol):
    """Compute services, by host name."""

    def enable(self, host: str, host_id: str | None) -> None:
        """Enable and forget the reason."""

    def disable(self, host: str, host_id: str | None, reason: str | None) -> None:
        """Disable; without a reason a stored one is erased, as Nova does."""

    def set_forced_down(self, host: str, host_id: str | None, forced_down: bool) -> None:
        """Declare the service down whatever its sign of life, or take that back."""

    def delete(self, host: str) -> None:
        """Forget the service and the host's memberships."""


class JournalPort(Protocol):
    """Maintenances, their moves, and locks; kept by the collection on both control planes."""

    def begin(self, maintenance: Maintenance) -> int:
        """Record a new maintenance and return its id."""

    def advance(self, maintenance_id: int, phase: str) -> None:
        """Record the phase reached; "done" closes it."""

    def record_move(self, migration: Migration) -> int:
        """Record a move that is about to start and return its id."""

    def finish_move(self, migration_id: int, status: str, target: str | None = None) -> None:
        """Record how it ended: completed, failed, cancelled; and where, if that was left open."""

    def lock(self, name: str, purpose: str) -> AbstractContextManager[None]:
        """Hold the named lock. LockedError while another live run holds it; a dead run's lock is
        taken over.
        """


class RecordPort(AggregatePort, Protocol):
    """What one transaction may cover."""

    def exclusive(self) -> AbstractContextManager[None]:
        """All reads and writes inside are one unit, and no other run writes meanwhile. A null
        context where there is no such thing.
        """


@dataclass(frozen=True)
class JobState:
    """How a started operation stands. ``error`` only when done; ``progress`` 0 to 1; ``target`` is
    where a move has ended, if that was left open.
    """

    done: bool
    progress: float = 0.0
    error: FleetError | None = None
    target: str | None = None


class ServerPort(Protocol):
    """Guests."""

    def start_action(self, action: str, args: ActionArgs) -> Any:
        """Start one of the table of actions and return a handle."""

    def poll(self, handles: Sequence[Any]) -> list[JobState]:
        """The states of started operations, in the same order, in as few requests as possible."""


class HostPort(Protocol):
    """Hypervisor hosts, by name."""

    def enable(self, host: str) -> None:
        """Let it take guests again."""

    def disable(self, host: str) -> None:
        """No new guests; running ones stay."""

    def set_other_config(self, host: str, changes: Mapping[str, str | None]) -> None:
        """Merge; None removes a key."""


class PoolPort(Protocol):
    """Xen pools, by uuid, and their storage."""

    def set_name(self, pool_id: str, name: str) -> None:
        """Name it."""

    def set_description(self, pool_id: str, description: str) -> None:
        """Describe it."""

    def set_default_sr(self, pool_id: str, storage_id: str) -> None:
        """Where new disks, suspend images and crash dumps go."""

    def set_other_config(self, pool_id: str, changes: Mapping[str, str | None]) -> None:
        """Merge; None removes a key."""

    def set_tags(self, pool_id: str, tags: Sequence[str]) -> None:
        """Replace its tags."""

    def designate_coordinator(self, pool_id: str, host: str) -> None:
        """Hand the coordinator's part to another member; sessions end."""

    def enable_tls_verification(self, pool_id: str) -> None:
        """Let its hosts verify each other's certificates from now on; there is no way back from outside."""

    def start_join(self, host: str, pool_id: str) -> Any:
        """Ask a stand-alone host to join and return a handle; success does not mean that it is
        ready.
        """

    def poll(self, handles: Sequence[Any]) -> list[JobState]:
        """As ServerPort.poll."""

    def start_eject(self, host: str, pool_id: str) -> Any:
        """Ask the coordinator to eject the host: local disks are wiped, the host reboots. Returns a
        handle.
        """

    def note_stopped(self, server_id: str, host_id: str | None) -> None:
        """Keep on the guest that it is shut down for this host's join; None ends that."""

    def create_sr(self, pool_id: str, spec: Mapping[str, Any]) -> str:
        """Create a shared SR on the pool and return its uuid. Keys: name, description, type,
        content_type, device_config, size.
        """

    def plug(self, storage_id: str, host: str) -> None:
        """Attach the SR on that host, making its PBD if there is none."""


class Reporter(Protocol):
    """Receives progress and warnings, for live display."""

    def line(self, text: str) -> None:
        """One line of progress."""

    def warn(self, text: str) -> None:
        """A warning that belongs into the result."""


class NullReporter:
    """Says nothing."""

    def line(self, text: str) -> None:
        pass

    def warn(self, text: str) -> None:
        pass


class FleetReader(Protocol):
    """Reads the real state."""

    def __call__(self, wanted: Reading) -> Fleet:
        """What is wanted, read again."""


@dataclass
class Ports:
    """All that a plan's execution may touch. A subject that the control plane lacks, or that the
    task does not read, is None.
    """

    read: FleetReader
    records: RecordPort
    services: ServicePort
    journal: JournalPort | None = None
    servers: ServerPort | None = None
    hosts: HostPort | None = None
    pools: PoolPort | None = None
    traits: Traits = field(default_factory=Traits)
    atomic: bool = True
    """Whether ``records.exclusive()`` makes what is inside it one unit that nobody interrupts."""
    clock: Clock = field(default_factory=SystemClock)
    reporter: Reporter = field(default_factory=NullReporter)
    wait: bool = True
    wait_timeout: float = 600.0
    interval: float = 0.5
    _readings: dict[Reading, tuple[float, Fleet | FleetError]] = field(default_factory=dict)

    def recent(self, wanted: Reading, age: float) -> Fleet:
        """What is wanted, as read at most ``age`` seconds ago: for what many steps look at while
        they wait. A reading that failed keeps failing for as long.
        """
        when, answer = self._readings.get(wanted, (0.0, None))
        if answer is None or self.clock.now() - when > age:
            try:
                answer = self.read(wanted)
            except FleetError as exc:
                answer = exc
            self._readings[wanted] = self.clock.now(), answer
        if isinstance(answer, FleetError):
            raise answer
        return answer
