# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix on a real Nova: lasting statuses by real actions, passing ones written into its database.

The testbed's reclaim_instance_interval makes deletion soft, and its shelved_offload_time of 0
offloads what is shelved at once, so that SHELVED is written, too.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

from contract.matrix.cells import STATES, Cell
from contract.matrix.stage import Result, Stage
from contract.rules.nova_control import NovaControl
from testbeds.openstack import faults, infrastructure
from testbeds.openstack.api import OBSERVER, ApiError
from testbeds.openstack.client import Bed, until
from testbeds.openstack.stock import FLAVORS

CLOUDS = "OS_CLIENT_CONFIG_FILE"
Request = tuple[str, Any]
Key = tuple[str, str]
"""Status, and the action of the cell, or SHARED."""
SHARED = "shared"
TABLE = "nova_cell1.instances"

REALLY: Mapping[str, Request] = {
    "ERROR": ("os-resetState", {"state": "error"}),
    "PAUSED": ("pause", None),
    "RESCUE": ("rescue", None),
    "REVERT_RESIZE": ("resize", {"flavorRef": "2"}),
    "SHELVED": ("os-stop", None),
    "SHELVED_OFFLOADED": ("shelve", None),
    "SHUTOFF": ("os-stop", None),
    "SUSPENDED": ("suspend", None),
    "VERIFY_RESIZE": ("resize", {"flavorRef": "2"}),
}
"""The request that brings a server into the status, or near it."""
NEAR = {"REVERT_RESIZE": "resized", "SHELVED": "stopped"}
"""The vm_state that the request ends in, where it is not the status's own."""
WRITTEN = (
    "BUILD",
    "HARD_REBOOT",
    "MIGRATING",
    "PASSWORD",
    "REBOOT",
    "REBUILD",
    "RESIZE",
    "REVERT_RESIZE",
    "SHELVED",
    "UNKNOWN",
)
IN_PROGRESS = ("live_migrate_abort", "live_migrate_force_complete")
"""Actions on a live migration, which has to be a real one."""
HOSTS = {
    "live_migrate_abort": "compute1",
    "live_migrate_force_complete": "compute2",
    "live_migrate": "compute3",
    "evacuate": "compute4",
}
"""Live migrations from the first two take for ever. The last is forced down."""
LIVELY = ("compute1", "compute2", "compute3")
FOR_EVER_S = 3600
PATIENCE_S = 300

OPTIONS: Mapping[str, Result] = {
    "rebuild": {"image": "cirros"},
    "resize": {"flavor": "m1.tiny"},
    "create_image": {"image_name": "monday"},
    "create_backup": {"image_name": "monday", "backup_type": "daily", "rotation": 1},
    "change_password": {"admin_password": "Pa55word"},
    "evacuate": {"power_on": True},
    "reset_state": {"vm_state": "error"},
}
LOOKED_AT = (
    "vm_state",
    "task_state",
    "power_state",
    "host",
    "node",
    "locked",
    "locked_by",
    "launched_at",
    "deleted",
    "image_ref",
    "instance_type_id",
)
SERVER = re.compile(r"/servers/([0-9a-f-]{36})")


def key_of(cell: Cell) -> Key:
    return cell.status, cell.action if cell.starts else SHARED


class TokenControl(NovaControl):
    """One token for all runs: to give and to check a new one takes longer than most of them."""

    def __init__(self, bed: Bed, store: Path) -> None:
        super().__init__(bed, store)
        clouds = store.with_name("clouds.yaml")
        nova, glance = bed.layout.url("nova-api"), bed.layout.url("glance")
        cloud = {
            "auth_type": "admin_token",
            "auth": {"endpoint": nova, "token": bed.admin.log_in()},
            # Such a token comes without a catalogue.
            "image_endpoint_override": f"{glance}/v2",
            "region_name": "RegionOne",
        }
        # All JSON is YAML.
        clouds.write_text(json.dumps({"clouds": {"matrix": cloud}}), encoding="utf-8")
        os.environ[CLOUDS] = str(clouds)

    def connection(self) -> Result:
        return {"control_plane": "nova", "cloud": "matrix", "store": str(self.store)}


