# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet looks like once a step has been taken: a pure function per verb.

Check mode shows projected state, a play under --check plans each task upon the projection of the tasks before it, apply skips a step
whose projection changes nothing, and the tests hold every planner to "plan, project, plan again gives an empty plan".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._core.model import (
    ZONE_KEY,
    Aggregate,
    ComputeService,
    Fleet,
    Host,
    Maintenance,
    Migration,
    Pool,
    Server,
    Storage,
)
from .._core.plan import Step

Effect = Callable[[Fleet, Step], Fleet]

NEW = "new:"
"""Prefix of the id of something that has yet to be made."""


def project(fleet: Fleet, step: Step) -> Fleet:
    """The fleet after the step. A step whose subject is gone changes nothing."""
    return EFFECTS[step.verb](fleet, step)


def project_all(fleet: Fleet, steps: Iterable[Step]) -> Fleet:
    for step in steps:
        fleet = project(fleet, step)
    return fleet


def satisfied(fleet: Fleet, step: Step) -> bool:
    """Whether taking the step would change nothing."""
    return project(fleet, step) == fleet


def merged(old: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """A map after a merge in which None removes."""
    return {k: v for k, v in {**old, **changes}.items() if v is not None}


# --- aggregates -----------------------------------------------------------------------------------------------------


def _aggregate(fleet: Fleet, name: str, change: Callable[[Aggregate], Aggregate]) -> Fleet:
    old = fleet.aggregate(name)
    if old is None:
        return fleet
    aggregates = tuple(change(a) if a.name == name else a for a in fleet.aggregates)
    return _rezoned(replace(fleet, aggregates=aggregates))


def _rezoned(fleet: Fleet) -> Fleet:
    """Services with the zones that the aggregates now give them."""
    services = tuple(replace(s, zone=fleet.zone_of(s.host)) for s in fleet.services)
    return replace(fleet, services=services)


def _create(fleet: Fleet, step: Step) -> Fleet:
    if fleet.aggregate(step.subject):
        return fleet
    zone = step.args.get("zone")
    new = Aggregate(name=step.subject, metadata={ZONE_KEY: zone} if zone else {})
    return replace(fleet, aggregates=(*fleet.aggregates, new))


def _rename(fleet: Fleet, step: Step) -> Fleet:
    return _aggregate(fleet, step.subject, lambda a: replace(a, name=step.args["name"]))


def _set_zone(fleet: Fleet, step: Step) -> Fleet:
    return _aggregate(fleet, step.subject, lambda a: a.with_metadata({ZONE_KEY: step.args["zone"]}))


def _set_metadata(fleet: Fleet, step: Step) -> Fleet:
    return _aggregate(fleet, step.subject, lambda a: a.with_metadata(step.args["changes"]))


def _add_host(fleet: Fleet, step: Step) -> Fleet:
    host = step.args["host"]
    return _aggregate(
        fleet, step.subject, lambda a: a if host in a.hosts else replace(a, hosts=(*a.hosts, host))
    )


def _remove_host(fleet: Fleet, step: Step) -> Fleet:
    host = step.args["host"]
    return _aggregate(
        fleet, step.subject, lambda a: replace(a, hosts=tuple(h for h in a.hosts if h != host))
    )


def _delete(fleet: Fleet, step: Step) -> Fleet:
    left = tuple(a for a in fleet.aggregates if a.name != step.subject)
    return _rezoned(replace(fleet, aggregates=left))


# --- compute services -----------------------------------------------------------------------------------------------


def _service(fleet: Fleet, host: str, change: Callable[[ComputeService], ComputeService]) -> Fleet:
    return replace(
        fleet, services=tuple(change(s) if s.host == host else s for s in fleet.services)
    )


def _service_enable(fleet: Fleet, step: Step) -> Fleet:
    return _service(
        fleet, step.subject, lambda s: replace(s, status="enabled", disabled_reason=None)
    )


def _service_disable(fleet: Fleet, step: Step) -> Fleet:
    reason = step.args.get("reason")
    return _service(
        fleet, step.subject, lambda s: replace(s, status="disabled", disabled_reason=reason)
    )


def _forced_down(fleet: Fleet, step: Step) -> Fleet:
    down = step.args["forced_down"]
    host = fleet.host(step.subject)
    state = "down" if down or (host is not None and not host.live) else "up"
    return _service(fleet, step.subject, lambda s: replace(s, forced_down=down, state=state))


def _service_delete(fleet: Fleet, step: Step) -> Fleet:
    host = step.subject
    aggregates = tuple(
        replace(a, hosts=tuple(h for h in a.hosts if h != host)) if host in a.hosts else a
        for a in fleet.aggregates
    )
    services = tuple(s for s in fleet.services if s.host != host)
    return replace(fleet, aggregates=aggregates, services=services)


# --- maintenances ---------------------------------------------------------------------------------------------------


def _begin(fleet: Fleet, step: Step) -> Fleet:
    if fleet.open_maintenance(step.subject):
        return fleet
    new = Maintenance(
        host=step.subject,
        name=step.args["name"],
        host_id=step.args.get("host_id"),
        service_disabled=step.args["service_disabled"],
        host_disabled=step.args["host_disabled"],
    )
    return replace(fleet, maintenances=(*fleet.maintenances, new))


def _maintenance(fleet: Fleet, host: str, **changes: Any) -> Fleet:
    return replace(
        fleet,
        maintenances=tuple(
            replace(m, **changes) if m.host == host and m.open else m for m in fleet.maintenances
        ),
    )


def _advance(fleet: Fleet, step: Step) -> Fleet:
    return _maintenance(fleet, step.subject, phase=step.args["phase"])


# --- hosts ----------------------------------------------------------------------------------------------------------


def _host(fleet: Fleet, name: str, change: Callable[[Host], Host]) -> Fleet:
    return replace(fleet, hosts=tuple(change(h) if h.name == name else h for h in fleet.hosts))


def _host_enabled(enabled: bool) -> Effect:
    def effect(fleet: Fleet, step: Step) -> Fleet:
        return _host(fleet, step.subject, lambda h: replace(h, enabled=enabled))

    return effect


def _host_config(fleet: Fleet, step: Step) -> Fleet:
    return _host(
        fleet,
        step.subject,
        lambda h: replace(h, other_config=merged(h.other_config, step.args["changes"])),
    )


def _host_ready(fleet: Fleet, step: Step) -> Fleet:
    host = fleet.host(step.subject)
    if host is None:
        return fleet
    fleet = _host(fleet, host.name, lambda h: replace(h, enabled=True, live=True, operations=()))
    return _storage_plugged(fleet, host.pool_id, host.name)


def _storage_plugged(fleet: Fleet, pool_id: str, host: str) -> Fleet:
    """Every shared SR of the pool, the tools SR included, attached on the host (xapi: create_storage.ml)."""

    def plugged(storage: Storage) -> Storage:
        if storage.pool_id != pool_id or not storage.shared or host in storage.attached:
            return storage
        return replace(
            storage, attached=storage.attached | {host}, known_to=storage.known_to | {host}
        )

    return replace(fleet, storages=tuple(plugged(s) for s in fleet.storages))


# --- pools and storage ----------------------------------------------------------------------------------------------


def _pool(fleet: Fleet, pool_id: str, change: Callable[[Pool], Pool]) -> Fleet:
    return replace(fleet, pools=tuple(change(p) if p.id == pool_id else p for p in fleet.pools))


def _pool_field(field: str, arg: str) -> Effect:
    def effect(fleet: Fleet, step: Step) -> Fleet:
        value = step.args[arg]
        value = tuple(value) if isinstance(value, list) else value
        return _pool(fleet, step.args["pool_id"], lambda p: replace(p, **{field: value}))

    return effect


def _default_sr(fleet: Fleet, step: Step) -> Fleet:
    wanted = step.args.get("storage_id") or NEW + step.args["storage"]
    return _pool(fleet, step.args["pool_id"], lambda p: replace(p, default_sr=wanted))


def _pool_config(fleet: Fleet, step: Step) -> Fleet:
    changes = step.args["changes"]
    return _pool(
        fleet,
        step.args["pool_id"],
        lambda p: replace(p, other_config=merged(p.other_config, changes)),
    )


def _join(fleet: Fleet, step: Step) -> Fleet:
    host = fleet.host(step.subject)
    target = fleet.pool(step.args["pool_id"])
    if host is None or target is None or host.pool_id == target.id:
        return fleet
    old = host.pool_id
    fleet = replace(fleet, pools=tuple(p for p in fleet.pools if p.id != old))
    fleet = _host(fleet, host.name, lambda h: replace(h, pool_id=target.id, joining=False))
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
    fleet = _storage_plugged(fleet, target.id, host.name)
    return _host(fleet, host.name, lambda h: replace(h, enabled=True, live=True))


def _networks_after_join(fleet: Fleet, host: str, old: str, new: str) -> tuple[Any, ...]:
    """The joiner's interfaces land on the pool's networks of the same name (xapi_pool.ml matches physical ones by bridge)."""
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


def _eject(fleet: Fleet, step: Step) -> Fleet:
    """The host comes back as a pool of its own, with an empty local disk."""
    host = fleet.host(step.subject)
    if host is None or host.pool_id != step.args["pool_id"]:
        return fleet
    alone = NEW + host.name
    pools = (*fleet.pools, Pool(id=alone, name="", coordinator=host.name))
    fleet = _host(replace(fleet, pools=pools), host.name, lambda h: replace(h, pool_id=alone))
    own = {host.name}
    storages = tuple(
        replace(s, attached=s.attached - own, known_to=s.known_to - own)
        for s in fleet.storages
        if s.known_to != own
    )
    return replace(fleet, storages=storages)


def _create_sr(fleet: Fleet, step: Step) -> Fleet:
    pool_id = step.args["pool_id"]
    if any(s.name == step.subject and s.pool_id == pool_id for s in fleet.storages):
        return fleet
    hosts = frozenset(h.name for h in fleet.members(pool_id))
    new = Storage(
        id=NEW + step.subject,
        name=step.subject,
        pool_id=pool_id,
        type=step.args["type"],
        content_type=step.args.get("content_type", ""),
        description=step.args.get("description", ""),
        shared=True,
        device_config=step.args.get("device_config", {}),
        attached=hosts,
        known_to=hosts,
    )
    return replace(fleet, storages=(*fleet.storages, new))


def _plug(fleet: Fleet, step: Step) -> Fleet:
    host = step.args["host"]

    def plugged(storage: Storage) -> Storage:
        if storage.id != step.args["storage_id"]:
            return storage
        return replace(
            storage, attached=storage.attached | {host}, known_to=storage.known_to | {host}
        )

    return replace(fleet, storages=tuple(plugged(s) for s in fleet.storages))


# --- servers --------------------------------------------------------------------------------------------------------


def _server(fleet: Fleet, server_id: str, change: Callable[[Server], Server]) -> Fleet:
    return replace(
        fleet, servers=tuple(change(s) if s.id == server_id else s for s in fleet.servers)
    )


def _live_migrate(fleet: Fleet, step: Step) -> Fleet:
    server = fleet.server(step.args["id"])
    target = step.args["target"]
    if server is None or server.host == target:
        return fleet
    fleet = _server(fleet, server.id, lambda s: replace(s, host=target))
    fleet = _memory(fleet, target, -server.memory)
    if server.host:
        fleet = _memory(fleet, server.host, server.memory)
    if step.args.get("maintenance"):
        fleet = _journaled(fleet, step, server)
    return fleet


def _memory(fleet: Fleet, host: str, change: int) -> Fleet:
    return _host(fleet, host, lambda h: replace(h, memory_free=h.memory_free + change))


def _journaled(fleet: Fleet, step: Step, server: Server) -> Fleet:
    source, target = step.args["source"], step.args["target"]
    open_one = fleet.open_maintenance(source)
    if open_one is None or any(m.server_id == server.id for m in open_one.moves):
        return fleet
    move = Migration(
        server_id=server.id,
        server=server.name,
        source=source,
        target=target,
        status="completed",
        memory=server.memory,
    )
    return _maintenance(fleet, source, moves=(*open_one.moves, move))


STATUS_AFTER: Mapping[str, tuple[str, str, str]] = {
    "server.start": ("ACTIVE", "active", "Running"),
    "server.stop": ("SHUTOFF", "stopped", "Halted"),
    "server.reboot_soft": ("ACTIVE", "active", "Running"),
    "server.reboot_hard": ("ACTIVE", "active", "Running"),
    "server.pause": ("PAUSED", "paused", "Paused"),
    "server.unpause": ("ACTIVE", "active", "Running"),
    "server.suspend": ("SUSPENDED", "suspended", "Suspended"),
    "server.resume": ("ACTIVE", "active", "Running"),
}
"""Status, vm_state and XAPI power state at the end of each action (nova.md's action matrix; a hard reboot starts a stopped server)."""


def _status(fleet: Fleet, step: Step) -> Fleet:
    status, vm_state, power = STATUS_AFTER[step.verb]

    def changed(server: Server) -> Server:
        return replace(server, status=status, vm_state=vm_state, task_state=None, power_state=power)

    return _server(fleet, step.args["id"], changed)


EFFECTS: Mapping[str, Effect] = {
    "aggregate.create": _create,
    "aggregate.rename": _rename,
    "aggregate.set_zone": _set_zone,
    "aggregate.set_metadata": _set_metadata,
    "aggregate.add_host": _add_host,
    "aggregate.remove_host": _remove_host,
    "aggregate.delete": _delete,
    "service.enable": _service_enable,
    "service.disable": _service_disable,
    "service.set_forced_down": _forced_down,
    "service.delete": _service_delete,
    "maintenance.begin": _begin,
    "maintenance.advance": _advance,
    "host.enable": _host_enabled(True),
    "host.disable": _host_enabled(False),
    "host.set_other_config": _host_config,
    "host.await_ready": _host_ready,
    "pool.set_name": _pool_field("name", "name"),
    "pool.set_description": _pool_field("description", "description"),
    "pool.set_default_sr": _default_sr,
    "pool.set_other_config": _pool_config,
    "pool.set_tags": _pool_field("tags", "tags"),
    "pool.designate_coordinator": _pool_field("coordinator", "host"),
    "pool.join": _join,
    "pool.eject": _eject,
    "sr.create": _create_sr,
    "sr.plug": _plug,
    "server.live_migrate": _live_migrate,
    **{verb: _status for verb in STATUS_AFTER},
}
