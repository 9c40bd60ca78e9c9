# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix on simulated Xen hosts: statuses by real actions, held operations and marks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import trustme
import XenAPI
from contract.matrix.cells import CELLS, STATES, Cell
from contract.matrix.stage import Result, Stage
from contract.rules.xapi_control import XapiControl
from simulators.client import Client, until
from simulators.launch import Simulator

POWER = {"Running": "active", "Halted": "stopped", "Paused": "paused", "Suspended": "suspended"}
OPERATIONS = {
    "pool_migrate": "migrating",
    "clean_reboot": "rebooting",
    "hard_reboot": "rebooting_hard",
}
SHOWN = {state: status for status, state in STATES.items()}

MARKED_TASKS = ("REBUILD", "RESIZE", "REVERT_RESIZE")
"""Statuses that only a run of several calls brings about, and a killed one leaves behind."""
HELD = {"REBOOT": "clean_reboot", "HARD_REBOOT": "hard_reboot", "MIGRATING": "pool_migrate"}

BY_MODULE: Mapping[str, Result] = {
    "ERROR": {"action": "reset_state", "vm_state": "error"},
    "RESCUE": {"action": "rescue", "image": "golden"},
    "REVERT_RESIZE": {"action": "resize", "vcpus": 3},
    "SHELVED": {"action": "shelve"},
    "SHELVED_OFFLOADED": {"action": "shelve"},
    "SOFT_DELETED": {"action": "delete", "soft": True},
    "VERIFY_RESIZE": {"action": "resize", "vcpus": 3},
}

PLAIN = {"PAUSED": "VM.pause", "SUSPENDED": "VM.suspend", "DELETED": "VM.destroy"}

OPTIONS: Mapping[str, Result] = {
    "rescue": {"image": "golden"},
    "rebuild": {"image": "golden"},
    "resize": {"vcpus": 4},
    "create_image": {"image_name": "monday"},
    "create_backup": {"image_name": "monday", "backup_type": "daily", "rotation": 1},
    "change_password": {"admin_password": "Pa55word"},
    "evacuate": {"power_on": True},
    "reset_state": {"vm_state": "error"},
}
LOOKED_AT = (
    "power_state",
    "resident_on",
    "affinity",
    "other_config",
    "blocked_operations",
    "current_operations",
    "VCPUs_max",
    "memory_static_max",
    "snapshots",
    "VBDs",
    "VIFs",
    "name_label",
)
FACTOR = 400
SLOW, FAST = 1.0, 1e12
"""Bytes per second of a link on which nothing ever arrives, and of one that takes no time."""
FOREVER = 1e9


GRAVE = "grave"
"""The pool of the servers to be evacuated, whose host grave3 will die."""


def slug(text: str) -> str:
    return text.lower().replace("_", "-")


def pool_of(cell: Cell) -> str:
    """One per status, since runs take as long as pools are large."""
    return GRAVE if cell.action == "evacuate" else slug(cell.status)


def name_of(cell: Cell) -> str:
    """Of the VM. Cells that start nothing share one per status."""
    if cell.action == "evacuate":
        return slug(cell.status)
    return slug(cell.action) if cell.starts else "shared"


def site_for(cells: Iterable[Cell]) -> dict[str, Any]:
    vms = {
        (pool_of(cell), name_of(cell)): {
            "name": name_of(cell),
            "memory": "256 MiB",
            "where": f"{pool_of(cell)}{3 if pool_of(cell) == GRAVE else 1}",
            "storage": "local" if cell.status == "SHELVED" else "shared",
            "state": "halted" if cell.status in ("SHUTOFF", "DELETED") else "running",
        }
        for cell in cells
    }
    pools = sorted({pool for pool, _name in vms})
    golden = {"name": "golden", "memory": "256 MiB", "state": "halted"}
    return {
        "clock": {"factor": FACTOR},
        "login_delay": 0,
        "times": {"heartbeat_s": 1.0},
        "hosts": [
            {"name": pool, "count": 3 if pool == GRAVE else 2, "pool": pool} for pool in pools
        ],
        "pools": {pool: {"srs": [{"name": "shared", "default": True}]} for pool in pools},
        "vms": [*vms.values(), *({**golden, "where": f"{pool}1"} for pool in pools)],
    }


