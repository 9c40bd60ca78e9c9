# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose the moves that even hosts out: each time the one that gains most of those from the fullest
host from which any gains.

Hosts that differ by no more than a threshold count as equally full, and nothing is moved between them.
Memory counts first. A move for the sake of virtual CPUs leaves the memory of its two hosts within what
they had, so that no move ever raises the imbalance. Each lowers the sum of the squares of all loads of
memory, weighted by the hosts' memory, which is why the search ends.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..._core.model import Server
from .loads import Load, memory_gain, memory_kept, percent, vcpu_gain
from .spread_board import Board, Move


@dataclass(frozen=True)
class Measure:
    """What is evened out: how full a host is, how big a server, and what a move gains; ``other``
    decides between moves that gain the same. ``total`` is what a host has of it.
    """

    load: Callable[[Load], float]
    total: Callable[[Load], int]
    size: Callable[[Server], int]
    gain: Callable[[Load, Load, Server], float]
    other: Callable[[Load, Load, Server], float]
    keeps: Callable[[Load, Load, Server], bool]


MEMORY = Measure(
    lambda load: load.memory_percent,
    lambda load: load.total,
    lambda server: server.memory,
    memory_gain,
    vcpu_gain,
    lambda _here, _there, _server: True,
)
VCPUS = Measure(
    lambda load: load.vcpus_percent,
    lambda load: load.cpus,
    lambda server: server.vcpus,
    vcpu_gain,
    memory_gain,
    memory_kept,
)


@dataclass(frozen=True)
class Pair:
    """Two hosts between which a server may go."""

    source: str
    target: str


def choose_moves(board: Board, threshold: float, most: int | None) -> tuple[Move, ...]:
    """In an order in which each fits. The board is left as it was."""
    now = board.copy()
    moves: list[Move] = []
    while most is None or len(moves) < most:
        move = next((m for by in (MEMORY, VCPUS) if (m := _next(now, by, threshold))), None)
        if move is None:
            break
        now.make(move)
        moves.append(move)
    return _merged(board, moves)


def _next(board: Board, by: Measure, threshold: float) -> Move | None:
    full = {name: by.load(load) for name, load in board.loads.items()}
    lowest = min(full.values(), default=0.0)
    for source in sorted(full, key=lambda n: (-full[n], n)):
        if full[source] - lowest <= threshold:
            break
        if (move := _from(board, source, by, full, threshold)) is not None:
            return move
    return None


def _from(
    board: Board, source: str, by: Measure, full: dict[str, float], threshold: float
) -> Move | None:
    """The move that gains most, to one of the nearest hosts to which any gains."""
    servers = sorted(board.movable[source].values(), key=lambda s: (by.size(s), s.name, s.id))
    here = board.loads[source]
    lower = [
        target
        for target in board.targets(source)
        if full[source] - full[target] > threshold
        and by.total(there := board.loads[target])
        and here.memory_percent > there.memory_percent
    ]
    far = {t: board.reach.distance(servers[0], t) for t in lower}
    lower.sort(key=lambda t: (far[t], full[t], t))
    for _distance, near in groupby(lower, key=lambda t: far[t]):
        best, gained = None, 0.0
        for target in near:
            there = board.loads[target]
            possible = percent(by.size(servers[-1]), by.total(here))
            possible += percent(by.size(servers[-1]), by.total(there))
            if round(min(possible, full[source] - full[target]), 6) > gained:
                found = _onto(board, servers, Pair(source, target), by, gained)
                best, gained = found or (best, gained)
        if best:
            return best
    return None


def _onto(
    board: Board, servers: Sequence[Server], pair: Pair, by: Measure, gained: float
) -> tuple[Move, float] | None:
    """The move between these two that gains most, if that is more than another one has; and how much."""
    here, there = board.loads[pair.source], board.loads[pair.target]
    for gain, level in groupby(_falling(servers, here, there, by), key=lambda found: found[0]):
        if gain <= gained:
            return None
        equal = [server for _gain, server in level]
        for server in sorted(equal, key=lambda s: (-by.other(here, there, s), by.size(s), s.name)):
            move = Move(server, pair.target)
            if by.keeps(here, there, server) and board.allows(move):
                return move, gain
    return None


def _falling(
    servers: Sequence[Server], here: Load, there: Load, by: Measure
) -> Iterator[tuple[float, Server]]:
    """Servers with what their move gains, most first: it rises with their size up to the one that
    makes both hosts equally full, and falls beyond.
    """
    level = (by.load(here) - by.load(there)) / (100 / by.total(here) + 100 / by.total(there))
    high = bisect_left(servers, level, key=by.size)
    low = high - 1
    while low >= 0 or high < len(servers):
        below = by.gain(here, there, servers[low]) if low >= 0 else -1.0
        above = by.gain(here, there, servers[high]) if high < len(servers) else -1.0
        if below >= above:
            yield below, servers[low]
            low -= 1
        else:
            yield above, servers[high]
            high += 1


# --- one move a server ----------------------------------------------------------------------------


def _merged(board: Board, moves: Sequence[Move]) -> tuple[Move, ...]:
    """With one move for a server that would be moved on, and none for one that would come back; as
    far as there is room on the way, and its first host may send it to the last.
    """
    merged = list(moves)
    for server_id in dict.fromkeys(m.server.id for m in moves):
        own = [i for i, m in enumerate(merged) if m.server.id == server_id]
        if len(own) < 2:
            continue
        first, last = merged[own[0]], merged[own[-1]]
        direct = [] if first.source == last.target else [Move(first.server, last.target)]
        for at in (own[0], own[-1]):
            trial = [
                m
                for i, old in enumerate(merged)
                for m in (direct if i == at else [] if i in own else [old])
            ]
            if board.could_make(trial):
                merged = trial
                break
    return tuple(merged)
