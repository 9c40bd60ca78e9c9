# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs of aggregates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..._core.args import Args, NoArgs
from ..._core.model import ZONE_KEY, Aggregate, Fleet
from ..._core.plan import Verb
from ..._core.ports import Ports
from ..common.changes import rezoned


def _changed(fleet: Fleet, name: str, change: Callable[[Aggregate], Aggregate]) -> Fleet:
    if fleet.aggregate(name) is None:
        return fleet
    aggregates = tuple(change(a) if a.name == name else a for a in fleet.aggregates)
    return rezoned(replace(fleet, aggregates=aggregates))


# --- the aggregate itself -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CreateArgs(Args):
    zone: str | None


def _created(fleet: Fleet, name: str, args: CreateArgs) -> Fleet:
    if fleet.aggregate(name):
        return fleet
    new = Aggregate(name=name, metadata={ZONE_KEY: args.zone} if args.zone else {})
    return replace(fleet, aggregates=(*fleet.aggregates, new))


def _create(ports: Ports, name: str, args: CreateArgs) -> None:
    ports.records.create(name, args.zone)


create = Verb("aggregate.create", "create aggregate {subject}", CreateArgs, _created, _create)


@dataclass(frozen=True, kw_only=True)
class RenameArgs(Args):
    name: str


def _renamed(fleet: Fleet, name: str, args: RenameArgs) -> Fleet:
    return _changed(fleet, name, lambda a: replace(a, name=args.name))


def _rename(ports: Ports, name: str, args: RenameArgs) -> None:
    ports.records.rename(name, args.name)


rename = Verb(
    "aggregate.rename", "rename aggregate {subject} to {name}", RenameArgs, _renamed, _rename
)


@dataclass(frozen=True, kw_only=True)
class ZoneArgs(Args):
    zone: str


def _zone_set(fleet: Fleet, name: str, args: ZoneArgs) -> Fleet:
    return _changed(fleet, name, lambda a: a.with_metadata({ZONE_KEY: args.zone}))


def _set_zone(ports: Ports, name: str, args: ZoneArgs) -> None:
    ports.records.set_zone(name, args.zone)


set_zone = Verb(
    "aggregate.set_zone",
    "set availability zone of aggregate {subject} to {zone}",
    ZoneArgs,
    _zone_set,
    _set_zone,
)


@dataclass(frozen=True, kw_only=True)
class MetadataArgs(Args):
    """None removes a key."""

    changes: Mapping[str, str | None]


def _metadata_set(fleet: Fleet, name: str, args: MetadataArgs) -> Fleet:
    return _changed(fleet, name, lambda a: a.with_metadata(args.changes))


def _set_metadata(ports: Ports, name: str, args: MetadataArgs) -> None:
    ports.records.set_metadata(name, args.changes)


set_metadata = Verb(
    "aggregate.set_metadata",
    "set metadata of aggregate {subject}: {changes}",
    MetadataArgs,
    _metadata_set,
    _set_metadata,
)


def _deleted(fleet: Fleet, name: str, _args: NoArgs) -> Fleet:
    return rezoned(replace(fleet, aggregates=tuple(a for a in fleet.aggregates if a.name != name)))


def _delete(ports: Ports, name: str, _args: NoArgs) -> None:
    ports.records.delete(name)


delete = Verb("aggregate.delete", "delete aggregate {subject}", NoArgs, _deleted, _delete)


# --- its hosts ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class AddHostArgs(Args):
    host: str
    host_id: str | None


def _host_added(fleet: Fleet, name: str, args: AddHostArgs) -> Fleet:
    return _changed(
        fleet,
        name,
        lambda a: a if args.host in a.hosts else replace(a, hosts=(*a.hosts, args.host)),
    )


def _add_host(ports: Ports, name: str, args: AddHostArgs) -> None:
    ports.records.add_host(name, args.host, args.host_id)


add_host = Verb(
    "aggregate.add_host",
    "add host {host} to aggregate {subject}",
    AddHostArgs,
    _host_added,
    _add_host,
)


@dataclass(frozen=True, kw_only=True)
class RemoveHostArgs(Args):
    host: str


def _host_removed(fleet: Fleet, name: str, args: RemoveHostArgs) -> Fleet:
    return _changed(
        fleet, name, lambda a: replace(a, hosts=tuple(h for h in a.hosts if h != args.host))
    )


def _remove_host(ports: Ports, name: str, args: RemoveHostArgs) -> None:
    ports.records.remove_host(name, args.host)


remove_host = Verb(
    "aggregate.remove_host",
    "remove host {host} from aggregate {subject}",
    RemoveHostArgs,
    _host_removed,
    _remove_host,
)

VERBS = (create, rename, set_zone, set_metadata, add_host, remove_host, delete)
