# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VM in which a host's nova-compute runs, around joins and ejects of its host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import fleet, host, pool, server, storage
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import PlanRefused
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    Fleet,
    Maintenance,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.membership import (
    MembershipWanted,
    plan_membership,
)

STOPPABLE = frozenset({"clean_shutdown"})
ALPHA = pool("pa", "xen1", name="alpha")
LONE = [host("xen1", "pa"), host("xen2"), host("xen3")]


def vm(on: str, name: str = "nova-compute", pool_id: str = "", **fields: Any) -> Server:
    guest = server(name, on, pool_id or f"pool-{on}", **{"allowed": STOPPABLE, **fields})
    return replace(guest, id=f"uuid-{name}-{on}")


def down(on: str, pool_id: str = "", **fields: Any) -> Server:
    """As a run that was killed has left it."""
    stopped = {"status": "SHUTOFF", "vm_state": "stopped", "power_state": "Halted"}
    return vm(on, pool_id=pool_id, stopped_for_join=on, **stopped, **fields)


def before(*servers: Server, **sections: Any) -> Fleet:
    return fleet(**{"hosts": LONE, "pools": [ALPHA], **sections}, servers=list(servers))


def wanted(*hosts: str, **more: Any) -> MembershipWanted:
    return MembershipWanted(hosts, pool="alpha", **more)


def shut(name: str, vm: str = "nova-compute") -> str:
    return f"shut down {vm}, the compute VM of host {name}"


def start(name: str, vm: str = "nova-compute") -> str:
    return f"start {vm}, the compute VM of host {name}"


def join(name: str) -> str:
    return f"join host {name} to pool alpha"


MEMBERS = {"hosts": [host("xen1", "pa"), host("xen2", "pa")], "pools": [ALPHA]}
ARRIVING = host("xen2", "pa", live=False, enabled=False)

PLANS = {
    "under the same name on every host, one host after the other": (
        before(vm("xen1", pool_id="pa"), vm("xen2"), vm("xen3")),
        wanted("xen2", "xen3"),
        [shut("xen2"), join("xen2"), start("xen2"), shut("xen3"), join("xen3"), start("xen3")],
    ),
    "side by side": (
        before(vm("xen2"), vm("xen3")),
        wanted("xen2", "xen3", max_parallel=2),
        [shut("xen2"), shut("xen3"), join("xen2"), join("xen3"), start("xen2"), start("xen3")],
    ),
    "one that is stopped stays so": (
        before(vm("xen2", power_state="Halted", vm_state="stopped", status="SHUTOFF")),
        wanted("xen2"),
        [join("xen2")],
    ),
    "by an item of other_config": (
        before(vm("xen2", "osc-7", metadata={"nova_compute": "true"})),
        wanted("xen2"),
        [shut("xen2", "osc-7"), join("xen2"), start("xen2", "osc-7")],
    ),
    "by uuid": (
        before(vm("xen2", "osc-7")),
        wanted("xen2", compute_vm=["uuid-osc-7-xen2"]),
        [shut("xen2", "osc-7"), join("xen2"), start("xen2", "osc-7")],
    ),
    "killed before the join": (
        before(down("xen2")),
        wanted("xen2"),
        [join("xen2"), start("xen2")],
    ),
    "killed, and it is called otherwise in this run": (
        before(down("xen2")),
        wanted("xen2", compute_vm=[]),
        [join("xen2"), start("xen2")],
    ),
    "killed during the join": (
        before(down("xen2", "pa"), hosts=[LONE[0], ARRIVING]),
        wanted("xen2"),
        ["wait until host xen2 is live, enabled and has its storage", start("xen2")],
    ),
    "killed after the join": (
        before(down("xen2", "pa"), **MEMBERS),
        wanted("xen2"),
        [start("xen2")],
    ),
    "killed while it was shutting down": (
        before(vm("xen2", task_state="powering-off", allowed=frozenset())),
        wanted("xen2"),
        [shut("xen2"), join("xen2"), start("xen2")],
    ),
    "of a host that is not meant": (
        before(down("xen3", "pool-xen3")),
        wanted("xen2"),
        [join("xen2")],
    ),
    "on a host that is ejected": (
        before(vm("xen2", pool_id="pa"), **MEMBERS),
        wanted("xen2", state="absent", wipe_local_storage=True),
        [shut("xen2"), "eject host xen2 from pool alpha"],
    ),
}


@pytest.mark.parametrize(("state", "asked", "steps"), PLANS.values(), ids=PLANS)
def test_plans(state: Fleet, asked: MembershipWanted, steps: list[str]) -> None:
    plan = assert_fixed_point(plan_membership, state, asked)
    assert [str(step) for step in plan.steps] == steps


