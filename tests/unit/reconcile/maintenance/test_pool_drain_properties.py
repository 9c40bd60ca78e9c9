# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every fleet: a drain overfills no host, lets no group meet and takes no server where the
aggregates are not as it wants, and a return undoes it.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st
from unit.fleets import GIB, fleet, host, server, storage
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import PlanRefused
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    ExtraSpec,
    Fleet,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.leave import (
    plan_in_service,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)

WANTED = MaintenanceWanted("xen0", "patches")


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """A pool of two to five hosts, an SR and an aggregate on some of them, guests with and without
    groups, disks on the one and a wish for the other.
    """
    names = [f"xen{i}" for i in range(draw(st.integers(2, 5)))]
    hosts = [
        host(
            name,
            "p",
            memory_free=draw(st.integers(0, 32)) * GIB,
            enabled=name == "xen0" or draw(st.booleans()),
        )
        for name in names
    ]
    partial = storage("partial", "p", {"xen0", *draw(st.sets(st.sampled_from(names)))})
    ssds = Aggregate("ssds", {"ssd": "2"}, ("xen0", *draw(st.sets(st.sampled_from(names[1:])))))
    guests = [
        server(
            f"s{i}",
            draw(st.sampled_from(["xen0", *names])),
            "p",
            memory=draw(st.integers(1, 16)) * GIB,
            groups=draw(st.sampled_from([(), (), ("a",), ("b",)])),
            storage=draw(st.sampled_from([frozenset[str](), frozenset({partial.id})])),
            extra_specs=draw(st.sampled_from([(), (), (ExtraSpec("ssd", ">= 2"),)])),
        )
        for i in range(draw(st.integers(0, 8)))
    ]
    return fleet(hosts, [ssds], servers=guests, storages=[partial])


@settings(max_examples=300, deadline=None)
@given(fleets())
def test_a_drain_is_refused_or_right_and_the_return_undoes_it(before: Fleet) -> None:
    try:
        plan = assert_fixed_point(plan_in_maintenance, before, WANTED)
    except PlanRefused:
        event("refused")
        return
    away = project_all(before, plan.steps)
    assert not [s for s in away.servers_on("xen0") if s.running]
    moved = {s.args.id for s in plan.steps if s.verb.name == "server.live_migrate"}
    event(f"{len(moved)} moves")
    assert moved == {s.id for s in before.servers_on("xen0")}
    for one in away.hosts:
        assert one.memory_free >= min(0, (before.host(one.name) or one).memory_free)
    for guest in (s for s in away.servers if s.id in moved):
        target = away.host(guest.host or "")
        assert target is not None
        assert target.enabled
        assert all(target.name in s.attached for s in away.storages if s.id in guest.storage)
        assert not guest.extra_specs or target.name in away.aggregates[0].hosts
        others = [o for o in away.servers_on(target.name) if o.id != guest.id]
        assert not [o for o in others if set(o.groups) & set(guest.groups)]
    home = project_all(away, assert_fixed_point(plan_in_service, away, WANTED).steps)
    assert replace(home, maintenances=()) == before
