# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for membership: joins, ejects, the aggregate's metadata, and what is refused outright."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, pool, server, storage
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    NotFoundError,
    PlanRefused,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    ComputeService,
    Fleet,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.membership import (
    MembershipWanted,
    plan_membership,
)

ALPHA = pool("pa", "xen1", name="alpha")
ONE, TWO, THREE = host("xen1", "pa"), host("xen2"), host("xen3")
MEMBER = host("xen2", "pa")
NFS = storage("nfs1", "pa", {"xen1"})
ACTIVE = {
    "hypervisor_pool": "true",
    "operational_state": "active",
    "master_compute": "xen1",
    "xen1": "uuid-xen1",
    "xen2": "uuid-xen2",
}
JOIN_2, JOIN_3 = "join host xen2 to pool alpha", "join host xen3 to pool alpha"
RECORD_3 = (
    "set metadata of aggregate alpha: operational_state=active, master_compute=xen1, "
    "xen1=uuid-xen1, xen2=uuid-xen2, xen3=uuid-xen3"
)
CREATED = "set metadata of aggregate alpha: operational_state=created"
CHANGING = "set metadata of aggregate alpha: operational_state=changing"


def alpha(*hosts: str, **metadata: str) -> Aggregate:
    return Aggregate("alpha", {"hypervisor_pool": "true", **metadata}, hosts)


def new_pool(**metadata: str) -> Fleet:
    return fleet([host("xen1"), TWO, THREE], [alpha("xen1", "xen2", "xen3", **metadata)])


def joined_pool(*, xen2: Any = MEMBER, **sections: Any) -> Fleet:
    """Coordinator and one supporter."""
    return fleet([ONE, xen2], pools=[ALPHA], **sections)


def by_name(*hosts: str, **more: Any) -> MembershipWanted:
    return MembershipWanted(hosts, pool="alpha", **more)


BY_AGGREGATE = MembershipWanted(aggregate="alpha")
ARRIVING = host("xen2", "pa", live=False, enabled=False)

PRESENT = {
    "stand-alone hosts join the named pool in order": (
        fleet([ONE, TWO, THREE], pools=[ALPHA]),
        by_name("xen3", "xen2"),
        [JOIN_3, JOIN_2],
    ),
    "the pool given by uuid": (
        fleet([ONE, TWO], pools=[ALPHA]),
        MembershipWanted(["xen2"], pool="pa"),
        [JOIN_2],
    ),
    "a host named twice joins once": (
        fleet([ONE, TWO], pools=[ALPHA]),
        by_name("xen2", "xen2"),
        [JOIN_2],
    ),
    "members stay": (joined_pool(), by_name("xen1", "xen2"), []),
    "a join that another run began is waited for": (
        joined_pool(xen2=ARRIVING, storages=[NFS]),
        by_name("xen2"),
        ["wait until host xen2 is live, enabled and has its storage"],
    ),
    "a join still under way at the joiner is seen to its end": (
        fleet(
            [ONE, replace(TWO, joining=True)],
            pools=[ALPHA],
            servers=[server("web", "xen2", pool_id="pool-xen2")],
        ),
        by_name("xen2"),
        [JOIN_2],
    ),
    "a member disabled by someone is left alone": (
        joined_pool(xen2=replace(MEMBER, enabled=False)),
        by_name("xen2"),
        [],
    ),
    "a member that died is left alone": (
        joined_pool(xen2=replace(MEMBER, live=False)),
        by_name("xen2"),
        [],
    ),
    "a member in maintenance is left alone": (
        joined_pool(xen2=ARRIVING, maintenances=[Maintenance("xen2", "patch")]),
        by_name("xen2"),
        [],
    ),
    "a new aggregate becomes a pool": (
        new_pool(),
        BY_AGGREGATE,
        [CREATED, CHANGING, "set name of pool of xen1 to alpha", JOIN_2, JOIN_3, RECORD_3],
    ),
    "created becomes changing": (
        new_pool(operational_state="created"),
        BY_AGGREGATE,
        [CHANGING, "set name of pool of xen1 to alpha", JOIN_2, JOIN_3, RECORD_3],
    ),
    "a failed run is resumed from error": (
        fleet(
            [ONE, MEMBER, THREE],
            [alpha("xen1", "xen2", "xen3", operational_state="error")],
            pools=[ALPHA],
        ),
        BY_AGGREGATE,
        [CHANGING, JOIN_3, RECORD_3],
    ),
    "a killed run is resumed from changing": (
        fleet(
            [ONE, ARRIVING, THREE],
            [alpha("xen1", "xen2", "xen3", operational_state="changing")],
            pools=[ALPHA],
        ),
        BY_AGGREGATE,
        ["wait until host xen2 is live, enabled and has its storage", JOIN_3, RECORD_3],
    ),
    "killed after the last join": (
        fleet([ONE, MEMBER], [alpha("xen1", "xen2", operational_state="changing")], pools=[ALPHA]),
        BY_AGGREGATE,
        [
            "set metadata of aggregate alpha: operational_state=active, master_compute=xen1, "
            "xen1=uuid-xen1, xen2=uuid-xen2"
        ],
    ),
    "a pool of one": (
        fleet([host("xen1")], [alpha("xen1")]),
        BY_AGGREGATE,
        [
            CREATED,
            CHANGING,
            "set name of pool of xen1 to alpha",
            "set metadata of aggregate alpha: operational_state=active, master_compute=xen1, "
            "xen1=uuid-xen1",
        ],
    ),
    "active and complete": (
        fleet([ONE, MEMBER], [Aggregate("alpha", ACTIVE, ("xen1", "xen2"))], pools=[ALPHA]),
        BY_AGGREGATE,
        [],
    ),
    "active, a recorded member in maintenance": (
        fleet([ONE, ARRIVING], [Aggregate("alpha", ACTIVE, ("xen1", "xen2"))], pools=[ALPHA]),
        BY_AGGREGATE,
        [],
    ),
    "one more host for an active pool": (
        fleet(
            [ONE, MEMBER, THREE],
            [Aggregate("alpha", ACTIVE, ("xen1", "xen2", "xen3"))],
            pools=[ALPHA],
        ),
        BY_AGGREGATE,
        [
            CHANGING,
            JOIN_3,
            "set metadata of aggregate alpha: operational_state=active, xen3=uuid-xen3",
        ],
    ),
    "the coordinator changed meanwhile": (
        fleet(
            [ONE, MEMBER],
            [Aggregate("alpha", ACTIVE, ("xen1", "xen2"))],
            pools=[replace(ALPHA, coordinator="xen2")],
        ),
        BY_AGGREGATE,
        ["set metadata of aggregate alpha: master_compute=xen2"],
    ),
}

