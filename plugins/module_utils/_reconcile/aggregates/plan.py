# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for aggregates and their members, by Nova's rules.

Source: nova/compute/api.py, class AggregateAPI. Checks stand in the order in which Nova makes them,
so that of several faults the same one is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..._core.args import NoArgs
from ..._core.errors import ConflictError, InvalidError, NotFoundError, joined
from ..._core.model import POOL_STATE, ZONE_KEY, Aggregate, Fleet
from ..._core.plan import Plan, Step, project_all
from ..._core.reading import AGGREGATES, SERVERS, SERVICES, Reading, reading
from ..common.aggregates import find_aggregate
from ..common.values import check_host_name, check_metadata, check_name, check_zone
from . import verbs
from .cautions import absent_number, cautions
from .leaving import check_disabled


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
    """What the plan depends on besides the aggregates: services if hosts come, and the servers of
    those hosts whose zone may change.
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
    leaving = [h for h in hosts if h not in kept and wanted.must_be_disabled]
    return _with_hosts([*joining, *leaving], rezoned)


def _zoned_by_another(fleet: Fleet, aggregate: Aggregate | None, host: str) -> bool:
    """Whether another aggregate gives the host the same zone."""
    zone = aggregate.availability_zone if aggregate else None
    return any(
        host in a.hosts and a.availability_zone == zone for a in fleet.aggregates if a != aggregate
    )


def _with_hosts(judged: Sequence[str], rezoned: Sequence[str]) -> Reading:
    """``judged`` by their compute services, ``rezoned`` by their servers."""
    services = (SERVICES,) if judged else ()
    if rezoned:
        return reading(AGGREGATES, *services, SERVERS, hosts=rezoned)
    return reading(AGGREGATES, *services)


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
    steps = [*_identity(fleet, current, wanted, zone)]
    name = wanted.new_name or wanted.name
    predicted = project_all(fleet, steps)
    now = predicted.aggregate(name) or Aggregate(name)
    changes = _metadata_changes(now, wanted)
    if changes:
        steps.append(verbs.set_metadata(name, verbs.MetadataArgs(changes=changes)))
    if wanted.hosts is not None:
        steps += _members(project_all(fleet, steps), name, wanted.hosts, wanted.must_be_disabled)
    return Plan(tuple(steps), cautions(fleet, managed(fleet, wanted), steps, zone))


def _identity(
    fleet: Fleet, current: Aggregate | None, wanted: AggregateWanted, zone: str | None
) -> list[Step]:
    """Existence, name and zone."""
    if current is None:
        if wanted.new_name is None or not fleet.aggregate(wanted.new_name):
            name = wanted.new_name or wanted.name
            why = f"in availability zone {zone}" if zone else ""
            return [verbs.create(name, verbs.CreateArgs(zone=zone), why)]
        current = fleet.aggregate(wanted.new_name)  # renamed by an earlier run
    steps = []
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
        steps.append(verbs.rename(wanted.name, verbs.RenameArgs(name=name)))
    elif wanted.new_name:
        name = wanted.new_name
    if current is not None and zone is not None and zone != current.availability_zone:
        _check_zone_change(fleet, current, zone)
        steps.append(verbs.set_zone(name, verbs.ZoneArgs(zone=zone)))
    return steps


def _check_zone_change(fleet: Fleet, current: Aggregate, zone: str) -> None:
    """nova/compute/api.py is_safe_to_update_az: other zones of members first, then their servers."""
    subject = f"aggregate {current.name}"
    others = [a for a in fleet.aggregates if a.name != current.name and a.availability_zone]
    for host in current.hosts:
        clash = [a for a in others if host in a.hosts and a.availability_zone != zone]
        if clash:
            raise InvalidError(
                subject,
                f"its host {host} is in availability zone {clash[0].availability_zone} through "
                f"aggregate {clash[0].name}, and a host has one zone at most",
                f"Remove {host} from one of the two aggregates first",
            )
    for host in current.hosts:
        servers = fleet.servers_on(host)
        if servers:
            raise InvalidError(
                subject,
                f"its zone cannot become {zone} while host {host} has servers "
                f"({joined([s.name for s in servers], most=5)}), whose zone would change",
                "Move the servers off its hosts first",
            )


def _metadata_changes(now: Aggregate, wanted: AggregateWanted) -> dict[str, str | None]:
    if wanted.metadata is None:
        return {}
    changes = {k: v for k, v in wanted.metadata.items() if k != ZONE_KEY}
    if wanted.purge_metadata:
        gone = [k for k in now.metadata if k not in changes and k != ZONE_KEY]
        changes = {**changes, **dict.fromkeys(gone)}
    return {k: v for k, v in changes.items() if now.metadata.get(k) != v}


def _members(fleet: Fleet, name: str, hosts: Sequence[str], must_be_disabled: bool) -> list[Step]:
    """Exactly these hosts; leavers go first, so that a zone they hold is free."""
    current = fleet.aggregate(name) or Aggregate(name)
    leaving = [h for h in current.hosts if h not in hosts]
    out = _plan_members(fleet, MembersWanted(name, leaving, False, must_be_disabled)).steps
    into = _plan_members(project_all(fleet, out), MembersWanted(name, hosts, present=True)).steps
    return [*out, *into]


def _plan_absent(fleet: Fleet, current: Aggregate | None, wanted: AggregateWanted) -> Plan:
    if current is None:
        return Plan(verdicts=absent_number(fleet, wanted.name))
    if current.hosts and not wanted.remove_hosts:
        raise InvalidError(
            f"aggregate {current.name}",
            f"it is not empty, its hosts are {joined(current.hosts)}",
            "Remove them with aggregate_host, or set remove_hosts to take them out with it",
        )
    leaving = MembersWanted(current.name, current.hosts, False, wanted.must_be_disabled)
    out = _plan_members(fleet, leaving).steps if current.hosts else ()
    return Plan((*out, verbs.delete(current.name, NoArgs())))


@dataclass(frozen=True)
class MembersWanted:
    """Hosts that are to be members of the aggregate, or not. ``aggregate`` is its name or id."""

    aggregate: str
    hosts: Sequence[str]
    present: bool = True
    must_be_disabled: bool = False
    """Whether only hosts whose compute service is disabled may leave."""


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
    return _with_hosts(judged, rezoned)


def plan_members(fleet: Fleet, wanted: MembersWanted) -> Plan:
    """Add or remove hosts. Members that are already as wanted are left alone."""
    found = find_aggregate(fleet, wanted.aggregate)
    return _plan_members(fleet, replace(wanted, aggregate=found.name) if found else wanted)


def _plan_members(fleet: Fleet, wanted: MembersWanted) -> Plan:
    """Of an aggregate that goes by its name."""
    for host in wanted.hosts:
        check_host_name(f"aggregate {wanted.aggregate}", host)
        _check_service(fleet, wanted, host)
    aggregate = fleet.aggregate(wanted.aggregate)
    if aggregate is None:
        raise NotFoundError(
            f"aggregate {wanted.aggregate}",
            f"it does not exist; there are {joined([a.name for a in fleet.aggregates])}",
            "Create it with xenfleet.compute.aggregate",
        )
    if wanted.must_be_disabled and not wanted.present:
        check_disabled(fleet, aggregate, wanted.hosts)
    steps: list[Step] = []
    for host in dict.fromkeys(wanted.hosts):
        predicted = project_all(fleet, steps)
        now = predicted.aggregate(aggregate.name) or aggregate
        if wanted.present and host not in now.hosts:
            _check_pool_state(now, host, refused=("changing", "error", "dismissed"), verb="added")
            _check_add(predicted, now, host)
            service = fleet.service(host)
            host_id = service.host_id if service else None
            steps.append(verbs.add_host(now.name, verbs.AddHostArgs(host=host, host_id=host_id)))
        elif not wanted.present and host in now.hosts:
            states = ("created", "changing", "dismissed")
            _check_pool_state(now, host, refused=states, verb="removed")
            _check_remove(predicted, now, host)
            steps.append(verbs.remove_host(now.name, verbs.RemoveHostArgs(host=host)))
    return Plan(tuple(steps))


def _check_service(fleet: Fleet, wanted: MembersWanted, host: str) -> None:
    """A host is one that has a compute service, in exactly this spelling. Whoever is a member may
    stay or leave, even when its service is gone.
    """
    if fleet.service(host) is not None:
        return
    aggregate = fleet.aggregate(wanted.aggregate)
    if aggregate is not None and host in aggregate.hosts:
        return
    down = [f"{url}: {why}" for url, why in fleet.unreachable.items()]
    known = joined([s.host for s in fleet.services])
    raise NotFoundError(
        f"host {host}",
        f"no compute service is known under this name; known are {known}"
        + (f"; without an answer: {'; '.join(down)}" if down else ""),
        fleet.traits.words.name_host,
    )


def _check_pool_state(
    aggregate: Aggregate, host: str, *, refused: Sequence[str], verb: str
) -> None:
    """nova/virt/xenapi/pool_states.py, 21.x: is_hv_pool and the states that forbid a change."""
    state = aggregate.metadata.get(POOL_STATE)
    if not aggregate.is_pool or state not in refused:
        return
    raise ConflictError(
        f"aggregate {aggregate.name}",
        f"host {host} cannot be {verb} while its pool is in operational_state {state}",
        "Run pool_create again to finish what was begun, or set operational_state by hand once "
        "you have looked at the pool",
    )


def _check_add(fleet: Fleet, aggregate: Aggregate, host: str) -> None:
    zone = aggregate.availability_zone
    if zone is None:
        return
    subject = f"host {host}"
    for other in fleet.aggregates:
        if host in other.hosts and other.availability_zone not in (None, zone):
            raise ConflictError(
                subject,
                f"it is in availability zone {other.availability_zone} through aggregate "
                f"{other.name}; aggregate {aggregate.name} would put it into {zone}, and a host "
                "has one zone at most",
                f"Remove it from aggregate {other.name} first",
            )
    _check_zone_kept(fleet, aggregate, host, zone)


def _check_remove(fleet: Fleet, aggregate: Aggregate, host: str) -> None:
    without = tuple(
        replace(a, hosts=tuple(h for h in a.hosts if h != host)) if a is aggregate else a
        for a in fleet.aggregates
    )
    after = replace(fleet, aggregates=without).zones_of(host)
    if aggregate.availability_zone is not None:
        _check_zone_kept(fleet, aggregate, host, next(iter(after), None))


def _check_zone_kept(fleet: Fleet, aggregate: Aggregate, host: str, zone: str | None) -> None:
    """Leaving or entering the default zone (None) is a change of zone, too, even to or from one that
    an aggregate calls by the same name.
    """
    servers = fleet.servers_on(host)
    before = next(iter(fleet.zones_of(host)), None)
    if before == zone or not servers:
        return
    came = f"availability zone {before}" if before else "the default availability zone"
    raise ConflictError(
        f"host {host}",
        f"changing aggregate {aggregate.name} would move it from {came} to "
        f"{zone or 'the default one'} while it has servers "
        f"({joined([s.name for s in servers], most=5)})",
        "Move its servers to other hosts first",
    )
