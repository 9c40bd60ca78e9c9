# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bed as tests use it: look at the cloud, furnish it, break it, put it back."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbeds.openstack import cleaning, faults
from testbeds.openstack.api import OBSERVER, Api
from testbeds.openstack.commands import bed_py
from testbeds.openstack.layout import BedError, Layout, Settings, default_root, remembered
from testbeds.openstack.processes import Processes, environment
from testbeds.openstack.stock import FLAVORS

CLOUD = "xenfleet"


@dataclass(frozen=True)
class Request:
    """One request that a service answered.

    ``path`` is the URL's, from /v2.1 on; ``action`` is what was posted to an action URL
    ("os-migrateLive"); ``microversion`` is the header as sent ("compute 2.60"); ``user_agent`` tells
    clients from the services, which sign in, too; ``ms`` is the time in the service.
    """

    method: str
    path: str
    query: str
    action: str | None
    microversion: str | None
    status: int
    request_id: str | None
    user_agent: str
    ms: int


class Bed:
    """A bed that is up. All looking goes to the services' APIs, never through this collection."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.processes = Processes(layout)
        self.admin = Api(layout)
        self.apis = {("admin", "admin"): self.admin}

    @classmethod
    def running(cls, root: Path | None = None) -> Bed | None:
        """The bed at ``root`` (XENFLEET_TESTBED, or the checkout's), if it is up."""
        root = root or default_root()
        bed = cls(Layout(root, remembered(root) or Settings()))
        needed = ("keystone", "nova-api")
        return bed if all(bed.processes.pid(name) for name in needed) else None

    @classmethod
    def required(cls) -> Bed:
        """Like ``running``; BedError with the remedy if there is none."""
        if bed := cls.running():
            return bed
        raise BedError(f"no OpenStack testbed is up at {default_root()}: make testbed-up")

    @property
    def hosts(self) -> list[str]:
        return self.layout.hosts

    @property
    def clouds_file(self) -> Path:
        return self.layout.clouds

    @property
    def auth_url(self) -> str:
        return self.layout.url("keystone")

    @property
    def ca_cert(self) -> Path:
        """What to trust for the cloud xenfleet-tls."""
        return self.layout.ca_cert

    def cloud_env(self, cloud: str = CLOUD) -> dict[str, str]:
        """Environment variables by which openstacksdk finds one of the clouds (README.md)."""
        return {"OS_CLIENT_CONFIG_FILE": str(self.clouds_file), "OS_CLOUD": cloud}

    # Looking

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        microversion: str = "latest",
        service: str = "nova-api",
        project: str = "admin",
        user: str = "admin",
    ) -> Any:
        """The JSON answer of a service; ApiError if it refuses. The request log leaves this out."""
        api = self.apis.setdefault((project, user), Api(self.layout, project, user))
        return api(method, path, body, microversion=microversion, service=service)

    def openstack(self, *words: str, cloud: str = CLOUD, parse: bool = True) -> Any:
        """What the openstack command prints with ``-f json``; with ``parse=False`` its plain output.

        It takes 2 to 3 s; RuntimeError with what it says if it fails. The request log has it.
        """
        command = [str(self.layout.bin / "openstack"), *words, *(["-f", "json"] if parse else [])]
        env = environment(self.cloud_env(cloud))
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"openstack {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout) if parse else done.stdout

    @contextmanager
    def requests(self, service: str = "nova-api") -> Iterator[list[Request]]:
        """The requests made inside the block, in the order of their answers; filled at its end."""
        log = self.layout.log / f"{service}.requests"
        seen = log.stat().st_size if log.exists() else 0
        made: list[Request] = []
        yield made
        with log.open("rb") as file:
            file.seek(seen)
            lines = [json.loads(line) for line in file]
        for line in lines:
            if line["user_agent"] != OBSERVER:
                made.append(Request(**line))

    def keystone_requests(self) -> Any:
        """Likewise, of Keystone: sign-ins, discovery, and the services' checks of tokens."""
        return self.requests("keystone")

    def services(self) -> dict[str, dict[str, Any]]:
        """Nova's compute services by host."""
        found = self.api("GET", "/os-services?binary=nova-compute")["services"]
        return {service["host"]: service for service in found}

    def server(self, uuid: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api("GET", f"/servers/{uuid}")["server"]
        return found

    def migrations(self, uuid: str) -> list[dict[str, Any]]:
        """All of a server's migrations, the newest last."""
        found = self.api("GET", f"/os-migrations?instance_uuid={uuid}")["migrations"]
        return sorted(found, key=lambda migration: migration["id"])

    # Furnishing

    def servers(
        self,
        on: Mapping[str, str | None],
        *,
        project: str = "admin",
        flavor: str = "m1.nano",
        image: str = "cirros",
        **more: Any,
    ) -> dict[str, str]:
        """Boot servers, names to hosts (None: Nova's choice), and wait until all are ACTIVE.

        Returns their uuids by name. ``more`` goes into each request, as the API names it.
        """
        images = self.api("GET", f"/images?name={image}", service="glance")["images"]
        common = {
            "imageRef": images[0]["id"],
            "flavorRef": str([*FLAVORS].index(flavor) + 1),
            "networks": "none",
            **more,
        }
        made = {}
        for name, host in on.items():
            place = {"host": host} if host else {}
            body = {"server": {"name": name, **common, **place}}
            made[name] = self.api("POST", "/servers", body, project=project)["server"]["id"]
        for uuid in made.values():
            self.wait_server(uuid, "ACTIVE")
        return made

    def action(self, uuid: str, action: str, value: Any = None, status: str | None = None) -> Any:
        """Post an action; with ``status`` wait until the server has it, and return the server."""
        answer = self.api("POST", f"/servers/{uuid}/action", {action: value})
        return self.wait_server(uuid, status) if status else answer

    def wait_server(self, uuid: str, status: str, within: float = 60) -> dict[str, Any]:
        """The server once it has that status and no task; BedError if it goes to ERROR instead."""

        def arrived() -> dict[str, Any] | None:
            server = self.server(uuid)
            if server["status"] == "ERROR" != status:
                raise BedError(f"server {server['name']} is in ERROR: {server.get('fault')}")
            settled = server["OS-EXT-STS:task_state"] is None and server["status"] == status
            return server if settled else None

        found: dict[str, Any] = until(f"server {uuid} {status}", arrived, within)
        return found

    # Breaking

    def kill(self, name: str) -> None:
        """End a process as a power cut would; a host is ``down`` 7 to 8 s later."""
        self.run("kill", name)

    def stop(self, name: str) -> None:
        self.run("stop", name)

    def start(self, name: str) -> None:
        """Start a process again; for a host wait until it reports to Nova."""
        before = self.services().get(name, {}).get("updated_at") if name in self.hosts else None
        self.run("start", name)
        if name in self.hosts:
            reports = f"report of {name}"
            until(
                reports, lambda: self.services().get(name, {}).get("updated_at", before) != before
            )

    def register(self, host: str) -> None:
        """Start a host anew whose service was deleted. What a resize has left there of a server that was
        deleted meanwhile goes first, as nova-compute refuses to start as a new host with guests
        (nova/compute/manager.py, _sanity_check_new_host).
        """
        self.stop(host)
        (self.layout.state / host / "guests.json").unlink(missing_ok=True)
        self.start(host)

    def wait_service(self, host: str, state: str, within: float = 60) -> None:
        """Until Nova takes a host for ``up`` or ``down``."""
        until(f"{host} {state}", lambda: self.services()[host]["state"] == state, within)

    @contextmanager
    def fault(self, **wanted: Any) -> Iterator[None]:
        """Only these faults (README.md) inside the block, none after it."""
        faults.write(self.layout, wanted)
        try:
            yield
        finally:
            faults.write(self.layout, {})

    def run(self, *words: str) -> None:
        """A command of bed.py; BedError with what it says if it fails."""
        code, said = bed_py(*words, "--root", self.layout.root)
        if code:
            raise BedError(said)

    # Putting back

    def clean(self) -> None:
        """The initial cloud again, within seconds: all hosts up and enabled, nothing of tests left."""
        cleaning.clean(self)


def until(what: str, probe: Callable[[], Any], within: float = 60) -> Any:
    """Poll until ``probe`` returns something true, and return that; BedError after ``within`` s."""
    end = time.monotonic() + within
    while not (found := probe()):
        if time.monotonic() > end:
            raise BedError(f"not within {within:.0f} s: {what}")
        time.sleep(0.2)
    return found
