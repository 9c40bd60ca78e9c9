# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of filter_cases.py on each control plane, looked at without the collection."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from contract.rules.control import Control
from contract.rules.filter_cases import (
    BUSY,
    DELETED,
    HOSTS,
    IDLE,
    METADATA,
    SINCE,
    STATUSES,
    TAGS,
    Case,
)
from contract.rules.nova_control import NovaControl
from contract.rules.xapi_control import XapiControl
from simulators.client import Client
from simulators.launch import Simulator
from testbeds.openstack.client import Bed, until

AT_FIRST = {**HOSTS, "build1": "busy", "db2": "busy"}
SHARED = ("build1", "db2")
"""Servers that leave their host have their disk on shared storage; that of the others shows their
host while they don't run.
"""


class Scene(ABC):
    """``names`` by uuid; ``since`` is before the last changes and after all others."""

    one_reading: int

    def __init__(self, control: Control, names: dict[str, str]) -> None:
        self.control = control
        self.names = names
        self.since = ""

    def host(self, role: str | None) -> str | None:
        return getattr(self.control, role) if role else None

    def filled(self, filters: dict[str, Any]) -> dict[str, Any]:
        """With what is called differently here."""
        return {key: self.known(value) for key, value in filters.items()}

    def known(self, text: Any) -> Any:
        if isinstance(text, list):
            return [self.known(item) for item in text]
        if not isinstance(text, str):
            return text
        words = {SINCE: self.since, BUSY: self.control.busy, IDLE: self.control.idle}
        words |= {f"<{name}>": uuid for uuid, name in self.names.items()}
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    def now(self) -> None:
        """Times are exact to the second."""
        time.sleep(2)
        self.since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        time.sleep(1)

    @abstractmethod
    def statuses(self) -> dict[str, str]:
        """Status by name."""

    @abstractmethod
    def own_list(self, case: Case) -> frozenset[str] | None:
        """What the control plane itself lists, if it can be asked."""

    def own_order(self, query: str) -> list[str] | None:
        """Names as the control plane itself lists them, if it can be asked."""
        return None

    @abstractmethod
    def requests_of(self, work: Callable[[Control], None]) -> int:
        """How often the control plane is asked for servers meanwhile."""


# --- XAPI -----------------------------------------------------------------------------------------

SITE: dict[str, Any] = {
    # Times of the last start are the site's, all others the real ones.
    "clock": {"factor": 1},
    "times": {"start_s": 0.1, "shutdown_s": 0.1, "hard_shutdown_s": 0.1, "suspend_s": 0.1},
    "login_delay": 0,
    "link_gbit": 1000,
    "hosts": [{"name": "xen", "count": 2, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "golden", "memory": "256 MiB", "where": "xen1", "state": "halted"},
        *(
            {
                "name": name,
                "memory": "256 MiB",
                "where": {"busy": "xen1", "idle": "xen2"}[host or ""],
                "storage": "shared" if name in SHARED else "local",
                "tags": TAGS.get(name, []),
                "other_config": METADATA.get(name, {}),
            }
            for name, host in AT_FIRST.items()
        ),
    ],
}
BY_MODULE: dict[str, dict[str, Any]] = {
    "web2": {"action": "stop"},
    "web10": {"action": "pause"},
    "db1": {"action": "suspend"},
    "db2": {"action": "shelve"},
    "mail1": {"action": "rescue", "image": "golden"},
    "build1": {"action": "migrate", "host": "xen2"},
    "sick1": {"action": "reset_state", "vm_state": "error"},
    "trash1": {"action": "delete", "soft": True},
}
LAST: dict[str, dict[str, Any]] = {
    "vault1": {"action": "lock", "reason": "audit"},
    "late1": {"action": "pause"},
    "gone1": {"action": "delete"},
    "gone2": {"action": "force_delete"},
}
POWER = {"Running": "ACTIVE", "Halted": "SHUTOFF", "Paused": "PAUSED", "Suspended": "SUSPENDED"}
MARKED = {
    "resized": "VERIFY_RESIZE",
    "rescued": "RESCUE",
    "shelved_offloaded": "SHELVED_OFFLOADED",
    "soft-delete": "SOFT_DELETED",
    "error": "ERROR",
}


