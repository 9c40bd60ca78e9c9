# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and consoles of servers, against what Nova shows to a plain client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.nova.conftest import remove
from contract.rules.nova_control import NovaControl
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed, until

pytestmark = pytest.mark.nova

SUBNETS = {4: "192.0.2.0/24", 6: "2001:db8::/64"}


@pytest.fixture(scope="module")
def web(bed: Bed) -> Iterator[str]:
    """A server with an address of either kind, on the network front."""
    made = bed.api("POST", "/networks", {"network": {"name": "front"}}, service="neutron")
    network = made["network"]["id"]
    for version, cidr in SUBNETS.items():
        subnet = {"network_id": network, "ip_version": version, "cidr": cidr, "enable_dhcp": False}
        bed.api("POST", "/subnets", {"subnet": subnet}, service="neutron")
    (uuid,) = bed.servers({"reached": "compute1"}, networks=[{"uuid": network}]).values()
    yield uuid
    remove(bed, uuid)
    until("the network is free", lambda: deleted(bed, f"/networks/{network}"))


def deleted(bed: Bed, path: str) -> bool:
    try:
        bed.api("DELETE", path, service="neutron")
    except ApiError as exc:
        if exc.status != 409:
            raise
        return False
    return True


@pytest.fixture
def control(bed: Bed, tmp_path: Path) -> NovaControl:
    return NovaControl(bed, tmp_path / "store.db")


def names(control: NovaControl, **filters: Any) -> list[str]:
    return [one["name"] for one in control.given("server_info", **filters)["servers"]]


def test_addresses_and_servers_that_have_them(bed: Bed, control: NovaControl, web: str) -> None:
    (found,) = control.given("server_info", id=web)["servers"]
    shown = bed.server(web)
    assert found["addresses"] == {
        network: [
            {
                "addr": one["addr"],
                "version": one["version"],
                "mac_addr": one["OS-EXT-IPS-MAC:mac_addr"],
                "type": one["OS-EXT-IPS:type"],
            }
            for one in addresses
        ]
        for network, addresses in shown["addresses"].items()
    }
    by_version = {one["version"]: one["addr"] for one in found["addresses"]["front"]}
    assert by_version.keys() == {4, 6}
    assert names(control, ip=by_version[4]) == ["reached"]
    assert names(control, ip6=by_version[6].upper()) == ["reached"]
    assert names(control, ip=by_version[4], ip6=by_version[6]) == ["reached"]
    assert names(control, ip=by_version[4], id=[web]) == ["reached"]
    assert names(control, ip=r"192\.0\.2\.") == ["reached"]
    assert names(control, ip=by_version[4] + "1") == []
    assert names(control, ip=by_version[4], ip6="2001:db8:1::1") == []


def test_what_else_an_answer_has(bed: Bed, control: NovaControl, web: str) -> None:
    (found,) = control.given("server_info", id=web)["servers"]
    shown = bed.server(web)
    assert found["image"] == shown["image"]["id"]
    assert found["user_id"] == shown["user_id"]
    assert found["reservation_id"] == shown["OS-EXT-SRV-ATTR:reservation_id"]
    assert found["progress"] == shown["progress"]
    assert found["access_ipv4"] is None
    noted = {"server": {"accessIPv4": "198.51.100.1", "accessIPv6": "2001:db8::1"}}
    bed.api("PUT", f"/servers/{web}", noted)
    (found,) = control.given("server_info", id=web)["servers"]
    assert (found["access_ipv4"], found["access_ipv6"]) == ("198.51.100.1", "2001:db8::1")


def test_consoles_one_request_each(bed: Bed, control: NovaControl, web: str) -> None:
    others = bed.servers({"reached2": "compute2", "reached3": "compute3"})
    try:
        found = control.given("server_info", id=[web, *others.values()], consoles=True)["servers"]
        assert len(found) == 3
        for one in found:
            (console,) = one["consoles"]
            assert (console["protocol"], console["type"], console["error"]) == (
                "vnc",
                "novnc",
                None,
            )
            assert "token" in console["url"]
        posted = [one for one in control.requests if one.method == "POST"]
        assert [one.path.endswith("/remote-consoles") for one in posted] == [True] * 3
    finally:
        for uuid in others.values():
            remove(bed, uuid)


def test_a_console_that_the_cloud_does_not_have(control: NovaControl, web: str) -> None:
    (found,) = control.given("server_info", id=web, consoles=True, console_type="serial")["servers"]
    (console,) = found["consoles"]
    assert (console["protocol"], console["type"], console["url"]) == ("serial", "serial", None)
    assert "serial" in console["error"]
