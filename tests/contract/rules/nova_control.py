# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control plane nova: the OpenStack of tests/testbeds, looked at with plain requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract.rules.bare import Bare
from contract.rules.control import Control, Result
from testbeds.openstack import cleaning, infrastructure
from testbeds.openstack.client import Bed, Request, until
from testbeds.openstack.layout import PASSWORD

KEPT = "web1"


class NovaControl(Control):
    """One cloud. Between tests it is put back by ``settle``, which is quicker than Bed.clean."""

    plane = "nova"
    busy, idle, spare1, spare2 = "compute1", "compute2", "compute3", "compute4"

    def __init__(self, bed: Bed, store: Path) -> None:
        super().__init__()
        self.bed = bed
        self.store = store
        self.requests: list[Request] = []
        """What the last task asked of Nova."""
        self.who = "admin"
        self._changes: list[Request] = []

    def connection(self) -> Result:
        return {
            "control_plane": "nova",
            "auth": {
                "auth_url": self.bed.auth_url,
                "username": self.who,
                "password": PASSWORD,
                "project_name": "admin",
                "user_domain_id": "default",
                "project_domain_id": "default",
            },
            "region_name": "RegionOne",
            "store": str(self.store),
        }

    def run(self, module: str, /, *, check_mode: bool = False, **params: Any) -> Result:
        with self.bed.requests() as requests:
            result = super().run(module, check_mode=check_mode, **params)
        self.requests = requests
        self._changes += [one for one in requests if one.method != "GET"]
        return result

    def own_answer(self, module: str, params: Result) -> str | None:
        return Bare(self.bed, self.who).answer(module, params)

    # Looking

    def everything(self) -> Any:
        services = {host: _service(one) for host, one in self.bed.services().items()}
        return self.aggregates(), services, self.servers(), list(self._changes)

    def servers(self) -> dict[str, Result]:
        """By uuid, all projects'."""
        listed = self.bed.api("GET", "/servers/detail?all_tenants=1")["servers"]
        return {one["id"]: _server(one) for one in listed}

    def aggregates(self) -> dict[str, Result]:
        listed = self.bed.api("GET", "/os-aggregates")["aggregates"]
        return {
            one["name"]: {"hosts": sorted(one["hosts"]), "metadata": one["metadata"]}
            for one in listed
        }

    def service(self, host: str) -> Result | None:
        record = self.bed.services().get(host)
        return _service(record) if record else None

    def server(self, name: str) -> Result:
        (match,) = (one for one in self.servers().values() if one["name"] == name)
        return match

    # Furnishing

    def inhabit(self, aggregate: str) -> str:
        """A member gets a server that was not there when it joined."""
        (match,) = (
            one
            for one in self.bed.api("GET", "/os-aggregates")["aggregates"]
            if one["name"] == aggregate
        )
        action = {"add_host": {"host": self.spare2}}
        self.bed.api("POST", f"/os-aggregates/{match['id']}/action", action)
        self.bed.servers({"web2": self.spare2})
        self.aliases = {self.spare2: "busy"}
        return self.spare2

    def evacuate(self, host: str) -> None:
        (uuid,) = self.bed.servers({"web2": host}).values()
        self.bed.kill(host)
        body = {"forced_down": True}
        self.bed.api("PUT", f"/os-services/{self.bed.services()[host]['id']}", body)
        self.bed.action(uuid, "evacuate", {"host": self.idle})
        until(
            f"evacuation of {uuid}",
            lambda: self.bed.migrations(uuid)[-1]["status"] == "done",
        )

    def forget_evacuations(self, host: str) -> None:
        self.bed.start(host)
        uuid = self.server("web2")["id"]
        until(
            f"{host} takes note of {uuid}",
            lambda: self.bed.migrations(uuid)[-1]["status"] == "completed",
        )

    def move_away_for_now(self, host: str) -> None:
        """A cold migration that waits to be confirmed."""
        (uuid,) = self.bed.servers({"web2": host}).values()
        self.bed.action(uuid, "migrate", {"host": self.spare1}, "VERIFY_RESIZE")

    def twins(self) -> list[str]:
        hosts = (self.busy, self.idle)
        return [self.bed.servers({"twin": host})["twin"] for host in hosts]

    def wanting(self, key: str, value: str) -> str:
        """By its flavor, which a server keeps a copy of."""
        sizes = {"name": f"{key}-{value}", "ram": 64, "vcpus": 1, "disk": 0}
        flavor = self.bed.api("POST", "/flavors", {"flavor": sizes})["flavor"]["id"]
        specs = {f"aggregate_instance_extra_specs:{key}": value}
        self.bed.api("POST", f"/flavors/{flavor}/os-extra_specs", {"extra_specs": specs})
        self.bed.servers({"web2": self.busy}, flavorRef=flavor)
        self.bed.api("DELETE", f"/flavors/{flavor}")
        return "web2"

    @contextmanager
    def slow_move(self) -> Iterator[str]:
        with self.bed.fault(live_migration_seconds=30):
            yield KEPT
            # Otherwise it would go on without the fault, and the next test wait for it.
            uuid = self.server(KEPT)["id"]
            (move,) = self.bed.api("GET", f"/servers/{uuid}/migrations")["migrations"]
            self.bed.api("DELETE", f"/servers/{uuid}/migrations/{move['id']}")
            self.bed.wait_server(uuid, "ACTIVE")

    @contextmanager
    def failing_moves(self) -> Iterator[None]:
        with self.bed.fault(fail={"live_migration": "the link is down"}):
            yield

    @contextmanager
    def stranger(self) -> Iterator[None]:
        """A reader of the same project."""
        self.who = "reader"
        yield
        self.who = "admin"

    # Putting back

    def _register_deleted(self) -> None:
        """A deleted service comes back when its process starts. Nova goes on looking at the deleted
        record, too, and takes the host's servers for out of reach when they are to be migrated
        (nova/compute/api.py check_instance_host), until the record is purged.
        """
        deleted = set(self.bed.hosts) - self.bed.services().keys()
        for host in deleted:
            self.bed.register(host)
        if deleted:
            purge = "DELETE FROM nova_cell1.services WHERE deleted <> 0"
            infrastructure.sql(self.bed.layout, self.bed.processes, purge)

    def settle(self) -> None:
        """No aggregates, services as at first, and web1 alone, active, on its host."""
        self._register_deleted()
        for service in self.bed.services().values():
            if (service["status"], service["forced_down"]) != ("enabled", False):
                body = {"status": "enabled", "forced_down": False}
                self.bed.api("PUT", f"/os-services/{service['id']}", body)
        # On a busy machine a host misses a heartbeat now and then, too.
        until("all hosts up", lambda: {s["state"] for s in self.bed.services().values()} == {"up"})
        leftover = [{**_server(one), "id": None} for one in cleaning.leftover(self.bed)]
        wanted = {"id": None, "name": KEPT, "host": self.busy, "vm_state": "active"}
        as_at_first = leftover == [{**wanted, "task_state": None}]
        if not as_at_first:
            cleaning.delete_servers(self.bed)
        # A host that has servers may not leave a zone.
        cleaning.delete_aggregates(self.bed)
        if not as_at_first:
            self.bed.servers({KEPT: self.busy})


def _service(item: Mapping[str, Any]) -> Result:
    return {key: item[key] for key in ("status", "disabled_reason", "forced_down")}


def _server(item: Mapping[str, Any]) -> Result:
    return {
        "id": item["id"],
        "name": item["name"],
        "host": item["OS-EXT-SRV-ATTR:host"],
        "vm_state": item["OS-EXT-STS:vm_state"],
        "task_state": item["OS-EXT-STS:task_state"],
    }
