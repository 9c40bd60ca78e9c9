# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Effects of steps on what the coordinators know: hosts, pools, storage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..._core.model import Fleet, Host, Pool, Storage
from ..._core.plan import Step

Effect = Callable[[Fleet, Step], Fleet]

NEW = "new:"
"""Prefix of the id of something that has yet to be made."""


def merged(old: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """A map after a merge in which None removes."""
    return {k: v for k, v in {**old, **changes}.items() if v is not None}


def change_host(fleet: Fleet, name: str, change: Callable[[Host], Host]) -> Fleet:
    return replace(fleet, hosts=tuple(change(h) if h.name == name else h for h in fleet.hosts))


def host_enabled(enabled: bool) -> Effect:
    def effect(fleet: Fleet, step: Step) -> Fleet:
        return change_host(fleet, step.subject, lambda h: replace(h, enabled=enabled))

    return effect


def host_config(fleet: Fleet, step: Step) -> Fleet:
    return change_host(
        fleet,
        step.subject,
        lambda h: replace(h, other_config=merged(h.other_config, step.args["changes"])),
    )


def host_ready(fleet: Fleet, step: Step) -> Fleet:
    host = fleet.host(step.subject)
    if host is None:
        return fleet
    fleet = change_host(
        fleet, host.name, lambda h: replace(h, enabled=True, live=True, operations=())
    )
    return _storage_plugged(fleet, host.pool_id, host.name)


def _storage_plugged(fleet: Fleet, pool_id: str, host: str) -> Fleet:
    """Every shared SR of the pool, the tools SR included, attached on the host (xapi:
    create_storage.ml).
    """

    def plugged(storage: Storage) -> Storage:
        if storage.pool_id != pool_id or not storage.shared or host in storage.attached:
            return storage
        return replace(
            storage, attached=storage.attached | {host}, known_to=storage.known_to | {host}
        )

    return replace(fleet, storages=tuple(plugged(s) for s in fleet.storages))


def _pool(fleet: Fleet, pool_id: str, change: Callable[[Pool], Pool]) -> Fleet:
    return replace(fleet, pools=tuple(change(p) if p.id == pool_id else p for p in fleet.pools))


def pool_field(field: str, arg: str) -> Effect:
    def effect(fleet: Fleet, step: Step) -> Fleet:
        value = step.args[arg]
        change: dict[str, Any] = {field: tuple(value) if isinstance(value, list) else value}
        return _pool(fleet, step.args["pool_id"], lambda p: replace(p, **change))

    return effect


def default_sr(fleet: Fleet, step: Step) -> Fleet:
    wanted = step.args.get("storage_id") or NEW + step.args["storage"]
    return _pool(fleet, step.args["pool_id"], lambda p: replace(p, default_sr=wanted))


def pool_config(fleet: Fleet, step: Step) -> Fleet:
    changes = step.args["changes"]
    return _pool(
        fleet,
        step.args["pool_id"],
        lambda p: replace(p, other_config=merged(p.other_config, changes)),
    )


def join(fleet: Fleet, step: Step) -> Fleet:
    host = fleet.host(step.subject)
    target = fleet.pool(step.args["pool_id"])
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
    fleet = _storage_plugged(fleet, target.id, host.name)
    return change_host(fleet, host.name, lambda h: replace(h, enabled=True, live=True))


def _networks_after_join(fleet: Fleet, host: str, old: str, new: str) -> tuple[Any, ...]:
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


def eject(fleet: Fleet, step: Step) -> Fleet:
    """The host comes back as a pool of its own, with an empty local disk."""
    host = fleet.host(step.subject)
    if host is None or host.pool_id != step.args["pool_id"]:
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


def create_sr(fleet: Fleet, step: Step) -> Fleet:
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


def plug(fleet: Fleet, step: Step) -> Fleet:
    host = step.args["host"]

    def plugged(storage: Storage) -> Storage:
        if storage.id != step.args["storage_id"]:
            return storage
        return replace(
            storage, attached=storage.attached | {host}, known_to=storage.known_to | {host}
        )

    return replace(fleet, storages=tuple(plugged(s) for s in fleet.storages))
