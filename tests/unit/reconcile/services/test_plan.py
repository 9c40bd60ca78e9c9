# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compute services: steps or refusals for each state and wish."""

from __future__ import annotations

from typing import Any

import pytest
from unit.fleets import fleet, host, server
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    ComputeService,
    Fleet,
    Migration,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.services.plan import (
    ServiceWanted,
    plan_service,
)


def two(*services: ComputeService, **sections: Any) -> Fleet:
    """Hosts xen1 and xen2, with these services in place of enabled ones."""
    return fleet([host("xen1"), host("xen2")], services=list(services), **sections)


def disabled(reason: str | None = None) -> ComputeService:
    return ComputeService("xen1", "uuid-xen1", "disabled", disabled_reason=reason, zone="nova")


def forced() -> ComputeService:
    return ComputeService("xen1", "uuid-xen1", state="down", forced_down=True, zone="nova")


def gone(**fields: Any) -> ComputeService:
    """A service on record whose host no coordinator knows."""
    return ComputeService("xen9", "uuid-xen9", state="down", zone="nova", **fields)


def evacuation(status: str, source: str = "xen1", kind: str = "evacuation") -> Migration:
    return Migration("uuid-web1", "web1", source, "xen2", kind, status, id=7)


def move(status: str, source: str, target: str) -> Migration:
    return Migration("uuid-web1", "web1", source, target, status=status, id=8)


DISABLE = "disable compute service of xen1, reason: "

STEPS: dict[str, tuple[Fleet, ServiceWanted, list[str]]] = {
    "enabled already": (two(), ServiceWanted(["xen1"], status="enabled"), []),
    "enable": (
        two(disabled("disk")),
        ServiceWanted(["xen1"], status="enabled"),
        ["enable compute service of xen1"],
    ),
    "disable with a reason": (
        two(),
        ServiceWanted(["xen1"], status="disabled", disabled_reason="disk"),
        [DISABLE + "disk"],
    ),
    "disabled so already": (
        two(disabled("disk")),
        ServiceWanted(["xen1"], status="disabled", disabled_reason="disk"),
        [],
    ),
    "another reason": (
        two(disabled("disk")),
        ServiceWanted(["xen1"], status="disabled", disabled_reason="fan"),
        [DISABLE + "fan"],
    ),
    "no reason erases the old one": (
        two(disabled("disk")),
        ServiceWanted(["xen1"], status="disabled"),
        [DISABLE + "none"],
    ),
    "a reason of 255 characters": (
        two(),
        ServiceWanted(["xen1"], status="disabled", disabled_reason="x" * 255),
        [DISABLE + "x" * 255],
    ),
    "many hosts, each once, in order": (
        two(disabled()),
        ServiceWanted(["xen2", "xen1", "xen2"], status="disabled"),
        ["disable compute service of xen2, reason: none"],
    ),
    "force down": (
        two(),
        ServiceWanted(["xen1"], forced_down=True),
        ["set forced_down of compute service of xen1 to True"],
    ),
    "forced down already": (two(forced()), ServiceWanted(["xen1"], forced_down=True), []),
    "take it back": (
        two(forced()),
        ServiceWanted(["xen1"], forced_down=False),
        ["set forced_down of compute service of xen1 to False"],
    ),
    "take it back, the evacuation is completed": (
        two(forced(), migrations=[evacuation("completed")]),
        ServiceWanted(["xen1"], forced_down=False),
        ["set forced_down of compute service of xen1 to False"],
    ),
    "take it back, another host was evacuated": (
        two(forced(), migrations=[evacuation("done", source="xen2")]),
        ServiceWanted(["xen1"], forced_down=False),
        ["set forced_down of compute service of xen1 to False"],
    ),
    "never forced down, whatever was evacuated": (
        two(migrations=[evacuation("done")]),
        ServiceWanted(["xen1"], forced_down=False),
        [],
    ),
    "both at once": (
        two(),
        ServiceWanted(["xen1"], status="disabled", disabled_reason="dead", forced_down=True),
        [DISABLE + "dead", "set forced_down of compute service of xen1 to True"],
    ),
    "of a host that is gone": (
        two(gone()),
        ServiceWanted(["xen9"], forced_down=True),
        ["set forced_down of compute service of xen9 to True"],
    ),
    "waiting changes nothing": (two(), ServiceWanted(["xen1"], wait_for="down"), []),
    "absent and unknown": (two(), ServiceWanted(["xen9"], state="absent"), []),
    "absent, as it registered itself": (two(), ServiceWanted(["xen1"], state="absent"), []),
    "delete a disabled one": (
        two(disabled("x")),
        ServiceWanted(["xen1"], state="absent"),
        ["delete compute service of xen1"],
    ),
    "delete a member": (
        two(aggregates=[Aggregate("prod", hosts=("xen1", "xen2"))]),
        ServiceWanted(["xen1"], state="absent"),
        ["delete compute service of xen1"],
    ),
    "delete that of a host that is gone": (
        two(gone()),
        ServiceWanted(["xen9"], state="absent"),
        ["delete compute service of xen9"],
    ),
    "delete after its migrations ended": (
        two(gone(), migrations=[move("completed", "xen9", "xen1"), move("error", "xen1", "xen9")]),
        ServiceWanted(["xen9"], state="absent"),
        ["delete compute service of xen9"],
    ),
}


