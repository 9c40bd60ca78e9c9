# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, consoles, images and progress of guests, and what reading them costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from contract.rules.xapi_control import XapiControl
from contract.xapi.sites import Connect, Plain, Simulate, mark, methods, pool_of
from contract.xapi.stage import Stage

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi import access
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.read import (
    PoolRecords,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.access import Address, Console
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Server, XenView


def server(view: XenView, name: str) -> Server:
    (found,) = (one for one in view.servers if one.name == name)
    return found


def test_addresses_as_the_agent_reports_them(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    """Of a guest that was stopped since, the last ones; none of one without an agent."""
    addresses = ["192.0.2.17", "2001:db8::17"]
    sim = simulate(
        pool_of(1, {"name": "web", "count": 2, "addresses": addresses}, {"name": "mute"})
    )
    api = plain(sim)
    api.VM.hard_shutdown(api.VM.get_by_name_label("web2")[0])
    fleet = fleet_of(sim)
    view = fleet.read()
    found = fleet.servers.addresses()
    (vif,) = api.VM.get_VIFs(api.VM.get_by_name_label("web1")[0])
    there: dict[str, Any] = {
        "network": api.network.get_name_label(api.VIF.get_network(vif)),
        "mac": api.VIF.get_MAC(vif),
    }
    assert found[server(view, "web1").id] == (
        Address("192.0.2.17", 4, **there),
        Address("2001:db8::17", 6, **there),
    )
    assert [a.address for a in found[server(view, "web2").id]] == ["192.0.2.18", "2001:db8::18"]
    assert server(view, "mute").id not in found


REPORTED = {
    "one agent's keys": ({"0/ip": "192.0.2.1"}, ["192.0.2.1"]),
    "both kinds of keys": ({"0/ip": "192.0.2.1", "0/ipv4/0": "192.0.2.1"}, ["192.0.2.1"]),
    "several interfaces": (
        {"1/ipv4/0": "198.51.100.1", "0/ipv6/0": "fe80::1", "0/ipv4/1": "192.0.2.2"},
        ["192.0.2.2", "fe80::1", "198.51.100.1"],
    ),
    "what is no address": ({"0/ip": "", "0/ipv4/0": "unknown", "0/mac": "192.0.2.1"}, []),
}


@pytest.mark.parametrize(("networks", "expected"), REPORTED.values(), ids=REPORTED)
def test_keys_of_guest_metrics(networks: dict[str, str], expected: list[str]) -> None:
    vm = {"uuid": "u", "guest_metrics": "gm", "other_config": {}, "power_state": "Running"}
    records = PoolRecords(None, {"VM": {"vm": vm}, "VIF": {}, "network": {}})  # type: ignore[arg-type]
    found = access.addresses(records, {"gm": {"networks": networks}})
    assert [one.address for one in found.get("u", ())] == expected


def test_consoles_are_on_the_host_that_runs_the_guest(stage: Stage) -> None:
    view = stage.fleet.read()
    web, off = server(view, "web"), server(view, "off")
    before = stage.fleet.servers.consoles([web.id, off.id])
    assert [(c.protocol, c.type, c.error) for c in before[web.id]] == [
        ("rfb", None, None),
        ("vt100", None, None),
    ]
    known = {c["location"] for c in stage.api.console.get_all_records().values()}
    assert {c.url for c in before[web.id]} <= known
    assert before[off.id] == (Console(error="it has none, as it does not run"),)
    stage.done("live_migrate", target="xen2")
    after = stage.fleet.servers.consoles([web.id])
    address = stage.api.host.get_address(stage.api.host.get_by_name_label("xen2")[0])
    assert {(c.url or "").partition("/console")[0] for c in after[web.id]} == {f"https://{address}"}


def test_image_is_the_template_that_it_was_made_from(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    sim = simulate(pool_of(1, {"name": "debian", "state": "halted"}))
    api = plain(sim)
    template = api.VM.get_by_name_label("debian")[0]
    api.VM.set_is_a_template(template, True)
    made = api.VM.clone(template, "web")
    api.VM.set_is_a_template(made, False)
    assert server(fleet_of(sim).read(), "web").image == "debian"


def test_progress_is_that_of_the_task(stage: Stage) -> None:
    stage.sim.post("/tweak", {"settings": {"link": 25e6}})
    assert stage.server().progress is None
    handle = stage.begin("live_migrate", target="xen2")
    seen = []
    while not stage.fleet.servers.poll([handle])[0].done:
        seen.append(stage.server().progress)
    progress = [one for one in seen if one is not None]
    assert progress == sorted(progress)
    assert progress[0] < max(progress) <= 100
    assert stage.server().progress is None


@pytest.fixture
def control(simulate: Simulate, tmp_path: Path) -> XapiControl:
    guests = [{"name": "web", "count": 2, "addresses": ["192.0.2.1"]}, {"name": "db"}]
    return XapiControl(simulate(pool_of(2, *guests, password="secret")), tmp_path / "store.db")


def test_what_is_shown_costs_one_request_more(control: XapiControl) -> None:
    """For a pool, however many guests there are, and only where it is shown or searched."""
    costs = {
        "hypervisor_info": ({"with_servers": True}, (0, 0)),
        "server_info": ({}, (1, 0)),
        "server_info, consoles": ({"consoles": True}, (1, 1)),
    }
    for name, (params, expected) in costs.items():
        before = mark(control.site)
        control.given(name.partition(",")[0], **params)
        asked = methods(control.site, before)
        kinds = ("VM_guest_metrics.get_all_records", "console.get_all_records")
        assert tuple(asked.count(kind) for kind in kinds) == expected, name


def test_servers_by_address(control: XapiControl) -> None:
    found = {
        ip: [one["name"] for one in control.given("server_info", ip=ip)["servers"]]
        for ip in ("192.0.2.1", "192.0.2.2", "192.0.2", r"192\.0\.2\.[2-9]", "2.1", "192.0.2.11")
    }
    assert found == {
        "192.0.2.1": ["web1"],
        "192.0.2.2": ["web2"],
        "192.0.2": ["web1", "web2"],
        r"192\.0\.2\.[2-9]": ["web2"],
        "2.1": [],
        "192.0.2.11": [],
    }
    chosen = control.given("server_action", action="pause", filters={"ip": "192.0.2.2"})
    assert [one["name"] for one in chosen["servers"]] == ["web2"]


def test_results(control: XapiControl) -> None:
    (web1,) = control.given("server_info", name="web1", consoles=True)["servers"]
    ((network, (address,)),) = web1["addresses"].items()
    assert network == "Pool-wide network associated with eth0"
    assert (address["addr"], address["version"], address["type"]) == ("192.0.2.1", 4, "fixed")
    assert [(c["protocol"], c["type"], c["error"]) for c in web1["consoles"]] == [
        ("rfb", None, None),
        ("vt100", None, None),
    ]
    assert all(c["url"].startswith("https://") for c in web1["consoles"])
    (db,) = control.given("server_info", name="db")["servers"]
    assert db["addresses"] == {}
    assert "consoles" not in db
    refused = control.run("server_info", consoles=True, console_type="novnc")
    assert refused["error"]["code"] == "unsupported"
