# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which operations hosts, pools, SRs, disks and interfaces allow: pure decisions."""

from __future__ import annotations

from .schema import words

CREATING = {"provision", "vm_resume", "vm_migrate"}
REMOVING = {"evacuate", "reboot", "shutdown"}


def host_operations(enabled: bool, live: bool, current: set[str], power_on_mode: str) -> list[str]:
    """host.allowed_operations; making guests and removing them exclude each other."""
    allowed = {"enable", "evacuate", "provision", "vm_migrate", "vm_resume", "vm_start"}
    if not enabled:
        allowed |= {"apply_updates", "reboot", "shutdown"}
    if not live and power_on_mode:
        allowed.add("power_on")
    if current & REMOVING:
        allowed -= CREATING
    if current & CREATING:
        allowed -= REMOVING
    if current & {"shutdown", "reboot"}:
        allowed -= {"apply_updates", "reboot"}
    return sorted(allowed)


def host_conflict(op: str, current: dict[str, str], host: str) -> list[str] | None:
    """OTHER_OPERATION_IN_PROGRESS if the host is busy with what excludes `op`."""
    against = REMOVING if op in CREATING else CREATING if op in REMOVING else set()
    for task, running in current.items():
        if running in against:
            return ["OTHER_OPERATION_IN_PROGRESS", "host", host, running, task]
    return None


POOL_OPERATIONS = words(
    "ha_enable cluster_create designate_new_master tls_verification_enable "
    "configure_repositories sync_updates sync_bundle apply_updates eject cert_refresh "
    "exchange_certificates_on_join exchange_ca_certificates_on_join copy_primary_host_certs "
    "get_updates"
)

SR_OPERATIONS = words(
    "scan update plug unplug pbd_create pbd_destroy vdi_create vdi_introduce vdi_destroy "
    "vdi_resize vdi_clone vdi_snapshot vdi_mirror vdi_set_on_boot"
)


def sr_operations(attached: bool) -> list[str]:
    return SR_OPERATIONS if attached else ["forget", "destroy", "plug", "pbd_create", "pbd_destroy"]


def vdi_operations(in_use: bool) -> list[str]:
    if in_use:
        return ["clone", "resize_online", "snapshot"]
    return [
        "clone",
        "copy",
        "destroy",
        "forget",
        "generate_config",
        "resize",
        "resize_online",
        "snapshot",
        "update",
    ]


def device_operations(kind: str, attached: bool, running: bool) -> list[str]:
    """VBD and VIF: `attach` stays listed, plug and unplug need a running VM."""
    if not running:
        return ["attach"]
    if not attached:
        return ["attach", "plug"]
    return (
        ["attach", "unplug"]
        if kind == "VIF"
        else ["attach", "pause", "unpause", "unplug", "unplug_force"]
    )
