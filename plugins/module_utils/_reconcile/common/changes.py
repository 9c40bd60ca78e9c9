# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of a fleet, changed: what the effects of several subjects' verbs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._core.model import ComputeService, Fleet, Host, Migration, Storage

NEW = "new:"
"""Prefix of the id of something that has yet to be made."""


def merged(old: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """A map after a merge in which None removes."""
    return {k: v for k, v in {**old, **changes}.items() if v is not None}


def change_host(fleet: Fleet, name: str, change: Callable[[Host], Host]) -> Fleet:
    return replace(fleet, hosts=tuple(change(h) if h.name == name else h for h in fleet.hosts))


def change_service(
    fleet: Fleet, host: str, change: Callable[[ComputeService], ComputeService]
) -> Fleet:
    return replace(
        fleet, services=tuple(change(s) if s.host == host else s for s in fleet.services)
    )


def rezoned(fleet: Fleet) -> Fleet:
    """Services with the zones that the aggregates now give them."""
    services = tuple(replace(s, zone=fleet.zone_of(s.host)) for s in fleet.services)
    return replace(fleet, services=services)


def plugged(fleet: Fleet, host: str, which: Callable[[Storage], bool]) -> Fleet:
    """With those SRs attached on the host."""

    def plug(storage: Storage) -> Storage:
        if host in storage.attached or not which(storage):
            return storage
        return replace(
            storage, attached=storage.attached | {host}, known_to=storage.known_to | {host}
        )

    return replace(fleet, storages=tuple(plug(s) for s in fleet.storages))


def shared_plugged(fleet: Fleet, pool_id: str, host: str) -> Fleet:
    """Every shared SR of the pool, the tools SR included, attached on the host (xapi:
    create_storage.ml).
    """
    return plugged(fleet, host, lambda s: s.pool_id == pool_id and s.shared)


def change_maintenance(fleet: Fleet, host: str, **changes: Any) -> Fleet:
    return replace(
        fleet,
        maintenances=tuple(
            replace(m, **changes) if m.host == host and m.open else m for m in fleet.maintenances
        ),
    )


def finish_move(
    fleet: Fleet, migration: int | None, status: str, target: str | None = None
) -> Fleet:
    """The journal's record of a move with its final status and place; so, too, the list of
    migrations, where that is the journal's.
    """
    if migration is None:
        return fleet

    def finished(moves: Sequence[Migration]) -> tuple[Migration, ...]:
        return tuple(
            replace(m, status=status, target=target or m.target) if m.id == migration else m
            for m in moves
        )

    maintenances = tuple(replace(m, moves=finished(m.moves)) for m in fleet.maintenances)
    listed = fleet.migrations if fleet.traits.lists_migrations else finished(fleet.migrations)
    return replace(fleet, maintenances=maintenances, migrations=listed)
