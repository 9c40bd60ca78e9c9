# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers want of the aggregates of their host: read from tags and metadata, and heeded wherever
a server goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.xapi_control import XapiControl
from contract.xapi.stage import Stage
from simulators.client import Client
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi import (
    extra_specs,
    marks,
)

# --- as written on a VM, without a pool -------------------------------------------------------------


def vm(tags: tuple[str, ...] = (), **items: str) -> dict[str, Any]:
    return {"uuid": "v-1", "tags": list(tags), "other_config": dict(items)}


@pytest.mark.parametrize(
    ("record", "specs"),
    [
        (vm(), []),
        (vm(("aggregate:ssd=true", "web")), [("ssd", "true")]),
        (vm(("aggregate:gen=>= 3",)), [("gen", ">= 3")]),
        (vm(("aggregate:a:b=c=d",)), [("a:b", "c=d")]),
        (vm(("aggregate:ssd=",)), [("ssd", "")]),
        (vm(("aggregate:ssd", "aggregate:=true", "my-aggregate:ssd=true")), []),
        (vm(**{"xenfleet:aggregate:ssd": "true", "aggregate:gpu": "1"}), [("ssd", "true")]),
        (vm(**{"xenfleet:aggregate:a=b": "<or> 1 <or> 2"}), [("a=b", "<or> 1 <or> 2")]),
        (vm(**{"xenfleet:aggregate:": "true", "xenfleet:id": "v-2"}), []),
        (vm(("aggregate:ssd=true",), **{"xenfleet:aggregate:ssd": "true"}), [("ssd", "true")]),
        (
            vm(("aggregate:ssd=true",), **{"xenfleet:aggregate:ssd": "false"}),
            [("ssd", "false"), ("ssd", "true")],
        ),
    ],
)
def test_written_on_a_vm(record: dict[str, Any], specs: list[tuple[str, str]]) -> None:
    assert list(extra_specs.extra_specs(record)) == specs


def test_they_are_no_marks_and_shown_as_metadata() -> None:
    record = vm(**{"xenfleet:id": "v-1", "xenfleet:vm_state": "error", "mac_seed": "x"})
    record["other_config"]["xenfleet:aggregate:ssd"] = "true"
    assert marks.marks(record) == {"id": "v-1", "vm_state": "error"}
    assert extra_specs.metadata(record["other_config"]) == {
        "mac_seed": "x",
        "aggregate:ssd": "true",
    }


# --- on servers -------------------------------------------------------------------------------------

KEY = "xenfleet:aggregate:ssd"


def test_actions_and_copies_keep_them(stage: Stage) -> None:
    """Those that mark a server for themselves first, and clear their marks at the end, among them."""
    stage.api.VM.add_to_other_config(stage.vm(), KEY, "true")
    stage.api.VM.add_to_other_config(stage.vm(), "xenfleet:vm_state", "of another VM")
    stage.done("resize", vcpus=1)
    assert stage.server().extra_specs == (("ssd", "true"),)
    stage.done("confirm_resize")
    stage.done("create_image", image_name="copy")
    assert stage.ours() == {"aggregate:ssd": "true"}
    assert stage.record("copy")["other_config"][KEY] == "true"
    stage.done("stop")
    stage.api.VM.clone(stage.vm(), "twin")
    assert stage.server("twin").extra_specs == (("ssd", "true"),)
    assert stage.server("twin").metadata["aggregate:ssd"] == "true"


# --- where they go ----------------------------------------------------------------------------------

SITE: dict[str, Any] = {
    "clock": {"factor": 200},
    "login_delay": 0,
    "hosts": [
        {"name": "big", "pool": "fleet", "memory": "64 GiB"},
        {"name": "fast", "count": 2, "pool": "fleet", "memory": "32 GiB"},
    ],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "web", "where": "fleet", "state": "halted", "tags": ["aggregate:ssd=true"]},
        {"name": "any", "where": "fleet", "state": "halted"},
    ],
}


@pytest.fixture
def control(tmp_path: Path) -> Iterator[XapiControl]:
    with Simulator(SITE) as site:
        control = XapiControl(site, tmp_path / "store.db")
        control.given("aggregate", name="ssds", hosts=["fast1", "fast2"], metadata={"ssd": "true"})
        yield control


def test_servers_go_where_their_tags_say(control: XapiControl) -> None:
    """The roomiest host would be another one."""
    control.given("server_action", action="start", servers=["web", "any"])
    assert (control.server("web")["host"], control.server("any")["host"]) == ("fast1", "big")
    control.given("host_maintenance", host="fast1", state="in_maintenance")
    assert control.server("web")["host"] == "fast2"
    control.given("host_maintenance", host="fast1", state="in_service")
    assert control.server("web")["host"] == "fast1"


def test_a_host_that_is_named_must_have_it_too(control: XapiControl) -> None:
    control.given("server_action", action="start", servers=["web"])
    move = {"action": "live_migrate", "servers": ["web"], "host": "big"}
    refused = control.run("server_action", **move)
    assert refused["error"]["status"] == 400
    cause = "server web: big has no aggregate with the wanted ssd=true"
    assert cause in refused["msg"]
    assert "Set ssd in the metadata of an aggregate of the host, or take the tag" in refused["msg"]
    control.given("aggregate", name="all", hosts=["big"], metadata={"ssd": "true"})
    control.given("server_action", **move)
    assert control.server("web")["host"] == "big"


def test_what_no_host_has(control: XapiControl) -> None:
    api = Client(control.site.hosts["big"])
    api("VM.add_to_other_config", api.vm("any"), KEY, "false")
    refused = control.run("server_action", action="start", servers=["any"])
    for name in ("big", "fast1", "fast2"):
        assert f"{name} has no aggregate with the wanted ssd=false" in refused["msg"]
    assert "Set ssd in the metadata of an aggregate of the host" in refused["error"]["remedy"]
    api("VM.remove_from_other_config", api.vm("any"), KEY)
    control.given("server_action", action="start", servers=["any"])


def test_nobody_drains_to_where_a_server_does_not_belong(control: XapiControl) -> None:
    control.given("server_action", action="start", servers=["web"])
    control.given("aggregate_host", aggregate="ssds", hosts=["fast2"], state="absent")
    refused = control.run("host_maintenance", host="fast1", state="in_maintenance")
    assert "web: no host can take it: no aggregate with the wanted ssd=true" in refused["msg"]
    assert control.server("web")["host"] == "fast1"


def test_there_are_no_flavors(control: XapiControl) -> None:
    refused = control.run("aggregate_info", flavors=True)
    assert refused["error"]["code"] == "unsupported"
    assert "option flavors: XenAPI has no flavors" in refused["msg"]
    assert control.given("aggregate_info", flavors=False) == control.given("aggregate_info")
