# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plain XenAPI client sees of a pool, and what may never be so there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contract.matrix.xapi_stage import LOOKED_AT
from simulators.client import Client

Row = dict[str, Any]

POWER = {"Running": "active", "Halted": "stopped", "Paused": "paused", "Suspended": "suspended"}
STATUS = {
    "active": "ACTIVE",
    "stopped": "SHUTOFF",
    "paused": "PAUSED",
    "suspended": "SUSPENDED",
    "resized": "VERIFY_RESIZE",
    "rescued": "RESCUE",
    "error": "ERROR",
    "shelved": "SHELVED",
    "shelved_offloaded": "SHELVED_OFFLOADED",
    "soft-delete": "SOFT_DELETED",
}
BLOCKS = {
    "rescued": "rescued",
    "shelved": "shelved",
    "shelved_offloaded": "shelved",
    "soft-delete": "soft-delete",
}
"""The states that keep a server down, and the text of their blocks."""
LOCKED = "xenfleet: locked"
LOCKS = 21
"""How many operations a lock blocks."""


class Pool:
    """All records of a pool at one moment."""

    def __init__(self, client: Client) -> None:
        rows = client("VM.get_all_records").values()
        self.vms: dict[str, Row] = {r["uuid"]: r for r in rows if not r["is_control_domain"]}
        self.vdis: dict[str, Row] = client("VDI.get_all_records")
        self.vbds: dict[str, Row] = client("VBD.get_all_records")
        self.hosts = {r: row["name_label"] for r, row in client("host.get_all_records").items()}

    @property
    def servers(self) -> dict[str, Row]:
        """By name."""
        return {
            row["name_label"]: row
            for row in self.vms.values()
            if not row["is_a_template"] and "server" not in marks(row)
        }

    def auxiliaries(self, uuid: str) -> list[Row]:
        return [row for row in self.vms.values() if marks(row).get("server") == uuid]

    def acting(self, row: Row) -> Row:
        """The VM that runs in a server's place, if there is one."""
        up = (one for one in self.auxiliaries(row["uuid"]) if one["power_state"] != "Halted")
        return next(up, row)

    def state(self, name: str) -> Any:
        """All of a server that an action could change, comparable."""
        row = self.servers.get(name)
        if row is None:
            return None
        own = [row, *self.auxiliaries(row["uuid"])]
        return [{key: one[key] for key in LOOKED_AT} for one in own]

    def status(self, name: str) -> str:
        """With the task_state, if there is one."""
        row = self.servers.get(name)
        if row is None:
            return "DELETED"
        task = marks(row).get("task_state", "").partition(" ")[0]
        return f"{STATUS[vm_state(row)]} {task}".strip()

    def complaints(self) -> Iterator[str]:
        for row in self.vms.values():
            yield from self._vm(row)
        yield from self._disks()

    def _vm(self, row: Row) -> Iterator[str]:
        name, own = row["name_label"], marks(row)
        if row["is_a_snapshot"]:
            return
        if row["is_a_template"]:
            if name != "golden":
                yield f"template {name} is left over"
        elif "server" in own:
            yield from self._auxiliary(row, self.vms.get(own["server"]))
        else:
            yield from _blocks(row)

    def _auxiliary(self, row: Row, server: Row | None) -> Iterator[str]:
        name = row["name_label"]
        if server is None or marks(server).get("auxiliary") != row["uuid"]:
            yield f"{name} is left over, and is {row['power_state']}"
        elif row["power_state"] != "Halted":
            known = vm_state(server) in ("rescued", "error") or "task_state" in marks(server)
            if not known:
                yield f"{name} is {row['power_state']} while its server is {vm_state(server)}"
            if server["power_state"] != "Halted":
                yield f"{name} runs beside its server"

    def _disks(self) -> Iterator[str]:
        images = {row["suspend_VDI"] for row in self.vms.values()}
        for ref, row in self.vdis.items():
            users = [self.vbds[vbd]["VM"] for vbd in row["VBDs"] if vbd in self.vbds]
            if not users and ref not in images and row["type"] in ("user", "suspend", "system"):
                yield f"disk {row['name_label']} ({row['type']}) is left over"


def marks(row: Row) -> dict[str, str]:
    config = row["other_config"]
    own = {k.removeprefix("xenfleet:"): v for k, v in config.items() if k.startswith("xenfleet:")}
    return own if own.get("id") == row["uuid"] else {}


def vm_state(row: Row) -> str:
    state = marks(row).get("vm_state", "")
    if state in BLOCKS and row["power_state"] != "Halted":
        state = ""
    return state or POWER[row["power_state"]]


def bare(row: Row) -> bool:
    """Nothing of ours holds for it any more. What a killed rebuild has made is still noted, and goes
    with the next action that changes the server; so does a state that was ended by hand.
    """
    left = {*marks(row)} - {"id", "auxiliary"}
    if vm_state(row) == POWER[row["power_state"]]:
        left -= {"vm_state", "shelved_from"}
    blocked = [text for text in row["blocked_operations"].values() if text.startswith("xenfleet:")]
    return not left and not blocked


def _blocks(row: Row) -> Iterator[str]:
    name, blocked = row["name_label"], row["blocked_operations"]
    locked = [op for op, text in blocked.items() if text.startswith(LOCKED)]
    ours = {text for text in blocked.values() if text.startswith("xenfleet:")}
    states = {text.removeprefix("xenfleet: ") for text in ours if not text.startswith(LOCKED)}
    state = vm_state(row)
    if "task_state" in marks(row):
        return
    if states - {BLOCKS.get(state)}:
        yield f"{name} has blocks of {sorted(states)} in vm_state {state}"
    if state in BLOCKS and not {"start", "start_on"} <= blocked.keys():
        yield f"{name} can be started by accident in vm_state {state}"
    if locked and len(blocked) < LOCKS:
        yield f"{name} is locked by halves: {sorted(blocked)}"
