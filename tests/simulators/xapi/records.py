# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as a freshly installed host has them: pool, host, control domain, networks, storage."""

from __future__ import annotations

import random
from typing import Any

from . import host_rules, placement, vm_rules
from .context import Context
from .database import Database
from .errors import NULL
from .schema import EPOCH
from .world import GIB, MIB, Machine, Pool

DOM0_MEMORY = GIB
API_VERSION = {"API_version_major": 2, "API_version_minor": 23, "API_version_vendor": "XenSource"}
VERSION = {
    "product_version": "8.3.0",
    "product_version_text": "8.3",
    "product_version_text_short": "8.3",
    "product_brand": "XCP-ng",
    "platform_name": "XCP",
    "platform_version": "3.4.0",
    "xapi": "26.1",
    "xapi_build": "26.1.3",
    "build_number": "sim",
    "git_id": "0",
    "hostname": "localhost",
    "date": "2026-08-21",
    "xen": "4.17.5",
    "linux": "4.19.0",
    "db_schema": "5.909",
    "network_backend": "openvswitch",
}


def float_text(seconds: float) -> str:
    """A time as the agent writes it into other_config."""
    return f"{int(seconds)}."


def new_pool(machine: Machine) -> Pool:
    """A pool of one, with the machine's host in it as coordinator."""
    machine.pool = pool = Pool(machine)
    db = pool.db
    pool_ref = db.insert("pool", name_label="", tls_verification_enabled=machine.tls_verification)
    install_computed(pool)
    add_host(machine, pool, enabled=True)
    db.update(
        "pool", pool_ref, master=machine.ref, cpu_info=dict(db.row("host", machine.ref)["cpu_info"])
    )
    network = db.insert(
        "network",
        name_label="Host internal management network",
        bridge="xenapi",
        other_config={
            "is_guest_installer_network": "true",
            "is_host_internal_management_network": "true",
        },
    )
    db.touch("network", network)
    add_pif(machine, pool)
    return pool


def install_computed(pool: Pool) -> None:
    """Derive what XAPI keeps up to date itself: allowed_operations and free memory."""
    db = pool.db
    ctx = Context(pool.coordinator.world, pool.coordinator, db, "")

    def host_ops(ref: str) -> list[str]:
        row = db.row("host", ref)
        return host_rules.host_operations(
            row["enabled"],
            ctx.live(ref),
            set(row["current_operations"].values()),
            row["power_on_mode"],
        )

    def device_ops(cls: str, ref: str) -> list[str]:
        row = db.row(cls, ref)
        running = db.exists("VM", row["VM"]) and db.row("VM", row["VM"])["power_state"] == "Running"
        return host_rules.device_operations(cls, row["currently_attached"], running)

    def sr_ops(ref: str) -> list[str]:
        return host_rules.sr_operations(
            any(db.row("PBD", p)["currently_attached"] for p in db.get("SR", ref, "PBDs"))
        )

    def memory_free(ref: str) -> int:
        hosts = db.find("host", metrics=ref)
        return max(0, placement.free_memory(ctx, hosts[0])) if hosts else 0

    db.computed |= {
        ("VM", "allowed_operations"): lambda r: vm_rules.allowed_operations(placement.view(ctx, r)),
        ("VM", "memory_overhead"): lambda r: placement.vm_overhead(ctx, r),
        ("host", "allowed_operations"): host_ops,
        ("pool", "allowed_operations"): lambda r: list(host_rules.POOL_OPERATIONS),
        ("SR", "allowed_operations"): sr_ops,
        ("VDI", "allowed_operations"): lambda r: host_rules.vdi_operations(disk_in_use(db, r)),
        ("VBD", "allowed_operations"): lambda r: device_ops("VBD", r),
        ("VIF", "allowed_operations"): lambda r: device_ops("VIF", r),
        ("host_metrics", "memory_free"): memory_free,
    }


def disk_in_use(db: Database, vdi: str) -> bool:
    return any(db.row("VBD", b)["currently_attached"] for b in db.get("VDI", vdi, "VBDs"))


