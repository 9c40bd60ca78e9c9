# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as values: what planners read, what steps change, what modules return.

Hosts and aggregates are referred to by name, since names are what Nova, its users and aggregates
use; everything else by uuid. Sizes are bytes. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from .access import Address, Console
from .traits import Traits

ZONE_KEY = "availability_zone"
"""Nova keeps an aggregate's zone as a metadata item of this name (nova/objects/aggregate.py)."""

POOL_FLAG = "hypervisor_pool"
POOL_STATE = "operational_state"
POOL_COORDINATOR = "master_compute"
"""Metadata keys of an aggregate that is a Xen pool, as Nova's XenAPI driver kept them
(nova/virt/xenapi/pool_states.py, 21.x).
"""

MIGRATION_GROUP = "migration_group"
"""Metadata key of an aggregate that servers are moved neither out of nor into."""

MAINTENANCE_KEY = "MAINTENANCE_MODE"
"""Key in host.other_config by which XenCenter and this collection mark a host in maintenance."""


COMPUTE = "nova-compute"
"""Binary of compute services."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A host aggregate; ``metadata`` includes the zone's key, as in the Compute API."""

    name: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    id: int | None = None
    uuid: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def availability_zone(self) -> str | None:
        return self.metadata.get(ZONE_KEY)

    @property
    def is_pool(self) -> bool:
        """``hypervisor_pool`` is "true"; the old driver tested its presence only, which made
        "false" a pool.
        """
        return self.metadata.get(POOL_FLAG, "").lower() in ("true", "yes", "1")

    @property
    def is_migration_group(self) -> bool:
        """``migration_group`` is "true", in the spellings that ``hypervisor_pool`` has, too."""
        return self.metadata.get(MIGRATION_GROUP, "").lower() in ("true", "yes", "1")

    def with_metadata(self, changes: Mapping[str, str | None]) -> Aggregate:
        """Merged as Nova merges: None removes a key, if there is one."""
        merged = {**self.metadata, **changes}
        return replace(self, metadata={k: v for k, v in merged.items() if v is not None})


@dataclass(frozen=True, slots=True)
class ComputeService:
    """The compute service of one host.

    ``status`` (enabled, disabled) is the operator's switch, ``state`` (up, down) the host's sign of
    life; the two are independent.
    """

    host: str
    host_id: str | None = None
    status: str = "enabled"
    state: str = "up"
    disabled_reason: str | None = None
    forced_down: bool = False
    zone: str | None = None
    updated_at: str | None = None
    binary: str = COMPUTE


@dataclass(frozen=True, slots=True)
class Zone:
    """An availability zone. ``services`` are the enabled ones in it, of any binary; empty where only
    the zones themselves were read.
    """

    name: str
    available: bool
    services: tuple[ComputeService, ...] = ()


