# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a real Nova, against what it shows to a plain client."""

from __future__ import annotations

from typing import Any

import pytest
from contract.nova.acting import Acting
from testbeds.openstack.client import Bed

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova import (
    migrations,
    queries,
    read_servers,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.api import Api
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.cloud import NovaCloud
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import CloudView, Server
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    AGGREGATES,
    HOSTS,
    MIGRATIONS,
    SERVERS,
    SERVICES,
    ZONE_SERVICES,
    ZONES,
    Page,
    Reading,
    reading,
)

pytestmark = pytest.mark.nova

HYPERVISORS = "/os-hypervisors/detail"


@pytest.fixture(scope="module")
def servers(boot: Any) -> dict[str, str]:
    booted: dict[str, str] = boot(
        {"read.1": "compute1", "readX1": "compute1", "read2": "compute2", "read3": "compute3"}
    )
    return booted


@pytest.fixture
def cloud(api: Api, servers: dict[str, str]) -> NovaCloud:
    return NovaCloud(api)


def ids(view: CloudView) -> list[str]:
    return sorted(server.id for server in view.servers)


def only(cloud: NovaCloud, word: str) -> Server:
    (server,) = cloud.read(reading(SERVERS, servers=[word])).servers
    return server


# --- which servers --------------------------------------------------------------------------------


def test_all_servers_of_all_projects(bed: Bed, cloud: NovaCloud) -> None:
    elsewhere = bed.servers({"read-demo": "compute1"}, project="demo")["read-demo"]
    try:
        read = cloud.read(reading(SERVERS)).servers
        listed = bed.api("GET", "/servers/detail?all_tenants=1")["servers"]
        assert sorted(s.id for s in read) == sorted(one["id"] for one in listed)
        projects = {one["id"]: one["tenant_id"] for one in listed}
        assert {s.id: s.project_id for s in read} == projects
    finally:
        bed.action(elsewhere, "forceDelete")


def test_servers_of_hosts_and_servers_named(cloud: NovaCloud, servers: dict[str, str]) -> None:
    """A name is no pattern, although Nova takes it for one."""
    read = cloud.read(reading(SERVERS, hosts=["compute2"], servers=["read.1"]))
    assert {servers["read.1"], servers["read2"]} <= set(ids(read))
    assert not {servers["readX1"], servers["read3"]} & set(ids(read))


def test_server_by_uuid(cloud: NovaCloud, servers: dict[str, str]) -> None:
    assert only(cloud, servers["read3"]).name == "read3"


def test_unknown_server_is_none(cloud: NovaCloud) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    assert cloud.read(reading(SERVERS, servers=["reads", nowhere])).servers == ()


def test_many_names_are_found_among_all(cloud: NovaCloud, servers: dict[str, str]) -> None:
    words = [*servers, *(f"missing{number}" for number in range(read_servers.FOUND_ALONE))]
    read = cloud.read(reading(SERVERS, servers=words))
    assert set(servers.values()) <= set(ids(read))


# --- what of them ---------------------------------------------------------------------------------


def test_server_as_nova_shows_it(bed: Bed, cloud: NovaCloud, servers: dict[str, str]) -> None:
    uuid = servers["read2"]
    bed.api("PUT", f"/servers/{uuid}/tags", {"tags": ["b", "a"]})
    bed.action(uuid, "lock", {"locked_reason": "why not"})
    read, listed = only(cloud, "read2"), bed.server(uuid)
    bed.action(uuid, "unlock")
    assert (read.host, read.node) == ("compute2", "compute2")
    assert (read.memory, read.vcpus) == (64 * 1024**2, 1)
    assert (read.status, read.vm_state, read.power_state) == ("ACTIVE", "active", "Running")
    assert (read.locked, read.locked_reason, read.tags) == (True, "why not", ("a", "b"))
    assert read.zone == listed["OS-EXT-AZ:availability_zone"]
    assert read.host_status == listed["host_status"] == "UP"


@pytest.mark.parametrize(
    ("action", "status", "power"),
    [
        ("pause", "PAUSED", "Paused"),
        ("suspend", "SUSPENDED", "Suspended"),
        ("os-stop", "SHUTOFF", "Halted"),
    ],
)
def test_power_state(
    bed: Bed, cloud: NovaCloud, server: str, action: str, status: str, power: str
) -> None:
    bed.action(server, action, status=status)
    read = only(cloud, server)
    assert (read.status, read.power_state) == (status, power)


def test_offloaded_server_has_no_host(bed: Bed, acting: Acting, api: Api, server: str) -> None:
    acting.done("shelve", server)
    read = only(NovaCloud(api), server)
    assert (read.status, read.host, read.node) == ("SHELVED_OFFLOADED", None, None)


def test_softly_deleted_server_by_name_until_another_has_it(
    bed: Bed, cloud: NovaCloud, boot: Any
) -> None:
    old = boot({"reborn": "compute3"})["reborn"]
    bed.api("DELETE", f"/servers/{old}")
    bed.wait_server(old, "SOFT_DELETED")
    assert only(cloud, "reborn").status == "SOFT_DELETED"
    assert old not in ids(cloud.read(reading(SERVERS)))
    assert only(cloud, "reborn").id == old
    new = boot({"reborn": "compute3"})["reborn"]
    assert only(cloud, "reborn").id == new


