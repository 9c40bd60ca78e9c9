# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verbs of compute services; their subject is the host."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..._core.args import Args, NoArgs
from ..._core.model import ComputeService, Fleet
from ..._core.plan import Verb
from ..._core.ports import Ports
from ..._core.reading import SERVICES, reading
from ..common.changes import change_service
from ..engine.waiting import Waiting, readiness


@dataclass(frozen=True, kw_only=True)
class EnableArgs(Args):
    host_id: str | None


@dataclass(frozen=True, kw_only=True)
class DisableArgs(Args):
    host_id: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class ForcedDownArgs(Args):
    host_id: str | None
    forced_down: bool


def _enabled(fleet: Fleet, host: str, _args: EnableArgs) -> Fleet:
    return _switched(fleet, host, "enabled", None)


def _disabled(fleet: Fleet, host: str, args: DisableArgs) -> Fleet:
    return _switched(fleet, host, "disabled", args.reason)


def _switched(fleet: Fleet, host: str, status: str, reason: str | None) -> Fleet:
    """A host without a switch of its own shows the status of its service."""
    if not fleet.traits.host_switch:
        on = status == "enabled"
        hosts = tuple(replace(h, enabled=on) if h.name == host else h for h in fleet.hosts)
        fleet = replace(fleet, hosts=hosts)
    return change_service(fleet, host, lambda s: replace(s, status=status, disabled_reason=reason))


def _enable(ports: Ports, host: str, args: EnableArgs) -> None:
    ports.services.enable(host, args.host_id)


def _disable(ports: Ports, host: str, args: DisableArgs) -> None:
    ports.services.disable(host, args.host_id, args.reason)


enable = Verb(
    "service.enable", "enable compute service of {subject}", EnableArgs, _enabled, _enable
)

disable = Verb(
    "service.disable",
    "disable compute service of {subject}, reason: {reason}",
    DisableArgs,
    _disabled,
    _disable,
)


def _forced_down(fleet: Fleet, host: str, args: ForcedDownArgs) -> Fleet:
    """Nova does not show what the heartbeat says meanwhile; whoever takes it back knows that the host
    is alive.
    """
    down = args.forced_down
    known = fleet.host(host)
    alive = fleet.traits.service_processes or (known is not None and known.live)
    state = "up" if alive and not down else "down"
    return change_service(fleet, host, lambda s: replace(s, forced_down=down, state=state))


def _set_forced_down(ports: Ports, host: str, args: ForcedDownArgs) -> None:
    ports.services.set_forced_down(host, args.host_id, args.forced_down)


set_forced_down = Verb(
    "service.set_forced_down",
    "set forced_down of compute service of {subject} to {forced_down}",
    ForcedDownArgs,
    _forced_down,
    _set_forced_down,
)


def _deleted(fleet: Fleet, host: str, _args: NoArgs) -> Fleet:
    """A host that a coordinator still knows registers again at once (_planes/assemble.py); a compute
    process does so only when it is started again.
    """
    aggregates = tuple(
        replace(a, hosts=tuple(h for h in a.hosts if h != host)) if host in a.hosts else a
        for a in fleet.aggregates
    )
    known = fleet.host(host)
    fleet = replace(fleet, aggregates=aggregates)
    if known is not None and not fleet.traits.service_processes:
        up = "up" if known.live else "down"
        fresh = ComputeService(host=host, host_id=known.id, state=up, zone=fleet.zone_of(host))
        return change_service(fleet, host, lambda _old: fresh)
    return replace(fleet, services=tuple(s for s in fleet.services if s.host != host))


def _delete(ports: Ports, host: str, _args: NoArgs) -> None:
    ports.services.delete(host)


delete = Verb("service.delete", "delete compute service of {subject}", NoArgs, _deleted, _delete)


def _up(fleet: Fleet, host: str, _args: NoArgs) -> Fleet:
    """A compute process that has started again, and with it its host."""
    hosts = tuple(replace(h, live=True) if h.name == host else h for h in fleet.hosts)
    return change_service(replace(fleet, hosts=hosts), host, lambda s: replace(s, state="up"))


def _await_up(ports: Ports, host: str, _args: NoArgs) -> Waiting:
    def missing(fleet: Fleet) -> tuple[str, ...]:
        service = fleet.service(host)
        return () if service is not None and service.state == "up" else ("up",)

    return readiness(
        ports,
        f"compute service of host {host}",
        missing,
        reading(SERVICES),
        "See whether nova-compute runs there",
    )


await_up = Verb(
    "service.await_up", "wait until compute service of {subject} is up", NoArgs, _up, _await_up
)

VERBS = (enable, disable, set_forced_down, delete, await_up)
