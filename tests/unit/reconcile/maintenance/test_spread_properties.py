# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A spreading, too, puts no server where it may not be, and makes no host fuller than any was."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st
from unit.sites import NAMES, WITHIN, faults, sites

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import MoveArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.spread import (
    SpreadWanted,
    plan_spread,
)


@settings(max_examples=300, deadline=None)
@given(sites({"on": "q1"}), WITHIN, st.sampled_from([1, 5, 20]))
def test_no_spreading_does(known: Fleet, within: str | None, threshold: int) -> None:
    full = tuple(replace(h, memory_free=0) if h.name == "q1" else h for h in known.hosts)
    known = replace(known, hosts=full)
    wanted = SpreadWanted(hosts=NAMES, threshold=threshold, within=within)
    plan = plan_spread(known, wanted)
    now = known
    for step in plan.steps:
        args = step.args
        assert isinstance(args, MoveArgs)
        server, target = now.server(args.id), str(args.target)
        host = now.host(target)
        assert server is not None
        assert host is not None
        assert list(faults(now, server, target, within)) == [], (server.name, target)
        assert host.memory_free >= server.memory
        now = project_all(now, [step])
    event(f"{len(plan.steps)} moves")
    assert plan_spread(now, wanted).steps == ()
