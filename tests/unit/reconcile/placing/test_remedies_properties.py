# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every refusal of every planner that chooses hosts, on every site: what it offers as
its remedy, done, removes what it is about, and whoever goes on like that has a plan in the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.guests import wants
from unit.remedies import State, alternatives, do, is_lift, sentences
from unit.sites import NAMES, WITHIN, sites

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import FleetError
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    plan_server_action,
)

EXAMPLES = 20
TIERS = [pytest.param(1, id="few"), pytest.param(10, id="many", marks=pytest.mark.full)]
ROUNDS = 25
"""More than there are things that can be wrong with all servers of a site."""


class Refusal(NamedTuple):
    """Of a server, or of the target host or the pool."""

    subject: str
    cause: str
    remedy: str


Plan = Callable[[State], Any]


def refusals(plan: Plan, state: State) -> list[Refusal]:
    """The messages of one task, whichever way it says them."""
    try:
        plan(state)
    except FleetError as error:
        verdicts: Sequence[Mapping[str, Any]] = error.details.get("verdicts", ())
        found = [Refusal(v["subject"], v["reason"], v["remedy"]) for v in verdicts]
        return [
            one._replace(subject=one.subject.removeprefix("server "))
            for one in found or [Refusal(error.what, error.cause, error.remedy)]
        ]
    return []


def drain(state: State) -> Any:
    return plan_in_maintenance(state.known, MaintenanceWanted("q1", **state.options))


def action(name: str) -> Plan:
    def plan(state: State) -> Any:
        names = [s.name for s in state.known.servers if state.only in (None, s.name)]
        return plan_server_action(state.known, wants(name, *names, **state.options))

    return plan


def followed(plan: Plan, state: State, refusal: Refusal, which: int) -> State:
    """The state once one sentence of the remedy is heeded, in one of the ways that it offers, or all
    that is asked for so that more hosts may be chosen.
    """
    every = sentences(refusal.remedy)
    lifting = [s for s in every if is_lift(s)]
    chosen = lifting or [every[which % len(every)]]
    after, left = state, []
    for sentence in chosen:
        ways = alternatives(sentence)
        after, gone = do(after, refusal.subject, ways[which % len(ways)])
        left.append(gone)
    whole = lifting and state.options.get("host") is None
    words = "" if whole or "" in left else "|".join(left)
    for now in refusals(plan, after):
        # One more host takes one server of a group.
        if now.subject == refusal.subject and (words or "anti-affinity" not in now.cause):
            assert words, (refusal, chosen, now)
            assert not re.search(words, now.cause), (refusal, chosen, now)
    return after


def check_to_the_end(plan: Plan, state: State, ways: Sequence[int]) -> None:
    for turn in range(ROUNDS):
        found = refusals(plan, state)
        if not found:
            return
        which = ways[turn % len(ways)]
        state = followed(plan, state, found[which % len(found)], which)
    raise AssertionError(found)


WAYS = st.lists(st.integers(0, 11), min_size=3, max_size=3)
MARKS: Sequence[dict[str, Any]] = (
    {},
    {},
    {"task_state": "rebooting"},
    {"power_state": "Paused", "vm_state": "paused"},
    {"vm_state": "rescued", "stand_in": True},
    {"blocked": {"pool_migrate": "backup"}},
    {"allowed": frozenset({"clean_shutdown"})},
)


@pytest.mark.parametrize("tier", TIERS)
def test_remedies_of_a_drain(tier: int) -> None:
    @settings(max_examples=5 * EXAMPLES * tier, deadline=None)
    @given(sites(), st.sampled_from(MARKS), WITHIN, WAYS)
    def holds(known: Any, marks: dict[str, Any], within: str | None, ways: list[int]) -> None:
        state = State(known, {"within": within}).with_server("w0", **marks)
        check_to_the_end(drain, state, ways)

    holds()


OFF = {"on": None}
ACTIONS: Mapping[str, dict[str, Any]] = {
    "live_migrate": {},
    "migrate": {},
    "resize": {},
    "start": {"vm_state": "stopped", **OFF},
    "restore": {"vm_state": "soft-delete", "on": "q1"},
    "resume": {"vm_state": "suspended", **OFF},
    "unshelve": {"vm_state": "shelved_offloaded", "shelved_from": "q1", **OFF},
}
NAMED = ("live_migrate", "migrate", "unshelve")
SIZES = {"resize": {"memory_mb": 8 * 1024}}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", ACTIONS)
def test_remedies_of_an_action(name: str, tier: int) -> None:
    @settings(max_examples=EXAMPLES * tier, deadline=None)
    @given(sites(ACTIONS[name]), WITHIN, st.sampled_from([None, *NAMES]), WAYS)
    def holds(known: Any, within: str | None, host: str | None, ways: list[int]) -> None:
        state = State(known, {"within": within, **SIZES.get(name, {})})
        if name in NAMED and host:
            # Of several servers, one host may have to be another for each.
            state = replace(state.asking(host=host), only="w0")
        check_to_the_end(action(name), state, ways)

    holds()
