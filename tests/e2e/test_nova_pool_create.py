# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook pool_create with aggregates in a real Nova: the pool made by XenAPI on simulated hosts of the
same names, or by Nova's XenAPI driver, for which a stand-in does to the aggregate what that driver did.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import ROOT, Playbooks
from simulators.launch import Simulator
from testbeds.openstack.client import Bed

pytestmark = pytest.mark.nova

PLAYBOOK = ROOT / "playbooks" / "pool_create.yml"
HOSTS = ["compute1", "compute2", "compute3"]
FRESH: dict[str, Any] = {"clock": {"factor": 30}, "hosts": [{"name": "compute", "count": 4}]}
WANTED: dict[str, Any] = {
    "pool_create_aggregate": "alpha",
    "pool_create_availability_zone": "zone-a",
    "pool_create_metadata": {"rack": "12"},
    "pool_create_hosts": HOSTS,
}
STORAGE = {
    "pool_create_storage": {
        "name": "nfs1",
        "type": "nfs",
        "device_config": {"server": "nas.example.com", "serverpath": "/srv/xen"},
    }
}
BY_DRIVER = {**WANTED, "pool_create_join": "nova_driver"}
STATE = "operational_state"


@pytest.fixture
def bed() -> Iterator[Bed]:
    """Clean after each test."""
    testbed = Bed.required()
    try:
        yield testbed
    finally:
        testbed.clean()


def playbooks(bed: Bed, directory: Path, site: Simulator | None = None) -> Playbooks:
    """With a site, it takes a word for aggregates to be Nova's; nova_driver leaves no other choice."""
    chosen = {"XENFLEET_CONTROL_PLANE": "nova"} if site else {}
    return Playbooks(site, directory, **bed.cloud_env(), **chosen)


def aggregate(bed: Bed) -> dict[str, Any]:
    """Nova's only aggregate; empty if there is none."""
    aggregates = bed.api("GET", "/os-aggregates")["aggregates"]
    assert len(aggregates) < 2
    return aggregates[0] if aggregates else {}


def finished(uuids: dict[str, str]) -> dict[str, Any]:
    """The metadata of a pool that is done; without a driver, uuids are XAPI's."""
    return {
        "availability_zone": "zone-a",
        "rack": "12",
        "hypervisor_pool": "true",
        STATE: "active",
        "master_compute": "compute1",
        **uuids,
    }


# --- by XenAPI --------------------------------------------------------------------------------------


def uuids(site: Simulator, names: Sequence[str] = tuple(HOSTS)) -> dict[str, str]:
    return {n: h["uuid"] for n, h in site.get("/state")["hosts"].items() if n in names}


def pools(site: Simulator) -> dict[str, list[str]]:
    return {p["name"]: p["hosts"] for p in site.get("/state")["pools"] if len(p["hosts"]) > 1}


def test_aggregate_in_nova_and_pool_by_xenapi(bed: Bed, tmp_path: Path) -> None:
    with Simulator(FRESH) as site:
        books = playbooks(bed, tmp_path, site)
        predicted = books.run(PLAYBOOK, "--check", **WANTED, **STORAGE)
        assert predicted.status == 0, predicted.output
        assert (aggregate(bed), books.mutating_calls()) == ({}, [])

        real = books.run(PLAYBOOK, **WANTED, **STORAGE)
        assert real.status == 0, real.output
        assert real.actions == predicted.actions
        assert pools(site) == {"alpha": HOSTS}
        assert sorted(aggregate(bed)["hosts"]) == HOSTS
        assert aggregate(bed)["metadata"] == finished(uuids(site))
        assert "Pool alpha: active, coordinated by compute1, zone zone-a" in real.output

        again = books.run(PLAYBOOK, **WANTED, **STORAGE)
        assert (again.status, again.changed, again.actions) == (0, 0, []), again.output

        hand_over = {"xenfleet.compute.xen_pool": {"name": "alpha", "coordinator": "compute2"}}
        leave = {"aggregate": "alpha", "state": "absent", "wipe_local_storage": True}
        gone = {"xenfleet.compute.xen_pool_member": {**leave, "host": "compute3"}}
        run = books.tasks(hand_over, gone)
        assert run.status == 0, run.output
        assert pools(site) == {"alpha": ["compute1", "compute2"]}
        assert sorted(aggregate(bed)["hosts"]) == ["compute1", "compute2"]
        two = uuids(site, ["compute1", "compute2"])
        assert aggregate(bed)["metadata"] == {**finished(two), "master_compute": "compute2"}


