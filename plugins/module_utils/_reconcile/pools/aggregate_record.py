# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An aggregate as the record of a Xen pool: which pool it is, and the metadata to keep about it.

For an aggregate flagged hypervisor_pool the keys are those that Nova's XenAPI driver kept
(nova/virt/xenapi/pool.py, 21.x): operational_state is created to begin with, changing from before
the first join until all are done, then active, with the coordinator's host and every member's XAPI
host uuid. Where that driver stopped for good, a plan made in state changing or error is what is left
to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.errors import ConflictError, NotFoundError, joined
from ..._core.model import POOL_COORDINATOR, POOL_FLAG, POOL_STATE, Aggregate, Fleet, Host, Pool
from ..._core.plan import Step, Verdict
from ..aggregates import verbs as aggregates
from ..common.aggregates import find_aggregate
from ..common.lookup import called, get_pool
from . import verbs
from .settings import changed_keys


def get_pool_aggregate(fleet: Fleet, name: str) -> Aggregate:
    """The aggregate of that name or id, which must be one that is to be a Xen pool."""
    subject = f"aggregate {name}"
    aggregate = find_aggregate(fleet, name)
    if aggregate is None:
        names = joined(sorted(a.name for a in fleet.aggregates))
        raise NotFoundError(
            subject, f"it does not exist; there are {names}", "Create it with aggregate"
        )
    if not aggregate.is_pool:
        raise ConflictError(
            subject,
            f"its metadata lacks {POOL_FLAG}: true, so it is not meant to be a Xen pool",
            f"Set {POOL_FLAG} with aggregate, or name the pool instead",
        )
    if aggregate.metadata.get(POOL_STATE) == "dismissed":
        raise ConflictError(
            subject,
            f"its {POOL_STATE} is dismissed",
            f"Set {POOL_STATE} to created first if the pool is to be used again",
        )
    return aggregate


def aggregate_pool(fleet: Fleet, aggregate: Aggregate) -> Pool:
    """The pool that the aggregate is or is to be: its recorded coordinator's, else its first host's."""
    if not aggregate.hosts:
        raise ConflictError(
            f"aggregate {aggregate.name}",
            "it has no hosts, and its first host makes the pool",
            "Add hosts with aggregate_host",
        )
    recorded = aggregate.metadata.get(POOL_COORDINATOR)
    anchor = recorded if recorded in aggregate.hosts else aggregate.hosts[0]
    pool = get_pool(fleet, member=anchor)
    if pool.coordinator not in aggregate.hosts:
        raise ConflictError(
            f"aggregate {aggregate.name}",
            f"its host {anchor} is in pool {called(pool)}, whose coordinator {pool.coordinator} "
            "is not in the aggregate",
            f"Add {pool.coordinator} to the aggregate, or eject {anchor} from that pool",
        )
    return pool


def strangers(fleet: Fleet, pool: Pool, aggregate: Aggregate) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(h.name, "warn", f"a member of the pool, but not in aggregate {aggregate.name}")
        for h in fleet.members(pool.id)
        if h.name not in aggregate.hosts
    )


def pool_records(fleet: Fleet, pool: Pool, hosts: Sequence[Host]) -> dict[str, str | None]:
    """Metadata of an active pool with these members, the coordinator included."""
    coordinator = fleet.host(pool.coordinator)
    uuids = {h.name: h.id for h in (*((coordinator,) if coordinator else ()), *hosts)}
    return {POOL_STATE: "active", POOL_COORDINATOR: pool.coordinator, **uuids}


def around_joins(
    aggregate: Aggregate, pool: Pool, work: Sequence[Step], records: dict[str, str | None]
) -> list[Step]:
    """The pool's name and the states around the work; nothing if there is nothing to do. Becoming
    a pool is a change even of a sole host (_init_pool in nova/virt/xenapi/pool.py).
    """
    before = dict(aggregate.metadata)
    steps = []
    if not before.get(POOL_STATE):
        steps.append(_metadata(aggregate, {POOL_STATE: "created"}))
        before[POOL_STATE] = "created"
    if before[POOL_STATE] == "created" or (work and before[POOL_STATE] != "changing"):
        steps.append(_metadata(aggregate, {POOL_STATE: "changing"}))
        before[POOL_STATE] = "changing"
    if pool.name != aggregate.name:
        args = verbs.NameArgs(pool_id=pool.id, name=aggregate.name)
        steps.append(verbs.set_name(called(pool), args))
    after = changed_keys(before, records)
    return [*steps, *work, *([_metadata(aggregate, after)] if after else [])]


def failed(aggregate: Aggregate, steps: Sequence[Step]) -> tuple[Step, ...]:
    """What is recorded should these steps fail: an error, once the state is changing."""
    changing = aggregate.metadata.get(POOL_STATE) == "changing"
    changes = changing or any(
        isinstance(step.args, aggregates.MetadataArgs)
        and step.args.changes.get(POOL_STATE) == "changing"
        for step in steps
    )
    return (_metadata(aggregate, {POOL_STATE: "error"}),) if changes else ()


def _metadata(aggregate: Aggregate, changes: dict[str, str | None]) -> Step:
    return aggregates.set_metadata(aggregate.name, aggregates.MetadataArgs(changes=changes))


def around_ejects(
    aggregates: Sequence[Aggregate],
    pool: Pool,
    work: Sequence[Step],
    names: Sequence[str],
    *,
    dissolved: bool,
    by_pool: bool,
) -> list[Step]:
    """Hosts leave the aggregates before they are ejected, which can't be undone and Nova may refuse.
    The coordinator goes last, and what the pool was named by stays until then, so that a run that is
    killed is finished by the same task.
    """
    before: list[Step] = []
    after: list[Step] = []
    for aggregate in aggregates:
        if work and aggregate.metadata.get(POOL_STATE) != "changing":
            before.append(_metadata(aggregate, {POOL_STATE: "changing"}))
        leaving = [h for h in aggregate.hosts if h in names]
        last = [h for h in leaving if dissolved and h == pool.coordinator]
        before += [_remove(aggregate, h) for h in leaving if h not in last]
        if records := _records_after(aggregate, bool(work), names, dissolved):
            after.append(_metadata(aggregate, records))
        after += [_remove(aggregate, h) for h in last]
    clear = unnamed(pool) if dissolved else []
    return [*before, *work, *(after if by_pool else clear), *(clear if by_pool else after)]


def _remove(aggregate: Aggregate, host: str) -> Step:
    return aggregates.remove_host(aggregate.name, aggregates.RemoveHostArgs(host=host))


def _records_after(
    aggregate: Aggregate, ejected: bool, names: Sequence[str], dissolved: bool
) -> dict[str, str | None]:
    """The part of the metadata that changes."""
    records: dict[str, str | None] = dict.fromkeys(names)
    if dissolved:
        state: dict[str, str | None] = {POOL_STATE: "created", POOL_COORDINATOR: None}
        records = {**state, **records}
    elif ejected or aggregate.metadata.get(POOL_STATE) in ("changing", "error"):
        records = {POOL_STATE: "active", **records}
    before = {**aggregate.metadata, **({POOL_STATE: "changing"} if ejected else {})}
    return changed_keys(before, records)


def unnamed(pool: Pool) -> list[Step]:
    """The last host cannot be ejected: it keeps a pool of its own, without a name."""
    args = verbs.NameArgs(pool_id=pool.id, name="")
    return [verbs.set_name(pool.name, args)] if pool.name else []
