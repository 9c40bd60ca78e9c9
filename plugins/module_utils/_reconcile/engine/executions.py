# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each verb is carried out over the ports: the counterpart of
effects/project.py.

A function returns None when its step is done, or an iterator of progress that ends when the step
has ended; apply.py drives several of them side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..._core.actions import SERVER_VERBS
from ..._core.errors import NotFoundError
from ..._core.model import Fleet
from ..._core.plan import Step
from ..._core.ports import Execution, HostPort, PoolPort, Ports
from ..._core.reading import POOLS, SERVICES, reading
from ..common.readiness import missing_for_service
from .moves import (
    advance_maintenance,
    await_migration,
    begin_maintenance,
    cold_migrate,
    confirm_resize,
    live_migrate,
    server_action,
    settle_move,
)
from .waiting import operation, present, readiness


def _hosts(ports: Ports) -> HostPort:
    return present(ports.hosts, "hosts")


def _pools(ports: Ports) -> PoolPort:
    return present(ports.pools, "Xen pools")


# --- records --------------------------------------------------------------------------------------


def _record(call: Callable[[Ports, Step], None]) -> Execution:
    """A write to the records is done when the call returns."""

    def execute(ports: Ports, step: Step) -> None:
        call(ports, step)

    return execute


def _add_host(ports: Ports, step: Step) -> None:
    ports.records.add_host(step.subject, step.args["host"], step.args.get("host_id"))


def _await_up(ports: Ports, step: Step) -> Iterator[float]:
    host = step.subject

    def missing(fleet: Fleet) -> tuple[str, ...]:
        service = fleet.service(host)
        return () if service is not None and service.state == "up" else ("up",)

    yield from readiness(
        ports,
        f"compute service of host {host}",
        missing,
        reading(SERVICES),
        "See whether nova-compute runs there",
    )


# --- pools and hosts ------------------------------------------------------------------------------


def _join(ports: Ports, step: Step) -> Iterator[float]:
    """Success of the call is not the end: the host restarts its toolstack and comes back in stages
    (xapi_pool.ml, xapi.ml).
    """
    pools = _pools(ports)
    host, pool_id = step.subject, step.args["pool_id"]
    seen = ports.read(reading(POOLS)).host(host)
    if seen is not None and seen.pool_id != pool_id and not seen.joining:
        handle = pools.start_join(host, pool_id)
        yield from operation(ports, step, lambda: pools.poll([handle])[0])
    yield from readiness(
        ports, f"host {host}", lambda fleet: missing_for_service(fleet, host, pool_id)
    )


def _eject(ports: Ports, step: Step) -> Iterator[float]:
    """The host reboots and comes back alone; until then it is nobody's."""
    pools = _pools(ports)
    host, pool_id = step.subject, step.args["pool_id"]
    handle = pools.start_eject(host, pool_id)
    yield from operation(ports, step, lambda: pools.poll([handle])[0])

    def missing(fleet: Fleet) -> tuple[str, ...]:
        seen = fleet.host(host)
        if seen is None:
            return ("back from its reboot",)
        return ("out of the pool",) if seen.pool_id == pool_id else ()

    yield from readiness(ports, f"host {host}", missing)


def _designate(ports: Ports, step: Step) -> Iterator[float]:
    """All toolstacks of the pool restart; the poll is on the pool's own record, never a second call
    (xapi_pool.ml).
    """
    host, pool_id = step.args["host"], step.args["pool_id"]
    _pools(ports).designate_coordinator(pool_id, host)

    def missing(fleet: Fleet) -> tuple[str, ...]:
        pool = fleet.pool(pool_id)
        if pool is None or pool.coordinator != host:
            return (f"coordinated by {host}",)
        return tuple(
            f"{h.name} in service" for h in fleet.members(pool_id) if not (h.live and h.enabled)
        )

    yield from readiness(ports, f"pool {step.subject}", missing)


