# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule that a host with servers keeps its availability zone, and what may be done about it.

Source: nova/compute/api.py, AggregateAPI.is_safe_to_update_az and _validate_az_change. Nova counts
all servers of a host, since any of them may be bound to the zone. Where servers are bound to none
(``Traits.pins_zones``), those that do not run go along with the host that they are tied to: they are
on no host's load, and nothing could move them away. The VM in which a host's nova-compute runs may
run there, as it is no server of Nova's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..._core.errors import ConflictError, InvalidError, joined
from ..._core.model import Aggregate, Fleet, Server
from ..._core.plan import Verdict
from .compute_vm import is_compute_vm

MOST = 5
"""How many servers of a host are named."""


@dataclass(frozen=True)
class ZoneMove:
    """A host with servers that comes into another zone; None is the default one. ``holding`` are
    those that keep it where it is, ``along`` those that go along.
    """

    host: str
    old: str | None
    new: str | None
    holding: tuple[str, ...]
    along: tuple[str, ...]

    @property
    def servers(self) -> str:
        """All of them, for messages."""
        return joined([*self.holding, *(f"{name} (not running)" for name in self.along)], most=MOST)

    @property
    def warning(self) -> Verdict:
        reason = f"availability zone of {self.servers} changes from {_called(self.old)}"
        return Verdict(f"host {self.host}", "warn", f"{reason} to {_called(self.new)}")

    @property
    def why(self) -> str:
        """For the step that does it."""
        return f"with its servers {self.servers}"


def with_members(fleet: Fleet, aggregate: Aggregate, hosts: Iterable[str]) -> Fleet:
    """With exactly these hosts in the aggregate, which is made if there is none of its name."""
    others = tuple(a for a in fleet.aggregates if a.name != aggregate.name)
    return replace(fleet, aggregates=(*others, replace(aggregate, hosts=tuple(hosts))))


def zone_moves(before: Fleet, after: Fleet, hosts: Iterable[str]) -> tuple[ZoneMove, ...]:
    """Of these hosts, those that have servers and are in another zone afterwards."""
    moves = []
    for host in dict.fromkeys(hosts):
        old, new = _zone(before, host), _zone(after, host)
        servers = _counted(before, host) if old != new else ()
        holding = tuple(s.name for s in servers if before.traits.pins_zones or s.running)
        along = tuple(s.name for s in servers if not before.traits.pins_zones and not s.running)
        if servers:
            moves.append(ZoneMove(host, old, new, holding, along))
    return tuple(moves)


def _counted(fleet: Fleet, host: str) -> list[Server]:
    servers = fleet.servers_on(host)
    if fleet.traits.pins_zones:
        return list(servers)
    return [s for s in servers if not (s.running and is_compute_vm(s))]


def _zone(fleet: Fleet, host: str) -> str | None:
    """None is the default zone. To leave or enter it is a change of zone, too, even to or from one
    that an aggregate calls by the same name.
    """
    return next(iter(fleet.zones_of(host)), None)


def other_zones(
    fleet: Fleet, aggregate: Aggregate, zone: str | None, hosts: Iterable[str]
) -> list[ConflictError]:
    """Hosts that another aggregate holds in another zone than the one that they are to enter."""
    problems = []
    zoned = [a for a in fleet.aggregates if a.name != aggregate.name and a.availability_zone]
    for host in dict.fromkeys(hosts) if zone else ():
        clash = next((a for a in zoned if host in a.hosts and a.availability_zone != zone), None)
        if clash is not None:
            problems.append(
                ConflictError(
                    f"host {host}",
                    f"it is in availability zone {clash.availability_zone} through aggregate "
                    f"{clash.name}; aggregate {aggregate.name} would put it into {zone}, and a "
                    "host has one zone at most",
                    f"Remove it from aggregate {clash.name} first",
                )
            )
    return problems


def held_members(
    fleet: Fleet, aggregate: str, moves: Sequence[ZoneMove], *, allowed: bool
) -> list[ConflictError]:
    """Hosts that cannot enter or leave the aggregate because of their servers."""
    return [
        ConflictError(
            f"host {m.host}",
            f"changing aggregate {aggregate} would move it from {_from(m.old)} to "
            f"{m.new or 'the default one'} while it has servers "
            f"({joined(m.holding, most=MOST)}){_also(m)}",
            remedy(fleet, "Move its servers to other hosts first"),
        )
        for m in moves
        if m.holding and not allowed
    ]


def held_aggregate(
    fleet: Fleet, aggregate: str, zone: str, moves: Sequence[ZoneMove], *, allowed: bool
) -> list[InvalidError]:
    """Members because of whose servers the aggregate cannot get another zone."""
    return [
        InvalidError(
            f"aggregate {aggregate}",
            f"its zone cannot become {zone} while host {m.host} has servers "
            f"({joined(m.holding, most=MOST)}), whose zone would change{_also(m)}",
            remedy(fleet, "Move the servers off its hosts first"),
        )
        for m in moves
        if m.holding and not allowed
    ]


def going_along(moves: Sequence[ZoneMove]) -> str:
    """Of a refusal, the servers on further hosts that would not have hindered it."""
    hosts = [
        f"{joined(m.along, most=MOST)} on {m.host}" for m in moves if m.along and not m.holding
    ]
    held = any(m.holding for m in moves)
    return (
        f"servers that do not run and would go along are {joined(hosts)}" if hosts and held else ""
    )


def remedy(fleet: Fleet, move: str) -> str:
    if fleet.traits.pins_zones:
        return move
    return (
        f"{move}, or set allow_zone_change to true to let their zone change with that of the host"
    )


def _also(move: ZoneMove) -> str:
    return f"; {joined(move.along, most=MOST)}, not running, would go along" if move.along else ""


def _from(zone: str | None) -> str:
    return f"availability zone {zone}" if zone else "the default availability zone"


def _called(zone: str | None) -> str:
    return zone or "the default one"
