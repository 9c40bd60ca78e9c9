# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What XAPI itself says about a server action: VM.allowed_operations and VM.blocked_operations."""

from __future__ import annotations

from collections.abc import Mapping

from ..._core.errors import ConflictError
from ..._core.model import Server
from ..common.refusals import cannot

TOOLS = "Install the guest tools"

DOWN = {
    "Running": "clean_shutdown",
    "Paused": "hard_shutdown",
    "Suspended": "hard_shutdown",
}

FIRST: Mapping[str, Mapping[str, str]] = {
    "start": {"Halted": "start"},
    "stop": {"Running": "clean_shutdown"},
    "reboot_soft": {"Running": "clean_reboot"},
    "reboot_hard": {
        "Running": "hard_reboot",
        "Paused": "hard_reboot",
        "Suspended": "hard_shutdown",
        "Halted": "start",
    },
    "pause": {"Running": "pause"},
    "unpause": {"Paused": "unpause"},
    "suspend": {"Running": "suspend"},
    "resume": {"Suspended": "resume"},
    "live_migrate": {"Running": "pool_migrate", "Paused": "pool_migrate"},
    "create_image": dict.fromkeys(("Running", "Paused", "Suspended", "Halted"), "snapshot"),
    "create_backup": dict.fromkeys(("Running", "Paused", "Suspended", "Halted"), "snapshot"),
    "shelve": DOWN,
    "resize": DOWN,
    "migrate": DOWN,
}
"""Action and power state to the first operation on the VM, where there is one."""

ON_HOST = {"start": "start_on", "resume": "resume_on"}
"""What is called, which XAPI allows with the other."""

REMEDIES: Mapping[str, str] = {
    "stop": f"{TOOLS}, or set force to cut its power",
    "reboot_soft": f"{TOOLS}, or use reboot_hard",
    "suspend": TOOLS,
    "live_migrate": "Unpause it, install the guest tools or detach a device that is passed through",
    "shelve": f"{TOOLS}, or stop it first",
    "resize": f"{TOOLS}, or stop it first",
    "migrate": f"{TOOLS}, or stop it first",
}


def refused_by_xapi(server: Server, action: str, force: bool) -> ConflictError | None:
    operation = FIRST.get(action, {}).get(server.power_state)
    if operation == "clean_shutdown" and action == "stop" and force:
        operation = "hard_shutdown"
    if operation is None:
        return None
    for called in (operation, ON_HOST.get(operation, operation)):
        if called in server.blocked:
            why = f"while {called} is among its blocked_operations ({server.blocked[called]})"
            return cannot(server, action, why, "Remove that block first")
    if server.allowed and operation not in server.allowed:
        why = f"while XAPI does not allow {operation} on it (power_state {server.power_state})"
        return cannot(
            server, action, why, REMEDIES.get(action, "Check its devices and guest tools")
        )
    return None
