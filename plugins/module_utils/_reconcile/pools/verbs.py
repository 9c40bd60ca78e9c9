# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs of Xen pools; the steps that take a host in or out are in membership_verbs.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..._core.args import Args
from ..._core.errors import NotFoundError
from ..._core.model import Fleet, Pool, Storage
from ..._core.plan import Verb
from ..._core.ports import Ports
from ..._core.reading import POOLS, reading
from ..common.changes import NEW, merged, plugged
from ..engine.passing import over_refusals
from ..engine.waiting import Waiting, readiness
from . import compute_vm_verbs
from .membership_verbs import eject, join, pool_port


def _changed(fleet: Fleet, pool_id: str, change: Callable[[Pool], Pool]) -> Fleet:
    return replace(fleet, pools=tuple(change(p) if p.id == pool_id else p for p in fleet.pools))


# --- its properties -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NameArgs(Args):
    pool_id: str
    name: str


def _named(fleet: Fleet, _pool: str, args: NameArgs) -> Fleet:
    return _changed(fleet, args.pool_id, lambda p: replace(p, name=args.name))


def _set_name(ports: Ports, _pool: str, args: NameArgs) -> None:
    pool_port(ports).set_name(args.pool_id, args.name)


set_name = Verb(
    "pool.set_name", "set name of pool {subject} to {name}", NameArgs, _named, _set_name
)


@dataclass(frozen=True, kw_only=True)
class DescriptionArgs(Args):
    pool_id: str
    description: str


def _described(fleet: Fleet, _pool: str, args: DescriptionArgs) -> Fleet:
    return _changed(fleet, args.pool_id, lambda p: replace(p, description=args.description))


def _set_description(ports: Ports, _pool: str, args: DescriptionArgs) -> None:
    pool_port(ports).set_description(args.pool_id, args.description)


set_description = Verb(
    "pool.set_description",
    "set description of pool {subject}",
    DescriptionArgs,
    _described,
    _set_description,
)


@dataclass(frozen=True, kw_only=True)
class OwnPoolArgs(Args):
    """The pool of a host that stands alone."""

    pool_id: str


def _verifying(fleet: Fleet, _host: str, args: OwnPoolArgs) -> Fleet:
    return _changed(fleet, args.pool_id, lambda p: replace(p, tls_verification=True))


def _enable_tls(ports: Ports, _host: str, args: OwnPoolArgs) -> None:
    pool_port(ports).enable_tls_verification(args.pool_id)


enable_tls = Verb(
    "pool.enable_tls_verification",
    "enable TLS verification on host {subject}",
    OwnPoolArgs,
    _verifying,
    _enable_tls,
)


@dataclass(frozen=True, kw_only=True)
class DefaultStorageArgs(Args):
    """Without ``storage_id`` the SR is one that the plan has just made."""

    pool_id: str
    storage: str
    storage_id: str | None = None


def _default_set(fleet: Fleet, _pool: str, args: DefaultStorageArgs) -> Fleet:
    wanted = args.storage_id or NEW + args.storage
    return _changed(fleet, args.pool_id, lambda p: replace(p, default_sr=wanted))


def _set_default(ports: Ports, _pool: str, args: DefaultStorageArgs) -> None:
    storage_id = args.storage_id or _storage_named(ports, args.pool_id, args.storage)
    pool_port(ports).set_default_sr(args.pool_id, storage_id)


def _storage_named(ports: Ports, pool_id: str, name: str) -> str:
    for storage in ports.read(reading(POOLS)).storages:
        if storage.name == name and storage.pool_id == pool_id:
            return storage.id
    raise NotFoundError(f"SR {name}", "the pool has none of this name", "Create it first")


set_default_sr = Verb(
    "pool.set_default_sr",
    "make {storage} the default SR of pool {subject}",
    DefaultStorageArgs,
    _default_set,
    _set_default,
)


@dataclass(frozen=True, kw_only=True)
class PoolConfigArgs(Args):
    """None removes a key."""

    pool_id: str
    changes: Mapping[str, str | None]


def _configured(fleet: Fleet, _pool: str, args: PoolConfigArgs) -> Fleet:
    return _changed(
        fleet,
        args.pool_id,
        lambda p: replace(p, other_config=merged(p.other_config, args.changes)),
    )


