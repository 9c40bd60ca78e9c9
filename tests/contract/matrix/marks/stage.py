# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated pools with a server in every mark, in many copies, and what plain clients see of them.

Each action that may start has a pool of its own, so that a task has all of its servers and no
others; what can only be refused is tried on servers that all actions share.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import trustme
from contract.matrix.marks.scenes import KILLED_AT, Cell, Killed, Mark, Plain, Task
from contract.rules.xapi_control import XapiControl
from simulators.client import Client, until
from simulators.launch import Simulator

Result = dict[str, Any]
SHARED = "shared"
EVACUATE = "evacuate"
PARALLEL = 50


def pool_of(cell: Cell) -> str:
    if not cell.starts:
        return SHARED
    return "".join(c if c.isalnum() else "-" for c in cell.deed.title)


def first_host(pool: str) -> str:
    """Where its servers run: those to be evacuated on one that will die, which is not the coordinator."""
    return f"{pool}{3 if pool == EVACUATE else 1}"


def name_of(cell: Cell) -> str:
    return f"{cell.mark.name}.{pool_of(cell)}"


def site_for(cells: Iterable[Cell]) -> Result:
    marks = {(pool_of(cell), cell.mark.name): cell.mark for cell in cells}
    pools = sorted({pool for pool, _name in marks})
    vms = [_vm(f"{mark.name}.{pool}", pool, mark) for (pool, _name), mark in marks.items()]
    golden = [
        {"name": "golden", "memory": "256 MiB", "state": "halted", "where": f"{pool}1"}
        for pool in pools
    ]
    hosts = [
        {"name": pool, "count": 3 if pool == EVACUATE else 2, "pool": pool, "memory": "64 GiB"}
        for pool in pools
    ]
    return {
        "clock": {"factor": 1000},
        "login_delay": 0,
        "times": {"heartbeat_s": 1.0},
        "hosts": hosts,
        "pools": {pool: {"srs": [{"name": "nfs", "default": True}]} for pool in pools},
        "vms": [*vms, *golden],
    }


def _vm(name: str, pool: str, mark: Mark) -> Result:
    return {
        "name": name,
        "memory": "256 MiB",
        "where": first_host(pool),
        "storage": mark.storage,
        "state": mark.state,
    }


class MarksStage:
    """Servers are looked at with sessions of the XenAPI library."""

    def __init__(self, store: Path, cells: Sequence[Cell]) -> None:
        self.cells = cells
        site = site_for(cells)
        self.site = Simulator(site)
        self.site.post("/tweak", {"settings": {"link": 1e12}})
        self.control = XapiControl(self.site, store)
        self.clients = {pool: Client(self.site.hosts[f"{pool}1"]) for pool in site["pools"]}
        # Else each run would load the machine's certificates, which takes longer than all the rest.
        self.ca = store.with_name("ca.pem")
        trustme.CA().cert_pem.write_to_path(str(self.ca))

    def close(self) -> None:
        self.site.stop()

    # Running

    def run(self, pool: str, action: str, names: Collection[str], **more: Any) -> Result:
        return self.control.run(
            "server_action",
            action=action,
            servers=list(names),
            max_parallel=PARALLEL,
            **self.access(pool),
            **more,
        )

    def shown(self, pool: str) -> dict[str, Result]:
        """What server_info shows of all servers of a pool, by name."""
        results = [
            self.control.given("server_info", soft_deleted=deleted, **self.access(pool))
            for deleted in (False, True)
        ]
        return {one["name"]: one for result in results for one in result["servers"]}

    def access(self, pool: str) -> Result:
        return {"endpoints": [self.site.hosts[f"{pool}1"]], "ca_cert": str(self.ca)}

    # Bringing about

    def prepare(self, pool: str) -> None:
        """Step by step, so that a task has all servers of the pool that need it."""
        client = self.clients[pool]
        client("VM.set_is_a_template", client.vm("golden"), True)
        marks = {name_of(c): c.mark for c in self.cells if pool_of(c) == pool}
        for number in range(max(len(mark.steps) for mark in marks.values())):
            steps = {n: m.steps[number] for n, m in marks.items() if len(m.steps) > number}
            self._tasks(pool, {n: s for n, s in steps.items() if isinstance(s, Task)})
            for name, step in steps.items():
                if not isinstance(step, Task):
                    act(client, client.vm(name), step, client.host(first_host(pool)))
        if pool == EVACUATE:
            self._bury()

    def _tasks(self, pool: str, steps: Mapping[str, Task]) -> None:
        for task in {repr(step): step for step in steps.values()}.values():
            names = [name for name, step in steps.items() if step == task]
            result = self.run(pool, task.action, names, **task.options)
            assert not result.get("failed"), result["msg"]

    def _bury(self) -> None:
        self.site.post("/faults", {"action": "kill", "target": f"{EVACUATE}3"})
        until(lambda: not self.site.get("/state")["hosts"][f"{EVACUATE}3"]["live"])
        self.control.given(
            "compute_service", hosts=[f"{EVACUATE}3"], forced_down=True, **self.access(EVACUATE)
        )


def act(client: Client, ref: str, step: Plain | Killed, host: str) -> None:
    if isinstance(step, Killed):
        _leave(client, ref, step)
    elif step.method == "VM.set_blocked_operations":
        client(step.method, ref, {})
    else:
        client(step.method, ref, *([host, False, False] if step.method == "VM.start_on" else []))


def _leave(client: Client, ref: str, step: Killed) -> None:
    """What a killed run leaves on a server."""
    uuid = client("VM.get_uuid", ref)
    config = client("VM.get_other_config", ref)
    config = {k: v for k, v in config.items() if k.removeprefix("xenfleet:") not in step.unset}
    config |= {"xenfleet:id": uuid, "xenfleet:task_state": f"{step.task_state} {KILLED_AT}"}
    if step.auxiliary:
        config["xenfleet:auxiliary"] = _auxiliary(client, ref, uuid)
    client("VM.set_other_config", ref, config)
    if step.unblocked:
        client("VM.set_blocked_operations", ref, {})


def _auxiliary(client: Client, ref: str, uuid: str) -> str:
    name = f"{client('VM.get_name_label', ref)}-rebuild"
    clone = client("VM.clone", client.vm("golden"), name)
    own: str = client("VM.get_uuid", clone)
    client("VM.set_other_config", clone, {"xenfleet:id": own, "xenfleet:server": uuid})
    client("VM.provision", clone)
    return own