@pytest.mark.parametrize(("before", "wanted", "steps"), STEPS.values(), ids=STEPS)
def test_steps(before: Fleet, wanted: ServiceWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_service, before, wanted)
    assert [str(s) for s in plan.steps] == steps


REFUSALS: dict[str, tuple[Fleet, ServiceWanted, type[FleetError], str]] = {
    "another binary": (
        two(),
        ServiceWanted(["xen1"], binary="nova-conductor", status="disabled"),
        InvalidError,
        "only nova-compute services",
    ),
    "an empty reason": (
        two(),
        ServiceWanted(["xen1"], status="disabled", disabled_reason=""),
        InvalidError,
        "0 characters",
    ),
    "a long reason": (
        two(),
        ServiceWanted(["xen1"], status="disabled", disabled_reason="x" * 256),
        InvalidError,
        "256 characters",
    ),
    "a reason for enabling": (
        two(),
        ServiceWanted(["xen1"], status="enabled", disabled_reason="why not"),
        InvalidError,
        "goes with status disabled only",
    ),
    "a reason for nothing": (
        two(),
        ServiceWanted(["xen1"], forced_down=True, disabled_reason="dead"),
        InvalidError,
        "goes with status disabled only",
    ),
    "nothing": (two(), ServiceWanted(["xen1"]), InvalidError, "nothing to update"),
    "deletion and update": (
        two(),
        ServiceWanted(["xen1"], state="absent", status="disabled"),
        InvalidError,
        "deleted and updated at once",
    ),
    "an unknown host": (
        two(),
        ServiceWanted(["xen1", "web7", "web8"], status="disabled"),
        NotFoundError,
        "web7 and web8: there is no record",
    ),
    "a name in another case": (
        two(),
        ServiceWanted(["XEN1"], status="disabled"),
        NotFoundError,
        "Did you mean xen1?",
    ),
    "an unknown host while one is silent": (
        two(unreachable={"10.0.0.3": "timed out"}),
        ServiceWanted(["web7"], status="disabled"),
        NotFoundError,
        "10.0.0.3",
    ),
    "evacuated and not restarted": (
        two(forced(), migrations=[evacuation("done")]),
        ServiceWanted(["xen1"], forced_down=False),
        InvalidError,
        "in status done, not completed",
    ),
    "up while it is being forced down": (
        two(),
        ServiceWanted(["xen1"], forced_down=True, wait_for="up"),
        InvalidError,
        "never reported as up",
    ),
    "up while it stays forced down": (
        two(forced()),
        ServiceWanted(["xen1"], wait_for="up"),
        InvalidError,
        "never reported as up",
    ),
    "delete with a running server": (
        two(disabled(), servers=[server("web1", "xen1", "pool-xen1")]),
        ServiceWanted(["xen1"], state="absent"),
        ConflictError,
        "still has servers: web1",
    ),
    "delete while a server leaves": (
        two(gone(), migrations=[move("running", "xen9", "xen1")]),
        ServiceWanted(["xen9"], state="absent"),
        ConflictError,
        "web1 (running)",
    ),
    "delete while a server arrives": (
        two(gone(), migrations=[move("queued", "xen1", "xen9")]),
        ServiceWanted(["xen9"], state="absent"),
        ConflictError,
        "web1 (queued)",
    ),
    "delete with a resize to confirm": (
        two(gone(), migrations=[move("finished", "xen9", "xen1")]),
        ServiceWanted(["xen9"], state="absent"),
        ConflictError,
        "web1 (finished)",
    ),
    "delete a silent one": (
        two(gone(), unreachable={"10.0.0.9": "timed out"}),
        ServiceWanted(["xen9"], state="absent"),
        ConflictError,
        "unknown whether it still has servers: 10.0.0.9",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(before: Fleet, wanted: ServiceWanted, kind: type[FleetError], text: str) -> None:
    with pytest.raises(kind) as caught:
        plan_service(before, wanted)
    assert caught.type is kind
    assert text in caught.value.message
    assert caught.value.remedy


def test_deleted_service_of_a_living_host_registers_again() -> None:
    before = two(disabled("disk"), aggregates=[Aggregate("prod", {}, ("xen1", "xen2"))])
    wanted = ServiceWanted(["xen1"], state="absent")
    after = project_all(before, plan_service(before, wanted).steps)
    assert after.service("xen1") == two().service("xen1")
    assert [a.hosts for a in after.aggregates] == [("xen2",)]


def test_deletion_says_which_aggregates_lose_the_host() -> None:
    before = two(aggregates=[Aggregate("prod", {}, ("xen1",)), Aggregate("ssd", {}, ("xen1",))])
    plan = plan_service(before, ServiceWanted(["xen1"], state="absent"))
    assert [s.why for s in plan.steps] == ["this removes it from aggregate prod and ssd"]
    assert plan.warnings == ()


def test_deletion_warns_of_a_host_that_stays_in_the_pool_of_its_aggregate() -> None:
    racks = Aggregate("racks", {}, ("xen1",))
    alpha = Aggregate("alpha", {"hypervisor_pool": "true", "xen1": "uuid-xen1"}, ("xen1",))
    plan = plan_service(two(aggregates=[racks, alpha]), ServiceWanted(["xen1"], state="absent"))
    (warning,) = plan.warnings
    assert warning.startswith(
        "host xen1: leaves aggregate alpha with its service, but stays in its "
    )
    assert (
        plan_service(two(aggregates=[racks]), ServiceWanted(["xen1"], state="absent")).warnings
        == ()
    )
