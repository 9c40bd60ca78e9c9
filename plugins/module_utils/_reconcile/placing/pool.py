# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where servers go on a control plane without a scheduler: to the host asked for, or to the roomiest
of their pool that takes them.

Nova finds most of this out while it moves a server; here it is known before anything is changed,
with the kinds of error that Nova's API uses: 400 for an unfit or unknown target, 409 for one that is
out of service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._core.errors import ConflictError, FleetError, InvalidError, joined
from ..._core.model import Fleet, Host, Server
from ..._core.plan import Verdict
from ..._core.units import gib
from ..common.lookup import unknown
from .placement import Unfit, closed_to_guests, older, peers, place, unable, unfit
from .targets import Rule, Targets


def closed(fleet: Fleet, host: str) -> str | None:
    """Why no server can move to the host now, or None. Completes "host X ..."."""
    known = fleet.host(host)
    return "is unknown" if known is None else closed_to_guests(fleet, known)


def stuck(fleet: Fleet, server: Server) -> FleetError | None:
    """Why its host lets the server go nowhere, or None."""
    source = fleet.host(server.host or "")
    if source is not None and source.live:
        return None
    return InvalidError(
        f"server {server.name}",
        f"its host {server.host} is down, so that it cannot be live-migrated",
        "Bring the host back first",
        host=server.host,
    )


def bound(fleet: Fleet, server: Server, host: str) -> Unfit | None:
    """What keeps the server on this host, whatever the state and the room of the others, or None."""
    others = [h for h in fleet.members(server.pool_id) if h.name != host]
    problems = [unfit(fleet, server, other) for other in others]
    if not others:
        return Unfit(f"its pool has no host but {host}", f"Bring {host} back")
    first = problems[0]
    if first is None or not all(problems):
        return None
    tie = fleet.tied_to(server)
    if tie is None:
        return Unfit(f"no other host can run it: {first.reason} there", first.remedy)
    return Unfit(
        f"its disks are on SR {tie.name}, which only {host} has",
        f"Bring {host} back, or restore its disks from a backup",
    )


# --- a target asked for ---------------------------------------------------------------------------


def onto(fleet: Fleet, servers: Sequence[Server], target: str) -> Targets:
    """All servers on the host that was asked for.

    Raises InvalidError for an unknown target or one that is down, ConflictError for one that is
    out of service.
    """
    host = _open_host(fleet, target, needed=bool(servers))
    refused = {s.id: e for s in servers if (e := _unfit(fleet, s, host))}
    placement = place(fleet, servers, {s.id: [host.name] for s in servers}, enforce_groups=False)
    errors = [_too_little(servers, host)] if placement.unplaced and not refused else []
    chosen = {s.id: host.name for s in servers}
    return Targets(chosen, _shared(fleet, servers, chosen), refused, tuple(errors))


def _open_host(fleet: Fleet, target: str, *, needed: bool) -> Host:
    host = fleet.host(target)
    if host is None:
        raise InvalidError(
            f"target host {target}",
            unknown(fleet),
            f"Known hosts: {joined([h.name for h in fleet.hosts])}",
        )
    reason = closed_to_guests(fleet, host) if needed else None
    if reason is None:
        return host
    down = not host.live or getattr(fleet.service(host.name), "forced_down", False)
    raise (InvalidError if down else ConflictError)(
        f"target host {host.name}",
        f"it {reason}",
        "Choose another host" if down else "Bring it back into service, or choose another host",
    )


def _unfit(fleet: Fleet, server: Server, host: Host) -> FleetError | None:
    if server.pool_id != host.pool_id:
        return InvalidError(
            f"server {server.name}",
            f"target host {host.name} is in another pool",
            "Choose a host of the server's own pool",
        )
    lacking = unfit(fleet, server, host)
    if lacking is None:
        return None
    return InvalidError(
        f"server {server.name}", f"{host.name} cannot run it: {lacking.reason}", lacking.remedy
    )


