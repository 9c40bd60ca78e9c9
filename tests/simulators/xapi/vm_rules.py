# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which operations a VM allows: pure decisions on a view of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from .schema import words

H, P, S, R = "Halted", "Paused", "Suspended", "Running"
ALL = (H, P, S, R)

STATES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        words(
            "start start_on provision make_into_template create_vtpm changing_shadow_memory "
            "changing_NVRAM"
        ),
        (H,),
    ),
    **dict.fromkeys(
        words("changing_VCPUs changing_static_range changing_memory_limits clone copy"), (H,)
    ),
    "changing_dynamic_range": (H, R),
    **dict.fromkeys(("destroy", "export"), (H, S)),
    "unpause": (P,),
    **dict.fromkeys(("resume", "resume_on", "csvm"), (S,)),
    **dict.fromkeys(
        words(
            "pause suspend clean_shutdown clean_reboot pool_migrate changing_VCPUs_live "
            "changing_memory_live call_plugin send_sysrq send_trigger data_source_op sysprep"
        ),
        (R,),
    ),
    "hard_reboot": (P, R),
    **dict.fromkeys(words("hard_shutdown shutdown checkpoint get_boot_record"), (P, S, R)),
    "migrate_send": (H, S, R),
    **dict.fromkeys(
        words(
            "snapshot revert metadata_export power_state_reset query_services assert_operation_valid"
        ),
        ALL,
    ),
}

LISTED = words(
    "snapshot clone copy provision start start_on pause unpause clean_shutdown clean_reboot "
    "hard_shutdown hard_reboot suspend resume resume_on pool_migrate migrate_send "
    "changing_dynamic_range changing_static_range changing_shadow_memory changing_VCPUs_live "
    "changing_NVRAM make_into_template export metadata_export destroy create_vtpm sysprep "
    "checkpoint revert"
)

TEMPLATE_OPS = set(
    words(
        "clone copy provision migrate_send changing_dynamic_range changing_static_range "
        "changing_shadow_memory changing_NVRAM changing_VCPUs changing_memory_limits export "
        "metadata_export destroy power_state_reset"
    )
)
SNAPSHOT_OPS = set(words("revert clone copy export destroy hard_shutdown metadata_export"))
CONTROL_DOMAIN_OPS = {"changing_dynamic_range", "changing_static_range", "metadata_export"}
MOVING_OPS = {"suspend", "checkpoint", "pool_migrate", "migrate_send"}
TOGETHER = ({"clone", "copy", "export"}, {"snapshot", "checkpoint"})
HARD_STOPS = {"hard_shutdown", "hard_reboot"}


@dataclass(frozen=True)
class VmView:
    """What the rules look at; `operations` are the current ones, by task."""

    ref: str
    power_state: str
    is_template: bool = False
    is_snapshot: bool = False
    is_default_template: bool = False
    is_control_domain: bool = False
    blocked: dict[str, str] = field(default_factory=dict)
    operations: dict[str, str] = field(default_factory=dict)
    nomigrate: bool = False
    lacks_features: bool = False
    has_pci: bool = False
    has_vgpu: bool = False


def states_for(vm: VmView, op: str) -> tuple[str, ...]:
    states = STATES[op]
    if vm.is_snapshot and op in ("clone", "copy"):
        return (H, S)
    if vm.is_control_domain and op in (
        "changing_VCPUs",
        "changing_static_range",
        "changing_memory_limits",
    ):
        return (H, R)
    return states


def bad_power_state(ref: str, expected: tuple[str, ...], actual: str) -> list[str]:
    return ["VM_BAD_POWER_STATE", ref, ", ".join(s.lower() for s in expected), actual.lower()]


def may_join(op: str, current: str) -> bool:
    """Whether an operation may begin while another one runs on the VM."""
    if any(op in group and current in group for group in TOGETHER):
        return True
    if current == "migrate_send" and op in ("metadata_export", "clean_shutdown", "clean_reboot"):
        return True
    if op == "hard_shutdown":
        return current != "hard_shutdown"
    return op == "hard_reboot" and current not in HARD_STOPS


