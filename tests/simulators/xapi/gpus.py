# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GPUs that are passed through whole: one guest at a time has one, and starts only where one is free.

After assert_gpus_available (xapi_vm_helpers.ml) and allocate_vgpu_to_gpu (vgpuops.ml).
"""

from __future__ import annotations

from collections.abc import Iterable

from .database import Database
from .errors import NULL
from .world import Machine, Pool

GROUP = "Group of simulated GPUs"


def add_gpu(machine: Machine, pool: Pool) -> None:
    """One more GPU in the host, in the pool's only group."""
    pci = pool.db.insert(
        "PCI",
        host=machine.ref,
        class_name="VGA compatible controller",
        device_name="Simulated GPU",
        pci_id=f"0000:{len(pool.db.get('host', machine.ref, 'PCIs')) + 4:02x}:00.0",
    )
    pool.db.insert("PGPU", host=machine.ref, PCI=pci, GPU_group=gpu_group(pool.db))


def gpu_group(db: Database) -> str:
    found = db.find("GPU_group", name_label=GROUP)
    return found[0] if found else db.insert("GPU_group", name_label=GROUP)


def add_vgpu(db: Database, vm: str) -> None:
    """The VM wants a GPU of the group."""
    db.insert("VGPU", VM=vm, GPU_group=gpu_group(db))


def vgpus(db: Database, vm: str) -> Iterable[str]:
    return db.get("VM", vm, "VGPUs")


def copy_vgpus(db: Database, source: str, target: str) -> None:
    for vgpu in vgpus(db, source):
        db.insert("VGPU", VM=target, GPU_group=db.row("VGPU", vgpu)["GPU_group"])


def allocation(db: Database, vm: str, host: str) -> dict[str, str] | None:
    """A free GPU of the host for each that the VM wants; None if there are too few."""
    taken = {
        row[field]
        for row in (db.row("VGPU", v) for v in db.refs("VGPU"))
        for field in ("resident_on", "scheduled_to_be_resident_on")
    }
    found: dict[str, str] = {}
    for vgpu in vgpus(db, vm):
        group = db.row("VGPU", vgpu)["GPU_group"]
        free = (p for p in db.find("PGPU", host=host, GPU_group=group) if p not in taken)
        if (gpu := next(free, None)) is None:
            return None
        found[vgpu] = gpu
        taken.add(gpu)
    return found


def gpu_refusal(db: Database, vm: str, host: str) -> list[str] | None:
    """VM_REQUIRES_GPU. The GPU that the VM itself has is not free either."""
    if allocation(db, vm, host) is not None:
        return None
    group = db.row("VGPU", next(iter(vgpus(db, vm))))["GPU_group"]
    return ["VM_REQUIRES_GPU", vm, group]


def reserve(db: Database, vm: str, host: str) -> None:
    for vgpu, gpu in (allocation(db, vm, host) or {}).items():
        db.update("VGPU", vgpu, scheduled_to_be_resident_on=gpu)


def hold(db: Database, vm: str) -> None:
    """What was reserved is the VM's, now that it has a domain; after a reboot it is already."""
    for vgpu in vgpus(db, vm):
        row = db.row("VGPU", vgpu)
        gpu = row["scheduled_to_be_resident_on"]
        db.update(
            "VGPU",
            vgpu,
            resident_on=row["resident_on"] if gpu == NULL else gpu,
            scheduled_to_be_resident_on=NULL,
            currently_attached=True,
        )


def unreserve(db: Database, vm: str) -> None:
    for vgpu in vgpus(db, vm):
        db.update("VGPU", vgpu, scheduled_to_be_resident_on=NULL)


def release(db: Database, vm: str) -> None:
    unreserve(db, vm)
    for vgpu in vgpus(db, vm):
        db.update("VGPU", vgpu, resident_on=NULL, currently_attached=False)