def _await_ready(ports: Ports, step: Step) -> Iterator[float]:
    host = step.subject
    yield from readiness(
        ports, f"host {host}", lambda fleet: missing_for_service(fleet, host, None)
    )


def _default_sr(ports: Ports, step: Step) -> None:
    """An SR that this plan has just made is known by name only."""
    args = step.args
    storage_id = args.get("storage_id") or _storage_named(ports, args["pool_id"], args["storage"])
    _pools(ports).set_default_sr(args["pool_id"], storage_id)


def _storage_named(ports: Ports, pool_id: str, name: str) -> str:
    for storage in ports.read(reading(POOLS)).storages:
        if storage.name == name and storage.pool_id == pool_id:
            return storage.id
    raise NotFoundError(f"SR {name}", "the pool has none of this name", "Create it first")


def _create_sr(ports: Ports, step: Step) -> None:
    _pools(ports).create_sr(step.args["pool_id"], {**step.args, "name": step.subject})


EXECUTIONS: Mapping[str, Execution] = {
    "aggregate.create": _record(lambda p, s: p.records.create(s.subject, s.args.get("zone"))),
    "aggregate.rename": _record(lambda p, s: p.records.rename(s.subject, s.args["name"])),
    "aggregate.set_zone": _record(lambda p, s: p.records.set_zone(s.subject, s.args["zone"])),
    "aggregate.set_metadata": _record(
        lambda p, s: p.records.set_metadata(s.subject, s.args["changes"])
    ),
    "aggregate.add_host": _record(_add_host),
    "aggregate.remove_host": _record(lambda p, s: p.records.remove_host(s.subject, s.args["host"])),
    "aggregate.delete": _record(lambda p, s: p.records.delete(s.subject)),
    "service.enable": _record(lambda p, s: p.services.enable(s.subject, s.args.get("host_id"))),
    "service.disable": _record(
        lambda p, s: p.services.disable(s.subject, s.args.get("host_id"), s.args.get("reason"))
    ),
    "service.set_forced_down": _record(
        lambda p, s: p.services.set_forced_down(
            s.subject, s.args.get("host_id"), s.args["forced_down"]
        )
    ),
    "service.await_up": _await_up,
    "service.delete": _record(lambda p, s: p.services.delete(s.subject)),
    "maintenance.begin": _record(begin_maintenance),
    "maintenance.advance": _record(advance_maintenance),
    "maintenance.settle_move": _record(settle_move),
    "host.enable": _record(lambda p, s: _hosts(p).enable(s.subject)),
    "host.disable": _record(lambda p, s: _hosts(p).disable(s.subject)),
    "host.set_other_config": _record(
        lambda p, s: _hosts(p).set_other_config(s.subject, s.args["changes"])
    ),
    "host.await_ready": _await_ready,
    "pool.set_name": _record(lambda p, s: _pools(p).set_name(s.args["pool_id"], s.args["name"])),
    "pool.set_description": _record(
        lambda p, s: _pools(p).set_description(s.args["pool_id"], s.args["description"])
    ),
    "pool.set_default_sr": _record(_default_sr),
    "pool.set_other_config": _record(
        lambda p, s: _pools(p).set_other_config(s.args["pool_id"], s.args["changes"])
    ),
    "pool.set_tags": _record(lambda p, s: _pools(p).set_tags(s.args["pool_id"], s.args["tags"])),
    "pool.designate_coordinator": _designate,
    "pool.join": _join,
    "pool.eject": _eject,
    "sr.create": _record(_create_sr),
    "sr.plug": _record(lambda p, s: _pools(p).plug(s.args["storage_id"], s.args["host"])),
    "server.live_migrate": live_migrate,
    "server.cold_migrate": cold_migrate,
    "server.await_migration": await_migration,
    "server.confirm_resize": confirm_resize,
    **dict.fromkeys(SERVER_VERBS, server_action),
}
