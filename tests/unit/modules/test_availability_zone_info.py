# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which availability zones are shown, and how."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.fleets import fleet, host

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    ComputeService,
    Fleet,
    Zone,
)
from ansible_collections.xenfleet.compute.plugins.modules.availability_zone_info import views

EAST = Aggregate("a", {"availability_zone": "east"}, ("xen2",))
TWO = fleet([host("xen2"), host("xen1")], aggregates=[EAST])


def internal(host: str, binary: str) -> ComputeService:
    return ComputeService(host, zone="internal", binary=binary, updated_at="2026-11-21T04:05:06Z")


REPORTED = Fleet(
    zones=(
        Zone("east", available=False),
        Zone(
            "internal",
            True,
            (
                internal("ctl2", "nova-conductor"),
                replace(internal("ctl1", "nova-scheduler"), state="down"),
                internal("ctl1", "nova-conductor"),
            ),
        ),
    ),
    default_zone="east",
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [(None, ["east", "nova"]), ("nova", ["nova"]), ("NOVA", []), ("west", [])],
)
def test_those_that_match_are_shown_by_name(name: str | None, shown: list[str]) -> None:
    assert [one["name"] for one in views(TWO, name, detail=False)] == shown


def test_users_see_names_and_availability_and_which_is_the_default() -> None:
    assert views(TWO, None, detail=False) == [
        {"name": "east", "available": True, "default": False},
        {"name": "nova", "available": True, "default": True},
    ]


def test_administrators_see_hosts_and_services_too() -> None:
    (east,) = views(TWO, "east", detail=True)
    shown = {"binary": "nova-compute", "status": "enabled", "state": "up", "updated_at": None}
    assert east == {
        "name": "east",
        "available": True,
        "default": False,
        "hosts": [{"host": "xen2", "services": [shown]}],
    }


def test_zones_that_nova_reports() -> None:
    east, others = views(REPORTED, None, detail=True)
    assert east == {"name": "east", "available": False, "default": True, "hosts": []}
    assert [one["host"] for one in others["hosts"]] == ["ctl1", "ctl2"]
    services = others["hosts"][0]["services"]
    assert [(s["binary"], s["state"]) for s in services] == [
        ("nova-conductor", "up"),
        ("nova-scheduler", "down"),
    ]
    assert services[0]["updated_at"] == "2026-11-21T04:05:06Z"