def test_a_join_that_fails_shows_in_nova_and_is_resumed(bed: Bed, tmp_path: Path) -> None:
    code = ["JOINING_HOST_SERVICE_FAILED"]
    with Simulator(FRESH) as site:
        books = playbooks(bed, tmp_path, site)
        site.post("/faults", {"action": "error", "method": "pool.join", "nth": 2, "error": code})
        failed = books.run(PLAYBOOK, **WANTED)
        assert "join host compute3 to pool alpha" in failed.failure()["msg"], failed.output
        assert aggregate(bed)["metadata"][STATE] == "error"

        resumed = books.run(PLAYBOOK, **WANTED)
        assert resumed.status == 0, resumed.output
        assert pools(site) == {"alpha": HOSTS}
        assert aggregate(bed)["metadata"] == finished(uuids(site))


def test_hosts_that_only_nova_knows_are_refused(bed: Bed, tmp_path: Path) -> None:
    with Simulator({"hosts": [{"name": "xen", "count": 2}]}) as site:
        refused = playbooks(bed, tmp_path, site).run(PLAYBOOK, **WANTED)
        message = refused.failure()["msg"]
        assert "host compute1: it is unknown to every coordinator that answered" in message
        assert "Known are xen1 and xen2" in message
        assert aggregate(bed) == {}


# --- by Nova's driver -------------------------------------------------------------------------------


class Driver:
    """What nova/virt/xenapi/pool.py did, as far as Nova's API shows it.

    ``fails`` are hosts whose join fails (AggregateError): state error, and the host is taken out.
    ``ignores`` are those whose request is lost, as from Newton on those of all but the first were.
    """

    def __init__(self, bed: Bed, fails: tuple[str, ...] = (), ignores: tuple[str, ...] = ()):
        self.bed, self.fails, self.ignores = bed, fails, ignores
        self.added: list[tuple[str, str | None]] = []
        self.ended = threading.Event()

    def watch(self) -> None:
        known: list[str] = []
        while not self.ended.wait(0.2):
            shown = aggregate(self.bed)
            # What a playbook adds while this one works is new in the next look.
            known = [h for h in shown.get("hosts", ()) if h in known or self.add(shown, h)]

    def add(self, aggregate: dict[str, Any], host: str) -> bool:
        """Whether the host stays in the aggregate."""
        state = aggregate["metadata"].get(STATE)
        self.added.append((host, state))
        if "hypervisor_pool" not in aggregate["metadata"] or state not in ("created", "active"):
            return True
        if state == "created":
            self.set(aggregate, {STATE: "changing"})
        # Long enough for a playbook that would not wait to add the next host meanwhile.
        self.ended.wait(1.5)
        if host in self.fails:
            self.set(aggregate, {STATE: "error"})
            self.act(aggregate, {"remove_host": {"host": host}})
            return False
        if aggregate["hosts"] == [host]:
            self.set(aggregate, {"master_compute": host, host: xenhost(host), STATE: "active"})
        elif host not in self.ignores:
            self.set(aggregate, {host: xenhost(host)})
        return True

    def set(self, aggregate: dict[str, Any], metadata: dict[str, str]) -> None:
        self.act(aggregate, {"set_metadata": {"metadata": metadata}})

    def act(self, aggregate: dict[str, Any], body: dict[str, Any]) -> None:
        self.bed.api("POST", f"/os-aggregates/{aggregate['id']}/action", body)


