# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A guest's records as a server in the Compute API's words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..._core.model import Server
from .read import NULL, PoolRecords

STATES: Mapping[str, tuple[str, str]] = {
    "Running": ("active", "ACTIVE"),
    "Halted": ("stopped", "SHUTOFF"),
    "Paused": ("paused", "PAUSED"),
    "Suspended": ("suspended", "SUSPENDED"),
}
"""XAPI's power state → Nova's vm_state and status."""

TASK_STATES: Mapping[str, str] = {
    "pool_migrate": "migrating",
    "migrate_send": "migrating",
    "clean_reboot": "rebooting",
    "hard_reboot": "rebooting_hard",
    "start": "powering-on",
    "start_on": "powering-on",
    "shutdown": "powering-off",
    "clean_shutdown": "powering-off",
    "hard_shutdown": "powering-off",
    "suspend": "suspending",
    "resume": "resuming",
    "resume_on": "resuming",
    "pause": "pausing",
    "unpause": "unpausing",
    "snapshot": "image_snapshot",
    "checkpoint": "image_snapshot",
    "destroy": "deleting",
}
"""XAPI's current operation → Nova's task_state, in order of precedence; other operations have none."""

SHOWN: Mapping[tuple[str, str], str] = {
    ("active", "migrating"): "MIGRATING",
    ("paused", "migrating"): "MIGRATING",
    ("active", "rebooting"): "REBOOT",
    ("active", "rebooting_hard"): "HARD_REBOOT",
}
"""Where Nova's status follows the task_state instead of the vm_state (nova/api/openstack/common.py)."""


def status(power_state: str, operations: Iterable[str]) -> tuple[str, str | None, str]:
    """``(vm_state, task_state, status)`` as Nova would show them."""
    vm_state, shown = STATES.get(power_state, ("error", "UNKNOWN"))
    present = set(operations)
    task_state = next((t for op, t in TASK_STATES.items() if op in present), None)
    return vm_state, task_state, SHOWN.get((vm_state, task_state or ""), shown)


def server(
    records: PoolRecords,
    vm: dict[str, Any],
    vbds: Iterable[Mapping[str, Any]],
    vifs: Iterable[Mapping[str, Any]],
    attached: Mapping[str, set[str]],
) -> Server:
    """One guest; ``attached`` maps each SR's reference to the references of hosts on which it is plugged."""
    vm_state, task_state, shown = status(vm["power_state"], vm["current_operations"].values())
    storage = _storage(records, vm, vbds)
    rows = records.rows
    return Server(
        id=vm["uuid"],
        name=vm["name_label"],
        status=shown,
        vm_state=vm_state,
        task_state=task_state,
        power_state=vm["power_state"],
        host=_host(records, vm, storage, attached),
        pool_id=records.pool_id,
        memory=int(vm["memory_dynamic_min"]) + int(vm["memory_overhead"]),
        memory_max=int(vm["memory_static_max"]),
        vcpus=int(vm["VCPUs_max"]),
        storage=frozenset(rows["SR"][ref]["uuid"] for ref in storage),
        networks=frozenset(
            rows["network"][v["network"]]["uuid"] for v in vifs if v["network"] in rows["network"]
        ),
        blocked=vm["blocked_operations"],
        allowed=frozenset(vm["allowed_operations"]),
        groups=_groups(records, vm),
        metadata=vm["other_config"],
        tags=tuple(vm["tags"]),
        started_at=_started(records, vm),
    )


def _storage(
    records: PoolRecords, vm: Mapping[str, Any], vbds: Iterable[Mapping[str, Any]]
) -> frozenset[str]:
    """References of the SRs that a host must have attached to run it: of disks, inserted CDs, the suspend image."""
    vdis = records.rows["VDI"]
    wanted = {v["VDI"] for v in vbds} | {vm["suspend_VDI"]}
    found = {vdis[ref]["SR"] for ref in wanted if ref in vdis}
    return frozenset(ref for ref in found if ref in records.rows["SR"])


def _host(
    records: PoolRecords,
    vm: Mapping[str, Any],
    storage: Iterable[str],
    attached: Mapping[str, set[str]],
) -> str | None:
    """Where it runs or is about to; else the one host on which it can start, if there is only one."""
    hosts = records.rows["host"]
    for ref in (vm["resident_on"], vm["scheduled_to_be_resident_on"]):
        if ref != NULL and ref in hosts:
            return str(hosts[ref]["name_label"])
    sets = [attached.get(ref, set()) for ref in storage]
    fit = set.intersection(*sets) if sets else set()
    only = set(hosts) if len(hosts) == 1 else fit & set(hosts)
    return str(hosts[only.pop()]["name_label"]) if len(only) == 1 else None


def _groups(records: PoolRecords, vm: Mapping[str, Any]) -> tuple[str, ...]:
    groups = records.rows["VM_group"]
    found = (groups[ref] for ref in vm.get("groups", ()) if ref in groups)
    return tuple(sorted(g["uuid"] for g in found if g["placement"] == "anti_affinity"))


def _started(records: PoolRecords, vm: Mapping[str, Any]) -> str | None:
    """ISO 8601; never started guests carry the epoch."""
    metrics = records.rows["VM_metrics"].get(vm["metrics"])
    text = str(metrics["start_time"]) if metrics else ""
    if not text or text.startswith("1970"):
        return None
    date, _separator, time = text.partition("T")
    date = date if "-" in date else f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return f"{date}T{time}"
