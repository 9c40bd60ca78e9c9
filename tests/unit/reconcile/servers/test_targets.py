# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts on which server actions start servers, where no scheduler chooses them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from unit.fleets import GIB, host, storage
from unit.guests import POWER, cloud, guest, three, wants
from unit.law import assert_fixed_point

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import TABLE
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    InvalidError,
    PlanRefused,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    ComputeService,
    ExtraSpec,
    Fleet,
    Maintenance,
    Storage,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import POSSIBLE_HOSTS
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.filters import (
    ServerFilter,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    action_needs,
    plan_server_action,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.wanted import (
    ServerActionWanted,
)

LOCAL = storage("local", "p", {"xen1"}, shared=False)
TIED = {"storage": frozenset({LOCAL.id})}
GROUP: dict[str, Any] = {"groups": ("g",)}
SSD: dict[str, Any] = {"extra_specs": (ExtraSpec("ssd", "true"),)}
ON_SSD = [Aggregate("fast", {"ssd": "true"}, ("xen2",))]
GPU, OTHER_GPU = (guest(name, "stopped", on=None, devices=True) for name in ("gpu1", "gpu2"))
WITH_GPUS = frozenset({"xen1", "xen2"})


def off(*hosts: str, **fields: Any) -> list[ComputeService]:
    return [ComputeService(name, **{"status": "disabled", **fields}) for name in hosts]


def dead(name: str = "web1", **fields: Any) -> Fleet:
    """A server on a failed host."""
    lost = [ComputeService("xen1", state="down", forced_down=True)]
    hosts = [
        host("xen1", "p", live=False),
        host("xen2", "p", memory_free=20 * GIB),
        host("xen3", "p", memory_free=30 * GIB),
    ]
    return three(guest(name, **fields), hosts=hosts, services=lost)


PLANS: dict[str, tuple[Fleet, ServerActionWanted, list[str]]] = {
    "started where the aggregates are as it wants": (
        three(guest("web1", "stopped", on=None, **SSD), aggregates=ON_SSD),
        wants("start"),
        ["start web1 on xen2"],
    ),
    "evacuated to such a host": (
        replace(dead(**SSD), aggregates=tuple(ON_SSD)),
        wants("evacuate", power_on=True),
        ["evacuate web1 from xen1 to xen2"],
    ),
    "migrated to such a host": (
        three(guest("web1", **SSD), aggregates=ON_SSD),
        wants("migrate"),
        ["cold-migrate web1 from xen1 to xen2"],
    ),
    "unshelved on such a host": (
        three(guest("web1", "shelved_offloaded", on=None, **SSD), aggregates=ON_SSD),
        wants("unshelve"),
        ["unshelve web1 on xen2"],
    ),
    "resized to such a host": (
        three(guest("web1", **SSD), aggregates=ON_SSD),
        wants("resize", vcpus=2),
        ["resize web1 on xen2"],
    ),
    "staying where it is whatever it wants": (
        three(guest("web1", "stopped", **TIED, **SSD), aggregates=ON_SSD, storages=[LOCAL]),
        wants("start"),
        ["start web1 on xen1"],
    ),
    "started on the roomiest": (
        three(guest("web1", "stopped", on=None)),
        wants("start"),
        ["start web1 on xen1"],
    ),
    "past a disabled service": (
        three(guest("web1", "stopped", on=None), services=off("xen1")),
        wants("start"),
        ["start web1 on xen3"],
    ),
    "past a host in maintenance": (
        three(guest("web1", "stopped", on=None), maintenances=[Maintenance("xen1", "november")]),
        wants("start"),
        ["start web1 on xen3"],
    ),
    "where it was last sent": (
        three(guest("web1", "stopped", on=None, affinity="xen2")),
        wants("start"),
        ["start web1 on xen2"],
    ),
    "not where it was last sent if that takes none": (
        three(guest("web1", "stopped", on=None, affinity="xen1"), services=off("xen1")),
        wants("start"),
        ["start web1 on xen3"],
    ),
    "on its own host, disabled or not": (
        three(guest("web1", "stopped", **TIED), storages=[LOCAL], services=off("xen1")),
        wants("start"),
        ["start web1 on xen1"],
    ),
    "where its devices are": (
        three(GPU, possible={GPU.id: frozenset({"xen2"})}),
        wants("start", "gpu1"),
        ["start gpu1 on xen2"],
    ),
    "one each where devices are": (
        three(GPU, OTHER_GPU, possible=dict.fromkeys([GPU.id, OTHER_GPU.id], WITH_GPUS)),
        wants("start", "gpu1", "gpu2"),
        ["start gpu1 on xen1", "start gpu2 on xen2"],
    ),
    "resumed": (
        three(guest("web1", "suspended", on=None), services=off("xen1")),
        wants("resume"),
        ["resume web1 on xen3"],
    ),
    "restored": (
        three(guest("web1", "soft-delete", on=None), services=off("xen1")),
        wants("restore"),
        ["restore web1 on xen3"],
    ),
    "unshelved": (
        three(guest("web1", "shelved_offloaded", on=None), services=off("xen1")),
        wants("unshelve"),
        ["unshelve web1 on xen3"],
    ),
    "unshelved on the host that it never left": (
        three(guest("web1", "shelved", **TIED), storages=[LOCAL], services=off("xen1")),
        wants("unshelve"),
        ["unshelve web1 on xen1"],
    ),
    "rebooted where it runs": (
        three(guest("web1"), services=off("xen1")),
        wants("reboot_hard"),
        ["hard-reboot web1"],
    ),
    "rebooted out of being off": (
        three(guest("web1", "stopped", on=None), services=off("xen1")),
        wants("reboot_hard"),
        ["hard-reboot web1 on xen3"],
    ),
    "rebuilt where it runs": (
        three(guest("web1"), services=off("xen1")),
        wants("rebuild"),
        ["rebuild web1 from image golden on xen1"],
    ),
    "rebuilt and left off": (
        three(guest("web1", "stopped", on=None)),
        wants("rebuild"),
        ["rebuild web1 from image golden"],
    ),
    "rescued elsewhere, since its host can start nothing": (
        three(
            guest("web1"),
            hosts=[host("xen1", "p", enabled=False), host("xen2", "p"), host("xen3", "p")],
        ),
        wants("rescue", image="golden"),
        ["rescue web1 on xen2"],
    ),
    "resized where it is": (
        three(guest("web1", on="xen2")),
        wants("resize", vcpus=4),
        ["resize web1 on xen2"],
    ),
    "resized away from a host without the room": (
        three(guest("web1", on="xen2", memory=2 * GIB, memory_max=2 * GIB)),
        wants("resize", memory_mb=25 * 1024),
        ["resize web1 on xen1"],
    ),
    "resized away from a host with fewer CPUs": (
        three(
            guest("web1", on="xen2"),
            hosts=[host("xen1", "p"), host("xen2", "p", cpus=4), host("xen3", "p", cpus=4)],
        ),
        wants("resize", vcpus=8),
        ["resize web1 on xen1"],
    ),
    "resized with the room that it has already": (
        three(guest("web1", on="xen2", memory=2 * GIB, memory_max=2 * GIB)),
        wants("resize", memory_mb=21 * 1024),
        ["resize web1 on xen2"],
    ),
    "resized away from a disabled service": (
        three(guest("web1"), services=off("xen1")),
        wants("resize", vcpus=4),
        ["resize web1 on xen3"],
    ),
    "resized while off": (
        three(guest("web1", "stopped", on=None)),
        wants("resize", vcpus=4),
        ["resize web1"],
    ),
    "reverted to where it was": (
        three(guest("web1", "resized", on="xen3", resized_from="xen2"), services=off("xen2")),
        wants("revert_resize"),
        ["revert the resize of web1 on xen2"],
    ),
    "migrated cold": (
        three(guest("web1"), services=off("xen3")),
        wants("migrate"),
        ["cold-migrate web1 from xen1 to xen2"],
    ),
    "migrated while off": (
        three(guest("web1", "stopped", on=None), services=off("xen1", "xen3")),
        wants("migrate"),
        ["cold-migrate web1 to xen2"],
    ),
    "each with room for all": (
        three(guest("web1", memory=15 * GIB), guest("web2", memory=14 * GIB)),
        wants("migrate", "web1", "web2"),
        ["cold-migrate web1 from xen1 to xen3", "cold-migrate web2 from xen1 to xen2"],
    ),
    "apart from its group": (
        three(guest("web1", **GROUP), guest("web2", on="xen3", **GROUP)),
        wants("migrate"),
        ["cold-migrate web1 from xen1 to xen2"],
    ),
    "evacuated": (
        dead(),
        wants("evacuate", power_on=True),
        ["evacuate web1 from xen1 to xen3"],
    ),
    "evacuated and left off": (dead(), wants("evacuate"), ["evacuate web1 from xen1"]),
}


@pytest.mark.parametrize(("before", "wanted", "expected"), PLANS.values(), ids=PLANS)
def test_the_plan_names_the_host(
    before: Fleet, wanted: ServerActionWanted, expected: list[str]
) -> None:
    if wanted.action in ("migrate", "evacuate"):  # without a host, they are never satisfied
        plan = plan_server_action(before, wanted)
    else:
        plan = assert_fixed_point(plan_server_action, before, wanted)
    assert [str(step) for step in plan.steps] == expected


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        (guest("web1", "stopped", on=None), wants("start")),
        (guest("web1", "shelved_offloaded", on=None), wants("unshelve")),
        (guest("web1"), wants("migrate")),
        (guest("web1"), wants("resize", vcpus=4)),
    ],
)
def test_check_mode_shows_where_it_will_be(server: Any, wanted: ServerActionWanted) -> None:
    before = three(server, services=off("xen1", "xen2"))
    after = project_all(before, plan_server_action(before, wanted).steps)
    found, target = after.server(server.id), after.host("xen3")
    assert found is not None
    assert target is not None
    assert (found.host, target.memory_free) == ("xen3", 28 * GIB)


