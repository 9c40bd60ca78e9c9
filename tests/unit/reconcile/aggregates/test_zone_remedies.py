# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every change of zone that is refused: what is offered, done, removes its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.fleets import fleet, host, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import FleetError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ZONE_KEY,
    Aggregate,
    Fleet,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.changes import (
    MembersWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.plan import (
    AggregateWanted,
    plan_aggregate,
    plan_members,
)

HOSTS = ["p1", "p2", "p3"]
MEMBERS = st.sets(st.sampled_from(HOSTS)).map(lambda names: tuple(sorted(names)))
ZONES = st.sampled_from([{}, {ZONE_KEY: "za"}, {ZONE_KEY: "zb"}])
Wanted = MembersWanted | AggregateWanted


@st.composite
def sites(draw: st.DrawFn) -> Fleet:
    aggregates = [Aggregate(name, draw(ZONES), draw(MEMBERS)) for name in ("prod", "a1", "a2")]
    servers = [server(f"s{i}", draw(st.sampled_from(HOSTS))) for i in range(3)]
    return fleet([host(n) for n in [*HOSTS, "spare"]], aggregates, servers=servers)


WANTED: st.SearchStrategy[Wanted] = st.one_of(
    st.builds(MembersWanted, st.just("prod"), MEMBERS, present=st.booleans()),
    st.builds(AggregateWanted, st.just("prod"), zone=st.sampled_from(["za", "zb"])),
    st.builds(AggregateWanted, st.just("prod"), zone=st.just("za"), hosts=MEMBERS),
)


def problems(known: Fleet, wanted: Wanted) -> list[Mapping[str, Any]]:
    try:
        if isinstance(wanted, MembersWanted):
            plan_members(known, wanted)
        else:
            plan_aggregate(known, wanted)
    except FleetError as error:
        verdicts: Sequence[Mapping[str, Any]] = error.details["verdicts"]
        return list(verdicts)
    return []


def out_of(known: Fleet, name: str, aggregate: str) -> Fleet:
    return replace(
        known,
        aggregates=tuple(
            replace(a, hosts=tuple(h for h in a.hosts if h != name)) if a.name == aggregate else a
            for a in known.aggregates
        ),
    )


def emptied(known: Fleet, name: str) -> Fleet:
    return replace(
        known,
        servers=tuple(replace(s, host="spare") if s.host == name else s for s in known.servers),
    )


Doing = Callable[[Fleet, Wanted, re.Match[str], Mapping[str, Any]], tuple[Fleet, Wanted]]


def named(problem: Mapping[str, Any]) -> str:
    """The host that it is about."""
    found = re.search(r"host (\w+)", f"{problem['subject']} {problem['reason']}")
    assert found
    return found[1]


WORDS: Mapping[str, Doing] = {
    r"Remove it from aggregate (\w+) first": lambda known, wanted, match, problem: (
        out_of(known, named(problem), match[1]),
        wanted,
    ),
    r"Remove (\w+) from one of the two aggregates first": lambda known, wanted, match, problem: (
        out_of(
            known, match[1], str(problem["reason"]).split("through aggregate ")[1].split(",")[0]
        ),
        wanted,
    ),
    r"Move (?:its servers to other|the servers off its) hosts first": (
        lambda known, wanted, _match, problem: (emptied(known, named(problem)), wanted)
    ),
    r"set allow_zone_change to true to let their zone change with that of the host": (
        lambda known, wanted, _match, _problem: (known, replace(wanted, allow_zone_change=True))
    ),
}


def done(
    known: Fleet, wanted: Wanted, problem: Mapping[str, Any], way: int
) -> tuple[Fleet, Wanted]:
    ways = problem["remedy"].split(", or ")
    clause = ways[way % len(ways)]
    for words, doing in WORDS.items():
        if match := re.fullmatch(words, clause):
            return doing(known, wanted, match, problem)
    raise AssertionError(f"nobody knows how to: {clause}")


@settings(max_examples=150, deadline=None)
@given(sites(), WANTED, st.integers(0, 1))
def test_what_is_offered_removes_its_reason(known: Fleet, wanted: Wanted, way: int) -> None:
    for _turn in range(10):
        found = problems(known, wanted)
        if not found:
            return
        known, wanted = done(known, wanted, found[0], way)
        left = [(p["subject"], p["reason"]) for p in problems(known, wanted)]
        assert (found[0]["subject"], found[0]["reason"]) not in left
    raise AssertionError(found)
