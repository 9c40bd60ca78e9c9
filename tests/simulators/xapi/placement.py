# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this VM run on that host, and how an evacuation would spread its guests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from .context import Context
from .errors import NULL, Failure
from .gpus import gpu_refusal, vgpus
from .schema import SCHEDULED
from .vm_rules import VmView
from .world import MIB

PAGE = 4096


def overhead(vcpus_max: int, static_max: int, multiplier: float = 1.0) -> int:
    """Bytes a domain needs beyond its own memory."""
    shadow = math.ceil((256 * vcpus_max + 2 * (static_max // MIB)) * PAGE / MIB)
    return (2 + max(1, int(multiplier * shadow)) + math.ceil(38 * vcpus_max * PAGE / MIB)) * MIB


def vm_overhead(ctx: Context, vm: str) -> int:
    row = ctx.db.row("VM", vm)
    if row["is_control_domain"]:
        return 0
    return overhead(row["VCPUs_max"], row["memory_static_max"], row["HVM_shadow_multiplier"])


def vm_need(ctx: Context, vm: str) -> int:
    return ctx.db.row("VM", vm)["memory_dynamic_min"] + vm_overhead(ctx, vm)


def free_memory(ctx: Context, host: str) -> int:
    """host.compute_free_memory: what resident and scheduled guests leave, at their dynamic minimum."""
    total = ctx.db.row("host_metrics", ctx.db.row("host", host)["metrics"])["memory_total"]
    used = ctx.db.row("host", host)["memory_overhead"]
    return total - used - sum(vm_need(ctx, vm) for vm in guests(ctx, host))


def guests(ctx: Context, host: str) -> set[str]:
    """VMs that run on a host or have memory reserved there."""
    return set(ctx.db.get("host", host, "resident_VMs")) | set(ctx.db.get("host", host, SCHEDULED))


def is_plugged(ctx: Context, sr: str, host: str) -> bool:
    pbds = (
        (ctx.db.row("PBD", p) for p in ctx.db.get("SR", sr, "PBDs"))
        if ctx.db.exists("SR", sr)
        else ()
    )
    return any(p["host"] == host and p["currently_attached"] for p in pbds)


def view(ctx: Context, vm: str) -> VmView:
    """The VM as the rules see it."""
    row = ctx.db.row("VM", vm)
    return VmView(
        vm,
        row["power_state"],
        row["is_a_template"],
        row["is_a_snapshot"],
        row["is_default_template"],
        row["is_control_domain"],
        row["blocked_operations"],
        row["current_operations"],
        nomigrate=row["platform"].get("nomigrate") == "true",
        lacks_features=row["other_config"].get("sim:no_agent") == "true",
        has_pci=bool(row["other_config"].get("pci")),
        has_vgpu=bool(vgpus(ctx.db, vm)),
    )


def storage_refusal(ctx: Context, vm: str, host: str) -> list[str] | None:
    """VM_REQUIRES_SR for the first disk (CDs and suspend image too) whose SR isn't plugged on the host."""
    row = ctx.db.row("VM", vm)
    disks = [
        ctx.db.row("VBD", b)["VDI"]
        for b in ctx.db.get("VM", vm, "VBDs")
        if not ctx.db.row("VBD", b)["empty"]
    ]
    for vdi in [*disks, row["suspend_VDI"]]:
        if not ctx.db.exists("VDI", vdi):
            continue
        sr = ctx.db.row("VDI", vdi)["SR"]
        if not is_plugged(ctx, sr, host):
            return ["VM_REQUIRES_SR", vm, sr]
    return None


def network_refusal(ctx: Context, vm: str, host: str) -> list[str] | None:
    """VM_REQUIRES_NETWORK unless the host has a PIF on each network; one without PIFs is pinned where it is in use."""
    for vif in ctx.db.get("VM", vm, "VIFs"):
        network = ctx.db.row("VIF", vif)["network"]
        if not ctx.db.exists("network", network):
            continue
        pifs = ctx.db.get("network", network, "PIFs")
        if pifs:
            if not any(ctx.db.row("PIF", p)["host"] == host for p in pifs):
                return ["VM_REQUIRES_NETWORK", vm, network]
            continue
        row = ctx.db.row("network", network)
        if not row["managed"] or row["other_config"].get("assume_network_is_shared") == "true":
            continue
        users = {
            ctx.db.row("VM", ctx.db.row("VIF", f)["VM"])["resident_on"]
            for f in ctx.db.get("network", network, "VIFs")
        } - {NULL}
        if users and host not in users:
            return ["VM_REQUIRES_NETWORK", vm, network]
    return None


def cpu_refusal(ctx: Context, vm: str, host: str) -> list[str] | None:
    """VM_INCOMPATIBLE_WITH_THIS_HOST for a guest that was booted on another vendor's processor."""
    row = ctx.db.row("VM", vm)
    booted = row["last_boot_CPU_flags"].get("vendor")
    vendor = ctx.db.row("host", host)["cpu_info"].get("vendor")
    if row["power_state"] != "Halted" and booted and booted != vendor:
        return [
            "VM_INCOMPATIBLE_WITH_THIS_HOST",
            vm,
            host,
            "VM was last booted on a CPU of another vendor",
        ]
    return None


def host_refusal(ctx: Context, vm: str, host: str) -> list[str] | None:
    """HOST_NOT_LIVE, HOST_DISABLED (not where the guest already runs)."""
    if not ctx.live(host):
        return ["HOST_NOT_LIVE"]
    if not ctx.db.row("host", host)["enabled"] and ctx.db.row("VM", vm)["resident_on"] != host:
        return ["HOST_DISABLED", host]
    return None


def refusal(
    ctx: Context, vm: str, host: str, cpu: bool = True, memory: bool = True
) -> list[str] | None:
    """VM.assert_can_boot_here: the first reason against, in XAPI's order."""
    ctx.db.row("host", host)
    error = host_refusal(ctx, vm, host) or (cpu_refusal(ctx, vm, host) if cpu else None)
    error = error or storage_refusal(ctx, vm, host) or network_refusal(ctx, vm, host)
    error = error or gpu_refusal(ctx.db, vm, host)
    row = ctx.db.row("VM", vm)
    if error or (memory and row["resident_on"] == host):
        return error
    if memory and vm_need(ctx, vm) > (free := free_memory(ctx, host)):
        return ["HOST_NOT_ENOUGH_FREE_MEMORY", str(vm_need(ctx, vm)), str(free)]
    pcpus = int(ctx.db.row("host", host)["cpu_info"].get("cpu_count", "0"))
    if row["VCPUs_max"] > pcpus and row["platform"].get("vcpu-unrestricted") != "true":
        return ["HOST_NOT_ENOUGH_PCPUS", str(row["VCPUs_max"]), str(pcpus)]
    return None


def possible_hosts(ctx: Context, vm: str) -> list[str]:
    """VM.get_possible_hosts; one alone for a VM that is scheduled there (xapi_vm_helpers.ml)."""
    scheduled = ctx.db.row("VM", vm)["scheduled_to_be_resident_on"]
    if scheduled != NULL:
        return [scheduled]
    return [h for h in ctx.db.refs("host") if refusal(ctx, vm, h, cpu=False) is None]


def spread_groups(ctx: Context, vm: str) -> set[str]:
    """The anti-affinity groups of a VM."""
    groups = [g for g in ctx.db.row("VM", vm)["groups"] if ctx.db.exists("VM_group", g)]
    return {g for g in groups if ctx.db.row("VM_group", g)["placement"] == "anti_affinity"}


def group_members(ctx: Context, host: str) -> Counter[str]:
    """How many members of each group a host has."""
    return Counter(g for vm in guests(ctx, host) for g in ctx.db.row("VM", vm)["groups"])


def load(members: Counter[str], groups: set[str]) -> int:
    return sum(members[g] for g in groups)


def choose_host(ctx: Context, vm: str) -> str:
    """Where a VM starts: its affinity host if that will do, else away from its group, then the roomiest."""
    evacuating = [
        h
        for h in ctx.db.refs("host")
        if "evacuate" in ctx.db.row("host", h)["current_operations"].values()
    ]
    fit = [h for h in ctx.db.refs("host") if h not in evacuating and refusal(ctx, vm, h) is None]
    if not fit:
        raise Failure("NO_HOSTS_AVAILABLE")
    affinity = ctx.db.row("VM", vm)["affinity"]
    if affinity in fit:
        return affinity
    mine = spread_groups(ctx, vm)
    members = {h: group_members(ctx, h) if mine else Counter() for h in fit}
    return min(fit, key=lambda h: (load(members[h], mine), -free_memory(ctx, h)))


def version_key(version: dict[str, str]) -> tuple[list[int], ...]:
    return tuple(
        [int(p) for p in version.get(k, "0").replace("-", ".").split(".") if p.isdigit()]
        for k in ("platform_version", "xapi_build", "xen")
    )


def targets(ctx: Context, host: str) -> list[str]:
    """Hosts an evacuation may use: enabled ones that are not older."""
    least = version_key(ctx.db.row("host", host)["software_version"])
    others = [h for h in ctx.db.refs("host") if h != host and ctx.db.row("host", h)["enabled"]]
    return [
        h
        for h in others
        if all(
            a >= b
            for a, b in zip(
                version_key(ctx.db.row("host", h)["software_version"]), least, strict=True
            )
        )
    ]


def pack(
    needs: dict[str, int],
    room: dict[str, int],
    groups: dict[str, set[str]],
    members: dict[str, Counter[str]],
) -> dict[str, str | None]:
    """Biggest VM first: where the fewest of its groups' members are, then where most room is.

    None for one that fits nowhere.
    """
    room, members = dict(room), {host: Counter(m) for host, m in members.items()}
    plan: dict[str, str | None] = {}
    for vm in sorted(needs, key=lambda v: -needs[v]):
        ranked = [(load(members[h], groups[vm]), -room[h], h) for h in room if room[h] >= needs[vm]]
        plan[vm] = best = min(ranked)[2] if ranked else None
        if best is not None:
            room[best] -= needs[vm]
            members[best].update(groups[vm])
    return plan


def first(errors: Iterable[list[str] | None]) -> list[str] | None:
    return next((e for e in errors if e), None)