def test_server_of_a_cell_that_is_down() -> None:
    """All that Nova shows then, from 2.69 on (nova/api/openstack/compute/views/servers.py)."""
    read = read_servers.server({"id": "u", "status": "UNKNOWN", "tenant_id": "p", "links": []})
    assert (read.name, read.status, read.vm_state, read.host) == ("u", "UNKNOWN", "", None)


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (migrations, queries, read_servers):
        monkeypatch.setattr(module, "PAGE", 2)


@pytest.mark.parametrize(
    ("section", "kind", "number"),
    [(SERVERS, "servers", 4), (HOSTS, "hosts", 4), (MIGRATIONS, "migrations", 3)],
)
def test_pages_make_the_whole(
    bed: Bed,
    acting: Acting,
    api: Api,
    server: str,
    request: Any,
    section: str,
    kind: str,
    number: int,
) -> None:
    if section == MIGRATIONS:
        for _round in range(number):
            acting.done("live_migrate", server)
    whole = getattr(NovaCloud(api).read(reading(section)), kind)
    request.getfixturevalue("small_pages")
    with bed.requests() as requests:
        paged = getattr(NovaCloud(api).read(reading(section)), kind)
    assert paged == whole
    assert len(paged) >= number
    assert len(requests) >= len(paged) // 2


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(("section", "kind"), [(SERVERS, "servers"), (HOSTS, "hosts")])
def test_a_limit_larger_than_a_page(
    bed: Bed, api: Api, servers: dict[str, str], section: str, kind: str
) -> None:
    """Three of four or more, in pages of two; and those after them."""
    path = {SERVERS: "/servers/detail?all_tenants=1&sort_key=uuid&sort_dir=asc", HOSTS: HYPERVISORS}
    listed = bed.api("GET", path[section], microversion="2.87")[kind.replace("host", "hypervisor")]
    expected = [one["id"] for one in listed]

    def page(limit: int | None, marker: str | None) -> Reading:
        sort = (("uuid", "asc"),) if section == SERVERS else ()
        return reading(section).with_page(section, Page(limit, marker, sort))

    with bed.requests() as requests:
        first = [one.id for one in getattr(NovaCloud(api).read(page(3, None)), kind)]
    assert (first, len(requests)) == (expected[:3], 2)
    rest = getattr(NovaCloud(api).read(page(None, first[-1])), kind)
    assert [one.id for one in rest] == expected[3:]


# --- the rest -------------------------------------------------------------------------------------


def test_hosts_and_services(bed: Bed, cloud: NovaCloud) -> None:
    view = cloud.read(reading(HOSTS, SERVICES))
    listed = bed.api("GET", HYPERVISORS, microversion="2.87")["hypervisors"]
    assert {h.name: (h.id, h.memory_total, h.cpus) for h in view.hosts} == {
        one["service"]["host"]: (one["id"], one["memory_mb"] * 1024**2, one["vcpus"])
        for one in listed
    }
    assert {s.host: (s.host_id, s.status, s.state) for s in view.services} == {
        name: (one["id"], one["status"], one["state"]) for name, one in bed.services().items()
    }


def test_only_what_is_wanted_is_asked_for(bed: Bed, cloud: NovaCloud) -> None:
    with bed.requests() as requests:
        cloud.read(reading(AGGREGATES, SERVICES))
    assert [one.path for one in requests] == ["/v2.1/os-aggregates", "/v2.1/os-services"]


def test_zones_as_users_see_them(bed: Bed, cloud: NovaCloud) -> None:
    with bed.requests() as requests:
        zones = cloud.read(reading(ZONES)).zones or ()
    assert [one.path for one in requests] == ["/v2.1/os-availability-zone"]
    listed = bed.api("GET", "/os-availability-zone")["availabilityZoneInfo"]
    expected = {one["zoneName"]: (one["zoneState"]["available"], ()) for one in listed}
    assert {z.name: (z.available, z.services) for z in zones} == expected
    assert "internal" not in expected


def test_zones_as_administrators_see_them(bed: Bed, cloud: NovaCloud) -> None:
    zones = cloud.read(reading(ZONE_SERVICES)).zones or ()
    states = {(z.name, s.host, s.binary): (s.status, s.state) for z in zones for s in z.services}
    listed = bed.api("GET", "/os-availability-zone/detail")["availabilityZoneInfo"]
    services = {
        (zone["zoneName"], host, binary): (
            "enabled" if one["active"] else "disabled",
            "up" if one["available"] else "down",
        )
        for zone in listed
        for host, binaries in (zone["hosts"] or {}).items()
        for binary, one in binaries.items()
    }
    assert [z.name for z in zones] == sorted(one["zoneName"] for one in listed)
    assert states == services
    binaries = {binary for zone, _host, binary in states if zone == "internal"}
    assert binaries == {"nova-conductor", "nova-scheduler"}


def test_migrations_of_hosts(bed: Bed, acting: Acting, cloud: NovaCloud, server: str) -> None:
    acting.done("live_migrate", server)
    record = bed.migrations(server)[-1]
    migrations = cloud.read(reading(MIGRATIONS, hosts=[record["dest_compute"]])).migrations
    newest = [one for one in migrations if one.server_id == server][-1]
    assert (newest.source, newest.target) == (record["source_compute"], record["dest_compute"])
    assert (newest.type, newest.status) == ("live-migration", "completed")
