# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blockers of a host's join to a pool: each check that XAPI makes, with a remedy.

XAPI itself stops at the first check that fails, after a login each time (xapi_pool.ml,
pre_join_checks); here all blockers of all hosts are found at once. What only XAPI can know
(certificates, SM features, updates) it still checks itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..._core.errors import joined
from ..._core.model import Fleet, Host, Pool, Server
from ..._core.plan import Verdict
from ..common.lookup import called, silent


@dataclass(frozen=True)
class _Join:
    """One joiner with all that its checks look at."""

    fleet: Fleet
    host: Host
    own: Pool | None
    target: Pool
    coordinator: Host

    @property
    def guests(self) -> tuple[Server, ...]:
        return tuple(s for s in self.fleet.servers if s.pool_id == self.host.pool_id)


Finding = tuple[str, str]
"""A reason and its remedy."""

_SAME_SOFTWARE = (
    ("product_brand", "product brand"),
    ("platform_version", "platform version"),
    ("xapi", "xapi version"),
    ("git_id", "xapi build"),
    ("api_version", "API version"),
    ("db_schema", "database schema"),
    ("network_backend", "network backend"),
)
"""Facts that must be equal on both sides: else HOSTS_NOT_COMPATIBLE, HOSTS_NOT_HOMOGENEOUS,
POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION, _DB_SCHEMA, or OPERATION_NOT_ALLOWED for the backend.
"""


def unknown_host(fleet: Fleet, host: str) -> Verdict:
    """The verdict on a host that no coordinator knows."""
    remedy = (
        "Make the unanswering addresses reachable, or correct the name"
        if fleet.unreachable
        else f"Known are {joined(sorted(h.name for h in fleet.hosts))}; "
        "correct the name, or add the host's address to endpoints"
    )
    return Verdict(
        host, "block", f"it is unknown to every coordinator that answered{silent(fleet)}", remedy
    )


def join_blockers(fleet: Fleet, host: Host, target: Pool) -> Iterator[Verdict]:
    """Everything about this one host that would make its pool.join fail."""
    coordinator = fleet.host(target.coordinator)
    if coordinator is None:
        yield unknown_host(fleet, target.coordinator)
        return
    join = _Join(fleet, host, fleet.pool(host.pool_id), target, coordinator)
    for check in _JOIN_CHECKS:
        for reason, remedy in check(join):
            yield Verdict(host.name, "block", reason, remedy)


def target_blockers(fleet: Fleet, target: Pool) -> Iterator[Verdict]:
    """What forbids any host to join this pool."""
    coordinator = fleet.host(target.coordinator)
    if target.ha_enabled:
        yield Verdict(
            f"pool {called(target)}",
            "block",
            "HA is enabled",
            "Disable HA during the join",
        )
    if coordinator is not None and not coordinator.live:
        yield Verdict(coordinator.name, "block", "the coordinator is not live", "Start it")
    if coordinator is not None and coordinator.pending_guidances:
        yield Verdict(
            coordinator.name,
            "block",
            f"mandatory guidance is pending: {joined(coordinator.pending_guidances)}",
            "Do what it asks for (usually a reboot)",
        )


def same_name_blockers(fleet: Fleet, joiners: Sequence[Host], target: Pool) -> Iterator[Verdict]:
    """Guests whose name another guest of the pool to be has. XAPI allows it, but a server that is
    addressed by name must be one.
    """
    by_name: dict[str, list[str]] = {}
    for server in _guests_of(fleet, target.id):
        by_name.setdefault(server.name, []).append(f"pool {called(target)}")
    for host in joiners:
        mine = sorted({s.name for s in _guests_of(fleet, host.pool_id)})
        for name in mine:
            if name in by_name:
                yield Verdict(
                    host.name,
                    "block",
                    f"duplicate VM name: {name} exists here and in {joined(by_name[name])}",
                    "Rename one of them, or set allow_duplicate_servers",
                )
            by_name.setdefault(name, []).append(f"host {host.name}")


def _guests_of(fleet: Fleet, pool_id: str) -> Iterable[Server]:
    return (s for s in fleet.servers if s.pool_id == pool_id)


def _alone(join: _Join) -> Iterator[Finding]:
    others = [h.name for h in join.fleet.members(join.host.pool_id) if h.name != join.host.name]
    if not others or join.own is None:
        return
    if join.own.coordinator == join.host.name:
        yield (
            f"it is the coordinator of other hosts: {joined(sorted(others))}",
            "Eject those first, or join the others to that pool instead",
        )
    else:
        yield (
            f"it is a member of another pool, {called(join.own)}",
            "Eject it from that first: xen_pool_member with state absent",
        )


