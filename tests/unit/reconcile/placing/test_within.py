# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far servers may go from their hosts, in every way in which they move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import GIB, fleet, host, pool
from unit.guests import guest, wants

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    FleetError,
    InvalidError,
    NotFoundError,
    PlanRefused,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    MIGRATION_GROUP,
    ZONE_KEY,
    Aggregate,
    ComputeService,
    Fleet,
    Maintenance,
    Migration,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.consolidation import (
    ConsolidationWanted,
    plan_consolidation,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.enter import (
    plan_in_maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.leave import (
    plan_in_service,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.rolling_update import (
    RollingUpdateWanted,
    plan_rolling_update,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    action_needs,
    plan_server_action,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.wanted import (
    ServerActionWanted,
)

FREE = {"q1": 60, "q2": 20, "q3": 50, "q4": 60, "q5": 60}
GROUP = {MIGRATION_GROUP: "True"}


def zoned(name: str, zone: str | None, *hosts: str, **metadata: str) -> Aggregate:
    return Aggregate(name, {**metadata, **({ZONE_KEY: zone} if zone else {})}, hosts)


A = zoned("aggA", "zone-a", "q1", "q2")
B = zoned("aggB", "zone-b", "q3", "q4")


def site(*servers: Server, aggregates: tuple[Aggregate, ...] = (A, B), **sections: Any) -> Fleet:
    """One pool; zone-a has q1 and q2 with least room, zone-b q3 and q4, and q5 is in no aggregate."""
    free = {**FREE, **sections.pop("free", {})}
    lost = sections.pop("lost", ())
    hosts = [host(n, "p", memory_free=g * GIB, live=n not in lost) for n, g in free.items()]
    return fleet(
        hosts, list(aggregates), pools=[pool("p", "q5")], servers=list(servers), **sections
    )


def on(where: str | None = "q1", vm_state: str = "active", **fields: Any) -> Server:
    name = fields.pop("name", "w1")
    return guest(name, vm_state, on=where, **{"memory": 4 * GIB, **fields})


def act(action: str, **options: Any) -> ServerActionWanted:
    return wants(action, "w1", **options)


def drain(known: Fleet, where: str = "q1", **options: Any) -> list[str]:
    return [
        str(s)
        for s in plan_in_maintenance(known, MaintenanceWanted(where, **options)).steps
        if s.verb.name == "server.live_migrate"
    ]


SHELVED: dict[str, Any] = {"where": None, "vm_state": "shelved_offloaded"}
LOST = [ComputeService("q1", state="down", forced_down=True)]

ACTIONS: dict[str, tuple[Fleet, ServerActionWanted, str]] = {
    # way: fleet, what is asked for, the step
    "live migration": (site(on()), act("live_migrate"), "live-migrate w1 from q1 to q2"),
    "cold migration": (site(on()), act("migrate"), "cold-migrate w1 from q1 to q2"),
    "resize": (
        site(on(), free={"q1": 2, "q2": 60, "q3": 61}),
        act("resize", memory_mb=9 * 1024),
        "resize w1 on q2",
    ),
    "evacuation": (
        site(on(), lost=("q1",), services=LOST),
        act("evacuate", power_on=True),
        "evacuate w1 from q1 to q2",
    ),
    "unshelve": (
        site(on(**SHELVED, shelved_from="q1"), free={"q1": 2}),
        act("unshelve"),
        "unshelve w1 on q2",
    ),
    "unshelve of one that came from nowhere": (
        site(on(**SHELVED), free={"q5": 61}),
        act("unshelve"),
        "unshelve w1 on q5",
    ),
    "unshelve of one whose host is gone": (
        site(on(**SHELVED, shelved_from="q9"), free={"q5": 61}),
        act("unshelve"),
        "unshelve w1 on q5",
    ),
    "back home from another zone": (
        site(on("q4", "resized", resized_from="q1")),
        act("revert_resize", within="aggB"),
        "revert the resize of w1 on q1",
    ),
    "start of one that is on no host": (
        site(on(None, "stopped"), free={"q5": 61}),
        act("start"),
        "start w1 on q5",
    ),
    "start within an aggregate": (
        site(on(None, "stopped"), free={"q5": 61}),
        act("start", within="aggB"),
        "start w1 on q4",
    ),
    "start of one that was bound to a host that is down": (
        site(on("q1", "stopped"), lost=("q1",), services=LOST),
        act("start"),
        "start w1 on q2",
    ),
    "within the pool, still in its zone first": (
        site(on()),
        act("live_migrate", within="pool"),
        "live-migrate w1 from q1 to q2",
    ),
    "within the pool": (
        site(on(), free={"q2": 2, "q5": 61}),
        act("live_migrate", within="pool"),
        "live-migrate w1 from q1 to q5",
    ),
    "within an aggregate of another zone": (
        site(on()),
        act("live_migrate", within="aggB"),
        "live-migrate w1 from q1 to q4",
    ),
    "within what an aggregate is called": (
        site(on(), aggregates=(A, B, zoned("pool", None, "q5"))),
        act("live_migrate", within="pool"),
        "live-migrate w1 from q1 to q2",
    ),
    "to a named host that it may go to": (
        site(on()),
        act("live_migrate", host="q4", within="pool"),
        "live-migrate w1 from q1 to q4",
    ),
    "to a named host, from one in no aggregate's zone": (
        site(on("q5")),
        act("live_migrate", host="q4"),
        "live-migrate w1 from q5 to q4",
    ),
    "of two in the zone, the one with more aggregates in common": (
        site(
            on("q5"),
            aggregates=(
                zoned("z", "zone-a", *FREE),
                zoned("rack", None, "q5", "q2"),
                zoned("ssd", None, "q5", "q2", "q3"),
            ),
        ),
        act("live_migrate"),
        "live-migrate w1 from q5 to q2",
    ),
}


@pytest.mark.parametrize(("known", "wanted", "step"), ACTIONS.values(), ids=ACTIONS)
def test_where_servers_go(known: Fleet, wanted: ServerActionWanted, step: str) -> None:
    plan = plan_server_action(known, wanted)
    assert [str(s) for s in plan.steps] == [step]
    assert "scheduler" not in plan.text()


REFUSED: dict[str, tuple[Fleet, ServerActionWanted, type[FleetError], str]] = {
    "a named host in another zone": (
        site(on()),
        act("live_migrate", host="q4"),
        InvalidError,
        "server w1: q4 has zone zone-b instead of zone-a. Set within to pool to allow that.",
    ),
    "a named host without a common aggregate": (
        site(on(), aggregates=(zoned("z", "zone-a", "q1"), zoned("y", "zone-a", "q2"))),
        act("migrate", host="q2", within="aggregate"),
        InvalidError,
        "server w1: q2 has no aggregate in common with q1. Set within to zone to allow that.",
    ),
    "a named host outside the aggregate that is named": (
        site(on()),
        act("live_migrate", host="q2", within="aggB"),
        InvalidError,
        "server w1: q2 has no membership in aggregate aggB. Set within to zone to allow that.",
    ),
    "an aggregate of a host that is in none": (
        site(on("q5")),
        act("live_migrate", host="q4", within="aggregate"),
        InvalidError,
        "server w1: q4 has no aggregate in common with q5 (which is in none). Set within to zone to "
        "allow that. Add q5 to an aggregate.",
    ),
    "an aggregate that does not exist": (
        site(on()),
        act("live_migrate", within="aggC"),
        NotFoundError,
        "option within: aggregate aggC: it does not exist. Give zone, aggregate, pool or an aggregate;"
        " there are: aggA and aggB.",
    ),
    "an action that chooses no host": (
        site(on()),
        act("pause", within="pool"),
        InvalidError,
        "option within: pause chooses no host.",
    ),
    "a scheduler that chooses": (
        replace(site(on()), traits=NOVA),
        act("live_migrate", within="aggA"),
        UnsupportedError,
        "option within: Nova's scheduler chooses hosts by its own rules",
    ),
    "no room in the zone": (
        site(on(), free={"q2": 2}),
        act("live_migrate"),
        InvalidError,
        "free memory: q2 2.0 GiB; q3, q4 and q5 outside would have room. Set within to pool. Make room",
    ),
    "no other host in the zone": (
        site(on(), aggregates=(zoned("aggA", "zone-a", "q1"), B)),
        act("live_migrate"),
        InvalidError,
        "server w1: no valid host was found: q2 has zone nova instead of zone-a, q3 has zone zone-b "
        "instead of zone-a, q4 has zone zone-b instead of zone-a and q5 has zone nova instead of zone-a."
        " Set within to pool.",
    ),
    "no room anywhere": (
        site(on(memory=90 * GIB)),
        act("live_migrate"),
        InvalidError,
        "free memory: q2 20.0 GiB. Make room.",
    ),
}


@pytest.mark.parametrize(("known", "wanted", "kind", "text"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(
    known: Fleet, wanted: ServerActionWanted, kind: type[FleetError], text: str
) -> None:
    with pytest.raises(kind) as caught:
        plan_server_action(known, wanted)
    assert text in caught.value.message


def test_a_task_that_chooses_reads_the_aggregates() -> None:
    for action in ("live_migrate", "migrate", "unshelve", "start", "evacuate"):
        assert "aggregates" in action_needs(site(on()), act(action)), action
    assert "aggregates" not in action_needs(site(on()), act("pause"))


# --- migration groups -----------------------------------------------------------------------------

BLUE = zoned("blue", None, "q1", "q2", **GROUP)
RED = zoned("red", None, "q3", **GROUP)
OUT_OF_GROUP = [
    # from, to, groups that keep them apart
    ("q1", "q5", "aggregate blue"),
    ("q5", "q1", "aggregate blue"),
    ("q1", "q3", "aggregates blue and red"),
]


@pytest.mark.parametrize("within", [None, "zone", "pool"])
@pytest.mark.parametrize(("source", "target", "names"), OUT_OF_GROUP)
def test_no_option_leads_out_of_a_migration_group_or_into_one(
    source: str, target: str, names: str, within: str | None
) -> None:
    known = site(on(source), aggregates=(BLUE, RED))
    with pytest.raises(InvalidError) as caught:
        plan_server_action(known, act("live_migrate", host=target, within=within))
    assert caught.value.remedy == (
        f'Set migration_group of {names} to "false", or choose another host'
    )
    off = tuple(replace(a, metadata={MIGRATION_GROUP: "false"}) for a in (BLUE, RED))
    known = site(on(source), aggregates=off)
    assert plan_server_action(known, act("live_migrate", host=target, within=within)).changed


def test_within_a_migration_group() -> None:
    known = site(on(), on("q3", name="w3"), aggregates=(BLUE, RED))
    assert drain(known) == ["live-migrate w1 from q1 to q2"]
    with pytest.raises(PlanRefused) as caught:
        drain(known, "q3", within="pool")
    (blocker,) = caught.value.details["verdicts"]
    assert blocker["reason"].endswith("; q1, q2, q4 and q5 outside would have room")
    assert blocker["remedy"].startswith("Set migration_group of aggregate")


def test_a_server_returns_home_from_another_zone_but_not_into_a_migration_group() -> None:
    move = Migration("uuid-w1", "w1", "q1", "q4", status="completed")
    over = [Maintenance("q1", "m", "in_maintenance", moves=(move,))]
    home = MaintenanceWanted("q1", "m")
    back = plan_in_service(site(on("q4"), maintenances=over), home)
    assert "live-migrate w1 from q4 to q1" in [str(s) for s in back.steps]
    kept = plan_in_service(site(on("q4"), maintenances=over, aggregates=(BLUE,)), home)
    assert [str(v) for v in kept.verdicts] == [
        "w1: does not return: no migration group in common with q4 (blue) on q1"
    ]


# --- maintenance ----------------------------------------------------------------------------------


def test_a_drain_stays_in_the_zone() -> None:
    w2 = on(name="w2")
    assert drain(site(on(), w2)) == [
        "live-migrate w1 from q1 to q2",
        "live-migrate w2 from q1 to q2",
    ]


def test_a_drain_goes_on_in_the_zone_where_the_nearest_host_is_full() -> None:
    rack = (zoned("z", "zone-a", *FREE), zoned("rack", None, "q1", "q2"))
    w2 = on(name="w2", memory=8 * GIB)
    known = site(on(), w2, aggregates=(zoned("rack", None, "q1", "q2"), rack[0]), free={"q2": 8})
    plan = plan_in_maintenance(known, MaintenanceWanted("q1"))
    assert [str(s) for s in plan.steps if s.verb.name == "server.live_migrate"] == [
        "live-migrate w2 from q1 to q2",
        "live-migrate w1 from q1 to q4",
    ]
    assert plan.warnings == ()
    alone = site(on(), aggregates=(replace(A, hosts=("q1",)), zoned("b", "zone-a", "q2")))
    plan = plan_in_maintenance(alone, MaintenanceWanted("q1"))
    assert plan.warnings == ("w1: goes to q2, which is in no aggregate of q1 (aggA)",)


def test_nearness_never_leaves_a_server_without_a_host() -> None:
    """Both would go to q2, which only one of them can use."""
    known = site(
        on(devices=True),
        on(name="w2", devices=True),
        aggregates=(zoned("z", "zone-a", *FREE), zoned("rack", None, "q1", "q2")),
        possible={"uuid-w2": frozenset({"q2"})},
        free={"q2": 4},
    )
    assert drain(known) == ["live-migrate w1 from q1 to q3", "live-migrate w2 from q1 to q2"]


def test_a_blocker_names_hosts_outside_and_the_option_that_removes_it() -> None:
    known = site(on(), on(name="w2"), free={"q2": 6, "q3": 2})
    with pytest.raises(PlanRefused) as caught:
        drain(known)
    (blocker,) = caught.value.details["verdicts"]
    assert blocker["subject"] == "w2"
    assert blocker["reason"].endswith(
        "these have left: q2 2.0 GiB; q4 and q5 outside would have room"
    )
    assert blocker["remedy"] == (
        "Set within to pool. Stop or shrink servers in the pool, or add a host"
    )
    assert drain(known, within="pool") == [
        "live-migrate w1 from q1 to q2",
        "live-migrate w2 from q1 to q4",
    ]


def test_the_least_option_that_helps_is_named() -> None:
    far = (zoned("aggA", "zone-a", "q1"), zoned("y", "zone-a", "q2"), B)
    known = site(on(), aggregates=far)
    with pytest.raises(PlanRefused) as caught:
        drain(known, within="aggregate")
    (blocker,) = caught.value.details["verdicts"]
    assert blocker["remedy"] == "Set within to zone"
    assert drain(known, within="zone") == ["live-migrate w1 from q1 to q2"]


def test_an_option_that_does_not_help_is_not_named() -> None:
    known = site(on(memory=90 * GIB), aggregates=(zoned("aggA", "zone-a", "q1"), B))
    with pytest.raises(PlanRefused) as caught:
        drain(known)
    (blocker,) = caught.value.details["verdicts"]
    assert blocker["remedy"] == "Bring a suitable host into service"


def test_an_aggregate_that_does_not_exist_is_found_at_once() -> None:
    known = site(on())
    with pytest.raises(NotFoundError, match="aggregate aggC"):
        plan_in_maintenance(known, MaintenanceWanted("q1", within="aggC"))
    with pytest.raises(NotFoundError, match="aggregate aggC"):
        plan_consolidation(known, ConsolidationWanted("c", hosts=["q1", "q2"], within="aggC"))
    with pytest.raises(NotFoundError, match="aggregate aggC"):
        plan_rolling_update(known, RollingUpdateWanted("u", hosts=["q1", "q2"], within="aggC"))


def test_consolidations_and_rolling_updates_ask_the_same() -> None:
    known = site(on("q2"), on("q4", name="w4"), free={"q3": 2})
    wanted = ConsolidationWanted("c", hosts=["q2", "q4"], keep=1)
    (q2, q4) = plan_consolidation(known, wanted)
    assert (q2.host, q2.decision) == ("q2", "empty")
    assert q4.decision == "keep"
    blocked = plan_rolling_update(known, RollingUpdateWanted("u", hosts=["q4"]))
    assert "Set within to pool" in blocked.blockers[0].reason
    assert not plan_rolling_update(
        known, RollingUpdateWanted("u", hosts=["q4"], within="pool")
    ).blockers


def test_an_evacuation_that_finds_no_host_names_the_option() -> None:
    known = site(on(), on(name="w2"), lost=("q1",), services=LOST, free={"q2": 5})
    plan = plan_server_action(known, wants("evacuate", "w1", "w2", power_on=True))
    (warning,) = plan.warnings
    assert warning.startswith("w2: not recovered: no valid host was found")
    assert "q3, q4 and q5 outside would have room. Set within to pool" in warning
    wide = wants("evacuate", "w1", "w2", power_on=True, within="pool")
    plan = plan_server_action(known, wide)
    assert [str(s) for s in plan.steps] == [
        "evacuate w1 from q1 to q2",
        "evacuate w2 from q1 to q4",
    ]
    assert plan.warnings == ("w2: goes to q4, from zone zone-a into zone zone-b",)


def test_shelving_remembers_the_host() -> None:
    known = site(on(), free={"q1": 2, "q5": 90})
    shelved = project_all(known, plan_server_action(known, act("shelve")).steps)
    assert (shelved.servers[0].host, shelved.servers[0].shelved_from) == (None, "q1")
    back = plan_server_action(shelved, act("unshelve"))
    assert [str(s) for s in back.steps] == ["unshelve w1 on q2"]
    after = project_all(shelved, back.steps)
    assert (after.servers[0].host, after.servers[0].shelved_from) == ("q2", None)