NO_HOST: dict[str, tuple[Fleet, ServerActionWanted, type[FleetError], str]] = {
    "all are disabled": (
        three(guest("web1", "stopped", on=None), services=off("xen1", "xen2", "xen3")),
        wants("start"),
        InvalidError,
        "no valid host was found: xen1 has its compute service disabled",
    ),
    "all but its own": (
        three(guest("web1"), services=off("xen2", "xen3")),
        wants("migrate"),
        InvalidError,
        "no valid host was found: xen2 has its compute service disabled",
    ),
    "its own can start nothing": (
        three(
            guest("web1", "stopped", **TIED),
            storages=[LOCAL],
            hosts=[host("xen1", "p", enabled=False), host("xen2", "p"), host("xen3", "p")],
        ),
        wants("start"),
        InvalidError,
        "no valid host was found: xen1 is disabled, xen2 cannot run it: SR local is not attached",
    ),
    "its devices are on none": (
        three(GPU, possible={GPU.id: frozenset()}, services=off("xen1")),
        wants("start", "gpu1"),
        InvalidError,
        "no valid host was found: xen1 has its compute service disabled, xen2 cannot run it: XAPI finds no"
        " free devices (GPU, USB, SR-IOV) or no memory for it there",
    ),
    "a host asked for without its devices": (
        three(guest("gpu1", devices=True), possible={GPU.id: frozenset({"xen2"})}),
        wants("migrate", "gpu1", host="xen3"),
        InvalidError,
        "xen3 cannot run it: XAPI finds no free devices",
    ),
    "room for one": (
        three(
            guest("web1", "stopped", on=None, memory=18 * GIB),
            guest("web2", "stopped", on=None, memory=18 * GIB),
            services=off("xen1", "xen3"),
        ),
        wants("start", "web1", "web2"),
        InvalidError,
        "it needs 18.0 GiB of memory beside the other servers of this task; free memory: xen2 20.0 GiB",
    ),
    "a group that fills the hosts": (
        three(
            guest("web1", **GROUP),
            guest("web2", on="xen2", **GROUP),
            guest("web3", on="xen3", **GROUP),
        ),
        wants("migrate"),
        InvalidError,
        "every host with room for it (xen2 and xen3) has a server of its anti-affinity group g. "
        "Add a host, or take it out of the group.",
    ),
    "a host asked for that takes none": (
        three(guest("web1"), services=off("xen2")),
        wants("migrate", host="xen2"),
        ConflictError,
        "target host xen2",
    ),
    "a host asked for in maintenance": (
        three(guest("web1"), maintenances=[Maintenance("xen2", "november")]),
        wants("migrate", host="xen2"),
        ConflictError,
        "target host xen2: it is in maintenance",
    ),
    "a host asked for without the room": (
        three(guest("web1", memory=25 * GIB)),
        wants("migrate", host="xen2"),
        InvalidError,
        "25.0 GiB of memory is needed for web1, and 20.0 GiB is free",
    ),
}