@dataclass(frozen=True, slots=True)
class Host:
    """A hypervisor host as its pool's coordinator knows it."""

    id: str
    name: str
    pool_id: str
    address: str = ""
    live: bool = True
    enabled: bool = True
    memory_total: int = 0
    memory_free: int = 0
    """What guests may still take: total less the hypervisor's and every resident's share, as XAPI's
    compute_free_memory.
    """
    cpus: int = 0
    cpu_vendor: str = ""
    software: Mapping[str, str] = field(default_factory=dict)
    """Flat facts: product_brand, product_version, platform_version, xapi, api_version, db_schema,
    network_backend, ...
    """
    other_config: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[str, ...] = ()
    """Names of the operations that run on it now (host.current_operations)."""
    edition: str = ""
    pending_guidances: tuple[str, ...] = ()
    booted_at: str | None = None
    """When it was started last, by its own clock; None where that is not told."""
    bonds: int = 0
    """Joining restrictions: numbers of bonds, of VLANs off the management interface, of tunnels on
    the host.
    """
    vlans: int = 0
    tunnels: int = 0
    management_vlan: str = "-1"
    external_auth: str = ""
    joining: bool = False
    """A pool.join of this host is in progress, seen as a pending task on it."""
    node: str = ""
    """hypervisor_hostname where it differs from the service's host; empty where there is one name."""
    type: str = "XenServer"
    """hypervisor_type."""
    cpus_used: int | None = None
    """This and the next two as reported; None where they are counted from the servers."""
    running_vms: int | None = None
    workload: int | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """A Xen resource pool; a stand-alone host is a pool of one."""

    id: str
    name: str
    coordinator: str
    description: str = ""
    default_sr: str | None = None
    ha_enabled: bool = False
    tls_verification: bool = False
    other_config: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    endpoint: str = ""
    """The address under which this task reached its coordinator."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage repository. ``attached`` are the hosts on which it is plugged, ``known_to`` those
    that have a PBD for it.
    """

    id: str
    name: str
    pool_id: str
    type: str = ""
    content_type: str = ""
    shared: bool = False
    tools: bool = False
    size: int = 0
    used: int = 0
    description: str = ""
    device_config: Mapping[str, str] = field(default_factory=dict)
    attached: frozenset[str] = frozenset()
    known_to: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Network:
    """A network and the hosts with an interface (PIF) on it; none for a network inside one host."""

    id: str
    name: str
    pool_id: str
    hosts: frozenset[str] = frozenset()


class ExtraSpec(NamedTuple):
    """What is wanted of the metadata of aggregates: a key, and a value or an operator with words."""

    key: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Server:
    """A guest, in the Compute API's words. ``host`` is where it runs or, if it can start on one
    host only, that host.
    """

    id: str
    name: str
    status: str
    """Nova's status: ACTIVE, SHUTOFF, PAUSED, SUSPENDED, MIGRATING, REBOOT, HARD_REBOOT, ..."""
    vm_state: str = "active"
    task_state: str | None = None
    power_state: str = "Running"
    """XAPI's: Running, Halted, Paused, Suspended."""
    host: str | None = None
    pool_id: str = ""
    memory: int = 0
    """What a host must have free to take it: dynamic_min and overhead (xapi: memory_check.ml)."""
    memory_max: int = 0
    vcpus: int = 0
    flavor: str = ""
    """Name of its flavor; XAPI has none."""
    storage: frozenset[str] = frozenset()
    """Uuids of the storage repositories of its disks and inserted CDs."""
    memory_image: str | None = None
    """Uuid of the storage repository that a suspended server's memory is on."""
    local_disks: tuple[str, ...] = ()
    """Kinds of disks that it has on its host and not on volumes, where the control plane tells: root
    disk, ephemeral disk, swap disk.
    """
    networks: frozenset[str] = frozenset()
    devices: bool = False
    """It has GPUs, USB devices or SR-IOV interfaces, of which XAPI alone knows where they are free."""
    blocked: Mapping[str, str] = field(default_factory=dict)
    """VM.blocked_operations: operation to reason."""
    allowed: frozenset[str] = frozenset()
    """VM.allowed_operations."""
    stand_in: bool = False
    """Another VM runs in its place, the one that it is rescued from; host and power state are of that."""
    groups: tuple[str, ...] = ()
    """Anti-affinity groups it belongs to."""
    extra_specs: tuple[ExtraSpec, ...] = ()
    """What the aggregates of its host must have, where no scheduler knows that."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    started_at: str | None = None
    updated_at: str | None = None
    created_at: str | None = None
    terminated_at: str | None = None
    """When it was deleted."""
    zone: str | None = None
    """This and host_status as Nova reports them; None where they follow from the host."""
    host_status: str | None = None
    node: str | None = None
    """hypervisor_hostname where it differs from the service's host."""
    pinned_zone: str | None = None
    """The zone that every scheduled move must stay in."""
    locked: bool = False
    locked_reason: str | None = None
    fault: str = ""
    """Message of the failure that put it into ERROR."""
    project_id: str | None = None
    user_id: str | None = None
    reservation_id: str | None = None
    image: str | None = None
    """Id of the image that it was made from; in XAPI the template's name."""
    addresses: tuple[Address, ...] = ()
    access_ipv4: str | None = None
    access_ipv6: str | None = None
    progress: int | None = None
    """Percent of what is being done with it; None where nothing says."""
    affinity: str | None = None
    """The host that it is meant to start on next, if that takes it."""
    resized_from: str | None = None
    """The host on which it ran before a resize or migration that is not confirmed."""
    shelved_from: str | None = None
    """The host on which it ran before it was shelved, of one that is on none now."""
    evacuated_from: str | None = None
    """The failed host that it ran on once, if it has been started on another one since and no run
    has seen that evacuation to its end.
    """
    stopped_for_join: str | None = None
    """The host whose join to a pool it was shut down for, if it has not been started since."""

    @property
    def running(self) -> bool:
        return self.power_state in ("Running", "Paused")

    @property
    def all_storage(self) -> frozenset[str]:
        """What a host must have attached to run it as it is; stopped, it loses its memory image."""
        return self.storage | ({self.memory_image} if self.memory_image else frozenset())


