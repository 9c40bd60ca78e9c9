# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What host_spread shows of a run: the hosts before it and as they are seen afterwards, whatever was planned."""

from __future__ import annotations

from dataclasses import replace

from unit.fleets import GIB, fleet, host, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import BackendError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import NullReporter
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.spreading import Spreading
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.spread import (
    SpreadWanted,
)

FLEET = fleet(
    [host("xen1", "p", memory_free=24 * GIB), host("xen2", "p", memory_free=64 * GIB)],
    servers=[server(f"s{i}", "xen1", "p", memory=10 * GIB) for i in range(4)],
)
WANTED = SpreadWanted(("xen1", "xen2"))


def test_a_failure_shows_what_was_moved_before_it_and_where_everything_is() -> None:
    spreading = Spreading(WANTED, NullReporter())
    first, second = spreading.plan(FLEET).steps
    seen = project_all(FLEET, [first])
    failure = BackendError("server s1", "its host is lost").altered(
        done=[first.to_dict()], failed=[second.to_dict()]
    )
    shown = spreading.after_failure(seen, failure)
    assert [(m["server"], m["now_on"]) for m in shown["moves"]] == [("s0", "xen2")]
    assert shown["before"]["imbalance_percent"] == 62.5
    assert shown["after"]["imbalance_percent"] == 31.2
    assert "imbalance 62.5% before, 31.2% after 1 move (10.0 GiB)" in shown["summary"]


def test_a_server_that_is_elsewhere_by_the_end_is_shown_there() -> None:
    spreading = Spreading(WANTED, NullReporter())
    steps = spreading.plan(FLEET).steps
    seen = project_all(FLEET, steps)
    back = replace(seen, servers=tuple(replace(s, host="xen1") for s in seen.servers))
    result = spreading.result({"actions": [s.to_dict() for s in steps], **spreading.view(back)})
    assert {(m["to"], m["now_on"]) for m in result["moves"]} == {("xen2", "xen1")}
