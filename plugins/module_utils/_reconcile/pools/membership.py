# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for the membership of hosts in a pool, which is named directly or by its aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._core.args import NoArgs
from ..._core.errors import ConflictError, InvalidError, NotFoundError, joined
from ..._core.model import MAINTENANCE_KEY, Aggregate, Fleet, Host, Pool
from ..._core.plan import Plan, Verdict
from ..common.compute_vm import DEFAULT as COMPUTE_VM
from ..common.lookup import called, find_pool, get_pool, pools_called
from ..common.readiness import missing_for_service
from ..common.refusals import refuse
from ..hosts import verbs as hosts
from .aggregate_record import (
    aggregate_pool,
    around_ejects,
    around_joins,
    failed,
    get_pool_aggregate,
    pool_records,
    strangers,
    unnamed,
)
from .compute_vm import ComputeVms, Work
from .default_storage import storage_warnings
from .eject_checks import coordinator_blockers, eject_blockers, lost_guests
from .join_checks import join_blockers, same_name_blockers, target_blockers, unknown_host
from .membership_verbs import MemberArgs


@dataclass(frozen=True)
class MembershipWanted:
    """Exactly one of ``pool`` (name or uuid), ``member`` (of it) and ``aggregate`` is given."""

    hosts: Sequence[str] | None = None
    """None means all hosts of the aggregate."""
    pool: str | None = None
    member: str | None = None
    aggregate: str | None = None
    state: str = "present"
    """present, absent, or joinable: as present, but nothing is done."""
    wipe_local_storage: bool = False
    allow_duplicate_servers: bool = False
    compute_vm: Sequence[str] = COMPUTE_VM
    """Names, uuids, or items of other_config, of the VMs in which nova-compute runs."""
    max_parallel: int = 1


def plan_membership(fleet: Fleet, wanted: MembershipWanted) -> Plan:
    """Joins or ejects, and the aggregate's metadata around them.

    Raises NotFoundError, InvalidError, ConflictError, and PlanRefused with every blocker of every
    host at once.
    """
    aggregate = get_pool_aggregate(fleet, wanted.aggregate) if wanted.aggregate else None
    if wanted.state == "absent" and _nothing_to_leave(fleet, wanted, aggregate):
        return Plan()
    pool = (
        aggregate_pool(fleet, aggregate)
        if aggregate
        else get_pool(fleet, wanted.pool, wanted.member)
    )
    if wanted.state == "absent":
        return _plan_absent(fleet, wanted, pool, aggregate)
    plan = _plan_present(fleet, wanted, pool, aggregate)
    return plan if wanted.state == "present" else Plan(verdicts=plan.verdicts)


def _nothing_to_leave(fleet: Fleet, wanted: MembershipWanted, aggregate: Aggregate | None) -> bool:
    if aggregate is not None:
        return not aggregate.hosts
    return wanted.member is None and find_pool(fleet, wanted.pool or "") is None


def find_subject(fleet: Fleet, wanted: MembershipWanted) -> Pool | None:
    """The pool that the options name, None where there is none; for results and locks."""
    try:
        if wanted.aggregate:
            return aggregate_pool(fleet, get_pool_aggregate(fleet, wanted.aggregate))
        return get_pool(fleet, wanted.pool, wanted.member)
    except (NotFoundError, ConflictError):
        return None


# --- present --------------------------------------------------------------------------------------


def _plan_present(
    fleet: Fleet, wanted: MembershipWanted, pool: Pool, aggregate: Aggregate | None
) -> Plan:
    names = _hosts(wanted, aggregate)
    _check_in_aggregate(names, aggregate)
    current = [fleet.host(name) for name in names]
    joiners = [h for h in current if h is not None and h.pool_id != pool.id]
    blockers = [unknown_host(fleet, n) for n, h in zip(names, current, strict=True) if h is None]
    blockers += _join_blockers(fleet, wanted, pool, joiners)
    blockers += _name_blockers(fleet, pool, joiners, aggregate)
    if blockers:
        down = ComputeVms(fleet, wanted.compute_vm).left_down(joiners)
        raise refuse(_subject(pool, aggregate), "hosts cannot join", [*blockers, *down])
    members = [h for h in current if h is not None and h.pool_id == pool.id]
    waits, warnings = _unready(fleet, pool, members, aggregate)
    away = [h for h in members if h.name in {v.subject for v in warnings}]
    vms = ComputeVms(fleet, wanted.compute_vm)
    args = MemberArgs(pool=aggregate.name if aggregate else called(pool), pool_id=pool.id)
    work = (
        Work(tuple(hosts.await_ready(h.name, NoArgs(), "its join was begun") for h in waits))
        + vms.after_joins([h for h in members if h not in away])
        + vms.around_joins(joiners, args, wanted.max_parallel)
    )
    warnings = (*warnings, *vms.left_down(away, "warn"))
    if aggregate is None:
        return Plan(work.steps, warnings, wanted.max_parallel, restoring=work.restoring)
    records = pool_records(fleet, pool, [*members, *joiners])
    steps = around_joins(aggregate, pool, work.steps, records)
    return Plan(
        tuple(steps),
        (
            *warnings,
            *strangers(fleet, pool, aggregate),
            *storage_warnings(fleet, pool, aggregate.name, joiners),
        ),
        wanted.max_parallel,
        on_failure=failed(aggregate, steps),
        restoring=work.restoring,
    )