def xenhost(host: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, host))


@contextmanager
def driver(bed: Bed, **how: tuple[str, ...]) -> Iterator[Driver]:
    started = Driver(bed, **how)
    thread = threading.Thread(target=started.watch)
    thread.start()
    try:
        yield started
    finally:
        started.ended.set()
        thread.join()


JOINED = finished({host: xenhost(host) for host in HOSTS})


def test_the_driver_joins_one_after_the_other(bed: Bed, tmp_path: Path) -> None:
    books = playbooks(bed, tmp_path)
    with driver(bed) as joiner:
        predicted = books.run(PLAYBOOK, "--check", **BY_DRIVER)
        assert predicted.status == 0, predicted.output
        assert aggregate(bed) == {}
        assert "compute3         to be joined by the driver" in predicted.output

        real = books.run(PLAYBOOK, **BY_DRIVER)
        assert real.status == 0, real.output
        assert real.actions == predicted.actions
        assert aggregate(bed)["metadata"] == JOINED
        assert joiner.added == [
            ("compute1", "created"),
            ("compute2", "active"),
            ("compute3", "active"),
        ]
        assert f"compute3         {xenhost('compute3')}" in real.output

        again = books.run(PLAYBOOK, **BY_DRIVER)
        assert (again.status, again.changed, again.actions) == (0, 0, []), again.output


def test_a_join_that_the_driver_fails(bed: Bed, tmp_path: Path) -> None:
    """State error stays until the operator has looked; then the playbook goes on."""
    books = playbooks(bed, tmp_path)
    with driver(bed, fails=("compute2",)) as joiner:
        failed = books.run(PLAYBOOK, **BY_DRIVER)
        message = failed.failure()["msg"]
        assert "failed to make host compute2 a member of the pool" in message
        assert "nova-compute logs of compute2 and of the coordinator compute1" in message
        assert [host for host, _state in joiner.added] == HOSTS[:2]

        refused = books.run(PLAYBOOK, **BY_DRIVER)
        assert "its operational_state is error" in refused.failure()["msg"]
        assert refused.changed == 0

        joiner.fails = ()
        mended = {"name": "alpha", "metadata": {STATE: "active"}, "control_plane": "nova"}
        assert books.tasks({"xenfleet.compute.aggregate": mended}).status == 0
        assert books.run(PLAYBOOK, **BY_DRIVER).status == 0
        assert aggregate(bed)["metadata"] == JOINED


def test_a_request_that_the_driver_loses(bed: Bed, tmp_path: Path) -> None:
    with driver(bed, ignores=("compute2",)):
        books = playbooks(bed, tmp_path)
        late = books.run(PLAYBOOK, **BY_DRIVER, pool_create_wait_timeout=6)
    message = late.failure()["msg"]
    assert "not made host compute2 a member of the pool within 6 s" in message
    assert "operational_state is active" in message
    assert "From Newton to Ussuri" in message
    assert "compute3" not in aggregate(bed)["hosts"]


def test_what_the_driver_cannot_do_is_refused(bed: Bed, tmp_path: Path) -> None:
    refused = playbooks(bed, tmp_path).run(PLAYBOOK, **BY_DRIVER, **STORAGE)
    assert "need XenAPI, and pool_create_join is nova_driver" in refused.failure()["msg"]
    assert aggregate(bed) == {}


def test_hosts_that_were_there_before_the_flag(bed: Bed, tmp_path: Path) -> None:
    books = playbooks(bed, tmp_path)
    wanted = {"name": "alpha", "hosts": ["compute1"], "control_plane": "nova"}
    plain = {"xenfleet.compute.aggregate": wanted}
    assert books.tasks(plain).status == 0
    refused = books.run(PLAYBOOK, **BY_DRIVER)
    assert "only joins hosts that are added after" in refused.failure()["msg"]
    assert aggregate(bed)["metadata"] == {}