def _too_little(servers: Sequence[Server], host: Host) -> FleetError:
    needed = sum(s.memory for s in servers)
    return InvalidError(
        f"target host {host.name}",
        f"{gib(needed)} of memory is needed for {joined([s.name for s in servers])}, and"
        f" {gib(host.memory_free)} is free",
        "Choose another host, or make room on it",
    )


# --- a target chosen here -------------------------------------------------------------------------


def choose(
    fleet: Fleet,
    servers: Sequence[Server],
    rule: Rule,
    *,
    homes: Mapping[str, str] | None = None,
    preferred: Mapping[str, str] | None = None,
) -> Targets:
    """A host for each server, all together.

    ``homes`` are hosts that servers stay on, as on Nova, by server id: they are no new servers there,
    so that neither a disabled compute service nor a maintenance is against it, and another host is
    looked for only if that one can start nothing. ``preferred`` hosts are chosen where they will do.
    """
    options: dict[str, list[str]] = {}
    refused: dict[str, FleetError] = {}
    for server in servers:
        problems = _candidates(fleet, server, rule, (homes or {}).get(server.id))
        fit = [name for name, problem in problems.items() if problem is None]
        if fit:
            options[server.id] = fit
        else:
            refused[server.id] = _no_valid_host(server, problems)
    able = [s for s in servers if s.id in options]
    placed = place(fleet, able, options, enforce_groups=rule.apart, preferred=preferred)
    refused.update({s.id: _no_room(fleet, s, options[s.id], rule) for s in placed.unplaced})
    return Targets(placed.chosen, _shared(fleet, able, placed.chosen), refused)


def _candidates(
    fleet: Fleet, server: Server, rule: Rule, home: str | None
) -> dict[str, str | None]:
    """The hosts of the pool that may be asked, each with what is against it."""
    own = fleet.host(home or "")
    if own is not None and not (unable(fleet, own) or unfit(fleet, server, own)):
        return {own.name: None}
    source = fleet.host(server.host or "")
    problems: dict[str, str | None] = {}
    for host in fleet.members(server.pool_id):
        if rule.leaves and host.name == server.host:
            continue
        reason = closed_to_guests(fleet, host)
        if reason is None and rule.no_older and source and older(host, source):
            reason = "runs an older version"
        lacking = unfit(fleet, server, host) if reason is None else None
        problems[host.name] = f"cannot run it: {lacking.reason}" if lacking else reason
    return problems


def _no_valid_host(server: Server, problems: Mapping[str, str | None]) -> FleetError:
    listed = [f"{name} {reason}" for name, reason in problems.items()]
    return InvalidError(
        f"server {server.name}",
        f"no valid host was found: {joined(listed, 'the pool has no other')}",
        "Bring a suitable host into service",
    )


def _no_room(fleet: Fleet, server: Server, options: Sequence[str], rule: Rule) -> FleetError:
    free = joined([f"{h.name} {gib(h.memory_free)}" for h in fleet.hosts if h.name in options])
    group = ", away from its anti-affinity group" if rule.apart else ""
    return InvalidError(
        f"server {server.name}",
        f"no valid host was found: it needs {gib(server.memory)} of memory beside the other servers"
        f" of this task{group}; free memory: {free}",
        "Make room, or move fewer servers" if rule.leaves else "Make room, or start fewer servers",
    )


def _shared(
    fleet: Fleet, servers: Sequence[Server], chosen: Mapping[str, str]
) -> tuple[Verdict, ...]:
    """A warning for each server that shares its host with another of its anti-affinity group."""
    grouped = [s for s in servers if s.groups and s.id in chosen]
    arriving = {s.id for s in servers}
    warnings = []
    for server in grouped:
        target = chosen[server.id]
        there = [s for s in fleet.servers_on(target) if s.running and s.id not in arriving]
        met = peers(server, [*there, *(s for s in servers if chosen.get(s.id) == target)])
        if met:
            group = joined([f.name for f in met])
            reason = f"shares {target} with {group} of its anti-affinity group"
            warnings.append(Verdict(server.name, "warn", reason))
    return tuple(warnings)