def refusal(vm: VmView, op: str, force: bool = False) -> list[str] | None:
    """The first thing that speaks against an operation as an ErrorDescription, None if it may begin."""
    if op in vm.blocked:
        return ["OPERATION_BLOCKED", vm.ref, vm.blocked[op]]
    expected = states_for(vm, op)
    if vm.power_state not in expected:
        return bad_power_state(vm.ref, expected, vm.power_state)
    for task, current in vm.operations.items():
        if not may_join(op, current):
            return ["OTHER_OPERATION_IN_PROGRESS", "VM", vm.ref, current, task]
    return refusal_of_kind(vm, op) or refusal_to_move(vm, op, force)


def refusal_of_kind(vm: VmView, op: str) -> list[str] | None:
    """Templates, snapshots and control domains do less than other VMs."""
    if vm.is_snapshot and op not in SNAPSHOT_OPS:
        return ["VM_IS_SNAPSHOT", vm.ref, op]
    if vm.is_template and not vm.is_snapshot and op not in TEMPLATE_OPS:
        return ["VM_IS_TEMPLATE", vm.ref, op]
    if vm.is_default_template and op in ("destroy", "migrate_send"):
        return (
            ["VM_IS_TEMPLATE", vm.ref, op]
            if op == "migrate_send"
            else ["VM_CANNOT_DELETE_DEFAULT_TEMPLATE", vm.ref]
        )
    if op == "provision" and not vm.is_template:
        return ["PROVISION_ONLY_ALLOWED_ON_TEMPLATE"]
    if op == "revert" and not vm.is_snapshot:
        return ["REVERT_ONLY_ALLOWED_ON_SNAPSHOT"]
    if vm.is_control_domain and op not in CONTROL_DOMAIN_OPS:
        return ["OPERATION_NOT_ALLOWED", "This operation is not allowed on a control domain"]
    return None


def refusal_to_move(vm: VmView, op: str, force: bool) -> list[str] | None:
    """What a guest's devices and agent have against suspending, moving or asking it to stop."""
    if vm.nomigrate and op in MOVING_OPS and not force:
        return ["VM_IS_IMMOBILE", vm.ref]
    features = MOVING_OPS - {"migrate_send"} | {"clean_shutdown", "clean_reboot"}
    if vm.lacks_features and vm.power_state == R and op in features and not force:
        return ["VM_LACKS_FEATURE", vm.ref]
    if vm.has_pci and op in MOVING_OPS and vm.power_state == R:
        return ["VM_HAS_PCI_ATTACHED", vm.ref]
    if vm.has_vgpu and op in MOVING_OPS and vm.power_state == R:
        return ["VM_HAS_VGPU", vm.ref]
    return None


def allowed_operations(vm: VmView) -> list[str]:
    """The operations a client sees listed; worked out once for all VMs in the same situation."""
    flags = (vm.is_template, vm.is_snapshot, vm.is_default_template, vm.is_control_domain)
    devices = (vm.nomigrate, vm.lacks_features, vm.has_pci, vm.has_vgpu)
    return list(
        allowed_alike(
            vm.power_state, flags, devices, tuple(vm.blocked), tuple(vm.operations.values())
        )
    )


@lru_cache(maxsize=1024)
def allowed_alike(
    state: str,
    flags: tuple[bool, bool, bool, bool],
    devices: tuple[bool, bool, bool, bool],
    blocked: tuple[str, ...],
    running: tuple[str, ...],
) -> tuple[str, ...]:
    operations = {str(n): op for n, op in enumerate(running)}
    vm = VmView("", state, *flags, dict.fromkeys(blocked, ""), operations, *devices)
    return tuple(op for op in LISTED if refusal(vm, op) is None)
