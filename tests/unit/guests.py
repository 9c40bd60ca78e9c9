# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers in every state, in a pool of three, and what is wanted of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from unit.fleets import GIB, fleet, host, pool, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import TABLE
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Fleet,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.status import status_of
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.wanted import (
    ServerActionWanted,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.xapi_operations import (
    FIRST,
)

POWER = {
    "active": "Running",
    "building": "",
    "error": "Running",
    "paused": "Paused",
    "rescued": "Running",
    "resized": "Running",
    "shelved": "Halted",
    "shelved_offloaded": "Halted",
    "soft-delete": "Halted",
    "stopped": "Halted",
    "suspended": "Suspended",
}
EVERYTHING = frozenset(op for operations in FIRST.values() for op in operations.values())
ALLOWED = EVERYTHING | {"hard_shutdown"}


def guest(name: str, vm_state: str = "active", on: str | None = "xen1", **fields: Any) -> Server:
    """A server of pool p that XAPI would let do anything."""
    base: dict[str, Any] = {
        "status": status_of(vm_state, None),
        "vm_state": vm_state,
        "power_state": POWER[vm_state],
    }
    return server(name, on, "p", **{**base, "allowed": ALLOWED, **fields})


def three(*servers: Server, **sections: Any) -> Fleet:
    """Pool p: xen1, and xen2 with less memory free than xen3."""
    hosts = sections.pop("hosts", None) or [
        host("xen1", "p"),
        host("xen2", "p", memory_free=20 * GIB),
        host("xen3", "p", memory_free=30 * GIB),
    ]
    return fleet(hosts, pools=[pool("p", "xen1", name="prod")], servers=list(servers), **sections)


REQUIRED = {
    "image": "golden",
    "image_name": "copy",
    "backup_type": "daily",
    "rotation": 2,
    "admin_password": "secret",
    "vm_state": "error",
}


def wants(action: str, *names: str, **fields: Any) -> ServerActionWanted:
    """With the options that the action needs; others are given by name."""
    mine = {"host", "within", "max_parallel", "max_failures", "where", "wait"}
    own = {key: fields.pop(key) for key in list(fields) if key in mine}
    needed = {name: REQUIRED[name] for name in TABLE[action].required}
    return ServerActionWanted(action, names or ("web1",), options={**needed, **fields}, **own)


def cloud(*servers: Server, **sections: Any) -> Fleet:
    """Three hosts whose servers Nova's scheduler places."""
    return replace(three(*servers, **sections), pools=(), traits=NOVA)
