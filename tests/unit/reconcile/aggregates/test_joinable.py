# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether hosts could become members: nothing is planned, and what would be refused is refused."""

from __future__ import annotations

import pytest
from unit.fleets import fleet, host, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    AGGREGATES,
    SERVERS,
    SERVICES,
    reading,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.joinable import (
    JoinableWanted,
    joinable_needs,
    plan_joinable,
)

ZONED = Aggregate("prod", {"availability_zone": "za"}, ("p1",))
ERROR = Aggregate("prod", {"hypervisor_pool": "true", "operational_state": "error"})
HOSTS = [host("p1"), host("p2")]
SERVERS_OF_BOTH = [server("web", "p1"), server("db", "p2")]

POSSIBLE = {
    "a new aggregate without a zone": ([], JoinableWanted("prod", ["p1", "p2"])),
    "a member already": ([ZONED], JoinableWanted("prod", ["p1"])),
    "its zone again": ([ZONED], JoinableWanted("prod", ["p1"], zone="za")),
    "accepted": ([], JoinableWanted("prod", ["p1"], zone="za", allow_zone_change=True)),
}


@pytest.mark.parametrize("case", POSSIBLE)
def test_nothing_is_planned(case: str) -> None:
    aggregates, wanted = POSSIBLE[case]
    assert plan_joinable(fleet(HOSTS, aggregates, servers=SERVERS_OF_BOTH), wanted) == Plan()


REFUSED = {
    "a new zone": ([], JoinableWanted("prod", ["p1"], zone="za"), ConflictError, "(web)"),
    "the zone that it has": ([ZONED], JoinableWanted("prod", ["p2"]), ConflictError, "(db)"),
    "another zone for members": (
        [ZONED],
        JoinableWanted("prod", [], zone="zb"),
        InvalidError,
        "host p1 has servers (web)",
    ),
    "unknown": ([], JoinableWanted("prod", ["p8", "p9"]), NotFoundError, "hosts p8 and p9"),
    "a zone's name": ([], JoinableWanted("prod", [], zone="a:b"), InvalidError, "':'"),
    "a pool that has failed": ([ERROR], JoinableWanted("prod", ["p1"]), ConflictError, "error"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    aggregates, wanted, kind, text = REFUSED[case]
    with pytest.raises(FleetError) as caught:
        plan_joinable(fleet(HOSTS, aggregates, servers=SERVERS_OF_BOTH), wanted)
    assert caught.type is kind
    assert text in caught.value.message


def test_needs_are_those_of_the_aggregate_to_be() -> None:
    known = fleet(aggregates=[ZONED])
    wanted = JoinableWanted("prod", ["p1", "p2"])
    assert joinable_needs(known, wanted) == reading(AGGREGATES, SERVICES, SERVERS, hosts=["p2"])
