# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tasks cost on Nova: each request to its API, with why it is needed."""

from __future__ import annotations

import pytest
from contract.rules.nova_control import NovaControl
from testbeds.openstack import cleaning
from testbeds.openstack.client import Request

pytestmark = pytest.mark.nova

VERSIONS = "GET /"
"""Which microversions there are: a request names one, and Nova refuses those that it does not have."""
AGGREGATES = "GET /os-aggregates"
"""All of them, since only their list knows names; again after a change, for the result, since Nova's
answers to changes leave out what they did not touch.
"""
SERVICES = "GET /os-services?binary=nova-compute"
"""Whether hosts that are no members exist, in this spelling; and states, for what is about them."""
FLAVORS = "GET /flavors/detail?is_public=None&limit=1000"
"""With their extra specs, public or not; only if they are asked for."""
MAKE = "POST /os-aggregates"
CHANGE = "PUT /os-aggregates/ID"
METADATA = "POST /os-aggregates/ID/action set_metadata"
ADD = "POST /os-aggregates/ID/action add_host"
REMOVE = "POST /os-aggregates/ID/action remove_host"
DELETE = "DELETE /os-aggregates/ID"
UPDATE = "PUT /os-services/ID"
HYPERVISORS = "GET /os-hypervisors/detail?limit=1000"
ALL_SERVERS = "GET /servers/detail?all_tenants=1&limit=1000"


def servers_of(host: str) -> str:
    """For each host whose zone may change, since it must have none then. The list takes one host."""
    return f"{ALL_SERVERS}&host={host}"


def evacuations_of(host: str) -> str:
    """For each host that is forced down and shall not be any more."""
    return f"GET /os-migrations?limit=1000&host={host}"


def line_of(request: Request) -> str:
    """With an aggregate's number and a service's uuid left out."""
    path = request.path.removeprefix("/v2.1") or "/"
    words = path.split("/")
    if words[1] in ("os-aggregates", "os-services") and len(words) > 2:
        path = "/".join([*words[:2], "ID", *words[3:]])
    query = f"?{request.query}" if request.query else ""
    action = f" {request.action}" if request.action else ""
    return f"{request.method} {path}{query}{action}"


def cost(nova: NovaControl, module: str, **params: object) -> list[str]:
    nova.given(module, **params)
    return [line_of(request) for request in nova.requests]


ZONED = {"name": "prod", "availability_zone": "a", "metadata": {"ssd": "true"}}


def test_nothing_to_do(nova: NovaControl) -> None:
    """Two requests, however much is wanted, as long as the aggregate itself says that it is so."""
    hosts = [nova.busy, nova.idle, nova.spare1, nova.spare2]
    empty = [h for h in hosts if h != nova.busy]
    nova.given("aggregate", hosts=empty, **ZONED)
    nova.given("aggregate", name="plain", hosts=hosts)
    for task in ({"name": "plain"}, {"name": "plain", "hosts": hosts}, ZONED):
        assert cost(nova, "aggregate", **task) == [VERSIONS, AGGREGATES]
    assert cost(nova, "aggregate", hosts=empty, **ZONED) == [VERSIONS, AGGREGATES]
    assert cost(nova, "aggregate", name="gone", state="absent") == [VERSIONS, AGGREGATES]
    member = {"aggregate": "plain", "hosts": hosts}
    assert cost(nova, "aggregate_host", **member) == [VERSIONS, AGGREGATES]
    assert cost(nova, "aggregate_info") == [VERSIONS, AGGREGATES]
    assert cost(nova, "aggregate_info", flavors=True) == [VERSIONS, AGGREGATES, FLAVORS]


def test_no_member_and_no_such_host_are_distinguished(nova: NovaControl) -> None:
    nova.given("aggregate", name="plain")
    absent = {"aggregate": "plain", "hosts": [nova.busy], "state": "absent"}
    assert cost(nova, "aggregate_host", **absent) == [VERSIONS, AGGREGATES, SERVICES]


def test_aggregate_itself(nova: NovaControl) -> None:
    requests = cost(nova, "aggregate", name="prod")
    assert requests == [VERSIONS, AGGREGATES, MAKE, AGGREGATES]
    changed = cost(nova, "aggregate", **ZONED)
    assert changed == [VERSIONS, AGGREGATES, CHANGE, METADATA, AGGREGATES]
    renamed = cost(nova, "aggregate", name="prod", new_name="live", metadata={"ssd": None})
    assert renamed == [VERSIONS, AGGREGATES, CHANGE, METADATA, AGGREGATES]


def test_one_host(nova: NovaControl) -> None:
    nova.given("aggregate", name="plain")
    add = {"aggregate": "plain", "hosts": [nova.busy]}
    assert cost(nova, "aggregate_host", **add) == [VERSIONS, AGGREGATES, SERVICES, ADD, AGGREGATES]
    gone = cost(nova, "aggregate_host", state="absent", **add)
    assert gone == [VERSIONS, AGGREGATES, REMOVE, AGGREGATES]
    nova.given("aggregate", **ZONED)
    zoned = cost(nova, "aggregate_host", aggregate="prod", hosts=[nova.idle])
    assert zoned == [VERSIONS, AGGREGATES, SERVICES, servers_of(nova.idle), ADD, AGGREGATES]


