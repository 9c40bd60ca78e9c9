# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make one fleet of what the control plane, the coordinators and the journal know."""

from __future__ import annotations

from dataclasses import replace

from .._core.model import (
    COMPUTE,
    CloudView,
    ComputeService,
    Fleet,
    Host,
    Maintenance,
    Records,
    Server,
    XenView,
    latest,
)
from .._core.reading import (
    AGGREGATES,
    CONSOLES,
    FLAVORS,
    HOSTS,
    JOURNAL,
    MIGRATIONS,
    SERVERS,
    SERVICES,
    ZONE_SERVICES,
    ZONES,
    Reading,
)
from .traits import NOVA, XAPI, XAPI_WORDS


def assemble(records: Records | None, xen: XenView | None, *, default_zone: str = "nova") -> Fleet:
    """One fleet from the parts that were read; a part that was not is None.

    Every host that a coordinator knows has a compute service, enabled unless a record says
    otherwise, as a new nova-compute registers itself enabled. A service is up iff it is not forced
    down and its host is live now; a recorded one that no coordinator knows is down.
    """
    records = records or Records()
    view = xen or XenView()
    fleet = Fleet(
        aggregates=records.aggregates,
        services=_services(records.services, None if xen is None else view.hosts),
        hosts=view.hosts,
        pools=view.pools,
        servers=_servers(records, view),
        storages=view.storages,
        networks=view.networks,
        maintenances=records.maintenances,
        migrations=records.migrations,
        default_zone=default_zone,
        unreachable=view.unreachable,
        traits=XAPI,
    )
    return replace(
        fleet, services=tuple(replace(s, zone=fleet.zone_of(s.host)) for s in fleet.services)
    )


def _servers(records: Records, view: XenView) -> tuple[Server, ...]:
    """Those that exist, with the times of changes on record, and those whose deletion is: it was
    completed even if nobody saw the end, unless their pool gives no answer.
    """
    present = {s.id for s in view.servers}
    answering = {p.id for p in view.pools}
    return (
        *(
            replace(s, updated_at=latest(s.updated_at, records.updates.get(s.id)))
            for s in view.servers
        ),
        *(
            replace(s, terminated_at=s.terminated_at or s.updated_at)
            for s in records.deleted
            if s.id not in present and (s.terminated_at or s.pool_id in answering)
        ),
    )


def _services(
    recorded: tuple[ComputeService, ...], hosts: tuple[Host, ...] | None
) -> tuple[ComputeService, ...]:
    if hosts is None:
        return recorded
    by_id = {h.id: h for h in hosts}
    known = [_with_state(s, by_id.pop(s.host_id or "", None)) for s in recorded]
    new = [ComputeService(host=h.name, host_id=h.id) for h in hosts if h.id in by_id]
    fresh = [_with_state(s, by_id[s.host_id or ""]) for s in new]
    return tuple(sorted((*known, *fresh), key=lambda s: s.host))


def _with_state(service: ComputeService, host: Host | None) -> ComputeService:
    """A host renamed in XAPI keeps its service, which follows the name."""
    up = host is not None and host.live and not service.forced_down
    return replace(service, host=host.name if host else service.host, state="up" if up else "down")


def assemble_cloud(
    cloud: CloudView | None,
    maintenances: tuple[Maintenance, ...],
    xen: XenView | None,
    *,
    default_zone: str = "nova",
) -> Fleet:
    """One fleet from what Nova says and the journal keeps; hosts are XenAPI's if it was read."""
    view = cloud or CloudView()
    fleet = Fleet(
        aggregates=view.aggregates,
        services=view.services,
        hosts=xen.hosts if xen else view.hosts,
        pools=xen.pools if xen else (),
        servers=xen.servers if xen else view.servers,
        storages=xen.storages if xen else (),
        networks=xen.networks if xen else (),
        maintenances=maintenances,
        migrations=view.migrations,
        consoles=view.consoles,
        zones=view.zones,
        flavors=view.flavors,
        unreachable=xen.unreachable if xen else {},
        default_zone=default_zone,
        # Hosts that XenAPI was asked for are looked up as there.
        traits=replace(NOVA, words=XAPI_WORDS) if xen else NOVA,
    )
    return replace(fleet, default_zone=_observed_default_zone(fleet) or default_zone)


def _observed_default_zone(fleet: Fleet) -> str | None:
    """Nova's own default_availability_zone, as seen on hosts that no aggregate puts into a zone."""
    if not fleet.aggregates:
        return None
    zoned = (s for zone in fleet.zones or () for s in zone.services if s.binary == COMPUTE)
    services = (*fleet.services, *zoned)
    return next((s.zone for s in services if s.zone and not fleet.zones_of(s.host)), None)


def with_sections(old: Fleet, new: Fleet, wanted: Reading) -> Fleet:
    """The old fleet with those sections of the new one that were wanted."""
    fields = {
        AGGREGATES: "aggregates",
        SERVICES: "services",
        HOSTS: "hosts",
        SERVERS: "servers",
        MIGRATIONS: "migrations",
        JOURNAL: "maintenances",
        ZONES: "zones",
        ZONE_SERVICES: "zones",
        FLAVORS: "flavors",
        CONSOLES: "consoles",
    }
    taken = {name: getattr(new, name) for section, name in fields.items() if section in wanted}
    fleet = replace(old, **taken)
    return replace(fleet, default_zone=_observed_default_zone(fleet) or new.default_zone)
