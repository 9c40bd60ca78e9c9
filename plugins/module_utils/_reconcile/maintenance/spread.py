# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan a spreading: the few moves that even out memory, and virtual CPUs, over the hosts of a group.

A move is made only between hosts whose loads differ by more than a threshold; it lowers that difference,
and leaves both within what the two had (loads.py). So the imbalance of the group is never higher than
it was, and a second run finds nothing more to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..._core.errors import InvalidError, joined
from ..._core.model import Fleet, Server
from ..._core.plan import Plan, Step, Verdict
from ..._core.units import gib
from ..common.lookup import get_host
from ..common.refusals import check_given
from ..placing.reach import Reach
from ..placing.strategy import placing
from ..placing.targets import MOVING
from ..placing.within import check_within
from ..servers.verbs import move_step
from .host_group import names_of
from .loads import imbalance, loads_of
from .pool_drain import migration_network
from .spread_board import Board, Move
from .spread_moves import choose_moves
from .strategy import draining

THRESHOLD = 5
"""Percentage points."""


@dataclass(frozen=True)
class SpreadWanted:
    """``hosts`` or ``aggregate`` are evened out, by ``most`` moves at most. Two that differ by no more
    than ``threshold`` percentage points count as equally full.
    """

    hosts: Sequence[str] | None = None
    aggregate: str | None = None
    threshold: int = THRESHOLD
    most: int | None = None
    max_parallel: int = 3
    network: str | None = None
    enforce_groups: bool = True
    within: str | None = None


def plan_spread(fleet: Fleet, wanted: SpreadWanted) -> Plan:
    """Live migrations in order; one that needs the room which another one leaves waits for that."""
    check(fleet, wanted)
    names, closed = in_service(fleet, wanted)
    rule = replace(MOVING, apart=wanted.enforce_groups, within=wanted.within)
    board, stays = _board(fleet, Reach(fleet, rule, names), names, wanted)
    moves = choose_moves(board, wanted.threshold, wanted.most)
    verdicts = (
        *(Verdict(n, "skip", f"is left as it is: it {why}") for n, why in closed.items()),
        *board.reach.departures((m.server, m.target) for m in moves),
        *_meetings(board, moves),
        *_left(board, moves, stays, wanted),
    )
    networks = _networks(fleet, wanted, moves)
    return Plan(tuple(_steps(board, moves, networks)), verdicts, wanted.max_parallel)


def check(fleet: Fleet, wanted: SpreadWanted) -> None:
    """Raises InvalidError for values that no fleet would accept, UnsupportedError for those that
    this control plane can't follow, NotFoundError for an aggregate that does not exist.
    """
    what = "spreading of servers"
    if not 1 <= wanted.threshold <= 99:
        cause = f"threshold_percent is {wanted.threshold}"
        raise InvalidError(what, cause, "Use 1 to 99 percentage points")
    if wanted.most is not None and wanted.most < 0:
        raise InvalidError(what, f"max_moves is {wanted.most}", "Use 0 or more")
    if wanted.max_parallel < 1:
        raise InvalidError(what, f"max_parallel is {wanted.max_parallel}", "Use 1 or more")
    given = {"network": wanted.network, "anti_affinity": not wanted.enforce_groups}
    check_given(fleet.traits, given)
    check_within(fleet, wanted.within)


def group(fleet: Fleet, wanted: SpreadWanted) -> tuple[str, ...]:
    """The hosts to be evened out, in service or not. NotFoundError names one that is unknown."""
    return tuple(get_host(fleet, n).name for n in names_of(fleet, wanted.hosts, wanted.aggregate))


def in_service(fleet: Fleet, wanted: SpreadWanted) -> tuple[tuple[str, ...], dict[str, str]]:
    """The hosts that count, and why the others don't."""
    names = group(fleet, wanted)
    strategy = placing(fleet)
    closed = {name: reason for name in names if (reason := strategy.closed(fleet, name))}
    return tuple(n for n in names if n not in closed), closed


def lock_names(fleet: Fleet, wanted: SpreadWanted) -> Sequence[str]:
    """What no other run may work on: the pools, whose hosts share their room. With a scheduler, which
    knows about that, only another spreading would be in the way.
    """
    if fleet.traits.scheduler:
        return ["spread"]
    return sorted({f"pool:{get_host(fleet, n).pool_id}" for n in group(fleet, wanted)})


