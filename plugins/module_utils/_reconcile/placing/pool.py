# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where servers go on a control plane without a scheduler: to the host asked for, or to the roomiest
of the nearest hosts of their pool that take them, by the rule of ``within.py``.

Nova finds most of this out while it moves a server; here it is known before anything is changed,
with the kinds of error that Nova's API uses: 400 for an unfit or unknown target, 409 for one that is
out of service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..._core.errors import ConflictError, FleetError, InvalidError, joined
from ..._core.model import Fleet, Host, Server
from ..._core.plan import Verdict
from ..._core.units import gib
from ..common.lookup import unknown
from .candidates import Candidates, Found, Lift, lifts
from .placement import closed_to_guests, equipment, peers, place
from .targets import Rule, Targets
from .unfit import Unfit


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
    lacking = equipment(fleet)
    problems = [lacking(server, other) for other in others]
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


def onto(
    fleet: Fleet, servers: Sequence[Server], target: str, within: str | None = None
) -> Targets:
    """All servers on the host that was asked for.

    Raises InvalidError for an unknown target or one that is down, ConflictError for one that is
    out of service.
    """
    host = _open_host(fleet, target, needed=bool(servers))
    asked = Candidates(fleet, Rule(within=within, named=True))
    refused = {s.id: e for s in servers if (e := _unfit(asked, s, host))}
    able = [s for s in servers if s.id not in refused]
    placement = place(fleet, able, {s.id: [host.name] for s in able}, enforce_groups=False)
    errors = [_too_little(able, host)] if placement.unplaced else []
    chosen = {s.id: host.name for s in servers}
    return Targets(chosen, _warnings(asked, servers, chosen), refused, tuple(errors))


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


def _unfit(asked: Candidates, server: Server, host: Host) -> FleetError | None:
    what = f"server {server.name}"
    if server.pool_id != host.pool_id:
        return InvalidError(
            what,
            f"target host {host.name} is in another pool",
            "Choose a host of the server's own pool",
        )
    lacking = asked.against(server, host)
    return InvalidError(what, f"{host.name} {lacking.of_host}", lacking.remedy) if lacking else None


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
    so that neither a disabled compute service nor a maintenance is against it, nor what they want of
    aggregates, and another host is looked for only if that one can start nothing. ``preferred``
    hosts are chosen where they will do.
    """
    asked = Candidates(fleet, rule)
    found = asked.find(servers, homes, preferred)
    lifted = lifts(asked, servers, found, homes, preferred)
    refused: dict[str, FleetError] = {}
    for server in found.left(servers):
        lift = lifted.get(server.id)
        if found.options[server.id]:
            refused[server.id] = _no_room(asked, server, found, lift, others=len(servers) > 1)
        else:
            refused[server.id] = _no_valid_host(asked, server, found, lift)
    chosen = found.placement.chosen
    return Targets(chosen, _warnings(asked, servers, chosen), refused)


def _no_valid_host(
    asked: Candidates, server: Server, found: Found, lift: Lift | None
) -> FleetError:
    closed, problems = found.closed[server.id], found.problems[server.id]
    listed = [f"{name} {reason}" for name, reason in closed.items()]
    listed += [f"{name} {unfit.of_host}" for name, unfit in problems.items()]
    return InvalidError(
        f"server {server.name}",
        f"no valid host was found: {joined(listed, 'the pool has no other')}",
        lift.remedy if lift else _remedies(asked, server, closed, problems.values()),
    )


def _remedies(
    asked: Candidates, server: Server, closed: Iterable[str], problems: Iterable[Unfit]
) -> str:
    """A host that is out of service is named only if it would do, and none does for a local disk."""
    inside = dict.fromkeys(p.remedy for p in problems if not p.liftable)
    hosts = (asked.fleet.host(name) for name in closed)
    able = any(asked.against(server, host) is None for host in hosts if host)
    bring = asked.within.bring(server)
    tie = None if able else asked.fleet.tied_to(server)
    if tie and not inside:
        return f"Move its disk from SR {tie.name} to a shared one and {bring[0].lower()}{bring[1:]}"
    return ". ".join([*([bring] if able or not inside else []), *inside])


def _no_room(
    asked: Candidates, server: Server, found: Found, lift: Lift | None, *, others: bool
) -> FleetError:
    """Room that is left but not usable means that a member of its group is on the host."""
    options, placement, rule = found.options[server.id], found.placement, asked.rule
    if roomy := placement.roomy(server, options):
        cause = (
            f"every host with room for it ({joined(roomy)}) has a server of its anti-affinity "
            f"{joined([f'group {g}' for g in server.groups])}"
        )
        remedy = "Add a host, or take it out of the group"
    else:
        hosts = [h for h in asked.fleet.hosts if h.name in options]
        free = joined([f"{h.name} {gib(h.memory_free)}" for h in hosts])
        group = ", away from its anti-affinity group" if rule.apart and server.groups else ""
        cause = (
            f"it needs {gib(server.memory)} of memory beside the other servers of this task{group};"
            f" free memory: {free}"
        )
        alone = others and any(h.memory_free >= placement.need(server, h.name) for h in hosts)
        fewer = "move fewer servers" if rule.leaves else "start fewer servers"
        remedy = f"Make room, or {fewer}" if alone else "Make room"
    return InvalidError(
        f"server {server.name}",
        f"no valid host was found: {cause}{lift.clause if lift else ''}",
        f"{lift.remedy}. {remedy}" if lift else remedy,
    )


def _warnings(
    asked: Candidates, servers: Sequence[Server], chosen: Mapping[str, str]
) -> tuple[Verdict, ...]:
    moves = [(s, chosen[s.id]) for s in servers if s.id in chosen]
    return (*asked.within.departures(moves), *_shared(asked.fleet, servers, chosen))


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
