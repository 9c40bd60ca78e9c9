# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers in every state, in a pool of three, and what is wanted of them."""

from __future__ import annotations

from typing import Any

from unit.fleets import GIB, fleet, host, pool, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Fleet,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.server_action import (
    ACTIONS,
    ServerActionWanted,
)

STATES = {
    "active": ("ACTIVE", "Running"),
    "stopped": ("SHUTOFF", "Halted"),
    "paused": ("PAUSED", "Paused"),
    "suspended": ("SUSPENDED", "Suspended"),
    "error": ("ERROR", "Running"),
}
EVERYTHING = frozenset(op for action in ACTIONS.values() for op in action.starts.values())
ALLOWED = EVERYTHING | {"hard_shutdown"}


def guest(name: str, vm_state: str = "active", on: str | None = "xen1", **fields: Any) -> Server:
    """A server of pool p that XAPI would let do anything."""
    status, power = STATES[vm_state]
    base: dict[str, Any] = {"status": status, "vm_state": vm_state, "power_state": power}
    return server(name, on, "p", **{**base, "allowed": ALLOWED, **fields})


def three(*servers: Server, **sections: Any) -> Fleet:
    """Pool p: xen1, and xen2 with less memory free than xen3."""
    hosts = sections.pop("hosts", None) or [
        host("xen1", "p"),
        host("xen2", "p", memory_free=20 * GIB),
        host("xen3", "p", memory_free=30 * GIB),
    ]
    return fleet(hosts, pools=[pool("p", "xen1", name="prod")], servers=list(servers), **sections)


def wants(action: str, *names: str, **fields: Any) -> ServerActionWanted:
    return ServerActionWanted(action, names or ("web1",), **fields)
