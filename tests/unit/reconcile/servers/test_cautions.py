# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plans of actions warn of: data that an evacuation loses, and zones that servers are pinned to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.fleets import storage
from unit.guests import cloud, guest, three, wants

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.read_servers import (
    server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import ComputeService
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.plan import (
    plan_server_action,
)

DOWN = [ComputeService("xen1", state="down", forced_down=True)]
LOCAL = storage("Local storage", "p", {"xen1"}, shared=False, type="lvm")
SHARED = storage("nfs", "p", {"xen1", "xen2", "xen3"})


def test_disks_of_the_failed_host_alone_are_told_as_lost() -> None:
    servers = [
        guest("kept", "stopped", on="xen1", storage=frozenset({SHARED.id})),
        guest("lost", "stopped", on="xen1", storage=frozenset({SHARED.id, LOCAL.id})),
    ]
    before = three(*servers, services=DOWN, storages=[LOCAL, SHARED])
    warnings = plan_server_action(before, wants("evacuate", "kept", "lost")).warnings
    told = [
        text
        for text in warnings
        if "its disks are on SR Local storage, which only xen1 has" in text
    ]
    assert [text.split(":")[0] for text in told] == ["lost"]
    assert "kept" not in "".join(warnings)


def test_what_a_cloud_builds_anew_is_told() -> None:
    servers = [
        guest("image", local_disks=("root disk", "swap disk")),
        guest("volume"),
        guest("scratch", local_disks=("ephemeral disk",)),
    ]
    before = cloud(*servers, services=DOWN)
    plan = plan_server_action(before, wants("evacuate", "image", "volume", "scratch"))
    assert [text.split(", unless")[0] for text in plan.warnings] == [
        "image: its root disk and swap disk will be made anew, and what was on it is lost",
        "scratch: its ephemeral disk will be made anew, and what was on it is lost",
    ]
    assert len(plan.steps) == 3


def test_other_actions_lose_nothing() -> None:
    before = cloud(guest("web1", local_disks=("root disk",)))
    for action in ("stop", "live_migrate", "migrate"):
        assert plan_server_action(before, wants(action)).warnings == ()


def test_one_that_runs_elsewhere_by_now_has_lost_nothing_more() -> None:
    before = cloud(
        guest("web1", on="xen2", evacuated_from="xen1", local_disks=("root disk",)),
        services=DOWN,
    )
    assert plan_server_action(before, wants("evacuate")).warnings == ()


@pytest.mark.parametrize(("zone", "default"), [("west", False), ("nova", True)])
def test_a_zone_that_is_asked_for_pins(zone: str, default: bool) -> None:
    shelved = replace(guest("web1", "stopped", on=None), vm_state="shelved_offloaded")
    before = cloud(replace(shelved, status="SHELVED_OFFLOADED"))
    (warning,) = plan_server_action(before, wants("unshelve", availability_zone=zone)).warnings
    assert warning.startswith(f"web1: availability_zone pins it to {zone}: whenever")
    assert ("is the default zone" in warning) is default
    assert plan_server_action(before, wants("unshelve")).warnings == ()


FLAVOR = {"ram": 512, "vcpus": 1, "disk": 10, "ephemeral": 0, "swap": 0}


@pytest.mark.parametrize(
    ("image", "flavor", "expected"),
    [
        ({"id": "cirros"}, {}, ("root disk",)),
        ("", {}, ()),
        ("", {"ephemeral": 5, "swap": 512}, ("ephemeral disk", "swap disk")),
        ({"id": "cirros"}, {"swap": 512}, ("root disk", "swap disk")),
        (None, {}, ()),
    ],
)
def test_nova_tells_what_is_not_on_volumes(
    image: Any, flavor: dict[str, int], expected: tuple[str, ...]
) -> None:
    shown = {"id": "1", "status": "ACTIVE", "image": image, "flavor": {**FLAVOR, **flavor}}
    assert server(shown).local_disks == expected
