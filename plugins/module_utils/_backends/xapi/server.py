# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A guest's records as a server in the Compute API's words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..._core.model import Server, latest
from ..._core.status import BY_POWER, status_of
from . import marks
from .extra_specs import extra_specs, metadata
from .read import NULL, PoolRecords

UNKNOWN_VM_STATE = "unknown"
"""Stands for power states that have no vm_state; the status is UNKNOWN then, too."""

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


def status(
    power_state: str, operations: Iterable[str], marked: str | None = None, task: str | None = None
) -> tuple[str, str | None, str]:
    """``(vm_state, task_state, status)`` as Nova would show them, given the marks on the guest."""
    vm_state = marked or BY_POWER.get(power_state, UNKNOWN_VM_STATE)
    present = set(operations)
    task_state = task or next((t for op, t in TASK_STATES.items() if op in present), None)
    return vm_state, task_state, status_of(vm_state, task_state)


def server(
    records: PoolRecords,
    vm: dict[str, Any],
    vbds: Iterable[Mapping[str, Any]],
    vifs: Iterable[Mapping[str, Any]],
    attached: Mapping[str, set[str]],
    sriov: frozenset[str],
) -> Server:
    """One guest; ``attached`` maps each SR's reference to the references of hosts on which it is plugged,
    ``sriov`` has the references of SR-IOV networks.
    """
    busy, since = marks.task(vm)
    here = records.rows["host"].get(vm["resident_on"])
    evacuated_from = marks.evacuated_from(vm, here["uuid"] if here else "")
    if evacuated_from and not vm["current_operations"]:
        busy = None
    vm_state, task_state, shown = status(
        vm["power_state"], vm["current_operations"].values(), marks.marked_state(vm), busy
    )
    acting = _acting(records, vm, vm_state)
    locked, locked_reason = marks.lock_of(vm["blocked_operations"])
    storage = _repositories(records, (v["VDI"] for v in vbds))
    image = _repositories(records, [vm["suspend_VDI"]])
    started, created = time_of(records, acting, "start_time"), time_of(records, vm, "install_time")
    rows = records.rows
    networks = {v["network"] for v in vifs}
    return Server(
        id=vm["uuid"],
        name=vm["name_label"],
        status=shown,
        vm_state=vm_state,
        task_state=task_state,
        power_state=acting["power_state"],
        host=_place(records, acting, vm_state, storage | image, attached),
        pool_id=records.pool_id,
        memory=int(vm["memory_dynamic_min"]) + int(vm["memory_overhead"]),
        memory_max=int(vm["memory_static_max"]),
        vcpus=int(vm["VCPUs_max"]),
        storage=frozenset(rows["SR"][ref]["uuid"] for ref in storage),
        memory_image=next((rows["SR"][ref]["uuid"] for ref in image), None),
        networks=frozenset(
            rows["network"][ref]["uuid"] for ref in networks if ref in rows["network"]
        ),
        # Not other_config:pci, of which XAPI does not look whether a host has it (xapi_vm_helpers.ml).
        devices=bool(vm.get("VGPUs") or vm.get("VUSBs") or networks & sriov),
        blocked=vm["blocked_operations"],
        # Those of the other VM say nothing of what can be done with the server.
        allowed=frozenset(vm["allowed_operations"] if acting is vm else ()),
        stand_in=acting is not vm and acting["power_state"] != "Halted",
        groups=_groups(records, vm),
        extra_specs=extra_specs(vm),
        metadata=metadata(vm["other_config"]),
        tags=tuple(vm["tags"]),
        started_at=started,
        updated_at=latest(since, started, created),
        created_at=created,
        # What VM.clone and VM.copy of a template note in the new VM (xapi_vm_clone.ml).
        image=vm["other_config"].get("base_template_name") or None,
        progress=_progress(records, vm),
        locked=locked,
        locked_reason=locked_reason,
        fault=marks.marks(vm).get("fault", "") if vm_state == "error" else "",
        affinity=_name_of(records, vm["affinity"]),
        resized_from=_name_of_host(records, marks.resized_from(vm))
        if vm_state == "resized"
        else None,
        shelved_from=_name_of_host(records, marks.marks(vm).get("shelved_from", ""))
        if vm_state in ("shelved", "shelved_offloaded")
        else None,
        evacuated_from=_name_of_host(records, evacuated_from),
        stopped_for_join=_name_of_host(
            records, marks.stopped_for_join(vm, time_of(records, vm, "start_time"))
        ),
    )


def _progress(records: PoolRecords, vm: Mapping[str, Any]) -> int | None:
    """Of the tasks that work on it; clients that ask for an operation without a task have none."""
    tasks = records.rows["task"]
    done = [float(tasks[ref]["progress"]) for ref in vm["current_operations"] if ref in tasks]
    return int(100 * min(done)) if done else None


def _repositories(records: PoolRecords, disks: Iterable[str]) -> frozenset[str]:
    """References of the SRs of these VDIs, as far as there are any."""
    rows = records.rows
    repositories = (rows["VDI"][ref]["SR"] for ref in disks if ref in rows["VDI"])
    return frozenset(ref for ref in repositories if ref in rows["SR"])


def _acting(records: PoolRecords, vm: dict[str, Any], vm_state: str) -> dict[str, Any]:
    """The VM that is in its place while it is rescued, and as long as that runs."""
    ref = records.find("VM", marks.marks(vm).get("auxiliary", ""))
    if ref is None:
        return vm
    auxiliary = records.rows["VM"][ref]
    stands_in = vm_state == "rescued" or auxiliary["power_state"] != "Halted"
    return auxiliary if stands_in else vm


def _place(
    records: PoolRecords,
    vm: Mapping[str, Any],
    vm_state: str,
    storage: Iterable[str],
    attached: Mapping[str, set[str]],
) -> str | None:
    """As Nova has it: nowhere once offloaded; where a stopped server was migrated to; still on the
    failed host as long as its evacuation has not come to a good end.
    """
    if vm_state == "shelved_offloaded":
        return None
    if former := _former_host(records, vm):
        return former
    host = _host(records, vm, storage, attached)
    if host is None and vm_state == "resized":
        return _name_of(records, vm["affinity"])
    return host


def _former_host(records: PoolRecords, vm: Mapping[str, Any]) -> str | None:
    if vm["power_state"] != "Halted":
        return None
    return _name_of_host(records, marks.marks(vm).get("left", ""))


def _name_of(records: PoolRecords, host: str) -> str | None:
    row = records.rows["host"].get(host)
    return str(row["name_label"]) if row else None


def _name_of_host(records: PoolRecords, uuid: str) -> str | None:
    matches = (row for row in records.rows["host"].values() if row["uuid"] == uuid)
    return next((str(row["name_label"]) for row in matches), None)


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
    rows = (groups[ref] for ref in vm.get("groups", ()) if ref in groups)
    return tuple(sorted(g["uuid"] for g in rows if g["placement"] == "anti_affinity"))


def time_of(records: PoolRecords, vm: Mapping[str, Any], field: str) -> str | None:
    """ISO 8601; what never was has the epoch, like last_updated, which XAPI never sets (xapi_vm.ml)."""
    metrics = records.rows["VM_metrics"].get(vm["metrics"])
    text = str(metrics[field]) if metrics else ""
    if not text or text.startswith("1970"):
        return None
    date, _separator, time = text.partition("T")
    date = date if "-" in date else f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return f"{date}T{time}"
