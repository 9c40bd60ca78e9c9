# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Effects of steps on what the store keeps: aggregates, compute services, maintenances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..._core.model import ZONE_KEY, Aggregate, ComputeService, Fleet, Maintenance, Migration
from ..._core.plan import Step


def _aggregate(fleet: Fleet, name: str, change: Callable[[Aggregate], Aggregate]) -> Fleet:
    old = fleet.aggregate(name)
    if old is None:
        return fleet
    aggregates = tuple(change(a) if a.name == name else a for a in fleet.aggregates)
    return _rezoned(replace(fleet, aggregates=aggregates))


def _rezoned(fleet: Fleet) -> Fleet:
    """Services with the zones that the aggregates now give them."""
    services = tuple(replace(s, zone=fleet.zone_of(s.host)) for s in fleet.services)
    return replace(fleet, services=services)


def create(fleet: Fleet, step: Step) -> Fleet:
    if fleet.aggregate(step.subject):
        return fleet
    zone = step.args.get("zone")
    new = Aggregate(name=step.subject, metadata={ZONE_KEY: zone} if zone else {})
    return replace(fleet, aggregates=(*fleet.aggregates, new))


def rename(fleet: Fleet, step: Step) -> Fleet:
    return _aggregate(fleet, step.subject, lambda a: replace(a, name=step.args["name"]))


def set_zone(fleet: Fleet, step: Step) -> Fleet:
    return _aggregate(fleet, step.subject, lambda a: a.with_metadata({ZONE_KEY: step.args["zone"]}))


def set_metadata(fleet: Fleet, step: Step) -> Fleet:
    return _aggregate(fleet, step.subject, lambda a: a.with_metadata(step.args["changes"]))


def add_host(fleet: Fleet, step: Step) -> Fleet:
    host = step.args["host"]
    return _aggregate(
        fleet, step.subject, lambda a: a if host in a.hosts else replace(a, hosts=(*a.hosts, host))
    )


def remove_host(fleet: Fleet, step: Step) -> Fleet:
    host = step.args["host"]
    return _aggregate(
        fleet, step.subject, lambda a: replace(a, hosts=tuple(h for h in a.hosts if h != host))
    )


def delete(fleet: Fleet, step: Step) -> Fleet:
    left = tuple(a for a in fleet.aggregates if a.name != step.subject)
    return _rezoned(replace(fleet, aggregates=left))


def _service(fleet: Fleet, host: str, change: Callable[[ComputeService], ComputeService]) -> Fleet:
    return replace(
        fleet, services=tuple(change(s) if s.host == host else s for s in fleet.services)
    )


def service_enable(fleet: Fleet, step: Step) -> Fleet:
    return _switched(fleet, step.subject, "enabled", None)


def service_disable(fleet: Fleet, step: Step) -> Fleet:
    return _switched(fleet, step.subject, "disabled", step.args.get("reason"))


def _switched(fleet: Fleet, host: str, status: str, reason: str | None) -> Fleet:
    """Nova's hypervisors show the status of their service."""
    if fleet.scheduled:
        on = status == "enabled"
        hosts = tuple(replace(h, enabled=on) if h.name == host else h for h in fleet.hosts)
        fleet = replace(fleet, hosts=hosts)
    return _service(fleet, host, lambda s: replace(s, status=status, disabled_reason=reason))


def set_forced_down(fleet: Fleet, step: Step) -> Fleet:
    """Nova keeps to itself what the heartbeat says meanwhile; whoever takes it back knows the host to
    be alive.
    """
    down = step.args["forced_down"]
    host = fleet.host(step.subject)
    alive = fleet.scheduled or (host is not None and host.live)
    state = "up" if alive and not down else "down"
    return _service(fleet, step.subject, lambda s: replace(s, forced_down=down, state=state))


def service_delete(fleet: Fleet, step: Step) -> Fleet:
    """A host that a coordinator still knows registers anew at once (_planes/assemble.py); a compute
    process does so only when it is started again.
    """
    host = step.subject
    aggregates = tuple(
        replace(a, hosts=tuple(h for h in a.hosts if h != host)) if host in a.hosts else a
        for a in fleet.aggregates
    )
    known = fleet.host(host)
    fleet = replace(fleet, aggregates=aggregates)
    if known is not None and not fleet.scheduled:
        up = "up" if known.live else "down"
        fresh = ComputeService(host=host, host_id=known.id, state=up, zone=fleet.zone_of(host))
        return _service(fleet, host, lambda _old: fresh)
    return replace(fleet, services=tuple(s for s in fleet.services if s.host != host))


def begin(fleet: Fleet, step: Step) -> Fleet:
    if fleet.open_maintenance(step.subject):
        return fleet
    new = Maintenance(
        host=step.subject,
        name=step.args["name"],
        host_id=step.args.get("host_id"),
        service_disabled=step.args["service_disabled"],
        host_disabled=step.args["host_disabled"],
    )
    return replace(fleet, maintenances=(*fleet.maintenances, new))


def change_maintenance(fleet: Fleet, host: str, **changes: Any) -> Fleet:
    return replace(
        fleet,
        maintenances=tuple(
            replace(m, **changes) if m.host == host and m.open else m for m in fleet.maintenances
        ),
    )


def advance(fleet: Fleet, step: Step) -> Fleet:
    return change_maintenance(fleet, step.subject, phase=step.args["phase"])


def settle_move(fleet: Fleet, step: Step) -> Fleet:
    args = step.args
    return finish_move(fleet, args["migration"], args["status"], args["target"])


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
    listed = fleet.migrations if fleet.scheduled else finished(fleet.migrations)
    return replace(fleet, maintenances=maintenances, migrations=listed)


def service_up(fleet: Fleet, step: Step) -> Fleet:
    """A compute process that has started again, and with it its host."""
    hosts = tuple(replace(h, live=True) if h.name == step.subject else h for h in fleet.hosts)
    return _service(replace(fleet, hosts=hosts), step.subject, lambda s: replace(s, state="up"))
