# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consoles and reported addresses of a guest that starts, moves, halts and goes."""

from __future__ import annotations

from typing import Any

from ansible_collections.xenfleet.compute.tests.simulators.client import Client
from ansible_collections.xenfleet.compute.tests.simulators.launch import Simulator

SITE: dict[str, Any] = {
    "clock": {"factor": 200},
    "hosts": [{"name": "xen", "count": 2, "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "web", "where": "xen1", "addresses": ["192.0.2.1", "2001:db8::1", "192.0.2.9"]}
    ],
}
NETWORKS = {
    "0/ip": "192.0.2.1",
    "0/ipv4/0": "192.0.2.1",
    "0/ipv4/1": "192.0.2.9",
    "0/ipv6/0": "2001:db8::1",
}


def test_consoles_and_addresses() -> None:
    with Simulator(SITE) as sim:
        client = Client(sim.hosts["xen1"])
        vm = client.vm("web")

        def locations() -> set[str]:
            return {client("console.get_location", c) for c in client("VM.get_consoles", vm)}

        def on(host: str) -> str:
            return "https://" + client("host.get_address", client.host(host)) + "/console?uuid="

        first = client("VM.get_guest_metrics", vm)
        assert client("VM_guest_metrics.get_networks", first) == NETWORKS
        assert {one[: len(on("xen1"))] for one in locations()} == {on("xen1")}
        records = client("console.get_all_records").values()
        assert sorted(r["protocol"] for r in records if r["VM"] == vm) == ["rfb", "vt100"]
        client("VM.pool_migrate", vm, client.host("xen2"), {})
        assert {one[: len(on("xen2"))] for one in locations()} == {on("xen2")}
        client("VM.hard_shutdown", vm)
        assert locations() == set()
        assert client("VM.get_guest_metrics", vm) == first
        client("VM.start", vm, False, False)
        second = client("VM.get_guest_metrics", vm)
        assert second != first
        assert client("VM_guest_metrics.get_all") == [second]
        client("VM.hard_shutdown", vm)
        client("VM.destroy", vm)
        assert client("VM_guest_metrics.get_all") == client("console.get_all") == []