def _in_service(join: _Join) -> Iterator[Finding]:
    if not join.host.live:
        yield "it is not live", "Start it, and check that its toolstack runs"
    if join.host.operations:
        yield f"it is busy with {joined(join.host.operations)}", "Wait until that has ended"
    maintenance = join.fleet.open_maintenance(join.host.name)
    if maintenance is not None:
        yield (
            f"maintenance {maintenance.name} is in progress, and a join would enable the host",
            "Finish it first: host_maintenance with state in_service",
        )


def _guests(join: _Join) -> Iterator[Finding]:
    """Exactly Running counts, as in XAPI: JOINING_HOST_CANNOT_HAVE_RUNNING_VMS."""
    running = sorted(s.name for s in join.guests if s.power_state == "Running")
    busy = sorted(f"{s.name} ({s.task_state})" for s in join.guests if s.task_state)
    if running:
        yield (
            f"{_count(len(running), 'running VM')}: {joined(running)}",
            "Shut them down for the join, or move them to another host",
        )
    if busy:
        yield f"VMs with operations in progress: {joined(busy)}", "Wait until those have ended"


def _ha(join: _Join) -> Iterator[Finding]:
    if join.own is not None and join.own.ha_enabled:
        yield "HA is enabled on it", "Disable HA on it"


def _guidance(join: _Join) -> Iterator[Finding]:
    if join.host.pending_guidances:
        yield (
            f"mandatory guidance is pending: {joined(join.host.pending_guidances)}",
            "Do what it asks for (usually a reboot)",
        )


def _software(join: _Join) -> Iterator[Finding]:
    """A fact that only one side shows is left to XAPI to judge."""
    mine, theirs = join.host.software, join.coordinator.software
    for key, words in _SAME_SOFTWARE:
        if key in mine and key in theirs and mine[key] != theirs[key]:
            remedy = (
                "Set the same backend on both (xe-switch-network-backend)"
                if key == "network_backend"
                else "Update the older of the two to the same release"
            )
            yield f"its {words} is {mine[key]}, the pool's is {theirs[key]}", remedy


def _cpus(join: _Join) -> Iterator[Finding]:
    mine, theirs = join.host.cpu_vendor, join.coordinator.cpu_vendor
    if mine and theirs and mine != theirs:
        yield (
            f"its CPU vendor is {mine}, the pool's is {theirs}",
            "Guests cannot move between the two; use a pool of their own for such hosts",
        )


def _storage(join: _Join) -> Iterator[Finding]:
    """Unplugged ones and ISO libraries count, too; the tools SR does not."""
    shared = sorted(
        s.name
        for s in join.fleet.storages
        if s.pool_id == join.host.pool_id and s.shared and not s.tools
    )
    if shared:
        yield f"it has shared SRs: {joined(shared)}", "Forget them on it (xe sr-forget)"


def _networks(join: _Join) -> Iterator[Finding]:
    host, other = join.host, join.coordinator
    if host.bonds:
        yield f"it has {_count(host.bonds, 'bond')}", "Remove them; a join copies those of the pool"
    if host.vlans:
        yield (
            f"it has {_count(host.vlans, 'VLAN')} off the management interface",
            "Remove them; a join copies those of the pool",
        )
    if host.tunnels:
        yield (
            f"it has {_count(host.tunnels, 'tunnel')}",
            "Remove them; a join copies those of the pool",
        )
    if host.management_vlan != other.management_vlan:
        yield (
            f"its management interface is on {_vlan(host)}, the coordinator's on {_vlan(other)}",
            "Put both on the same VLAN",
        )


def _accounts(join: _Join) -> Iterator[Finding]:
    host, other = join.host, join.coordinator
    if host.external_auth.lower() != other.external_auth.lower():
        yield (
            f"its external authentication is {host.external_auth or 'none'}, "
            f"the pool's is {other.external_auth or 'none'}",
            "Enable the same on it, or disable it on both",
        )
    if host.edition != other.edition:
        yield (
            f"its edition is {host.edition or 'none'}, the pool's is {other.edition or 'none'}",
            "Apply the pool's edition to it (xe host-apply-edition)",
        )
    if join.own is not None and join.own.tls_verification != join.target.tls_verification:
        mine = join.own.tls_verification
        command = "run xe pool-enable-tls-verification as root on"
        yield (
            f"TLS verification is {_on(mine)} on it, {_on(not mine)} in the pool",
            f"Enable it in the pool: {command} {other.name}"
            if mine
            else "Set enable_tls_verification to true, which enables it on the host before the join, "
            f"or {command} {host.name}; a host that was ejected comes back without it",
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _vlan(host: Host) -> str:
    return "no VLAN" if host.management_vlan == "-1" else f"VLAN {host.management_vlan}"


def _on(flag: bool) -> str:
    return "on" if flag else "off"


_JOIN_CHECKS: Sequence[Callable[[_Join], Iterator[Finding]]] = (
    _ha,
    _alone,
    _in_service,
    _guests,
    _guidance,
    _software,
    _cpus,
    _storage,
    _networks,
    _accounts,
)