class XapiStage(Stage):
    """Servers are looked at with sessions of the XenAPI library."""

    plane = "xapi"
    shows: ClassVar[frozenset[str]] = frozenset(STATES) - {"BUILD", "PASSWORD", "UNKNOWN"}
    side_by_side = 6

    def __init__(self, store: Path) -> None:
        site = site_for(cell for cell in CELLS if cell.status in self.shows)
        self.site = Simulator(site)
        self._tweak(settings={"link": FAST})
        super().__init__(XapiControl(self.site, store))
        self.clients = {pool: Client(self.site.hosts[f"{pool}1"]) for pool in site["pools"]}
        self.uuids: dict[tuple[str, str], str] = {}
        self.places: dict[str, tuple[str, str]] = {}
        """Pools and references by uuid."""
        self.read_to: dict[str, int] = {}
        # Else each run would load the machine's certificates, which takes longer than all the rest.
        self.ca = store.with_name("ca.pem")
        trustme.CA().cert_pem.write_to_path(str(self.ca))

    def close(self) -> None:
        self.site.stop()

    # Bringing about

    def prepare(self, cells: Collection[Cell]) -> None:
        for client in self.clients.values():
            client("VM.set_is_a_template", client.vm("golden"), True)
        groups: dict[tuple[str, str], dict[str, None]] = {}
        for cell in cells:
            groups.setdefault((pool_of(cell), cell.status), {})[self.server(cell)] = None
        with ThreadPoolExecutor(self.side_by_side) as workers:
            list(workers.map(lambda group: self._act(*group[0], [*group[1]]), groups.items()))
        for (pool, status), uuids in groups.items():
            self._finish(pool, status, [self.places[uuid][1] for uuid in uuids])
        if any(pool == GRAVE for pool, _status in groups):
            self._bury()

    def _act(self, pool: str, status: str, uuids: list[str]) -> None:
        """By the actions that lead there: what they leave on a guest is theirs to say."""
        if status in BY_MODULE:
            options = {**BY_MODULE[status], **self._access(pool)}
            self.control.given("server_action", servers=uuids, max_parallel=20, **options)

    def _finish(self, pool: str, status: str, refs: list[str]) -> None:
        """What plain calls can do, and what no call can."""
        api = self.clients[pool]
        if status in HELD:
            self._hold(pool, HELD[status], refs)
        for ref in refs:
            if status in MARKED_TASKS:
                self._leave_undone(api, ref, STATES[status][1] or "")
            elif status == "SHELVED":
                self._share_disks(api, pool, ref)
            elif status in PLAIN:
                api(PLAIN[status], ref)

    def _hold(self, pool: str, operation: str, refs: list[str]) -> None:
        """XAPI works on them for as long as the test lasts. On a host that is about to die nothing
        can be held, but XAPI goes on showing what it did there until it has noticed.
        """
        api = self.clients[pool]
        if pool == GRAVE:
            for ref in refs:
                self._rewrite(pool, "VM", ref, current_operations={"OpaqueRef:lost": operation})
            return
        self._tweak(settings={"link": SLOW, "start_s": FOREVER, "shutdown_s": FOREVER})
        more = [api.host(f"{pool}2"), {"live": "true"}] if operation == "pool_migrate" else []
        for ref in refs:
            api(f"Async.VM.{operation}", ref, *more)
        until(lambda: all(api("VM.get_current_operations", ref) for ref in refs))
        self._tweak(settings={"link": FAST, "start_s": 3.0, "shutdown_s": 8.0})
        for ref in refs:
            # The simulator shows a guest as paused while its new domain is built.
            self._rewrite(pool, "VM", ref, power_state="Running")

    def _leave_undone(self, api: Client, ref: str, task: str) -> None:
        config = api("VM.get_other_config", ref)
        marks = {"xenfleet:id": api("VM.get_uuid", ref)}
        marks["xenfleet:task_state"] = f"{task} 2026-01-31T12:00:00Z"
        api("VM.set_other_config", ref, {**config, **marks})

    def _share_disks(self, api: Client, pool: str, ref: str) -> None:
        """As if moved by hand since it was shelved; one on a host's own SR keeps it SHELVED."""
        (shared,) = api("SR.get_by_name_label", "shared")
        for vbd in api("VM.get_VBDs", ref):
            self._rewrite(pool, "VDI", api("VBD.get_VDI", vbd), SR=shared)

    def _bury(self) -> None:
        self.site.post("/faults", {"action": "kill", "target": "grave3"})
        until(lambda: not self.site.get("/state")["hosts"]["grave3"]["live"])
        self.control.given(
            "compute_service", hosts=["grave3"], forced_down=True, **self._access(GRAVE)
        )

    def _rewrite(self, pool: str, kind: str, ref: str, **values: Any) -> None:
        """What no call can set."""
        self._tweak(host=f"{pool}1", update={"class": kind, "ref": ref, "values": values})

    def _tweak(self, **body: Any) -> None:
        self.site.post("/tweak", body)

    def _access(self, pool: str) -> Result:
        return {"endpoints": [self.site.hosts[f"{pool}1"]], "ca_cert": str(self.ca)}

    # Running

    def params(self, cell: Cell) -> Result:
        return {**OPTIONS.get(cell.action, {}), **self._access(pool_of(cell))}

    # Looking

    def server(self, cell: Cell) -> str:
        key = pool_of(cell), name_of(cell)
        if key not in self.uuids:
            api = self.clients[key[0]]
            ref = api.vm(key[1])
            self.uuids[key] = api("VM.get_uuid", ref)
            self.places[self.uuids[key]] = key[0], ref
        return self.uuids[key]

    def _record(self, uuid: str) -> dict[str, Any] | None:
        pool, ref = self.places[uuid]
        try:
            record: dict[str, Any] = self.clients[pool]("VM.get_record", ref)
        except XenAPI.Failure as exc:
            if exc.details[0] == "HANDLE_INVALID":
                return None
            raise
        return record

    def state(self, uuid: str) -> Any:
        record = self._record(uuid)
        return record and {key: record[key] for key in LOOKED_AT}

    def status(self, uuid: str) -> str:
        record = self._record(uuid)
        if record is None:
            return "DELETED"
        config = record["other_config"]
        vm_state = config.get("xenfleet:vm_state") or POWER[record["power_state"]]
        marked = config.get("xenfleet:task_state", "").split(" ")[0]
        operations = [
            OPERATIONS[o] for o in record["current_operations"].values() if o in OPERATIONS
        ]
        task = marked or next(iter(operations), None)
        return SHOWN.get((vm_state, task)) or SHOWN[vm_state, None]

    def mutations(self, uuid: str) -> list[str]:
        """Calls to its pool. Those that came before the last question were asked about by others."""
        pool, _ref = self.places[uuid]
        entries = self.site.get(f"/journal?mutating=1&since={self.read_to.get(pool, 0)}")
        self.read_to[pool] = max([self.read_to.get(pool, 0), *(entry["n"] for entry in entries)])
        return [e["method"] for e in entries if e["host"].rstrip("123") == pool]

    def chain(self, cell: Cell) -> str:
        return pool_of(cell)