VERIFYING = replace(ALPHA, tls_verification=True)
TLS_2 = "enable TLS verification on host xen2"
PRESENT |= {
    "an ejected host comes back": (
        fleet([ONE, TWO], pools=[VERIFYING]),
        by_name("xen2", enable_tls_verification=True),
        [TLS_2, JOIN_2],
    ),
    "an ejected host comes back to its aggregate": (
        fleet([ONE, TWO], [alpha("xen1", "xen2", **ACTIVE)], pools=[VERIFYING]),
        MembershipWanted(aggregate="alpha", enable_tls_verification=True),
        [
            CHANGING,
            TLS_2,
            JOIN_2,
            "set metadata of aggregate alpha: operational_state=active",
        ],
    ),
    "a host that verifies certificates already": (
        fleet([ONE, TWO], pools=[VERIFYING, pool("pool-xen2", "xen2", tls_verification=True)]),
        by_name("xen2", enable_tls_verification=True),
        [JOIN_2],
    ),
    "a pool that verifies none": (
        fleet([ONE, TWO], pools=[ALPHA]),
        by_name("xen2", enable_tls_verification=True),
        [JOIN_2],
    ),
}
LEAVE = {"state": "absent", "wipe_local_storage": True}
EJECT_2 = "eject host xen2 from pool alpha"
REMOVE_2 = "remove host xen2 from aggregate alpha"
ABSENT = {
    "a supporter leaves": (joined_pool(), by_name("xen2", **LEAVE), [EJECT_2]),
    "who is no member stays away": (
        fleet([ONE, TWO], pools=[ALPHA]),
        by_name("xen2", "gone", state="absent"),
        [],
    ),
    "no pool of that name": (
        fleet([TWO]),
        MembershipWanted(["xen2"], pool="alpha", state="absent"),
        [],
    ),
    "all leave, the coordinator keeps an unnamed pool": (
        joined_pool(),
        by_name("xen1", "xen2", **LEAVE),
        [EJECT_2, 'set name of pool alpha to ""'],
    ),
    "a suspended guest does not hold its host": (
        joined_pool(servers=[server("web", "xen2", "pa", power_state="Suspended")]),
        by_name("xen2", **LEAVE),
        [EJECT_2],
    ),
    "from an aggregate": (
        fleet([ONE, MEMBER], [Aggregate("alpha", ACTIVE, ("xen1", "xen2"))], pools=[ALPHA]),
        MembershipWanted(["xen2"], aggregate="alpha", **LEAVE),
        [
            CHANGING,
            REMOVE_2,
            EJECT_2,
            "set metadata of aggregate alpha: operational_state=active, -xen2",
        ],
    ),
    "by the pool's name, from the aggregates that are this pool": (
        fleet(
            [ONE, MEMBER],
            [
                Aggregate("alpha", ACTIVE, ("xen1", "xen2")),
                Aggregate("twice", {**ACTIVE, "xen1": "uuid-xen1"}, ("xen2",)),
                Aggregate("ssd", {}, ("xen1", "xen2")),
                Aggregate("past", {**ACTIVE, "operational_state": "dismissed"}, ("xen2",)),
                Aggregate("other", {"hypervisor_pool": "true"}, ("xen2",)),
            ],
            pools=[ALPHA],
        ),
        by_name("xen2", **LEAVE),
        [
            CHANGING,
            REMOVE_2,
            "set metadata of aggregate twice: operational_state=changing",
            "remove host xen2 from aggregate twice",
            EJECT_2,
            "set metadata of aggregate alpha: operational_state=active, -xen2",
            "set metadata of aggregate twice: operational_state=active, -xen2",
        ],
    ),
    "by the pool's name, one that was ejected by hand": (
        fleet([ONE, TWO], [Aggregate("alpha", ACTIVE, ("xen1", "xen2"))], pools=[ALPHA]),
        by_name("xen2", **LEAVE),
        [REMOVE_2, "set metadata of aggregate alpha: -xen2"],
    ),
    "by the pool's name, all of them": (
        fleet([ONE, MEMBER], [Aggregate("alpha", ACTIVE, ("xen1", "xen2"))], pools=[ALPHA]),
        by_name("xen1", "xen2", **LEAVE),
        [
            CHANGING,
            REMOVE_2,
            EJECT_2,
            "set metadata of aggregate alpha: operational_state=created, -master_compute, "
            "-xen1, -xen2",
            "remove host xen1 from aggregate alpha",
            'set name of pool alpha to ""',
        ],
    ),
    "from an aggregate, one that never joined": (
        fleet([ONE, TWO], [alpha("xen1", "xen2")], pools=[ALPHA]),
        MembershipWanted(["xen2"], aggregate="alpha", **LEAVE),
        [REMOVE_2],
    ),
    "an eject that was killed is recorded": (
        fleet(
            [ONE, TWO],
            [Aggregate("alpha", {**ACTIVE, "operational_state": "changing"}, ("xen1", "xen2"))],
            pools=[ALPHA],
        ),
        MembershipWanted(["xen2"], aggregate="alpha", **LEAVE),
        [REMOVE_2, "set metadata of aggregate alpha: operational_state=active, -xen2"],
    ),
    "the last host of an aggregate": (
        fleet(
            [ONE],
            [alpha("xen1", operational_state="active", master_compute="xen1", xen1="uuid-xen1")],
            pools=[ALPHA],
        ),
        MembershipWanted(["xen1"], aggregate="alpha", **LEAVE),
        [
            'set name of pool alpha to ""',
            "set metadata of aggregate alpha: operational_state=created, -master_compute, -xen1",
            "remove host xen1 from aggregate alpha",
        ],
    ),
    "an empty aggregate": (
        fleet([ONE], [alpha()], pools=[ALPHA]),
        MembershipWanted(["xen1"], aggregate="alpha", state="absent"),
        [],
    ),
}