@pytest.mark.parametrize(("before", "wanted", "kind", "text"), NO_HOST.values(), ids=NO_HOST)
def test_no_host(
    before: Fleet, wanted: ServerActionWanted, kind: type[FleetError], text: str
) -> None:
    with pytest.raises(kind) as caught:
        plan_server_action(before, wanted)
    assert text in caught.value.message


ASKED: dict[str, tuple[Any, ServerActionWanted, bool]] = {
    "started": (GPU, wants("start", "gpu1"), True),
    "found by a filter": (GPU, wants("start", where=ServerFilter(name="gpu")), True),
    "of another name": (GPU, wants("start", "web1"), False),
    "without devices": (guest("gpu1", "stopped", on=None), wants("start", "gpu1"), False),
    "started already": (guest("gpu1", devices=True), wants("start", "gpu1"), False),
    "stopped": (guest("gpu1", devices=True), wants("stop", "gpu1"), False),
    "migrated": (guest("gpu1", devices=True), wants("migrate", "gpu1"), True),
    "rebooted where it runs": (guest("gpu1", devices=True), wants("reboot_hard", "gpu1"), False),
    "rescued": (guest("gpu1", devices=True), wants("rescue", "gpu1"), False),
}


@pytest.mark.parametrize(("server", "wanted", "asked"), ASKED.values(), ids=ASKED)
def test_xapi_is_asked_about_servers_with_devices_that_start(
    server: Any, wanted: ServerActionWanted, asked: bool
) -> None:
    needs = action_needs(three(server), wanted)
    assert needs.starting == ((server.id,) if asked else ())
    assert (POSSIBLE_HOSTS in needs) is asked
    assert not action_needs(cloud(server), wanted).starting


