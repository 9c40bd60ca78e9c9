# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode predicts what shelving does to a server with disks on a local SR of its host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.xapi_control import XapiControl
from simulators.client import Client
from simulators.launch import Simulator

SITE: dict[str, Any] = {
    "clock": {"factor": 200},
    "login_delay": 0,
    "hosts": [{"name": "xen", "count": 2, "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "tied", "memory": "1 GiB", "storage": "local", "where": "xen1"},
        {"name": "free", "memory": "1 GiB", "where": "xen1"},
    ],
}


@pytest.fixture
def control(tmp_path: Path) -> Iterator[XapiControl]:
    with Simulator(SITE) as site:
        yield XapiControl(site, tmp_path / "store.db")


def marked(control: XapiControl, name: str) -> str:
    api = Client(control.site.hosts["xen1"])
    config: dict[str, str] = api("VM.get_other_config", api.vm(name))
    return config["xenfleet:vm_state"]


@pytest.mark.parametrize(
    ("name", "status", "vm_state"),
    [("tied", "SHELVED", "shelved"), ("free", "SHELVED_OFFLOADED", "shelved_offloaded")],
)
def test_how_a_shelved_server_ends(
    control: XapiControl, name: str, status: str, vm_state: str
) -> None:
    wanted = {"action": "shelve", "servers": [name]}
    for check_mode in (True, False):
        result = control.run("server_action", check_mode=check_mode, **wanted)
        (server,) = result["servers"]
        assert (server["status"], server["host"]) == (status, "xen1" if name == "tied" else None)
    assert marked(control, name) == vm_state


def test_one_that_is_tied_to_its_host_is_not_offloaded(control: XapiControl) -> None:
    control.given("server_action", action="shelve", servers=["tied"])
    for check_mode in (True, False):
        before = control.everything()
        result = control.run(
            "server_action", check_mode=check_mode, action="shelve_offload", servers=["tied"]
        )
        assert result["failed"]
        assert result["error"]["status"] == 409
        assert "which is not shared" in result["msg"]
        assert control.everything() == before


def test_a_suspended_server_leaves_its_memory_image_behind(control: XapiControl) -> None:
    """The image is on the host's own SR, its disks are not."""
    api = Client(control.site.hosts["xen1"])
    vm = api.vm("free")
    (local,) = api("SR.get_by_name_label", "Local storage")[:1]
    api("VM.set_suspend_SR", vm, local)
    control.given("server_action", action="suspend", servers=["free"])
    image = api("VM.get_suspend_VDI", vm)
    assert not api("SR.get_shared", api("VDI.get_SR", image))
    for check_mode in (True, False):
        result = control.run(
            "server_action", check_mode=check_mode, action="shelve", servers=["free"]
        )
        (server,) = result["servers"]
        assert (server["status"], server["host"]) == ("SHELVED_OFFLOADED", None)
    assert marked(control, "free") == "shelved_offloaded"


def test_one_that_was_offloaded_comes_back_in_its_zone(control: XapiControl) -> None:
    """The host that it left, which is in the default zone, has less room than the other one."""
    control.given("aggregate", name="b", availability_zone="zone-b", hosts=["xen2"])
    control.given("server_action", action="shelve", servers=["free"])
    for check_mode in (True, False):
        result = control.run(
            "server_action", action="unshelve", servers=["free"], check_mode=check_mode
        )
        assert result["servers"][0]["host"] == "xen1"
    assert control.guest("free")["host"] == "xen1"
    api = Client(control.site.hosts["xen1"])
    left = api("VM.get_other_config", api.vm("free"))
    assert not [key for key in left if key.startswith("xenfleet:")]
