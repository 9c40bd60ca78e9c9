# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find hosts, pools and storage by the names that users give; an ambiguous name is an error."""

from __future__ import annotations

from ..._core.errors import ConflictError, InvalidError, NotFoundError, joined
from ..._core.model import (
    Fleet,
    Host,
    Pool,
    Storage,
)


def pools_called(fleet: Fleet, name: str) -> tuple[Pool, ...]:
    """Those of that name label or uuid. Unnamed pools, such as every lone host is, have no name."""
    return tuple(p for p in fleet.pools if name and name in (p.name, p.id))


def find_pool(fleet: Fleet, name: str) -> Pool | None:
    """The pool of that name or uuid, None if there is none. ConflictError if two are named so."""
    matches = pools_called(fleet, name)
    if len(matches) > 1:
        raise ConflictError(
            f"pool {name}",
            f"{len(matches)} pools have this name, coordinated by "
            f"{joined(sorted(p.coordinator for p in matches))}",
            f"Give one of the uuids instead: {joined(sorted(p.id for p in matches))}",
        )
    return matches[0] if matches else None


def get_pool(fleet: Fleet, name: str | None = None, member: str | None = None) -> Pool:
    """The pool of that name or uuid, or the one that ``member`` belongs to. NotFoundError if none."""
    if member is not None:
        return _pool_of(fleet, member)
    if not name:
        raise InvalidError("pool", "neither its name nor a member was given", "Give one of them")
    pool = find_pool(fleet, name)
    if pool is None:
        named = sorted(p.name for p in fleet.pools if p.name)
        raise NotFoundError(
            f"pool {name}",
            f"no coordinator that answered has a pool of this name; there are {joined(named)}"
            f"{silent(fleet)}",
            "Correct the name, or name a pool with xen_pool and its option host first",
        )
    return pool


def _pool_of(fleet: Fleet, member: str) -> Pool:
    pool = fleet.pool_of(member)
    if pool is None:
        raise NotFoundError(
            f"host {member}",
            f"it is unknown to every coordinator that answered{silent(fleet)}",
            f"Known are {joined(sorted(h.name for h in fleet.hosts))}; "
            "correct the name, or add the host's address to endpoints",
        )
    return pool


def get_host(fleet: Fleet, name: str) -> Host:
    host = fleet.host(name)
    if host is not None:
        return host
    raise NotFoundError(
        f"host {name}",
        unknown(fleet),
        fleet.traits.words.find_host,
    )


def unknown(fleet: Fleet) -> str:
    """That no host of that name is known, and to whom, as a cause."""
    words = fleet.traits.words
    return words.unknown_host + (silent(fleet) if words.asks_all else "")


def silent(fleet: Fleet) -> str:
    """The endpoints that gave no answer, as the tail of a cause; empty if all answered."""
    if not fleet.unreachable:
        return ""
    reasons = [f"{endpoint} ({why})" for endpoint, why in fleet.unreachable.items()]
    return f"; no answer came from {joined(reasons)}"


def find_storage(fleet: Fleet, pool: Pool, name: str) -> Storage | None:
    """The pool's SR of that name or uuid. ConflictError if two are named so."""
    matches = [s for s in fleet.storages if s.pool_id == pool.id and name in (s.name, s.id)]
    if len(matches) > 1:
        raise ConflictError(
            f"SR {name}",
            f"pool {called(pool)} has {len(matches)} of this name",
            f"Rename one of them, or give one of the uuids: {joined(sorted(s.id for s in matches))}",
        )
    return matches[0] if matches else None


def called(pool: Pool) -> str:
    """What to call a pool in messages and steps: its name, else its coordinator's."""
    return pool.name or f"of {pool.coordinator}"
