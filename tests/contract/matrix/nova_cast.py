# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of a real Nova in every status: lasting ones by real actions, passing ones written into its
database.

The testbed's reclaim_instance_interval makes deletion soft, and its shelved_offload_time of 0
offloads what is shelved at once, so that SHELVED is written, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from contract.matrix.cells import STATES, Cell
from testbeds.openstack import faults, infrastructure
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed, until
from testbeds.openstack.stock import FLAVORS

TABLE = "nova_cell1.instances"
Request = tuple[str, Any]
Key = tuple[str, str]
"""Status, and the action of the cell, or SHARED."""
SHARED = "shared"

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
ON_MIGRATION = tuple(Cell(action, "MIGRATING") for action in IN_PROGRESS)
KEEPING = (
    *IN_PROGRESS,
    "reboot_soft",
    "create_image",
    "create_backup",
    "lock",
    "unlock",
    "change_password",
    "trigger_crash_dump",
    "live_migrate",
    "reset_state",
)
"""Actions that leave a server usable for those that come after them; the last comes last."""
KEEPING_HERE = (
    Cell("reboot_hard", "ACTIVE"),
    Cell("rebuild", "ACTIVE"),
    Cell("rebuild", "SHUTOFF"),
    Cell("delete", "SOFT_DELETED"),
)
HOSTS = {
    "live_migrate_abort": "compute1",
    "live_migrate_force_complete": "compute2",
    SHARED: "compute3",
    "evacuate": "compute4",
}
"""Live migrations from the first two take for ever. The last is forced down."""
LIVELY = ("compute1", "compute2", "compute3")
FOR_EVER_S = 3600
PATIENCE_S = 300


def key_of(cell: Cell) -> Key:
    alone = cell.starts and cell.action not in KEEPING and cell not in KEEPING_HERE
    return cell.status, cell.action if alone or cell in ON_MIGRATION else SHARED


class Cast:
    """``servers`` are uuids, one for each cell that uses it up, one per status for all others."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self.servers: dict[Key, str] = {}

    def server(self, cell: Cell) -> str:
        return self.servers[key_of(cell)]

    def rows(self, columns: Collection[str], where: str) -> list[list[str]]:
        """Of the database's table of servers; NULL is "NULL"."""
        query = f"SELECT {', '.join(columns)} FROM {TABLE} WHERE {where}"  # noqa: S608  # own words
        return infrastructure.rows(self.bed.layout, query)

    def status(self, uuid: str) -> str:
        """DELETED for one that is gone."""
        try:
            return str(self.bed.server(uuid)["status"])
        except ApiError as exc:
            if exc.status == 404:
                return "DELETED"
            raise

    def prepare(self, cells: Collection[Cell]) -> None:
        keys = list(dict.fromkeys(key_of(cell) for cell in cells))
        self._boot(keys)
        self._await(dict.fromkeys(self.servers.values(), "active"))
        self._give_up(HOSTS["evacuate"])
        self._act(keys)
        self._write(keys)
        self._migrate([cell for cell in ON_MIGRATION if cell in cells])

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
        answer = self.bed.api("POST", "/servers", {"server": server})
        return str(answer["reservation_id"])

    def _booted(self, booked: str, count: int) -> list[str]:
        """Uuids, which are known once the scheduler has placed the servers."""
        booted: list[list[str]] = []

        def placed() -> bool:
            booted[:] = self.rows(["uuid"], f"reservation_id = '{booked}'")
            return len(booted) == count

        until(f"{count} servers are placed", placed, PATIENCE_S)
        return [uuid for (uuid,) in booted]

    def _give_up(self, host: str) -> None:
        """Its process continues and obeys, but no server is put there any more."""
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
        until("deleted ones are gone", lambda: {self.status(uuid) for uuid in gone} <= {"DELETED"})

    def _request(self, due: tuple[str, str]) -> None:
        uuid, status = due
        if status == "SOFT_DELETED":
            self.bed.api("DELETE", f"/servers/{uuid}")
        elif status == "DELETED":
            self.bed.action(uuid, "forceDelete")
        elif status in REALLY:
            self.bed.action(uuid, *REALLY[status])

    def _await(self, ends: Mapping[str, str]) -> None:
        """Until all are in these vm_states, without a task."""

        def settled() -> bool:
            listed = self.rows(["uuid", "vm_state", "task_state"], "deleted = 0")
            states = {uuid: (vm_state, task) for uuid, vm_state, task in listed}
            return all(states.get(uuid) == (end, "NULL") for uuid, end in ends.items())

        until(f"{len(ends)} servers in their states", settled, PATIENCE_S)

    def _write(self, keys: Iterable[Key]) -> None:
        moving = [(cell.status, cell.action) for cell in ON_MIGRATION]
        for status in WRITTEN:
            uuids = [self.servers[key] for key in keys if key[0] == status and key not in moving]
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

    def _migrate(self, cells: Iterable[Cell]) -> None:
        """Into migrations that go on until they are aborted or forced to complete."""
        slow = {"live_migration_seconds": FOR_EVER_S}
        hosts = {HOSTS[action]: slow for action in IN_PROGRESS}
        faults.write(self.bed.layout, {"hosts": hosts})
        moving = [self.server(cell) for cell in cells]
        for uuid in moving:
            self.bed.action(uuid, "os-migrateLive", {"host": None, "block_migration": "auto"})

        def running() -> bool:
            records = [self.bed.migrations(uuid) for uuid in moving]
            return all([one["status"] for one in listed] == ["running"] for listed in records)

        until("live migrations are running", running, PATIENCE_S)