@dataclass(frozen=True, slots=True)
class Flavor:
    """The sizes of servers, and by its extra specs where they go."""

    id: str
    name: str
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    """With their scopes, as the Compute API has them."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One move of a server, as in os-migrations. ``maintenance`` is the id of the maintenance that
    ordered it. ``target`` is empty until the scheduler has chosen it.
    """

    server_id: str
    server: str
    source: str
    target: str
    type: str = "live-migration"
    status: str = "accepted"
    maintenance: int | None = None
    id: int | None = None
    uuid: str | None = None
    memory: int = 0
    created_at: str | None = None
    updated_at: str | None = None

    FINAL = frozenset(
        {"confirmed", "reverted", "error", "failed", "completed", "cancelled", "done"}
    )
    """Nova's terminal states; "finished" is not among them (nova/api: services delete)."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One maintenance of one host, kept so that a re-run resumes and a return knows what to bring
    back.

    ``phase``: draining, in_maintenance, returning, done. ``moves``: what was moved away, in order
    of departure.
    """

    host: str
    name: str
    phase: str = "draining"
    id: int | None = None
    host_id: str | None = None
    service_disabled: bool = False
    """We disabled the compute service, so we enable it again."""
    host_disabled: bool = False
    """We disabled the host in XAPI, so we enable it again."""
    booted_at: str | None = None
    """When the host had been started, as it was told when the maintenance began."""
    moves: tuple[Migration, ...] = ()
    started_at: str | None = None
    updated_at: str | None = None
    finished_at: str | None = None

    @property
    def open(self) -> bool:
        return self.phase != "done"