def test_four_hosts(nova: NovaControl) -> None:
    hosts = [nova.busy, nova.idle, nova.spare1, nova.spare2]
    joined = cost(nova, "aggregate", name="plain", hosts=hosts)
    assert joined == [VERSIONS, AGGREGATES, SERVICES, MAKE, *[ADD] * 4, AGGREGATES]
    gone = cost(nova, "aggregate", name="plain", state="absent", remove_hosts=True)
    assert gone == [VERSIONS, AGGREGATES, *[REMOVE] * 4, DELETE, AGGREGATES]


def test_four_hosts_and_their_zone(nova: NovaControl) -> None:
    cleaning.delete_servers(nova.bed)
    hosts = [nova.busy, nova.idle, nova.spare1, nova.spare2]
    looked = [servers_of(host) for host in hosts]
    joined = cost(nova, "aggregate", hosts=hosts, **ZONED)
    written = [MAKE, METADATA, *[ADD] * 4]
    assert joined == [VERSIONS, AGGREGATES, SERVICES, *looked, *written, AGGREGATES]
    rezoned = cost(nova, "aggregate", name="prod", availability_zone="b")
    assert rezoned == [VERSIONS, AGGREGATES, *looked, CHANGE, AGGREGATES]
    emptied = cost(nova, "aggregate", name="prod", hosts=[])
    assert emptied == [VERSIONS, AGGREGATES, *looked, *[REMOVE] * 4, AGGREGATES]


def test_compute_service(nova: NovaControl) -> None:
    one, two = [nova.idle], [nova.idle, nova.spare1]
    disabled = {"hosts": one, "status": "disabled"}
    changed = [VERSIONS, SERVICES, UPDATE, SERVICES]
    assert cost(nova, "compute_service", **disabled) == changed
    assert cost(nova, "compute_service", **disabled) == [VERSIONS, SERVICES]
    enabled = {"hosts": one, "status": "enabled", "forced_down": False}
    assert cost(nova, "compute_service", **enabled) == changed
    forced = cost(nova, "compute_service", hosts=two, forced_down=True)
    assert forced == [VERSIONS, SERVICES, UPDATE, UPDATE, SERVICES]
    lifted = cost(nova, "compute_service", hosts=two, forced_down=False)
    looked = [evacuations_of(host) for host in two]
    assert lifted == [VERSIONS, SERVICES, *looked, UPDATE, UPDATE, SERVICES]
    assert cost(nova, "compute_service", hosts=two, wait_for="up") == [VERSIONS, SERVICES]
    assert cost(nova, "compute_service_info") == [VERSIONS, SERVICES]


def test_servers_and_hypervisors(nova: NovaControl) -> None:
    """The zones of hosts are those of their services."""
    uuid = nova.server("web1")["id"]
    assert cost(nova, "server_info") == [VERSIONS, ALL_SERVERS]
    assert cost(nova, "server_info", name="^web1$") == [VERSIONS, ALL_SERVERS]
    assert cost(nova, "server_info", host=nova.busy) == [VERSIONS, servers_of(nova.busy)]
    assert cost(nova, "server_info", id=uuid) == [VERSIONS, f"GET /servers/{uuid}"]
    assert cost(nova, "hypervisor_info") == [VERSIONS, SERVICES, HYPERVISORS]
    some = cost(nova, "hypervisor_info", host=nova.busy, with_servers=True)
    assert some == [VERSIONS, SERVICES, HYPERVISORS, servers_of(nova.busy)]


def test_pages_and_filters_are_left_to_nova(nova: NovaControl) -> None:
    """As long as it filters as we do; otherwise it lists all that follow the marker."""
    uuid = nova.server("web1")["id"]
    page = "GET /servers/detail?all_tenants=1&limit={}{}&sort_key=display_name&sort_dir=asc"
    assert cost(nova, "server_info", limit=1) == [VERSIONS, page.format(1, "")]
    after = cost(nova, "server_info", limit=1, marker=uuid, name="web")
    assert after == [VERSIONS, page.format(1000, f"&marker={uuid}")]
    project = cost(nova, "server_info", project_id="f" * 32, limit=5)
    assert project == [
        VERSIONS,
        page.format(5, "").replace("limit=5", f"limit=5&project_id={'f' * 32}"),
    ]
    found = cost(nova, "server_info", ip="192.0.2.1")
    assert found == [VERSIONS, f"{ALL_SERVERS}&ip=192.0.2.1"]
    assert cost(nova, "server_info", ip="192.0.2") == [VERSIONS, ALL_SERVERS]
    some = cost(nova, "server_info", id=[uuid, "f" * 32])
    assert some == [VERSIONS, f"{ALL_SERVERS}&soft_deleted=1"]
    hosts = cost(nova, "hypervisor_info", limit=2)
    assert hosts == [VERSIONS, SERVICES, HYPERVISORS.replace("1000", "2")]
    two = cost(nova, "hypervisor_info", limit=1, with_servers=True)
    assert two[:3] == [VERSIONS, SERVICES, HYPERVISORS.replace("1000", "1")]
    assert [one.partition("host=")[0] for one in two[3:]] == [f"{ALL_SERVERS}&"]


def test_signing_in(nova: NovaControl) -> None:
    """Where Keystone's API is, and a token. What else Keystone is asked, Nova asks of the token."""
    with nova.bed.keystone_requests() as asked:
        nova.given("aggregate_info")
    ours = [f"{one.method} {one.path}" for one in asked]
    assert [one for one in ours if one != "GET /v3/auth/tokens"] == [
        "GET /v3",
        "POST /v3/auth/tokens",
    ]
