# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for aggregates and their members, by Nova's rules.

Source: nova/compute/api.py, class AggregateAPI.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..._core.args import NoArgs
from ..._core.errors import ConflictError, InvalidError, NotFoundError, joined
from ..._core.model import ZONE_KEY, Aggregate, Fleet
from ..._core.plan import Plan, project_all
from ..._core.reading import AGGREGATES, POOLS, SERVERS, SERVICES, Reading, reading
from ..common.aggregates import find_aggregate
from ..common.refusals import check_given
from ..common.values import check_metadata, check_name, check_zone
from . import verbs
from .cautions import absent_number, cautions
from .changes import Changes, MembersWanted, exact_members, member_changes, zone_change


@dataclass(frozen=True)
class AggregateWanted:
    """None means "not managed"; an empty value means "make empty". ``id`` takes the place of the name
    of an aggregate that exists.
    """

    name: str = ""
    new_name: str | None = None
    zone: str | None = None
    metadata: Mapping[str, str | None] | None = None
    purge_metadata: bool = False
    hosts: Sequence[str] | None = None
    present: bool = True
    remove_hosts: bool = False
    """When absent: take the members out first, instead of refusing."""
    allow_zone_change: bool = False
    """Servers may come into another zone with their hosts."""
    keep_in_pool: bool = False
    """Members of the Xen pool that the aggregate is may leave it alone."""
    must_be_disabled: bool = False
    """Whether only hosts whose compute service is disabled may leave."""
    id: int | None = None


def managed(fleet: Fleet, wanted: AggregateWanted) -> Aggregate | None:
    """The aggregate that is meant, under its old name or its new one."""
    if wanted.id is not None:
        return next((a for a in fleet.aggregates if a.id == wanted.id), None)
    return fleet.aggregate(wanted.name) or fleet.aggregate((wanted.new_name or "").strip())


def _named(fleet: Fleet, wanted: AggregateWanted) -> AggregateWanted:
    """By its name, if the aggregate was given by id. NotFoundError if there is none to change."""
    if wanted.id is None:
        return wanted
    current = managed(fleet, wanted)
    if current is not None:
        return replace(wanted, name=current.name)
    known = joined([f"{a.name} ({a.id})" for a in fleet.aggregates])
    raise NotFoundError(
        f"aggregate with id {wanted.id}",
        f"it does not exist; there are {known}",
        "Correct the id, or give a name to create one: ids are not chosen",
    )


def aggregate_needs(fleet: Fleet, wanted: AggregateWanted) -> Reading:
    """What the plan depends on besides the aggregates: services if hosts come, the servers of those
    hosts whose zone may change, and pools if hosts leave an aggregate that is one.
    """
    current = managed(fleet, wanted)
    hosts = current.hosts if current else ()
    old = current.availability_zone if current else None
    zone = wanted_zone(wanted) or old
    if not wanted.present:
        kept: Sequence[str] = () if wanted.remove_hosts else hosts
    else:
        kept = hosts if wanted.hosts is None else wanted.hosts
    joining = [h for h in kept if h not in hosts]
    rezoned = [
        *(h for h in joining if zone and zone not in fleet.zones_of(h)),
        *(h for h in hosts if h not in kept and old and not _zoned_by_another(fleet, current, h)),
        *(h for h in hosts if h in kept and zone != old),
    ]
    leaving = [h for h in hosts if h not in kept]
    judged = [*joining, *(leaving if wanted.must_be_disabled else ())]
    return _with_hosts(judged, rezoned, _pools_of(fleet, current, leaving))


def _zoned_by_another(fleet: Fleet, aggregate: Aggregate | None, host: str) -> bool:
    """Whether another aggregate gives the host the same zone."""
    zone = aggregate.availability_zone if aggregate else None
    return any(
        host in a.hosts and a.availability_zone == zone for a in fleet.aggregates if a != aggregate
    )


def _pools_of(fleet: Fleet, aggregate: Aggregate | None, leaving: Sequence[str]) -> bool:
    """Whether it is to be known which Xen pool they are in."""
    pools = fleet.traits.hosts_in_pools and aggregate is not None and aggregate.is_pool
    return pools and bool(leaving)


def _with_hosts(judged: Sequence[str], rezoned: Sequence[str], pools: bool) -> Reading:
    """``judged`` by their compute services, ``rezoned`` by their servers."""
    sections = (AGGREGATES, *((SERVICES,) if judged else ()), *((POOLS,) if pools else ()))
    return reading(*sections, SERVERS, hosts=rezoned) if rezoned else reading(*sections)


def wanted_zone(wanted: AggregateWanted) -> str | None:
    """The zone, whichever of the two ways it was given; they must agree."""
    in_metadata = (wanted.metadata or {}).get(ZONE_KEY)
    if None not in (wanted.zone, in_metadata) and wanted.zone != in_metadata:
        raise InvalidError(
            f"aggregate {wanted.name}",
            f"availability_zone is {wanted.zone!r} but metadata says {in_metadata!r}",
            "Give the zone once",
        )
    return wanted.zone if wanted.zone is not None else in_metadata