@dataclass(frozen=True)
class Records:
    """What the store knows. Services are those with a record of their own; ``state`` and ``zone``
    in them are not yet filled in.
    """

    aggregates: tuple[Aggregate, ...] = ()
    services: tuple[ComputeService, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    migrations: tuple[Migration, ...] = ()
    updates: Mapping[str, str] = field(default_factory=dict)
    """Server uuid to the time of the last change that was made through the collection."""
    deleted: tuple[Server, ...] = ()
    """Servers whose deletion was begun; without ``terminated_at``, its end was not seen."""


@dataclass(frozen=True)
class XenView:
    """What the coordinators say. Names of hosts are unique in it."""

    hosts: tuple[Host, ...] = ()
    pools: tuple[Pool, ...] = ()
    servers: tuple[Server, ...] = ()
    storages: tuple[Storage, ...] = ()
    networks: tuple[Network, ...] = ()
    unreachable: Mapping[str, str] = field(default_factory=dict)
    """Endpoint to the reason why it gave no answer."""


@dataclass(frozen=True)
class CloudView:
    """What Nova says, in the sections that were asked for."""

    aggregates: tuple[Aggregate, ...] = ()
    services: tuple[ComputeService, ...] = ()
    hosts: tuple[Host, ...] = ()
    servers: tuple[Server, ...] = ()
    migrations: tuple[Migration, ...] = ()
    zones: tuple[Zone, ...] | None = None
    flavors: tuple[Flavor, ...] = ()
    consoles: Mapping[str, tuple[Console, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fleet:
    """Everything a planner may look at. Sections that were not read are empty."""

    aggregates: tuple[Aggregate, ...] = ()
    services: tuple[ComputeService, ...] = ()
    hosts: tuple[Host, ...] = ()
    pools: tuple[Pool, ...] = ()
    servers: tuple[Server, ...] = ()
    storages: tuple[Storage, ...] = ()
    networks: tuple[Network, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    migrations: tuple[Migration, ...] = ()
    zones: tuple[Zone, ...] | None = None
    """As Nova reports them; None where they follow from the services."""
    flavors: tuple[Flavor, ...] = ()
    default_zone: str = "nova"
    unreachable: Mapping[str, str] = field(default_factory=dict)
    """Endpoint to the reason why it gave no answer."""
    possible: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Server uuid to the hosts that XAPI would start it on, of those servers that it was asked about."""
    consoles: Mapping[str, tuple[Console, ...]] = field(default_factory=dict)
    """By server uuid, of those servers whose consoles were asked for."""
    paged: frozenset[str] = frozenset()
    """Sections of which the control plane has given the page asked for, in order."""
    traits: Traits = field(default_factory=Traits)
    """What is true of the control plane that it was read from."""

    def aggregate(self, name: str) -> Aggregate | None:
        return next((a for a in self.aggregates if a.name == name), None)

    def service(self, host: str) -> ComputeService | None:
        return next((s for s in self.services if s.host == host), None)

    def host(self, name: str) -> Host | None:
        return next((h for h in self.hosts if h.name == name), None)

    def pool(self, pool_id: str) -> Pool | None:
        return next((p for p in self.pools if p.id == pool_id), None)

    def pool_of(self, host: str) -> Pool | None:
        member = self.host(host)
        return self.pool(member.pool_id) if member else None

    def members(self, pool_id: str) -> tuple[Host, ...]:
        return tuple(h for h in self.hosts if h.pool_id == pool_id)

    def server(self, server_id: str) -> Server | None:
        return next((s for s in self.servers if s.id == server_id), None)

    def servers_on(self, host: str) -> tuple[Server, ...]:
        return tuple(s for s in self.servers if s.host == host)

    def storage(self, storage_id: str | None) -> Storage | None:
        return next((s for s in self.storages if s.id == storage_id), None)

    def tied_to(self, server: Server) -> Storage | None:
        """A storage of one host alone that has disks of the server; CDs don't count."""
        storages = (self.storage(storage_id) for storage_id in sorted(server.storage))
        return next((s for s in storages if s and not s.shared and s.content_type != "iso"), None)

    def open_maintenance(self, host: str) -> Maintenance | None:
        return next((m for m in self.maintenances if m.host == host and m.open), None)

    def zones_of(self, host: str) -> tuple[str, ...]:
        """The zones that aggregates give this host; more than one is a state that Nova's rules
        forbid.
        """
        zones = {
            a.availability_zone for a in self.aggregates if host in a.hosts and a.availability_zone
        }
        return tuple(sorted(zones))

    def zone_of(self, host: str) -> str:
        return next(iter(self.zones_of(host)), self.default_zone)


def latest(*times: str | None) -> str | None:
    """The last of these times, all written alike; None if there is none."""
    return max((time for time in times if time), default=None)


def to_dict(value: Any) -> Any:
    """A model as JSON-able data for results: sets sorted, tuples as lists."""
    data = asdict(value)
    return _plain(data)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(v) for v in value)
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