def host_values(machine: Machine) -> dict[str, Any]:
    """The fields of host that come from the machine itself."""
    now = machine.world.clock.now()
    return {
        "uuid": machine.uuid,
        "hostname": machine.name,
        "address": machine.address,
        "software_version": {**VERSION, **machine.software_version, "hostname": machine.name},
        "cpu_info": {
            "cpu_count": str(machine.cpus),
            "socket_count": "1",
            "vendor": machine.vendor,
            "modelname": f"{machine.vendor} simulated",
            "speed": "2400.000",
            "features_hvm": "0",
            "features_pv": "0",
        },
        "capabilities": ["xen-3.0-x86_64", "hvm-3.0-x86_64"],
        "other_config": {"agent_start_time": float_text(now), "boot_time": float_text(now)},
        "tls_verification_enabled": machine.tls_verification,
        "edition": machine.tweaks.get("edition", "xcp-ng"),
        "memory_overhead": 256 * MIB,
        "virtual_hardware_platform_versions": [0, 1, 2],
        **API_VERSION,
    }


def add_host(machine: Machine, pool: Pool, enabled: bool, live: bool = True) -> str:
    """The host's row, metrics and control domain."""
    db = pool.db
    metrics = db.insert(
        "host_metrics",
        memory_total=machine.memory,
        live=live,
        last_updated=machine.world.clock.time(),
    )
    values = host_values(machine)
    machine.ref = db.insert(
        "host",
        name_label=machine.name,
        name_description="Default install",
        enabled=enabled,
        metrics=metrics,
        **values,
    )
    dom0 = db.insert(
        "VM",
        name_label=f"Control domain on host: {machine.name}",
        is_control_domain=True,
        power_state="Running",
        domid=0,
        resident_on=machine.ref,
        affinity=machine.ref,
        metrics=db.insert("VM_metrics", memory_actual=DOM0_MEMORY),
        VCPUs_max=2,
        VCPUs_at_startup=2,
        actions_after_crash="destroy",
        actions_after_shutdown="destroy",
        actions_after_reboot="destroy",
        **dict.fromkeys(
            ("memory_static_max", "memory_dynamic_max", "memory_dynamic_min", "memory_static_min"),
            DOM0_MEMORY,
        ),
    )
    db.update("host", machine.ref, control_domain=dom0)
    pool.hosts[machine.ref] = machine
    machine.pool = pool
    return machine.ref


def add_pif(machine: Machine, pool: Pool) -> str:
    """The management interface, on the network of its bridge (made if it isn't there)."""
    db = pool.db
    bridge = "xenbr0"
    found = db.find("network", bridge=bridge)
    network = (
        found[0]
        if found
        else db.insert(
            "network", name_label="Pool-wide network associated with eth0", bridge=bridge
        )
    )
    return db.insert(
        "PIF",
        device="eth0",
        network=network,
        host=machine.ref,
        MAC=random_mac(),
        MTU=1500,
        VLAN=-1,
        physical=True,
        currently_attached=True,
        metrics=db.insert("PIF_metrics", carrier=True),
        ip_configuration_mode="Static",
        IP=machine.address.split(":")[0],
        netmask="255.255.0.0",
        management=True,
    )


def add_sr(
    pool: Pool,
    hosts: list[str],
    name: str,
    kind: str,
    size: int,
    shared: bool,
    device_config: dict[str, str] | None = None,
) -> str:
    """An SR with a plugged PBD on each of the hosts."""
    db = pool.db
    sr = db.insert(
        "SR",
        name_label=name,
        type=kind,
        content_type="iso" if kind == "iso" else "user",
        shared=shared,
        physical_size=size,
    )
    for host in hosts:
        db.insert(
            "PBD",
            host=host,
            SR=sr,
            device_config=dict(device_config or {}),
            currently_attached=True,
        )
    return sr


def add_local_sr(machine: Machine, pool: Pool, size: int) -> str:
    return add_sr(pool, [machine.ref], "Local storage", "ext", size, False, {"device": "/dev/sda3"})


def new_vm(db: Database, name: str, memory: int, vcpus: int, **values: Any) -> str:
    """A halted VM with the given memory as its fixed size."""
    sizes = dict.fromkeys(
        ("memory_static_max", "memory_dynamic_max", "memory_dynamic_min", "memory_static_min"),
        memory,
    )
    base = {
        "name_label": name,
        "user_version": 1,
        "power_state": "Halted",
        "domid": -1,
        "resident_on": NULL,
        "VCPUs_max": vcpus,
        "VCPUs_at_startup": vcpus,
        "actions_after_shutdown": "destroy",
        "actions_after_reboot": "restart",
        "actions_after_crash": "restart",
        "HVM_boot_policy": "BIOS order",
        "HVM_boot_params": {"order": "cd"},
        "metrics": db.insert("VM_metrics", start_time=EPOCH),
        "affinity": NULL,
    }
    return db.insert("VM", **(base | sizes | values))


def random_mac() -> str:
    return "02:" + ":".join(f"{random.randrange(256):02x}" for _byte in range(5))
