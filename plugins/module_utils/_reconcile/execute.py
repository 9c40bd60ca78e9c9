# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each verb is carried out over the ports: the counterpart of project.py.

A function returns None when its step is done, or an iterator of progress that ends when the step
has ended; apply.py drives several of
them side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from .._core.errors import ConfigError, FleetError, NotFoundError, UnavailableError, WaitTimeout
from .._core.model import Fleet, Maintenance, Migration
from .._core.plan import Step
from .._core.ports import Execution, HostPort, JobState, PoolPort, Ports, ServerPort
from .._core.wait import polling
from .effects_xen import STATUS_AFTER
from .readiness import missing_for_service

T = TypeVar("T")


def _hosts(ports: Ports) -> HostPort:
    return _present(ports.hosts, "hosts")


def _pools(ports: Ports) -> PoolPort:
    return _present(ports.pools, "Xen pools")


def _servers(ports: Ports) -> ServerPort:
    return _present(ports.servers, "servers")


def _present(port: T | None, subject: str) -> T:
    if port is None:
        raise ConfigError(
            "control plane", f"it does not manage {subject}", "Use control_plane xapi"
        )
    return port


# --- records --------------------------------------------------------------------------------------


def _record(call: Callable[[Ports, Step], None]) -> Execution:
    """A write to the records is done when the call returns."""

    def execute(ports: Ports, step: Step) -> None:
        call(ports, step)

    return execute


def _add_host(ports: Ports, step: Step) -> None:
    ports.records.add_host(step.subject, step.args["host"], step.args.get("host_id"))


def _begin(ports: Ports, step: Step) -> None:
    args = step.args
    ports.journal.begin(
        Maintenance(
            host=step.subject,
            name=args["name"],
            host_id=args.get("host_id"),
            service_disabled=args["service_disabled"],
            host_disabled=args["host_disabled"],
        )
    )


def _advance(ports: Ports, step: Step) -> None:
    current = _open_maintenance(ports, step.subject)
    if current is not None and current.id is not None:
        ports.journal.advance(current.id, step.args["phase"])


def _open_maintenance(ports: Ports, host: str) -> Maintenance | None:
    return ports.read("records").open_maintenance(host)


# --- servers --------------------------------------------------------------------------------------


def _server_action(ports: Ports, step: Step) -> Iterator[float] | None:
    servers = _servers(ports)
    handle = servers.start_action(step.verb, step.args["id"], step.args)
    if not ports.wait:
        return None
    return _job(ports, step, lambda: servers.poll([handle])[0])


def _live_migrate(ports: Ports, step: Step) -> Iterator[float]:
    """The journal learns of a move before it starts, so that a killed run loses none.

    A server that was stopped, deleted or moved by somebody else meanwhile needs no move any more.
    """
    move = _record_move(ports, step) if step.args.get("maintenance") else None
    status = "failed"
    try:
        yield from _server_action(ports, step) or ()
        status = "completed"
    except FleetError:
        if _still_there(ports, step):
            raise
        status = "cancelled"
    finally:
        if move is not None:
            ports.journal.finish_move(move, status)


def _still_there(ports: Ports, step: Step) -> bool:
    server = ports.read("xen").server(step.args["id"])
    return server is not None and server.running and server.host == step.args["source"]


def _record_move(ports: Ports, step: Step) -> int | None:
    args = step.args
    current = _open_maintenance(ports, args["source"])
    if current is None:
        return None
    return ports.journal.record_move(
        Migration(
            server_id=args["id"],
            server=step.subject,
            source=args["source"],
            target=args["target"],
            status="running",
            maintenance=current.id,
            memory=args.get("memory", 0),
        )
    )


def _job(ports: Ports, step: Step, probe: Callable[[], JobState]) -> Iterator[float]:
    """Follow a started operation to its end."""
    for state in polling(
        probe,
        lambda s: s.done,
        clock=ports.clock,
        timeout=ports.wait_timeout,
        what=str(step),
        awaited="finished",
        shown=lambda s: f"{s.progress:.0%} done",
        remedy="The operation was left running; raise wait_timeout if it only needs longer, "
        "and run again",
    ):
        if state.error is not None:
            raise state.error
        if not state.done:
            yield state.progress


# --- pools and hosts ------------------------------------------------------------------------------


def _join(ports: Ports, step: Step) -> Iterator[float]:
    """Success of the call is not the end: the host restarts its toolstack and comes back in stages
    (xapi.md 2.3).
    """
    pools = _pools(ports)
    host, pool_id = step.subject, step.args["pool_id"]
    seen = ports.read("xen").host(host)
    if seen is not None and seen.pool_id != pool_id and not seen.joining:
        handle = pools.start_join(host, pool_id)
        yield from _job(ports, step, lambda: pools.poll([handle])[0])
    yield from _await(
        ports, f"host {host}", lambda fleet: missing_for_service(fleet, host, pool_id)
    )


def _eject(ports: Ports, step: Step) -> Iterator[float]:
    """The host reboots and comes back alone; until then it is nobody's."""
    pools = _pools(ports)
    host, pool_id = step.subject, step.args["pool_id"]
    handle = pools.start_eject(host, pool_id)
    yield from _job(ports, step, lambda: pools.poll([handle])[0])

    def missing(fleet: Fleet) -> tuple[str, ...]:
        seen = fleet.host(host)
        if seen is None:
            return ("back from its reboot",)
        return ("out of the pool",) if seen.pool_id == pool_id else ()

    yield from _await(ports, f"host {host}", missing)


def _designate(ports: Ports, step: Step) -> Iterator[float]:
    """All toolstacks of the pool restart; the poll is on the pool's own record, never a second call
    (xapi.md 2.5).
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

    yield from _await(ports, f"pool {step.subject}", missing)


def _await_ready(ports: Ports, step: Step) -> Iterator[float]:
    host = step.subject
    yield from _await(ports, f"host {host}", lambda fleet: missing_for_service(fleet, host, None))


def _await(ports: Ports, what: str, missing: Callable[[Fleet], tuple[str, ...]]) -> Iterator[float]:
    """Wait until nothing is missing. Losing the connection is part of it: toolstacks restart
    meanwhile.
    """
    most = 1

    def probe() -> tuple[str, ...]:
        try:
            return missing(ports.read("xen"))
        except UnavailableError as exc:
            return (f"reachable ({exc.cause})",)

    try:
        for left in polling(
            probe,
            lambda items: not items,
            clock=ports.clock,
            timeout=ports.wait_timeout,
            what=what,
            awaited="ready",
            shown=lambda items: "not " + ", not ".join(items),
        ):
            most = max(most, len(left))
            if left:
                yield 1.0 - len(left) / (most + 1)
    except WaitTimeout as exc:
        exc.remedy = f"Look at it with xe or XenCenter; {exc.remedy[0].lower()}{exc.remedy[1:]}"
        raise


def _default_sr(ports: Ports, step: Step) -> None:
    """An SR that this plan has just made is known by name only."""
    args = step.args
    storage_id = args.get("storage_id") or _storage_named(ports, args["pool_id"], args["storage"])
    _pools(ports).set_default_sr(args["pool_id"], storage_id)


def _storage_named(ports: Ports, pool_id: str, name: str) -> str:
    for storage in ports.read("xen").storages:
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
    "service.delete": _record(lambda p, s: p.services.delete(s.subject)),
    "maintenance.begin": _record(_begin),
    "maintenance.advance": _record(_advance),
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
    "server.live_migrate": _live_migrate,
    **dict.fromkeys(STATUS_AFTER, _server_action),
}