def _hosts(wanted: MembershipWanted, aggregate: Aggregate | None) -> list[str]:
    if wanted.hosts is None and aggregate is None:
        raise InvalidError("hosts", "none were given", "Give hosts, or an aggregate")
    hosts = wanted.hosts if wanted.hosts is not None else aggregate.hosts if aggregate else ()
    return list(dict.fromkeys(hosts))


def _check_in_aggregate(names: Sequence[str], aggregate: Aggregate | None) -> None:
    outside = [n for n in names if aggregate is not None and n not in aggregate.hosts]
    if aggregate is not None and outside:
        raise ConflictError(
            f"aggregate {aggregate.name}",
            f"{joined(outside)} {'is' if len(outside) == 1 else 'are'} not in it",
            "Add with aggregate_host first",
        )


def _join_blockers(
    fleet: Fleet, wanted: MembershipWanted, pool: Pool, joiners: Sequence[Host]
) -> list[Verdict]:
    """A join in progress has passed XAPI's own checks, and its guests may show on both sides."""
    fresh = [h for h in joiners if not h.joining]
    if not fresh:
        return []
    blockers = list(target_blockers(fleet, pool))
    vms = ComputeVms(fleet, wanted.compute_vm)
    others = vms.others(fresh)
    for host in fresh:
        blockers += join_blockers(others, host, pool)
        blockers += vms.blockers(host)
    if not wanted.allow_duplicate_servers:
        blockers += same_name_blockers(vms.unnamed(), fresh, pool)
    return blockers


def _name_blockers(
    fleet: Fleet, pool: Pool, joiners: Sequence[Host], aggregate: Aggregate | None
) -> list[Verdict]:
    """Another pool has the aggregate's name; those of the joiners end with their joins."""
    if aggregate is None:
        return []
    ours = {pool.id, *(h.pool_id for h in joiners)}
    return [
        Verdict(
            other.coordinator,
            "block",
            f"its pool is already named {aggregate.name}",
            "Rename that pool with xen_pool",
        )
        for other in pools_called(fleet, aggregate.name)
        if other.id not in ours
    ]


def _unready(
    fleet: Fleet, pool: Pool, members: Sequence[Host], aggregate: Aggregate | None
) -> tuple[list[Host], tuple[Verdict, ...]]:
    """Members to wait for, and warnings about those that are out of service for another reason.

    A record in the aggregate says that a join was followed to its end. Without one, a host that is
    neither live nor enabled is one that has just joined: a host that died stays enabled in XAPI.
    """
    waits, warnings = [], []
    for host in members:
        missing = missing_for_service(fleet, host.name, pool.id)
        if not missing or host.name == pool.coordinator:
            continue
        recorded = aggregate is not None and aggregate.metadata.get(host.name) == host.id
        if recorded or _on_purpose(fleet, host) or not _arriving(host, aggregate):
            warnings.append(
                Verdict(host.name, "warn", f"a member, but not {', not '.join(missing)}")
            )
        else:
            waits.append(host)
    return waits, tuple(warnings)


def _arriving(host: Host, aggregate: Aggregate | None) -> bool:
    return aggregate is not None or not (host.live or host.enabled)


def _on_purpose(fleet: Fleet, host: Host) -> bool:
    service = fleet.service(host.name)
    return (
        fleet.open_maintenance(host.name) is not None
        or host.other_config.get(MAINTENANCE_KEY) == "true"
        or (service is not None and service.status == "disabled")
    )


def _subject(pool: Pool, aggregate: Aggregate | None) -> str:
    return f"aggregate {aggregate.name}" if aggregate else f"pool {called(pool)}"


# --- absent ---------------------------------------------------------------------------------------


def _plan_absent(
    fleet: Fleet, wanted: MembershipWanted, pool: Pool, aggregate: Aggregate | None
) -> Plan:
    names = list(dict.fromkeys(wanted.hosts or ()))
    if not names:
        raise InvalidError("hosts", "none were given", "Name the hosts that are to leave the pool")
    members = fleet.members(pool.id)
    leaving = [h for h in members if h.name in names]
    ejected = [h for h in leaving if h.name != pool.coordinator]
    vms = ComputeVms(fleet, wanted.compute_vm)
    others = vms.others(ejected)
    blockers = [
        verdict
        for host in ejected
        for verdict in (
            *eject_blockers(others, pool, host, wipe=wanted.wipe_local_storage),
            *vms.blockers(host),
        )
    ]
    kept = coordinator_blockers(pool, leaving, members)
    if kept or blockers:
        all_of_them = [*([kept] if kept else []), *blockers]
        raise refuse(_subject(pool, aggregate), "hosts cannot be ejected", all_of_them)
    work = vms.around_ejects(ejected, MemberArgs(pool=called(pool), pool_id=pool.id))
    warnings = tuple(v for h in ejected for v in lost_guests(fleet, h))
    dissolved = len(leaving) == len(members)
    if aggregate is None:
        clear = unnamed(pool) if dissolved else []
        return Plan((*work.steps, *clear), warnings, restoring=work.restoring)
    steps = around_ejects(aggregate, pool, work.steps, names, dissolved)
    return Plan(
        tuple(steps), warnings, on_failure=failed(aggregate, steps), restoring=work.restoring
    )
