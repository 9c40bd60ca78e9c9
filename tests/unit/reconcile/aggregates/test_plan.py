# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for aggregates and members: what is done, what is refused and with which kind of refusal."""

from __future__ import annotations

import pytest
from unit.fleets import fleet, host, server
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    AGGREGATES,
    SERVERS,
    SERVICES,
    Reading,
    reading,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.changes import (
    MembersWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.plan import (
    AggregateWanted,
    aggregate_needs,
    plan_aggregate,
    plan_members,
)

A, B = host("xen1"), host("xen2")
PROD = Aggregate("prod", {"availability_zone": "za", "ssd": "true"}, ("xen1",))
POOL = {"hypervisor_pool": "true"}


def pooled(state: str) -> Aggregate:
    return Aggregate("prod", {**POOL, "operational_state": state}, ("xen1",))


PLANS = {
    "nothing wanted of an existing one": ([PROD], AggregateWanted("prod"), []),
    "new": ([], AggregateWanted("prod", zone="za"), ["create aggregate prod"]),
    "new with everything": (
        [],
        AggregateWanted("prod", zone="za", metadata={"ssd": "true", "gone": None}, hosts=["xen2"]),
        [
            "create aggregate prod",
            "set metadata of aggregate prod: ssd=true",
            "add host xen2 to aggregate prod",
        ],
    ),
    "new under its new name at once": (
        [],
        AggregateWanted("prod", new_name="live"),
        ["create aggregate live"],
    ),
    "rename": (
        [PROD],
        AggregateWanted("prod", new_name=" live "),
        ["rename aggregate prod to live"],
    ),
    "renamed before": ([PROD], AggregateWanted("old", new_name="prod"), []),
    "own name": ([PROD], AggregateWanted("prod", new_name="prod"), []),
    "same zone with servers": ([PROD], AggregateWanted("prod", zone="za"), []),
    "zone": (
        [Aggregate("prod")],
        AggregateWanted("prod", metadata={"availability_zone": "zb"}),
        ["set availability zone of aggregate prod to zb"],
    ),
    "merge": (
        [PROD],
        AggregateWanted("prod", metadata={"ssd": None, "gpu": "2"}),
        ["set metadata of aggregate prod: -ssd, gpu=2"],
    ),
    "empty metadata changes nothing": ([PROD], AggregateWanted("prod", metadata={}), []),
    "purge keeps the zone": (
        [PROD],
        AggregateWanted("prod", metadata={}, purge_metadata=True),
        ["set metadata of aggregate prod: -ssd"],
    ),
    "hosts in any order": (
        [Aggregate("prod", {}, ("xen2", "xen1"))],
        AggregateWanted("prod", hosts=["xen1", "xen2"]),
        [],
    ),
    "exchange": (
        [Aggregate("prod", {}, ("xen1",))],
        AggregateWanted("prod", hosts=["xen2"]),
        ["remove host xen1 from aggregate prod", "add host xen2 to aggregate prod"],
    ),
    "absent already": ([], AggregateWanted("prod", present=False), []),
    "absent with its hosts": (
        [Aggregate("prod", {}, ("xen1",))],
        AggregateWanted("prod", present=False, remove_hosts=True),
        ["remove host xen1 from aggregate prod", "delete aggregate prod"],
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_plan(case: str) -> None:
    aggregates, wanted, expected = PLANS[case]
    known = fleet([A, B], aggregates)
    assert [str(s) for s in assert_fixed_point(plan_aggregate, known, wanted).steps] == expected


GUEST = [server("db", "xen1")]
REFUSALS = {
    "empty name": ([], AggregateWanted(""), InvalidError, "has 0 characters"),
    "blank around the name": ([], AggregateWanted(" prod"), InvalidError, "surrounding blanks"),
    "tab in the name": ([], AggregateWanted("a\tb"), InvalidError, "unprintable"),
    "long name": ([], AggregateWanted("x" * 256), InvalidError, "256 characters"),
    "name taken": (
        [PROD, Aggregate("live")],
        AggregateWanted("prod", new_name="live"),
        ConflictError,
        "named live already exists",
    ),
    "colon in the zone": ([], AggregateWanted("prod", zone="a:b"), InvalidError, "contains ':'"),
    "colon in the zone's item": (
        [PROD],
        AggregateWanted("prod", metadata={"availability_zone": "a:b"}),
        InvalidError,
        "contains ':'",
    ),
    "zone cleared": ([PROD], AggregateWanted("prod", zone=""), InvalidError, "cannot be removed"),
    "zone's item removed": (
        [PROD],
        AggregateWanted("prod", metadata={"availability_zone": None}),
        InvalidError,
        "cannot be removed",
    ),
    "two zones": (
        [],
        AggregateWanted("prod", zone="a", metadata={"availability_zone": "b"}),
        InvalidError,
        "metadata says 'b'",
    ),
    "bad key": ([], AggregateWanted("prod", metadata={"a/b": "1"}), InvalidError, "'a/b'"),
    "long value": ([], AggregateWanted("prod", metadata={"a": "x" * 256}), InvalidError, "256"),
    "zone change, member in another zone": (
        [
            Aggregate("prod", {}, ("xen1",)),
            Aggregate("other", {"availability_zone": "zo"}, ("xen1",)),
        ],
        AggregateWanted("prod", zone="zb"),
        InvalidError,
        "in availability zone zo through aggregate other",
    ),
    "zone change under servers": ([PROD], AggregateWanted("prod", zone="zb"), InvalidError, "(db)"),
    "first zone under servers": (
        [Aggregate("prod", {}, ("xen1",))],
        AggregateWanted("prod", zone="zb"),
        InvalidError,
        "(db)",
    ),
    "not empty": ([PROD], AggregateWanted("prod", present=False), InvalidError, "not empty"),
    "members kept in a zone by their servers": (
        [PROD],
        AggregateWanted("prod", present=False, remove_hosts=True),
        ConflictError,
        "from availability zone za to the default one",
    ),
    "unknown member": ([], AggregateWanted("prod", hosts=["xen9"]), NotFoundError, "xen9"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: str) -> None:
    aggregates, wanted, kind, text = REFUSALS[case]
    known = fleet([A, B], aggregates, servers=GUEST)
    with pytest.raises(FleetError) as caught:
        plan_aggregate(known, wanted)
    assert caught.type is kind
    assert text in caught.value.message
    assert caught.value.remedy


ZONED = Aggregate("prod", {"availability_zone": "za"})
MEMBERS = {
    "add": ([ZONED], MembersWanted("prod", ["xen2"]), ["add host xen2 to aggregate prod"]),
    "add twice in one task": (
        [ZONED],
        MembersWanted("prod", ["xen2", "xen2"]),
        ["add host xen2 to aggregate prod"],
    ),
    "member already": ([PROD], MembersWanted("prod", ["xen1"]), []),
    "leave": (
        [Aggregate("prod", {}, ("xen1",))],
        MembersWanted("prod", ["xen1"], present=False),
        ["remove host xen1 from aggregate prod"],
    ),
    "not a member": ([ZONED], MembersWanted("prod", ["xen2"], present=False), []),
    "same zone twice": (
        [ZONED, Aggregate("too", {"availability_zone": "za"}, ("xen2",))],
        MembersWanted("prod", ["xen2"]),
        ["add host xen2 to aggregate prod"],
    ),
    "without a zone under servers": (
        [Aggregate("ssd")],
        MembersWanted("ssd", ["xen1"]),
        ["add host xen1 to aggregate ssd"],
    ),
    "leaving one of two of the zone": (
        [PROD, Aggregate("too", {"availability_zone": "za"}, ("xen1",))],
        MembersWanted("prod", ["xen1"], present=False),
        ["remove host xen1 from aggregate prod"],
    ),
    "pool, created": (
        [Aggregate("prod", {**POOL, "operational_state": "created"})],
        MembersWanted("prod", ["xen2"]),
        ["add host xen2 to aggregate prod"],
    ),
    "pool, member already, changing": ([pooled("changing")], MembersWanted("prod", ["xen1"]), []),
}


@pytest.mark.parametrize("case", MEMBERS)
def test_members(case: str) -> None:
    aggregates, wanted, expected = MEMBERS[case]
    known = fleet([A, B], aggregates, servers=GUEST)
    assert [str(s) for s in assert_fixed_point(plan_members, known, wanted).steps] == expected


def test_a_member_whose_service_is_gone_may_leave() -> None:
    known = fleet([A], [Aggregate("prod", {}, ("ghost",))])
    plan = plan_members(known, MembersWanted("prod", ["ghost"], present=False))
    assert [str(s) for s in plan.steps] == ["remove host ghost from aggregate prod"]


MEMBER_REFUSALS = {
    "host syntax": ([ZONED], MembersWanted("prod", ["a b"]), InvalidError, "'a b'"),
    "unknown host": ([ZONED], MembersWanted("prod", ["xen9"]), NotFoundError, "known are xen1 and"),
    "case differs": ([ZONED], MembersWanted("prod", ["XEN1"]), NotFoundError, "XEN1"),
    "unknown aggregate": ([], MembersWanted("prod", ["xen1"]), NotFoundError, "does not exist"),
    "other zone": (
        [ZONED, Aggregate("other", {"availability_zone": "zo"}, ("xen2",))],
        MembersWanted("prod", ["xen2"]),
        ConflictError,
        "in availability zone zo through aggregate other",
    ),
    "servers would change zone": ([ZONED], MembersWanted("prod", ["xen1"]), ConflictError, "(db)"),
    "servers would lose their zone": (
        [PROD],
        MembersWanted("prod", ["xen1"], present=False),
        ConflictError,
        "za to the default one",
    ),
    "servers would enter a zone that is called like the default one": (
        [Aggregate("prod", {"availability_zone": "nova"})],
        MembersWanted("prod", ["xen1"]),
        ConflictError,
        "from the default availability zone to nova",
    ),
    **{
        f"pool, {state}, add": (
            [pooled(state)],
            MembersWanted("prod", ["xen2"]),
            ConflictError,
            f"operational_state {state}",
        )
        for state in ("changing", "error", "dismissed")
    },
    **{
        f"pool, {state}, remove": (
            [pooled(state)],
            MembersWanted("prod", ["xen1"], present=False),
            ConflictError,
            f"operational_state {state}",
        )
        for state in ("created", "changing", "dismissed")
    },
}


@pytest.mark.parametrize("case", MEMBER_REFUSALS)
def test_member_refusal(case: str) -> None:
    aggregates, wanted, kind, text = MEMBER_REFUSALS[case]
    known = fleet([A, B], aggregates, servers=GUEST)
    with pytest.raises(FleetError) as caught:
        plan_members(known, wanted)
    assert caught.type is kind
    assert text in caught.value.message
    assert caught.value.remedy


WITH_B = Aggregate("also", {"availability_zone": "za"}, ("xen2",))
NEEDS: dict[str, tuple[list[Aggregate], AggregateWanted, Reading]] = {
    "nothing to look at": ([], AggregateWanted("prod", zone="za"), reading(AGGREGATES)),
    "the same zone": ([PROD], AggregateWanted("prod", zone="za"), reading(AGGREGATES)),
    "another zone": (
        [PROD],
        AggregateWanted("prod", zone="zb"),
        reading(AGGREGATES, SERVERS, hosts=["xen1"]),
    ),
    "another zone, without hosts": (
        [ZONED],
        AggregateWanted("prod", zone="zb"),
        reading(AGGREGATES),
    ),
    "the same hosts": ([PROD], AggregateWanted("prod", hosts=["xen1"]), reading(AGGREGATES)),
    "a host into no zone": (
        [],
        AggregateWanted("prod", hosts=["xen1"]),
        reading(AGGREGATES, SERVICES),
    ),
    "a host into a zone": (
        [PROD],
        AggregateWanted("prod", hosts=["xen1", "xen2"]),
        reading(AGGREGATES, SERVICES, SERVERS, hosts=["xen2"]),
    ),
    "a host into the zone that it is in": (
        [PROD, WITH_B],
        AggregateWanted("prod", hosts=["xen1", "xen2"]),
        reading(AGGREGATES, SERVICES),
    ),
    "absent": ([PROD], AggregateWanted("prod", present=False), reading(AGGREGATES)),
    "absent with its hosts": (
        [PROD],
        AggregateWanted("prod", present=False, remove_hosts=True),
        reading(AGGREGATES, SERVERS, hosts=["xen1"]),
    ),
}


@pytest.mark.parametrize("case", NEEDS)
def test_hosts_are_only_asked_where_a_rule_depends_on_them(case: str) -> None:
    aggregates, wanted, expected = NEEDS[case]
    assert aggregate_needs(fleet(aggregates=aggregates), wanted) == expected