BLOCKED = {
    "another guest runs": (
        [vm("xen2"), vm("xen2", "web")],
        {},
        ["1 running VM: web (Shut them down for the join"],
    ),
    "there is none": ([vm("xen2")], {"compute_vm": []}, ["1 running VM: nova-compute"]),
    "it has no guest tools": (
        [vm("xen2", allowed=frozenset({"hard_shutdown"}))],
        {},
        ["its compute VM nova-compute cannot be shut down cleanly", "Install the guest tools"],
    ),
    "it is locked": ([vm("xen2", locked=True)], {}, ["nova-compute is locked", "Unlock it"]),
    "it is busy": (
        [vm("xen2", task_state="rebooting")],
        {},
        ["nova-compute is in task_state rebooting"],
    ),
    "it is being rescued": (
        [vm("xen2", vm_state="rescued", status="RESCUE")],
        {},
        ["1 running VM: nova-compute"],
    ),
    "two are meant": (
        [vm("xen2"), vm("xen2", "copy", metadata={"nova_compute": "true"})],
        {},
        ["more than one running VM is meant by compute_vm: nova-compute and copy", "Give the uuid"],
    ),
    "an earlier run was killed, and something else has come between": (
        [down("xen2"), vm("xen2", "web")],
        {},
        ["1 running VM: web", "nova-compute is still shut down for its join", "start the VM"],
    ),
}


@pytest.mark.parametrize(("servers", "more", "texts"), BLOCKED.values(), ids=BLOCKED)
def test_blockers(servers: list[Server], more: dict[str, Any], texts: list[str]) -> None:
    with pytest.raises(PlanRefused) as refused:
        plan_membership(before(*servers), wanted("xen2", **more))
    for text in texts:
        assert text in refused.value.message
    assert all(v["remedy"] for v in refused.value.details["verdicts"])


def test_an_eject_has_the_same_blockers() -> None:
    state = before(vm("xen2", pool_id="pa", allowed=frozenset()), **MEMBERS)
    asked = wanted("xen2", state="absent", wipe_local_storage=True)
    with pytest.raises(PlanRefused, match="cannot be shut down cleanly"):
        plan_membership(state, asked)


def test_its_disks_are_among_what_an_eject_loses() -> None:
    local = storage("local2", "pa", {"xen2"}, shared=False)
    state = before(
        vm("xen2", pool_id="pa", storage=frozenset({local.id})), storages=[local], **MEMBERS
    )
    plan = plan_membership(state, wanted("xen2", state="absent", wipe_local_storage=True))
    assert plan.warnings == ("xen2: disks on its local storage are lost, of nova-compute",)


def test_where_its_host_is_out_of_service_it_is_left_down_with_a_warning() -> None:
    state = before(
        down("xen2", "pa"),
        hosts=[LONE[0], replace(ARRIVING, live=True)],
        maintenances=[Maintenance("xen2", "patch")],
    )
    plan = plan_membership(state, wanted("xen2"))
    assert plan.steps == ()
    assert "nova-compute is still shut down for its join" in plan.warnings[1]


# --- after a failure ------------------------------------------------------------------------------


def restored(plan: Plan) -> list[tuple[str, str | None, str | None]]:
    return [
        (str(r.step), str(r.after) if r.after else None, str(r.until) if r.until else None)
        for r in plan.restoring
    ]


def test_those_that_were_shut_down_are_started_even_if_a_join_fails() -> None:
    plan = plan_membership(before(vm("xen2"), down("xen3")), wanted("xen2", "xen3"))
    assert restored(plan) == [(start("xen2"), shut("xen2"), None), (start("xen3"), None, None)]
    assert all(any(r.step is step for step in plan.steps) for r in plan.restoring)


def test_so_with_an_aggregate() -> None:
    alpha = Aggregate("alpha", {"hypervisor_pool": "true"}, ("xen1", "xen2"))
    plan = plan_membership(
        before(vm("xen2"), aggregates=[alpha]), MembershipWanted(aggregate="alpha")
    )
    assert restored(plan) == [(start("xen2"), shut("xen2"), None)]
    assert [str(s) for s in plan.steps[2:5]] == [shut("xen2"), join("xen2"), start("xen2")]


def test_after_an_eject_it_is_started_only_if_its_host_stays() -> None:
    state = before(vm("xen2", pool_id="pa"), **MEMBERS)
    plan = plan_membership(state, wanted("xen2", state="absent", wipe_local_storage=True))
    assert restored(plan) == [(start("xen2"), shut("xen2"), "eject host xen2 from pool alpha")]