@pytest.mark.parametrize(
    ("before", "wanted", "steps"), [*PRESENT.values(), *ABSENT.values()], ids=[*PRESENT, *ABSENT]
)
def test_plans(before: Fleet, wanted: MembershipWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_membership, before, wanted)
    assert [str(s) for s in plan.steps] == steps


@pytest.mark.parametrize("case", [c for c in ABSENT if len(ABSENT[c][2]) > 1])
def test_ejects_that_are_killed_are_finished_by_the_same_task(case: str) -> None:
    before, wanted, _steps = ABSENT[case]
    steps = plan_membership(before, wanted).steps
    done = project_all(before, steps)
    for taken in range(1, len(steps)):
        killed = project_all(before, steps[:taken])
        resumed = project_all(killed, plan_membership(killed, wanted).steps)
        assert resumed == done, f"after {steps[taken - 1]}"


def test_the_window_is_the_users() -> None:
    assert plan_membership(new_pool(), replace(BY_AGGREGATE, max_parallel=3)).window == 3


WARNINGS = {
    "disabled": (
        joined_pool(xen2=replace(MEMBER, enabled=False)),
        by_name("xen2"),
        "xen2: a member, but not enabled",
    ),
    "no service": (
        joined_pool(xen2=ARRIVING, services=[ComputeService("xen2", status="disabled")]),
        by_name("xen2"),
        "xen2: a member, but not live, not enabled",
    ),
    "stranger": (
        fleet(
            [ONE, MEMBER],
            [alpha("xen1")],
            pools=[replace(ALPHA, default_sr=NFS.id)],
            storages=[NFS],
        ),
        BY_AGGREGATE,
        "xen2: a member of the pool, but not in aggregate alpha",
    ),
    "lost disks": (
        joined_pool(
            servers=[server("web", None, "pa", storage=frozenset({"uuid-local2"}))],
            storages=[storage("local2", "pa", {"xen2"}, shared=False)],
        ),
        by_name("xen2", **LEAVE),
        "xen2: disks on its local storage are lost, of web",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "warning"), WARNINGS.values(), ids=WARNINGS)