def _set_other_config(ports: Ports, _pool: str, args: PoolConfigArgs) -> None:
    pool_port(ports).set_other_config(args.pool_id, args.changes)


set_other_config = Verb(
    "pool.set_other_config",
    "set other_config of pool {subject}: {changes}",
    PoolConfigArgs,
    _configured,
    _set_other_config,
)


@dataclass(frozen=True, kw_only=True)
class TagsArgs(Args):
    pool_id: str
    tags: Sequence[str]


def _tagged(fleet: Fleet, _pool: str, args: TagsArgs) -> Fleet:
    return _changed(fleet, args.pool_id, lambda p: replace(p, tags=tuple(args.tags)))


def _set_tags(ports: Ports, _pool: str, args: TagsArgs) -> None:
    pool_port(ports).set_tags(args.pool_id, args.tags)


set_tags = Verb(
    "pool.set_tags", "set tags of pool {subject} to {tags}", TagsArgs, _tagged, _set_tags
)


# --- its coordinator ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CoordinatorArgs(Args):
    pool_id: str
    host: str


def _handed_over(fleet: Fleet, _pool: str, args: CoordinatorArgs) -> Fleet:
    return _changed(fleet, args.pool_id, lambda p: replace(p, coordinator=args.host))


def _designate(ports: Ports, pool: str, args: CoordinatorArgs) -> Waiting:
    """All toolstacks of the pool restart; the poll is on the pool's own record, never a second call
    (xapi_pool.ml).
    """
    pool_port(ports).designate_coordinator(args.pool_id, args.host)

    def missing(fleet: Fleet) -> tuple[str, ...]:
        current = fleet.pool(args.pool_id)
        if current is None or current.coordinator != args.host:
            return (f"coordinated by {args.host}",)
        return tuple(
            f"{h.name} in service"
            for h in fleet.members(args.pool_id)
            if not (h.live and h.enabled)
        )

    return readiness(ports, f"pool {pool}", missing)


designate_coordinator = Verb(
    "pool.designate_coordinator",
    "make {host} the coordinator of pool {subject}",
    CoordinatorArgs,
    _handed_over,
    _designate,
)


# --- its storage ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CreateStorageArgs(Args):
    pool_id: str
    pool: str
    type: str
    content_type: str
    description: str
    device_config: Mapping[str, str]


def _storage_created(fleet: Fleet, name: str, args: CreateStorageArgs) -> Fleet:
    if any(s.name == name and s.pool_id == args.pool_id for s in fleet.storages):
        return fleet
    hosts = frozenset(h.name for h in fleet.members(args.pool_id))
    new = Storage(
        id=NEW + name,
        name=name,
        pool_id=args.pool_id,
        type=args.type,
        content_type=args.content_type,
        description=args.description,
        shared=True,
        device_config=args.device_config,
        attached=hosts,
        known_to=hosts,
    )
    return replace(fleet, storages=(*fleet.storages, new))


def _create_storage(ports: Ports, name: str, args: CreateStorageArgs) -> None:
    pool_port(ports).create_sr(args.pool_id, {**args.to_dict(), "name": name})


create_sr = Verb(
    "sr.create",
    "create shared SR {subject} ({type}) on pool {pool}",
    CreateStorageArgs,
    _storage_created,
    _create_storage,
)


@dataclass(frozen=True, kw_only=True)
class PlugArgs(Args):
    storage_id: str
    host: str


def _plugged(fleet: Fleet, _storage: str, args: PlugArgs) -> Fleet:
    return plugged(fleet, args.host, lambda s: s.id == args.storage_id)


def _plug(ports: Ports, storage: str, args: PlugArgs) -> Waiting | None:
    what = f"SR {storage} on host {args.host}"
    return over_refusals(ports, what, lambda: pool_port(ports).plug(args.storage_id, args.host))


plug_sr = Verb("sr.plug", "plug SR {subject} on host {host}", PlugArgs, _plugged, _plug)

VERBS = (
    set_name,
    set_description,
    set_default_sr,
    set_other_config,
    set_tags,
    designate_coordinator,
    join,
    eject,
    enable_tls,
    create_sr,
    plug_sr,
    *compute_vm_verbs.VERBS,
)
