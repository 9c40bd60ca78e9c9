# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the targets of live migrations: the host asked for, or the roomiest that fits.

Nova finds most refusals out while it migrates and keeps them in the migration's record; here they
are reported at once, before anything moves, with the kinds of error that Nova's API uses: 400 for
an unfit or unknown target, 409 for one that is out of service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..._core.errors import ConflictError, FleetError, InvalidError, joined
from ..._core.model import Fleet, Host, Server
from ..._core.plan import Step, Verdict
from ..._core.units import gib
from ..placing.placement import closed_to_guests, fellows, misfit, older, place
from .cloud_migration import plan_scheduled_moves
from .verbs import move_step


@dataclass(frozen=True)
class Moves:
    """``errors`` are reasons why servers cannot go; with any of them the steps are not to be taken."""

    steps: tuple[Step, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    errors: tuple[FleetError, ...] = ()


def plan_moves(fleet: Fleet, servers: Sequence[Server], target: str | None) -> Moves:
    """A move for every server that is not on the target yet, or on another host if there is none.

    Raises InvalidError for an unknown target or one that is down, ConflictError for one that is
    out of service.
    """
    if fleet.scheduled:
        steps, errors = plan_scheduled_moves(fleet, servers, target)
        return Moves(steps, errors=errors)
    down = [e for s in servers if (e := _source_down(fleet, s))]
    if target is None:
        return _chosen(fleet, servers, down)
    host = fleet.host(target)
    if host is None:
        raise InvalidError(
            f"target host {target}",
            "it is unknown to every coordinator that answered",
            f"Known hosts: {joined([h.name for h in fleet.hosts])}",
        )
    moving = [s for s in servers if s.host != target]
    if moving:
        _check_open(fleet, host)
    return _to(fleet, moving, host, [e for e in down if e.details["host"] != target])


def _source_down(fleet: Fleet, server: Server) -> FleetError | None:
    source = fleet.host(server.host or "")
    if source is not None and source.live:
        return None
    return InvalidError(
        f"server {server.name}",
        f"its host {server.host} is down, so that it cannot be live-migrated",
        "Bring the host back first",
        host=server.host,
    )


def _check_open(fleet: Fleet, host: Host) -> None:
    reason = closed_to_guests(fleet, host)
    if reason is None:
        return
    down = not host.live or getattr(fleet.service(host.name), "forced_down", False)
    kind = InvalidError if down else ConflictError
    raise kind(
        f"target host {host.name}",
        f"it {reason}",
        "Choose another host" if down else "Bring it back into service, or choose another host",
    )


# --- a target asked for ---------------------------------------------------------------------------


def _to(fleet: Fleet, servers: Sequence[Server], host: Host, down: list[FleetError]) -> Moves:
    errors = down + [e for s in servers if (e := _unfit(fleet, s, host))]
    placement = place(fleet, servers, {s.id: [host.name] for s in servers}, enforce_groups=False)
    if placement.left and not errors:
        needed = sum(s.memory for s in servers)
        errors.append(
            InvalidError(
                f"target host {host.name}",
                f"{gib(needed)} of memory is needed for {joined([s.name for s in servers])}, and"
                f" {gib(host.memory_free)} is free",
                "Choose another host, or make room on it",
            )
        )
    residents = [s for s in fleet.servers_on(host.name) if s.running]
    warnings = [
        Verdict(
            s.name,
            "warn",
            f"shares {host.name} with {joined([f.name for f in met])} of its anti-affinity group",
        )
        for s in servers
        if (met := fellows(s, [*residents, *servers]))
    ]
    return Moves(tuple(move_step(s, host.name) for s in servers), tuple(warnings), tuple(errors))


def _unfit(fleet: Fleet, server: Server, host: Host) -> FleetError | None:
    if server.pool_id != host.pool_id:
        return InvalidError(
            f"server {server.name}",
            f"target host {host.name} is in another pool",
            "Choose a host of the server's own pool",
        )
    found = misfit(fleet, server, host)
    if found is None:
        return None
    return InvalidError(
        f"server {server.name}", f"{host.name} cannot run it: {found.reason}", found.remedy
    )


# --- a target chosen here -------------------------------------------------------------------------


def _chosen(fleet: Fleet, servers: Sequence[Server], down: list[FleetError]) -> Moves:
    options: dict[str, list[str]] = {}
    errors = list(down)
    for server in servers:
        problems = _candidates(fleet, server)
        options[server.id] = [name for name, problem in problems.items() if problem is None]
        if not options[server.id]:
            errors.append(_no_valid_host(server, problems))
    placed = place(fleet, [s for s in servers if options[s.id]], options)
    errors += [_no_room(fleet, s, options[s.id]) for s in placed.left]
    if errors:
        return Moves(errors=tuple(errors))
    return Moves(tuple(move_step(s, placed.chosen[s.id]) for s in servers))


def _candidates(fleet: Fleet, server: Server) -> dict[str, str | None]:
    """The other hosts of the pool, each with what is against it."""
    source = fleet.host(server.host or "")
    found: dict[str, str | None] = {}
    for host in fleet.members(server.pool_id):
        if source is None or host.name == source.name:
            continue
        reason = closed_to_guests(fleet, host)
        if reason is None and older(host, source):
            reason = "runs an older version"
        unfit = misfit(fleet, server, host) if reason is None else None
        found[host.name] = unfit.reason if unfit else reason
    return found


def _no_valid_host(server: Server, problems: dict[str, str | None]) -> FleetError:
    told = joined(
        [f"{name} {reason}" for name, reason in problems.items()], "the pool has no other"
    )
    return InvalidError(
        f"server {server.name}",
        f"no valid host was found: {told}",
        "Bring a suitable host into service",
    )


def _no_room(fleet: Fleet, server: Server, options: Sequence[str]) -> FleetError:
    free = joined([f"{h.name} {gib(h.memory_free)}" for h in fleet.hosts if h.name in options])
    return InvalidError(
        f"server {server.name}",
        f"no valid host was found: it needs {gib(server.memory)} of memory beside the other servers"
        f" of this task, away from its anti-affinity group; free memory: {free}",
        "Make room, or move fewer servers",
    )
