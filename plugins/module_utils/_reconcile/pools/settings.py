# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for a pool as such: name, description, settings, default SR, coordinator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..._core.errors import ConflictError, InvalidError, NotFoundError, PlanRefused, joined
from ..._core.model import POOL_COORDINATOR, Fleet, Pool
from ..._core.plan import Plan, Step, Verdict
from ..aggregates import verbs as aggregates
from ..common.lookup import called, find_pool, find_storage, get_pool
from ..common.refusals import refuse
from . import verbs


@dataclass(frozen=True)
class PoolWanted:
    """None means "not managed"; an empty value means "make empty"."""

    name: str
    host: str | None = None
    """A member, by which a pool is found that has another name as yet."""
    description: str | None = None
    default_sr: str | None = None
    coordinator: str | None = None
    other_config: Mapping[str, str | None] | None = None
    """Merged key by key; None removes a key."""
    tags: Sequence[str] | None = None


def plan_pool(fleet: Fleet, wanted: PoolWanted) -> Plan:
    """Give a pool its wanted properties, the coordinator last, since handing over ends all sessions.

    Raises NotFoundError, ConflictError, InvalidError, PlanRefused.
    """
    pool = _subject(fleet, wanted)
    name = wanted.name if wanted.host else called(pool)
    steps: list[Step] = []
    if wanted.host and pool.name != wanted.name:
        steps.append(
            verbs.set_name(called(pool), verbs.NameArgs(pool_id=pool.id, name=wanted.name))
        )
    if wanted.description is not None and pool.description != wanted.description:
        args = verbs.DescriptionArgs(pool_id=pool.id, description=wanted.description)
        steps.append(verbs.set_description(name, args))
    changes = changed_keys(pool.other_config, wanted.other_config or {})
    if changes:
        steps.append(
            verbs.set_other_config(name, verbs.PoolConfigArgs(pool_id=pool.id, changes=changes))
        )
    if wanted.tags is not None and set(wanted.tags) != set(pool.tags):
        steps.append(
            verbs.set_tags(name, verbs.TagsArgs(pool_id=pool.id, tags=sorted(set(wanted.tags))))
        )
    if wanted.default_sr is not None:
        steps += _default_sr(fleet, pool, name, wanted.default_sr)
    if wanted.coordinator is not None:
        steps += _coordinator(fleet, pool, name, wanted.coordinator)
    return Plan(tuple(steps))


def changed_keys(
    current: Mapping[str, str], wanted: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The part of ``wanted`` that a merge would change; None stands for an absent key."""
    return {k: v for k, v in wanted.items() if current.get(k) != v}


def _subject(fleet: Fleet, wanted: PoolWanted) -> Pool:
    if wanted.host is None:
        return get_pool(fleet, wanted.name)
    if not wanted.name.strip():
        raise InvalidError("pool", "the name is empty", "Give the name of the pool")
    pool = get_pool(fleet, member=wanted.host)
    holder = find_pool(fleet, wanted.name)
    if holder is not None and holder.id != pool.id:
        raise ConflictError(
            f"pool {wanted.name}",
            f"the name is taken by the pool that {holder.coordinator} coordinates, "
            f"and {wanted.host} is no member of that",
            "Choose another name, or join the host to that pool with xen_pool_member",
        )
    return pool


def _default_sr(fleet: Fleet, pool: Pool, name: str, wanted: str) -> list[Step]:
    storage = find_storage(fleet, pool, wanted)
    if storage is None:
        names = sorted(s.name for s in fleet.storages if s.pool_id == pool.id and not s.tools)
        raise NotFoundError(
            f"SR {wanted}",
            f"pool {name} has none of this name; it has {joined(names)}",
            "Create it with xen_sr first, or correct the name",
        )
    return default_sr_step(pool, name, storage.id, storage.name)


def default_sr_step(pool: Pool, name: str, storage_id: str, storage: str) -> list[Step]:
    """The step that makes the SR the pool's default, unless it is already."""
    if pool.default_sr == storage_id:
        return []
    args = verbs.DefaultStorageArgs(pool_id=pool.id, storage=storage, storage_id=storage_id)
    return [verbs.set_default_sr(name, args)]


def _coordinator(fleet: Fleet, pool: Pool, name: str, host: str) -> list[Step]:
    """Hand-over and, where an aggregate names the coordinator, that too."""
    steps = []
    if pool.coordinator != host:
        blockers = list(_hand_over_blockers(fleet, pool, name, host))
        if blockers:
            raise _refusal(name, host, blockers)
        args = verbs.CoordinatorArgs(pool_id=pool.id, host=host)
        steps.append(verbs.designate_coordinator(name, args, f"was {pool.coordinator}"))
    members = {h.name for h in fleet.members(pool.id)}
    for aggregate in fleet.aggregates:
        named = aggregate.metadata.get(POOL_COORDINATOR)
        if aggregate.is_pool and named in members and named != host:
            change = {POOL_COORDINATOR: host}
            steps.append(
                aggregates.set_metadata(aggregate.name, aggregates.MetadataArgs(changes=change))
            )
    return steps


def _refusal(name: str, host: str, blockers: Sequence[Verdict]) -> PlanRefused:
    return refuse(f"pool {name}", f"{host} cannot become its coordinator", blockers)


def _hand_over_blockers(fleet: Fleet, pool: Pool, name: str, host: str) -> list[Verdict]:
    """pool.designate_new_master asks every host for its consent and fails if one gives no answer."""
    member = fleet.host(host)
    blockers = []
    if member is None or member.pool_id != pool.id:
        members = joined(sorted(h.name for h in fleet.members(pool.id)))
        blockers.append(
            Verdict(host, "block", f"it is no member of the pool ({members})", "Choose a member")
        )
    elif not member.enabled:
        blockers.append(
            Verdict(host, "block", "it is disabled", "Bring it back in service, or choose another")
        )
    blockers += [
        Verdict(
            h.name,
            "block",
            "it is not live, and all members must accept it",
            "Start it, or eject it",
        )
        for h in fleet.members(pool.id)
        if not h.live
    ]
    if pool.ha_enabled:
        blockers.append(Verdict(name, "block", "HA is enabled", "Disable HA for the hand-over"))
    return blockers