class XapiScene(Scene):
    """Set up with the collection's own actions: nobody else sets marks."""

    control: XapiControl
    one_reading = 3

    def statuses(self) -> dict[str, str]:
        client = Client(self.control.site.hosts["xen1"])
        known = self.control.site.get("/state")["vms"]
        assert {vm["uuid"] for name, vm in known.items() if name in STATUSES} <= set(self.names)
        return {name: self._status(client, known, name) for name in STATUSES}

    def _status(self, client: Client, known: dict[str, Any], name: str) -> str:
        if name not in known:
            return "DELETED"
        marked = client("VM.get_other_config", client.vm(name)).get("xenfleet:vm_state")
        return MARKED[marked] if marked else POWER[known[name]["power_state"]]

    def own_list(self, case: Case) -> frozenset[str] | None:
        return None

    def requests_of(self, work: Callable[[Control], None]) -> int:
        def calls() -> list[Any]:
            reading = ("event.from", "VM.get_all_records_where", "VDI.get_all_records_where")
            journal = self.control.site.get("/journal?since=0")
            return [one for one in journal if one["method"] in reading]

        before = len(calls())
        work(self.control)
        return len(calls()) - before


@contextmanager
def xapi_scene(store: Path) -> Iterator[XapiScene]:
    with Simulator(SITE) as site:
        control = XapiControl(site, store)
        client = Client(site.hosts["xen1"])
        client("VM.set_is_a_template", client.vm("golden"), True)
        # As VM.clone of a template notes it.
        client("VM.add_to_other_config", client.vm("web1"), "base_template_name", "debian")
        guests = site.get("/state")["vms"]
        scene = XapiScene(control, {guests[name]["uuid"]: name for name in STATUSES})
        control.given("aggregate", name="racks", hosts=["xen2"])
        # A host with servers may not enter a zone.
        control.sql(
            "insert into xenfleet_aggregate_metadata (aggregate_id, key, value)"
            " select id, 'availability_zone', 'east' from xenfleet_aggregates"
        )
        for name, options in BY_MODULE.items():
            control.given("server_action", servers=[name], **options)
        scene.now()
        for name, options in LAST.items():
            control.given("server_action", servers=[name], **options)
        yield scene


# --- Nova -----------------------------------------------------------------------------------------


class NovaScene(Scene):
    """Set up with plain requests."""

    control: NovaControl
    one_reading = 1

    def statuses(self) -> dict[str, str]:
        servers = [
            *self._listed(""),
            *self._listed("soft_deleted=1&vm_state=soft-delete"),
            *self._listed("deleted=1"),
        ]
        return {one["name"]: one["status"] for one in servers if one["id"] in self.names}

    def own_list(self, case: Case) -> frozenset[str] | None:
        if case.query is None:
            return None
        servers = self._listed(quote(self.known(case.query), safe="=&"))
        return frozenset(one["name"] for one in servers if one["id"] in self.names)

    def own_order(self, query: str) -> list[str] | None:
        return [one["name"] for one in self._listed(query) if one["id"] in self.names]

    def _listed(self, query: str) -> list[dict[str, Any]]:
        path = f"/servers/detail?all_tenants=1&{query}".rstrip("&")
        servers: list[dict[str, Any]] = self.control.bed.api("GET", path)["servers"]
        return servers

    def requests_of(self, work: Callable[[Control], None]) -> int:
        work(self.control)
        return len([one for one in self.control.requests if "/servers" in one.path])


def nova_scene(bed: Bed, store: Path) -> NovaScene:
    bed.clean()
    control = NovaControl(bed, store)
    zone = {"aggregate": {"name": "racks", "availability_zone": "east"}}
    racks = bed.api("POST", "/os-aggregates", zone)["aggregate"]["id"]
    bed.api("POST", f"/os-aggregates/{racks}/action", {"add_host": {"host": control.idle}})
    booted = bed.servers({name: getattr(control, role or "") for name, role in AT_FIRST.items()})
    for name, tags in TAGS.items():
        bed.api("PUT", f"/servers/{booted[name]}/tags", {"tags": tags})
    for name, metadata in METADATA.items():
        bed.api("POST", f"/servers/{booted[name]}/metadata", {"metadata": metadata})
    scene = NovaScene(control, {uuid: name for name, uuid in booted.items()})
    bed.api("DELETE", f"/servers/{booted['trash1']}")
    image = bed.api("GET", "/images?name=cirros-rescue", service="glance")["images"][0]["id"]
    actions = {
        "web2": ("os-stop", None),
        "web10": ("pause", None),
        "db1": ("suspend", None),
        "db2": ("shelve", None),
        "mail1": ("rescue", {"rescue_image_ref": image}),
        "build1": ("migrate", {"host": control.idle}),
        "sick1": ("os-resetState", {"state": "error"}),
    }
    for name, (action, value) in actions.items():
        bed.action(booted[name], action, value)
    for name in (*actions, "trash1"):
        bed.wait_server(booted[name], STATUSES[name])
    scene.now()
    bed.action(booted["vault1"], "lock", {"locked_reason": "audit"})
    bed.action(booted["late1"], "pause", None, STATUSES["late1"])
    for name in DELETED:
        bed.action(booted[name], "forceDelete")
    until("deletions", lambda: scene.statuses() == STATUSES)
    return scene