def test_all_servers_without_a_host_are_named() -> None:
    servers = [guest(name, "stopped", on=None) for name in ("web1", "web2")]
    before = three(*servers, services=off("xen1", "xen2", "xen3"))
    with pytest.raises(
        PlanRefused, match=r"server web1: no valid host.*server web2: no valid host"
    ):
        plan_server_action(before, wants("start", "web1", "web2"))


def test_one_that_nobody_can_take_does_not_keep_the_others_down() -> None:
    before = dead("web1")
    big = guest("big", memory=50 * GIB)
    before = three(*before.servers, big, hosts=before.hosts, services=before.services)
    plan = plan_server_action(before, wants("evacuate", "web1", "big", power_on=True))
    assert [str(s) for s in plan.steps] == ["evacuate web1 from xen1 to xen3"]
    assert "big: not recovered: no valid host was found" in plan.warnings[0]
    assert [(one.step.args.id, one.fails) for one in plan.refused] == [("uuid-big", True)]


ONLY_THERE = storage("nfs", "p", {"xen1"})
SHARED = storage("nfs", "p", {"xen1", "xen2", "xen3"})
TIE = r"its disks are on SR local, which only xen1 has"


def bound(vm_state: str, where: Storage = LOCAL) -> Fleet:
    """On a failed host, with a server beside it that can be evacuated."""
    one = guest("kept", vm_state, storage=frozenset({where.id}))
    before = dead("web1")
    return replace(before, servers=(*before.servers, one), storages=(where,))


