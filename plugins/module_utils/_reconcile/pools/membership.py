# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for the membership of hosts in a pool, which is named directly or by its aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._core.args import NoArgs
from ..._core.errors import ConflictError, InvalidError, NotFoundError, joined
from ..._core.model import Aggregate, Fleet, Host, Pool
from ..._core.plan import Plan, Verdict, project_all
from ..common.compute_vm import DEFAULT as COMPUTE_VM
from ..common.lookup import called, find_pool, get_pool, pools_called
from ..common.pool_claims import claiming
from ..common.refusals import check_given, refuse
from ..hosts import verbs as hosts
from .aggregate_record import (
    aggregate_pool,
    around_ejects,
    around_joins,
    failed,
    get_pool_aggregate,
    pool_records,
    strangers,
)
from .compute_vm import ComputeVms, Work
from .default_storage import storage_warnings
from .eject_checks import coordinator_blockers, eject_blockers, lost_guests
from .join_checks import join_blockers, same_name_blockers, target_blockers, unknown_host
from .membership_verbs import MemberArgs
from .tls import tls_steps
from .unready import unready
from .zone_checks import leaving_findings, zone_findings


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
    into_aggregate: str | None = None
    """When joinable: the aggregate that the hosts are to come into, which need not exist yet."""
    zone: str | None = None
    """When joinable: the availability zone that it is to have; None is the one that it has."""
    allow_zone_change: bool = False
    """Servers may come into another zone with their hosts."""
    enable_tls_verification: bool = False
    """On joiners, where the pool verifies certificates."""
    compute_vm: Sequence[str] = COMPUTE_VM
    """Names, uuids, or items of other_config, of the VMs in which nova-compute runs."""
    max_parallel: int = 1


def plan_membership(fleet: Fleet, wanted: MembershipWanted) -> Plan:
    """Joins or ejects, and the aggregate's metadata around them.

    Raises NotFoundError, InvalidError, ConflictError, and PlanRefused with every blocker of every
    host at once.
    """
    _check_options(fleet, wanted)
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


def _check_options(fleet: Fleet, wanted: MembershipWanted) -> None:
    check_given(fleet.traits, {"allow_zone_change": wanted.allow_zone_change})
    if wanted.state != "joinable" and (wanted.into_aggregate or wanted.zone):
        raise InvalidError(
            "into_aggregate and availability_zone",
            f"they are for state joinable, and state is {wanted.state}",
            "Leave them out; aggregate and aggregate_host make the aggregate",
        )


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
    tls = tls_steps(fleet, pool, joiners) if wanted.enable_tls_verification else []
    blockers += _join_blockers(project_all(fleet, tls), wanted, pool, joiners)
    blockers += _name_blockers(fleet, pool, joiners, aggregate)
    zones = zone_findings(
        fleet, wanted.into_aggregate, wanted.zone, names, allow=wanted.allow_zone_change
    )
    if blockers or zones.blockers:
        down = ComputeVms(fleet, wanted.compute_vm).left_down(joiners)
        found = [*blockers, *zones.blockers, *down]
        raise refuse(_subject(pool, aggregate), _refusal(wanted), found, zones.beside)
    members = [h for h in current if h is not None and h.pool_id == pool.id]
    waits, warnings = unready(fleet, pool, members, aggregate)
    away = [h for h in members if h.name in {v.subject for v in warnings}]
    vms = ComputeVms(fleet, wanted.compute_vm)
    args = MemberArgs(pool=aggregate.name if aggregate else called(pool), pool_id=pool.id)
    work = (
        Work(tuple(tls))
        + Work(tuple(hosts.await_ready(h.name, NoArgs(), "its join was begun") for h in waits))
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


def _refusal(wanted: MembershipWanted) -> str:
    into = wanted.into_aggregate
    return f"hosts cannot join, and come into aggregate {into}" if into else "hosts cannot join"


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
    staying = [n for n in names if n not in {h.name for h in ejected}]
    aggregates = (aggregate,) if aggregate else claiming(fleet, pool)
    zones = leaving_findings(fleet, aggregates, staying, allow=wanted.allow_zone_change)
    if kept or blockers or zones.blockers:
        all_of_them = [*([kept] if kept else []), *blockers, *zones.blockers]
        raise refuse(_subject(pool, aggregate), "hosts cannot be ejected", all_of_them)
    work = vms.around_ejects(ejected, MemberArgs(pool=called(pool), pool_id=pool.id))
    warnings = tuple(v for h in ejected for v in lost_guests(fleet, h))
    dissolved = len(leaving) == len(members)
    steps = around_ejects(
        aggregates, pool, work.steps, names, dissolved=dissolved, by_pool=aggregate is None
    )
    on_failure = tuple(step for a in aggregates for step in failed(a, steps))
    return Plan(
        tuple(steps),
        (*warnings, *zones.warnings),
        on_failure=on_failure,
        restoring=work.restoring,
    )