def test_warnings(before: Fleet, wanted: MembershipWanted, warning: str) -> None:
    assert plan_membership(before, wanted).warnings == (warning,)


REFUSALS = {
    "no such pool": (fleet([TWO]), by_name("xen2"), NotFoundError, "no coordinator that answered"),
    "two pools of that name": (
        fleet([ONE, TWO], pools=[ALPHA, pool("pool-xen2", "xen2", name="alpha")]),
        by_name("xen2"),
        ConflictError,
        "2 pools have this name, coordinated by xen1 and xen2",
    ),
    "no such aggregate": (fleet([ONE]), BY_AGGREGATE, NotFoundError, "it does not exist"),
    "aggregate without the flag": (
        fleet([ONE], [Aggregate("alpha", {"hypervisor_pool": "false"}, ("xen1",))]),
        BY_AGGREGATE,
        ConflictError,
        "lacks hypervisor_pool: true",
    ),
    "dismissed aggregate (row 21)": (
        new_pool(operational_state="dismissed"),
        BY_AGGREGATE,
        ConflictError,
        "its operational_state is dismissed",
    ),
    "empty aggregate": (fleet([ONE], [alpha()]), BY_AGGREGATE, ConflictError, "it has no hosts"),
    "host outside the aggregate": (
        fleet([ONE, TWO], [alpha("xen1")], pools=[ALPHA]),
        MembershipWanted(["xen2"], aggregate="alpha"),
        ConflictError,
        "xen2 is not in it",
    ),
    "coordinator outside the aggregate": (
        fleet([ONE, MEMBER], [alpha("xen2")], pools=[ALPHA]),
        BY_AGGREGATE,
        ConflictError,
        "whose coordinator xen1 is not in the aggregate",
    ),
    "coordinator unreachable": (
        fleet([TWO], [alpha("xen1", "xen2")], unreachable={"xen1": "timed out"}),
        BY_AGGREGATE,
        NotFoundError,
        r"no answer came from xen1 \(timed out\)",
    ),
    "another pool has the aggregate's name": (
        fleet(
            [host("xen1"), host("xen9", "p9")],
            [alpha("xen1")],
            pools=[pool("p9", "xen9", name="alpha")],
        ),
        BY_AGGREGATE,
        PlanRefused,
        "its pool is already named alpha",
    ),
    "nobody to join": (
        fleet([ONE], pools=[ALPHA]),
        MembershipWanted(pool="alpha"),
        InvalidError,
        "none were given",
    ),
    "nobody to eject": (
        fleet([ONE], pools=[ALPHA]),
        MembershipWanted([], pool="alpha", state="absent"),
        InvalidError,
        "none were given",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(
    before: Fleet, wanted: MembershipWanted, kind: type[FleetError], text: str
) -> None:
    with pytest.raises(FleetError, match=text) as refused:
        plan_membership(before, wanted)
    assert refused.type is kind
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("before", "wanted", "recorded"),
    [
        (*PRESENT["a failed run is resumed from error"][:2], True),
        (*PRESENT["a killed run is resumed from changing"][:2], True),
        (*ABSENT["from an aggregate"][:2], True),
        (*ABSENT["an eject that was killed is recorded"][:2], True),
        (*ABSENT["the last host of an aggregate"][:2], False),
        (*ABSENT["a supporter leaves"][:2], False),
    ],
)
def test_an_aggregate_in_state_changing_records_a_failure(
    before: Fleet, wanted: MembershipWanted, recorded: bool
) -> None:
    plan = plan_membership(before, wanted)
    text = "set metadata of aggregate alpha: operational_state=error"
    assert [str(step) for step in plan.on_failure] == ([text] if recorded else [])