def test_one_that_was_off_and_has_its_disks_on_the_failed_host_is_told_and_stays() -> None:
    before = bound("stopped")
    wanted = wants("evacuate", "web1", "kept", power_on=True)
    plan = plan_server_action(before, wanted)
    assert [str(s) for s in plan.steps] == ["evacuate web1 from xen1 to xen3"]
    assert plan.warnings == (
        f"kept: not recovered: {TIE}. Bring xen1 back, or restore its disks from a backup",
    )
    assert plan.failing == ()
    alone = plan_server_action(before, wants("evacuate", "kept", power_on=True))
    assert (alone.changed, alone.warnings) == (False, plan.warnings)


@pytest.mark.parametrize("power_on", [True, False])
def test_one_that_ran_and_has_its_disks_on_the_failed_host_fails_the_task(power_on: bool) -> None:
    before = bound("active")
    plan = plan_server_action(before, wants("evacuate", "web1", "kept", power_on=power_on))
    assert [s.subject for s in plan.steps] == ["web1"]
    assert [one.step.subject for one in plan.failing] == ["kept"]
    with pytest.raises(FleetError, match=f"server kept: {TIE}"):
        plan_server_action(before, wants("evacuate", "kept", power_on=power_on))


@pytest.mark.parametrize(
    ("where", "remedy"),
    [(ONLY_THERE, r"Plug the SR there \(xen_sr\)"), (SHARED, None)],
    ids=["one", "all"],
)
def test_a_shared_sr_binds_a_server_only_where_no_other_host_has_it(
    where: Storage, remedy: str | None
) -> None:
    plan = plan_server_action(bound("stopped", where), wants("evacuate", "kept"))
    assert plan.changed is (remedy is None)
    if remedy:
        assert re.search(rf"no other host can run it: SR nfs .*{remedy}", plan.warnings[0])


def test_a_group_that_has_to_share_a_host_is_started_with_a_warning() -> None:
    before = three(
        guest("web1", "stopped", on=None, **GROUP),
        guest("web2", on="xen1", **GROUP),
        services=off("xen2", "xen3"),
    )
    plan = plan_server_action(before, wants("start"))
    assert [str(s) for s in plan.steps] == ["start web1 on xen1"]
    assert plan.warnings == ("web1: shares xen1 with web2 of its anti-affinity group",)


@pytest.mark.parametrize("action", ["start", "resume", "unshelve", "restore"])
def test_a_scheduler_chooses_for_itself(action: str) -> None:
    state = {"start": "stopped", "resume": "suspended", "unshelve": "shelved_offloaded"}
    before = cloud(guest("web1", state.get(action, "soft-delete"), on=None))
    (step,) = plan_server_action(before, wants(action)).steps
    assert " on " not in str(step)


@pytest.mark.parametrize("action", TABLE)
def test_nothing_speaks_of_a_scheduler_where_there_is_none(action: str) -> None:
    """Whatever state the server is in, on a host that is up, one that is lost, or none."""
    needed: dict[str, dict[str, Any]] = {
        "resize": {"vcpus": 2, "memory_mb": 64},
        "evacuate": {"power_on": True},
    }
    options = needed.get(action, {})
    lost = off("xen1", state="down", forced_down=True)
    for vm_state, on, services in product(POWER, ("xen1", None), ([], lost)):
        known = three(guest("web1", vm_state, on=on), services=services)
        try:
            said = plan_server_action(known, wants(action, **options)).text()
        except FleetError as exc:
            said = exc.message
        assert "scheduler" not in said


def test_the_host_asked_for_is_not_overfilled_by_those_that_another_leaves() -> None:
    tied = guest("tied", storage=frozenset({LOCAL.id}))
    big = [guest(name, memory=12 * GIB) for name in ("big1", "big2")]
    before = replace(dead(), servers=(tied, *big), storages=(LOCAL,))
    with pytest.raises(InvalidError) as caught:
        plan_server_action(
            before, wants("evacuate", "tied", "big1", "big2", host="xen2", power_on=True)
        )
    assert "24.0 GiB of memory is needed for big1 and big2" in caught.value.message
