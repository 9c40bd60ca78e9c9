# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""XenAPI error codes of guests and storage; the columns are those of codes.py."""

from __future__ import annotations

from collections.abc import Mapping

from .codes import Meaning

GUESTS: Mapping[str, Meaning] = {
    "VM_BAD_POWER_STATE": (
        "conflict",
        "its power state is {0[2]}, but this operation requires {0[1]}",
        "Bring it into that state first, or run again if somebody has just changed it",
    ),
    "VM_IS_TEMPLATE": ("conflict", "it is a template", ""),
    "VM_IS_SNAPSHOT": ("conflict", "it is a snapshot", ""),
    "VM_IS_IMMOBILE": (
        "conflict",
        "it was started as immobile (nomigrate or nested virtualisation)",
        "Stop it instead",
    ),
    "VM_IS_USING_NESTED_VIRT": ("conflict", "it uses nested virtualisation", "Stop it instead"),
    "VM_HAS_PCI_ATTACHED": ("conflict", "a PCI device is passed through to it", "Stop it instead"),
    "VM_HAS_VGPU": ("conflict", "it has a vGPU that cannot move", "Stop it instead"),
    "VM_HAS_VUSBS": (
        "conflict",
        "a USB device is passed through to it",
        "Unplug that or stop the guest",
    ),
    "VM_HAS_SRIOV_VIF": ("conflict", "it has an SR-IOV interface", "Stop it instead"),
    "NETWORK_SRIOV_INSUFFICIENT_CAPACITY": (
        "conflict",
        "{0[0]} has no virtual function left",
        "Choose another host",
    ),
    "DOMAIN_EXISTS": (
        "conflict",
        "it still runs, on the coordinator itself",
        "Stop it or migrate it instead",
    ),
    "VM_LACKS_FEATURE": (
        "conflict",
        "its guest agent does not support this",
        "Install or update the guest tools in it",
    ),
    "VM_MISSING_PV_DRIVERS": ("conflict", "it has no PV drivers", "Install the guest tools in it"),
    "VM_NON_SUSPENDABLE": ("conflict", "the guest forbids suspending: {0[1]}", "Stop it instead"),
    "VM_NO_SUSPEND_SR": (
        "conflict",
        "there is no SR for its suspend image",
        "Set a default SR on the pool",
    ),
    "VM_REQUIRES_SR": (
        "conflict",
        "{0[1]} is not attached on the host",
        "Attach it there, or eject the CD if that is what it holds",
    ),
    "VM_REQUIRES_NETWORK": (
        "conflict",
        "{0[1]} is not connected on the host",
        "Connect the host to it",
    ),
    "VM_REQUIRES_GPU": ("conflict", "no GPU for it is free on the host", "Choose another host"),
    "VM_REQUIRES_VGPU": ("conflict", "no vGPU for it is free on the host", "Choose another host"),
    "VM_REQUIRES_IOMMU": ("conflict", "{0[0]} has no IOMMU", "Choose another host"),
    "VM_HVM_REQUIRED": ("conflict", "it needs hardware virtualisation", "Choose another host"),
    "VM_INCOMPATIBLE_WITH_THIS_HOST": (
        "conflict",
        "it runs with CPU features that {0[1]} lacks: {0[2]}",
        "Stop and start it, so that it takes the pool's common features",
    ),
    "VM_HOST_INCOMPATIBLE_VERSION": (
        "conflict",
        "{0[0]} is older than the host it runs on",
        "Update that host first",
    ),
    "VM_HOST_INCOMPATIBLE_VIRTUAL_HARDWARE_PLATFORM_VERSION": (
        "conflict",
        "{0[0]} does not offer its hardware platform version {0[3]}",
        "Choose another host",
    ),
    "VM_FAILED_SHUTDOWN_ACKNOWLEDGMENT": (
        "backend",
        "the guest does not react to the request",
        "Shut it down from inside, or with an action that takes force",
    ),
    "VM_SHUTDOWN_TIMEOUT": (
        "backend",
        "the guest did not shut down within {0[1]} s",
        "Shut it down from inside, or with an action that takes force",
    ),
    "VM_FAILED_SUSPEND_ACKNOWLEDGMENT": (
        "backend",
        "the guest does not react to the request to suspend",
        "Check the guest tools in it",
    ),
    "VM_SUSPEND_TIMEOUT": (
        "backend",
        "the guest did not suspend within {0[1]} s",
        "Check the guest tools in it",
    ),
    "VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED": (
        "unavailable",
        "the target does not answer",
        "Check the management network",
    ),
    "BALLOONING_TIMEOUT_BEFORE_MIGRATION": (
        "backend",
        "the guest did not shrink to its minimal memory",
        "Set its dynamic memory range to one value, or check its balloon driver",
    ),
    "MEMORY_CONSTRAINT_VIOLATION": (
        "conflict",
        "its memory settings contradict each other",
        "Correct them",
    ),
    "MEMORY_CONSTRAINT_VIOLATION_ORDER": (
        "conflict",
        "its memory limits would not be in ascending order",
        "Give more memory",
    ),
    "MEMORY_CONSTRAINT_VIOLATION_MAXPIN": (
        "conflict",
        "its memory must be fixed: {0[0]}",
        "Set its dynamic memory range to one value",
    ),
    "VDI_IN_USE": ("conflict", "{0[0]} is in use", "Release it first"),
    "VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION": (
        "conflict",
        "a disk is reset at every boot",
        "Stop the guest instead",
    ),
    "PIF_NOT_PRESENT": (
        "conflict",
        "{0[0]} has no interface on {0[1]}",
        "Connect the host to it or choose another network",
    ),
    "REQUIRED_PIF_IS_UNPLUGGED": ("conflict", "a needed interface is unplugged: {all}", "Plug it"),
    "INTERFACE_HAS_NO_IP": (
        "conflict",
        "interface {0[0]} has no address",
        "Configure one or choose another network",
    ),
}

STORAGE: Mapping[str, Meaning] = {
    "SR_BACKEND_FAILURE*": (
        "backend",
        "the storage driver failed ({code}): {all}",
        "Check device_config and the storage server",
    ),
    "SR_UNKNOWN_DRIVER": (
        "invalid",
        "there is no SR type {0[0]}",
        "Use a type that the hosts have a driver for",
    ),
    "SR_NOT_SHARABLE": (
        "conflict",
        "{0[0]} is not shared and already attached on {0[1]}",
        "Make it a shared SR",
    ),
    "SR_HAS_NO_PBDS": ("conflict", "{0[0]} is attached on no host", "Plug it first"),
    "SR_HAS_PBD": ("conflict", "{0[0]} is still attached", "Unplug it first"),
    "SR_HAS_MULTIPLE_PBDS": (
        "conflict",
        "the SR is known to several hosts",
        "Remove it from all but one",
    ),
    "SR_OPERATION_NOT_SUPPORTED": ("unsupported", "{0[0]} does not support this", ""),
    "PBD_EXISTS": ("conflict", "{0[0]} is already known to {0[1]}", "Run again"),
}
