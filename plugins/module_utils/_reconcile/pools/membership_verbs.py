# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs that make a host a member of a Xen pool, or end that; their subject is the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..._core.args import Args
from ..._core.model import Fleet, Network, Pool
from ..._core.plan import Verb
from ..._core.ports import PoolPort, Ports
from ..._core.reading import POOLS, reading
from ..common.changes import NEW, change_host, shared_plugged
from ..common.readiness import missing_for_service
from ..engine.waiting import operation, present, readiness


def pool_port(ports: Ports) -> PoolPort:
    return present(ports.pools, "Xen pools")


@dataclass(frozen=True, kw_only=True)
class MemberArgs(Args):
    """``pool`` is what the pool is called."""

    pool: str
    pool_id: str


def _joined(fleet: Fleet, name: str, args: MemberArgs) -> Fleet:
    host = fleet.host(name)
    target = fleet.pool(args.pool_id)
    if host is None or target is None or host.pool_id == target.id:
        return fleet
    old = host.pool_id
    fleet = replace(fleet, pools=tuple(p for p in fleet.pools if p.id != old))
    fleet = change_host(fleet, host.name, lambda h: replace(h, pool_id=target.id, joining=False))
    fleet = replace(
        fleet,
        servers=tuple(
            replace(s, pool_id=target.id) if s.pool_id == old else s for s in fleet.servers
        ),
        storages=tuple(
            replace(s, pool_id=target.id) if s.pool_id == old else s
            for s in fleet.storages
            if not (s.tools and s.pool_id == old)
        ),
        networks=_networks_after_join(fleet, host.name, old, target.id),
    )
    fleet = shared_plugged(fleet, target.id, host.name)
    return change_host(fleet, host.name, lambda h: replace(h, enabled=True, live=True))


def _networks_after_join(fleet: Fleet, host: str, old: str, new: str) -> tuple[Network, ...]:
    """The joiner's interfaces land on the pool's networks of the same name (xapi_pool.ml matches
    physical ones by bridge).
    """
    names = {n.name for n in fleet.networks if n.pool_id == new}
    mine = {n.name for n in fleet.networks if n.pool_id == old and host in n.hosts}
    kept = []
    for network in fleet.networks:
        if network.pool_id == new and network.name in mine:
            kept.append(replace(network, hosts=network.hosts | {host}))
        elif network.pool_id != old:
            kept.append(network)
        elif network.name not in names:
            kept.append(replace(network, pool_id=new))
    return tuple(kept)


def _join(ports: Ports, host: str, args: MemberArgs) -> Iterator[float]:
    """Success of the call is not the end: the host restarts its toolstack and comes back in stages
    (xapi_pool.ml, xapi.ml).
    """
    port, pool_id = pool_port(ports), args.pool_id
    current = ports.read(reading(POOLS)).host(host)
    if current is not None and current.pool_id != pool_id and not current.joining:
        handle = port.start_join(host, pool_id)
        yield from operation(ports, join.text(host, args), lambda: port.poll([handle])[0])
    yield from readiness(
        ports, f"host {host}", lambda fleet: missing_for_service(fleet, host, pool_id)
    )


join = Verb(
    "pool.join", "join host {subject} to pool {pool}", MemberArgs, _joined, _join, windowed=True
)


def _ejected(fleet: Fleet, name: str, args: MemberArgs) -> Fleet:
    """The host comes back as a pool of its own, with an empty local disk."""
    host = fleet.host(name)
    if host is None or host.pool_id != args.pool_id:
        return fleet
    alone = NEW + host.name
    pools = (*fleet.pools, Pool(id=alone, name="", coordinator=host.name))
    fleet = change_host(replace(fleet, pools=pools), host.name, lambda h: replace(h, pool_id=alone))
    own = {host.name}
    storages = tuple(
        replace(s, attached=s.attached - own, known_to=s.known_to - own)
        for s in fleet.storages
        if s.known_to != own
    )
    return replace(fleet, storages=storages)


def _eject(ports: Ports, host: str, args: MemberArgs) -> Iterator[float]:
    """The host reboots and comes back alone; until then it is nobody's."""
    port = pool_port(ports)
    handle = port.start_eject(host, args.pool_id)
    yield from operation(ports, eject.text(host, args), lambda: port.poll([handle])[0])

    def missing(fleet: Fleet) -> tuple[str, ...]:
        current = fleet.host(host)
        if current is None:
            return ("back from its reboot",)
        return ("out of the pool",) if current.pool_id == args.pool_id else ()

    yield from readiness(ports, f"host {host}", missing)


eject = Verb("pool.eject", "eject host {subject} from pool {pool}", MemberArgs, _ejected, _eject)