def plan_aggregate(fleet: Fleet, wanted: AggregateWanted) -> Plan:
    """Create, change or delete one aggregate. Raises InvalidError, ConflictError, NotFoundError."""
    if wanted.id is not None and not wanted.present and managed(fleet, wanted) is None:
        return Plan()
    wanted = _named(fleet, wanted)
    subject = f"aggregate {wanted.name}"
    check_given(fleet.traits, {"allow_zone_change": wanted.allow_zone_change})
    if wanted.new_name is not None:  # an update strips surrounding blanks, a create refuses them
        wanted = replace(wanted, new_name=wanted.new_name.strip())
    current = fleet.aggregate(wanted.name)
    if not wanted.present:
        return _plan_absent(fleet, current, wanted)
    check_name(subject, wanted.name)
    zone = wanted_zone(wanted)
    if zone is not None:
        check_zone(subject, zone)
    check_metadata(subject, wanted.metadata or {})
    work = _identity(fleet, current, wanted, zone)
    name = wanted.new_name or wanted.name
    predicted = project_all(fleet, work.steps)
    now = predicted.aggregate(name) or Aggregate(name)
    changes = _metadata_changes(now, wanted)
    if changes:
        work += Changes((verbs.set_metadata(name, verbs.MetadataArgs(changes=changes)),))
    if wanted.hosts is not None:
        predicted = project_all(fleet, work.steps)
        work += exact_members(predicted, _members(wanted, name, wanted.hosts))
    warnings = cautions(fleet, managed(fleet, wanted), work.steps, zone)
    return replace(work, warnings=(*work.warnings, *warnings)).plan()


def _identity(
    fleet: Fleet, current: Aggregate | None, wanted: AggregateWanted, zone: str | None
) -> Changes:
    """Existence, name and zone."""
    if current is None:
        if wanted.new_name is None or not fleet.aggregate(wanted.new_name):
            name = wanted.new_name or wanted.name
            why = f"in availability zone {zone}" if zone else ""
            return Changes((verbs.create(name, verbs.CreateArgs(zone=zone), why),))
        current = fleet.aggregate(wanted.new_name)  # renamed by an earlier run
    work = Changes()
    name = wanted.name
    if current is not None and wanted.new_name and current.name != wanted.new_name:
        name = wanted.new_name
        check_name(f"aggregate {wanted.name}", name)
        if fleet.aggregate(name):
            raise ConflictError(
                f"aggregate {wanted.name}",
                f"an aggregate named {name} already exists",
                "Choose another new_name, or delete that one first",
            )
        work += Changes((verbs.rename(wanted.name, verbs.RenameArgs(name=name)),))
    elif wanted.new_name:
        name = wanted.new_name
    if current is not None and zone is not None and zone != current.availability_zone:
        work += zone_change(fleet, current, name, zone, allow=wanted.allow_zone_change)
    return work


def _metadata_changes(now: Aggregate, wanted: AggregateWanted) -> dict[str, str | None]:
    if wanted.metadata is None:
        return {}
    changes = {k: v for k, v in wanted.metadata.items() if k != ZONE_KEY}
    if wanted.purge_metadata:
        gone = [k for k in now.metadata if k not in changes and k != ZONE_KEY]
        changes = {**changes, **dict.fromkeys(gone)}
    return {k: v for k, v in changes.items() if now.metadata.get(k) != v}


def _plan_absent(fleet: Fleet, current: Aggregate | None, wanted: AggregateWanted) -> Plan:
    if current is None:
        return Plan(verdicts=absent_number(fleet, wanted.name))
    if current.hosts and not wanted.remove_hosts:
        raise InvalidError(
            f"aggregate {current.name}",
            f"it is not empty, its hosts are {joined(current.hosts)}",
            "Remove them with aggregate_host, or set remove_hosts to take them out with it",
        )
    out = exact_members(fleet, _members(wanted, current.name, ()))
    removals = tuple(s for s in out.steps if s.verb is verbs.remove_host)
    delete = verbs.delete(current.name, NoArgs())
    return replace(out, steps=(*removals, delete)).plan()


def _members(wanted: AggregateWanted, name: str, hosts: Sequence[str]) -> MembersWanted:
    return MembersWanted(
        name,
        hosts,
        allow_zone_change=wanted.allow_zone_change,
        keep_in_pool=wanted.keep_in_pool,
        must_be_disabled=wanted.must_be_disabled,
    )


def members_needs(fleet: Fleet, wanted: MembersWanted) -> Reading:
    """As ``aggregate_needs``, for one aggregate's members."""
    current = find_aggregate(fleet, wanted.aggregate) or Aggregate(wanted.aggregate)
    zone = current.availability_zone
    joining = [h for h in wanted.hosts if h not in current.hosts] if wanted.present else []
    leaving = [h for h in wanted.hosts if h in current.hosts and not wanted.present]
    strangers = [h for h in wanted.hosts if h not in current.hosts]
    rezoned = [
        *(h for h in joining if zone and zone not in fleet.zones_of(h)),
        *(h for h in leaving if zone and not _zoned_by_another(fleet, current, h)),
    ]
    judged = [*strangers, *(leaving if wanted.must_be_disabled else ())]
    return _with_hosts(judged, rezoned, _pools_of(fleet, current, leaving))


def plan_members(fleet: Fleet, wanted: MembersWanted) -> Plan:
    """Add or remove hosts. FleetError that names every problem of all of them."""
    check_given(fleet.traits, {"allow_zone_change": wanted.allow_zone_change})
    found = find_aggregate(fleet, wanted.aggregate)
    return member_changes(fleet, replace(wanted, aggregate=found.name) if found else wanted).plan()