def _board(
    fleet: Fleet, reach: Reach, names: Sequence[str], wanted: SpreadWanted
) -> tuple[Board, dict[str, tuple[Server, str]]]:
    """Everything in its present place, and by id the running servers that stay there, and why."""
    hosts = frozenset(names)
    running = [s for s in fleet.servers if s.running and s.host in hosts]
    reasons = {s.id: reason for s in running if (reason := _immovable(fleet, s))}
    stays = {s.id: (s, reasons[s.id]) for s in running if s.id in reasons}
    movable = [s for s in running if s.id not in reasons]
    board = Board(reach, loads_of(fleet, names), movable, running, apart=wanted.enforce_groups)
    return board, stays


def _immovable(fleet: Fleet, server: Server) -> str | None:
    """An administrator of Nova may move a locked server; a lock asks to leave it alone all the same.
    A paused one has no use of a host that is less busy.
    """
    if server.locked:
        return "is locked"
    if server.vm_state == "paused":
        return "is paused"
    return draining(fleet).immovable(fleet, server)


# --- what is done, and said -----------------------------------------------------------------------


def _networks(fleet: Fleet, wanted: SpreadWanted, moves: Sequence[Move]) -> dict[str, str | None]:
    """By source, the network to migrate over, on which all hosts that take part in its pool must be."""
    by_pool: dict[str, list[Move]] = {}
    for move in moves:
        by_pool.setdefault(get_host(fleet, move.source).pool_id, []).append(move)
    found: dict[str, str | None] = {}
    for own in by_pool.values():
        hosts = [name for m in own for name in (m.source, m.target)]
        network = migration_network(fleet, get_host(fleet, own[0].source), wanted.network, hosts)
        found.update(dict.fromkeys(hosts, network))
    return found


def _steps(board: Board, moves: Sequence[Move], networks: dict[str, str | None]) -> Iterator[Step]:
    """Moves that run side by side take room on both of their hosts. One for which that leaves none
    waits until all before it have ended.
    """
    beside, after = board.copy(), board.copy()
    begun: list[Move] = []
    for move in moves:
        moving = {m.server.id for m in begun}
        waits = move.server.id in moving or not beside.fits(move.server, move.target)
        if waits:
            for earlier in begun:
                beside.end(earlier)
            begun = []
        step = move_step(move.server, move.target, network=networks.get(move.source))
        yield replace(step, why=_why(after, move), waits=waits)
        beside.begin(move)
        begun.append(move)
        after.make(move)


def _why(board: Board, move: Move) -> str:
    here, there = board.loads[move.source], board.loads[move.target]
    return (
        f"{gib(move.server.memory)}; by then {move.source} is {here.memory_percent:.0f}% full, "
        f"{move.target} {there.memory_percent:.0f}%"
    )


def _meetings(board: Board, moves: Sequence[Move]) -> Iterator[Verdict]:
    """Only relaxed anti-affinity lets peers share a host."""
    now = board.copy()
    for move in moves:
        if met := now.meets(move.server, move.target):
            names = joined([s.name for s in met])
            reason = f"shares {move.target} with {names} of its anti-affinity group"
            yield Verdict(move.server.name, "warn", reason)
        now.make(move)


def _left(
    board: Board,
    moves: Sequence[Move],
    stays: dict[str, tuple[Server, str]],
    wanted: SpreadWanted,
) -> Iterator[Verdict]:
    """Why the fullest host stays that full, if more than a threshold is left."""
    now = board.copy()
    for move in moves:
        now.make(move)
    if imbalance(now.loads) <= wanted.threshold or len(moves) == wanted.most:
        return
    fullest = max(sorted(now.loads), key=lambda n: now.loads[n].memory_percent)
    held = [f"{s.name} {why}" for s, why in stays.values() if s.host == fullest]
    held += _nowhere(now, fullest)
    if held:
        full = f"{now.loads[fullest].memory_percent:.0f}%"
        yield Verdict(fullest, "warn", f"stays {full} full: {joined(held)}")


def _nowhere(board: Board, host: str) -> list[str]:
    """What keeps those servers of the host that could move from all other hosts."""
    servers = list(board.movable[host].values())
    if not servers or board.targets(host):
        return []
    one = servers[0]
    hosts = board.reach.targets(host)
    reasons = [f"{t} {why}" for t in hosts if (why := board.reach.against(one, t))]
    names = joined([s.name for s in servers], most=3)
    return [f"nowhere to go for {names} ({joined(reasons, 'no other host takes servers', 3)})"]
