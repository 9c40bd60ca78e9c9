# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Row 19 of the Compute API's rules: availability zones, as users and as administrators see them."""

from __future__ import annotations

from typing import Any

import pytest
from contract.rules.control import Control
from contract.rules.nova_control import NovaControl

pytestmark = pytest.mark.memory


def shown(control: Control) -> list[str]:
    """Names of the zones as users see them, with what is said of each."""
    zones = control.given("availability_zone_info")["availability_zones"]
    return [
        f"{one['name']}{'' if one['available'] else ' (not available)'}"
        f"{' (default)' if one['default'] else ''}"
        for one in zones
    ]


def members(control: Control, zone: str) -> list[str]:
    """Its hosts as administrators see them, by their part in the test."""
    (shown_zone,) = control.given("availability_zone_info", name=zone, detail=True)[
        "availability_zones"
    ]
    return sorted(control.roles[one["host"]] for one in shown_zone["hosts"]) or ["none"]


def test_row_19_zones_with_an_enabled_service_are_available(control: Control) -> None:
    what = "zones as users see them"
    control.saw(what, shown(control), ["nova (default)"])
    control.done("aggregate", name="a", availability_zone="east", hosts=[control.spare1])
    control.done("aggregate", name="b", availability_zone="west")
    control.saw(what, shown(control), ["east", "nova (default)"])
    control.done("compute_service", hosts=[control.spare1], forced_down=True)
    control.saw(what, shown(control), ["east", "nova (default)"])
    control.done("compute_service", hosts=[control.spare1], status="disabled")
    control.saw(what, shown(control), ["east (not available)", "nova (default)"])


def test_row_19_hosts_with_an_enabled_service_are_shown(control: Control) -> None:
    control.done("aggregate", name="a", availability_zone="east", hosts=[control.spare1])
    what = "hosts of the zone {} as administrators see them"
    control.saw(what.format("east"), members(control, "east"), ["spare1"])
    control.saw(what.format("nova"), members(control, "nova"), ["busy", "idle", "spare2"])
    control.done("compute_service", hosts=[control.spare1, control.spare2], status="disabled")
    control.saw(what.format("east"), members(control, "east"), ["none"])
    control.saw(what.format("nova"), members(control, "nova"), ["busy", "idle"])


def test_row_19_the_state_of_services_is_shown(control: Control) -> None:
    control.done("compute_service", hosts=[control.idle], forced_down=True)
    result = control.given("availability_zone_info", name="nova", detail=True)
    states = {
        control.roles[host["host"]]: f"{one['binary']} {one['status']} {one['state']}"
        for host in result["availability_zones"][0]["hosts"]
        for one in host["services"]
    }
    control.saw(
        "services of busy and idle in the zone nova",
        [states["busy"], states["idle"]],
        ["nova-compute enabled up", "nova-compute enabled down"],
    )


# --- Nova alone -----------------------------------------------------------------------------------


def zones_of(result: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in result["availability_zones"]}


def asked(nova: NovaControl) -> list[str]:
    """What the last task read, beside which microversions there are."""
    return [one.path for one in nova.requests if "/os-" in one.path]


@pytest.mark.nova
def test_users_need_no_right_for_zones_and_administrators_see_more(nova: NovaControl) -> None:
    with nova.stranger():
        plain = nova.given("availability_zone_info")
        read = asked(nova)
        refused = nova.run("availability_zone_info", detail=True)
    assert read == ["/v2.1/os-availability-zone"]
    assert list(zones_of(plain)) == ["nova"]
    assert (refused["error"]["status"], refused["error"]["code"]) == (403, "forbidden")
    assert "os-availability-zone:detail" in refused["msg"]
    detailed = nova.given("availability_zone_info", detail=True)
    assert asked(nova) == ["/v2.1/os-availability-zone/detail", "/v2.1/os-aggregates"]
    binaries = {
        service["binary"]
        for host in zones_of(detailed)["internal"]["hosts"]
        for service in host["services"]
    }
    assert binaries == {"nova-conductor", "nova-scheduler"}


@pytest.mark.nova
def test_the_default_zone_is_that_of_hosts_without_one(nova: NovaControl) -> None:
    """Whatever the option says, if administrators ask."""
    nova.given("aggregate", name="a", availability_zone="east", hosts=[nova.spare1])
    option = {"default_availability_zone": "east"}
    for detail, default in ((False, "east"), (True, "nova")):
        result = nova.given("availability_zone_info", detail=detail, **option)
        assert [name for name, one in zones_of(result).items() if one["default"]] == [default]