class NovaStage(Stage):
    """Servers are looked at with plain requests and in the database."""

    plane = "nova"
    shows: ClassVar[frozenset[str]] = frozenset(STATES)
    side_by_side: ClassVar[int] = 4

    def __init__(self, bed: Bed, store: Path) -> None:
        super().__init__(TokenControl(bed, store))
        self.bed = bed
        self.servers: dict[Key, str] = {}
        self.log = bed.layout.log / "nova-api.requests"
        self.read_to = self.log.stat().st_size
        self.unasked: list[tuple[str, str]] = []
        self.reading = Lock()

    # Bringing about

    def prepare(self, cells: Collection[Cell]) -> None:
        keys = dict.fromkeys(key_of(cell) for cell in cells)
        self._boot(keys)
        self._await(dict.fromkeys(self.servers.values(), "active"))
        self._give_up(HOSTS["evacuate"])
        self._act(keys)
        self._write(keys)
        self._migrate([key for key in keys if key[0] == "MIGRATING" and key[1] in IN_PROGRESS])

    def _boot(self, keys: Iterable[Key]) -> None:
        """All at once, as many on one host as on the next."""
        by_host: dict[str, list[Key]] = {}
        for number, key in enumerate(keys):
            host = HOSTS.get(key[1], LIVELY[number % len(LIVELY)])
            by_host.setdefault(host, []).append(key)
        booked = {host: self._booked(host, len(wanted)) for host, wanted in by_host.items()}
        for host, wanted in by_host.items():
            booted = self._booted(booked[host], len(wanted))
            self.servers.update(zip(wanted, booted, strict=True))

    def _booked(self, host: str, count: int) -> str:
        (image,) = self.bed.api("GET", "/images?name=cirros", service="glance")["images"]
        server = {
            "name": f"matrix-{host}",
            "imageRef": image["id"],
            "flavorRef": str([*FLAVORS].index("m1.nano") + 1),
            "networks": "none",
            "host": host,
            "min_count": count,
            "return_reservation_id": True,
        }
        made = self.bed.api("POST", "/servers", {"server": server})
        return str(made["reservation_id"])

    def _booted(self, booked: str, count: int) -> list[str]:
        """Uuids, which are known once the scheduler has placed the servers."""
        found: list[list[str]] = []

        def placed() -> bool:
            found[:] = self._rows(["uuid"], f"reservation_id = '{booked}'")
            return len(found) == count

        until(f"{count} servers are placed", placed, PATIENCE_S)
        return [uuid for (uuid,) in found]

    def _give_up(self, host: str) -> None:
        """Its process goes on, and does what it is told, but no server is put there any more."""
        service = self.bed.services()[host]
        self.bed.api("PUT", f"/os-services/{service['id']}", {"forced_down": True})

    def _act(self, keys: Iterable[Key]) -> None:
        """Lasting statuses, and what others are written upon."""
        due = {self.servers[key]: key[0] for key in keys}
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._request, due.items()))
        gone = [uuid for uuid, status in due.items() if status == "DELETED"]
        ends = {
            uuid: NEAR.get(status) or STATES[status][0] if status in REALLY else "active"
            for uuid, status in due.items()
            if status not in ("DELETED", "SOFT_DELETED")
        }
        soft = [uuid for uuid, status in due.items() if status == "SOFT_DELETED"]
        self._await({**ends, **dict.fromkeys(soft, "soft-delete")})
        until("deleted servers are gone", lambda: all(map(self._is_gone, gone)))

    def _request(self, due: tuple[str, str]) -> None:
        uuid, status = due
        if status == "SOFT_DELETED":
            self.bed.api("DELETE", f"/servers/{uuid}")
        elif status == "DELETED":
            self.bed.action(uuid, "forceDelete")
        elif status in REALLY:
            self.bed.action(uuid, *REALLY[status])

    def _is_gone(self, uuid: str) -> bool:
        return self.status(uuid) == "DELETED"

    def _await(self, ends: Mapping[str, str]) -> None:
        """Until all are in these vm_states, without a task."""

        def settled() -> bool:
            listed = self._rows(["uuid", "vm_state", "task_state"], "deleted = 0")
            found = {uuid: (vm_state, task) for uuid, vm_state, task in listed}
            return all(found.get(uuid) == (end, "NULL") for uuid, end in ends.items())

        until(f"{len(ends)} servers in their states", settled, PATIENCE_S)

    def _write(self, keys: Iterable[Key]) -> None:
        for status in WRITTEN:
            uuids = [
                self.servers[key]
                for key in keys
                if key[0] == status and not (status == "MIGRATING" and key[1] in IN_PROGRESS)
            ]
            if not uuids:
                continue
            vm_state, task_state = STATES[status]
            task = f"'{task_state}'" if task_state else "NULL"
            # One that was never ACTIVE has never been launched.
            more = ", launched_at = NULL" if status == "BUILD" else ""
            listed = ", ".join(f"'{uuid}'" for uuid in uuids)
            values = f"vm_state = '{vm_state}', task_state = {task}{more}"
            order = f"UPDATE {TABLE} SET {values} WHERE uuid IN ({listed})"  # noqa: S608  # own words
            infrastructure.sql(self.bed.layout, self.bed.processes, order)

    def _migrate(self, keys: Iterable[Key]) -> None:
        """Into migrations that go on until they are aborted or forced to complete."""
        slow = {"live_migration_seconds": FOR_EVER_S}
        hosts = {HOSTS[action]: slow for action in IN_PROGRESS}
        faults.write(self.bed.layout, {"hosts": hosts})
        for key in keys:
            body = {"host": None, "block_migration": "auto"}
            self.bed.action(self.servers[key], "os-migrateLive", body)
        for key in keys:
            uuid = self.servers[key]
            until(
                f"migration of {uuid} is running",
                lambda uuid=uuid: [m["status"] for m in self.bed.migrations(uuid)] == ["running"],
            )

    # Running

    def params(self, cell: Cell) -> Result:
        return dict(OPTIONS.get(cell.action, {}))

    def chain(self, cell: Cell) -> str:
        return self.server(cell)

    # Looking

    def server(self, cell: Cell) -> str:
        return self.servers[key_of(cell)]

    def state(self, uuid: str) -> Any:
        (found,) = self._rows(LOOKED_AT, f"uuid = '{uuid}'")
        return dict(zip(LOOKED_AT, found, strict=True))

    def status(self, uuid: str) -> str:
        try:
            return str(self.bed.server(uuid)["status"])
        except ApiError as exc:
            if exc.status == 404:
                return "DELETED"
            raise

    def _rows(self, columns: Collection[str], where: str) -> list[list[str]]:
        query = f"SELECT {', '.join(columns)} FROM {TABLE} WHERE {where}"  # noqa: S608  # own words
        return infrastructure.rows(self.bed.layout, query)

    def mutations(self, uuid: str) -> list[str]:
        """Requests to Nova's API that name this server, or none."""
        with self.reading:
            self._read()
            mine = [pair for pair in self.unasked if pair[0] in ("", uuid)]
            self.unasked = [pair for pair in self.unasked if pair not in mine]
        return [told for _uuid, told in mine]

    def _read(self) -> None:
        with self.log.open("rb") as file:
            file.seek(self.read_to)
            lines = [json.loads(line) for line in file]
            self.read_to = file.tell()
        for line in lines:
            if line["method"] != "GET" and line["user_agent"] != OBSERVER:
                named = SERVER.search(line["path"])
                told = f"{line['method']} {line['path']} {line['action'] or ''}".strip()
                self.unasked.append((named[1] if named else "", told))

    def close(self) -> None:
        del os.environ[CLOUDS]
        self.bed.clean()
