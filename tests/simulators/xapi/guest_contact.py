# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running guest is reached: its consoles, and the addresses that its agent reports.

Consoles are made and destroyed with the domain, each with a location on the host that runs it (xapi_xenops.ml). What
the agent reports is forgotten when the guest starts again, not when it halts (Xapi_vm_helpers.delete_guest_metrics,
called in xapi_xenops.ml start).
"""

from __future__ import annotations

from ipaddress import ip_address

from .database import Database, new_uuid
from .errors import NULL
from .world import Guest, Machine

PROTOCOLS = ("rfb", "vt100")


def appear(db: Database, vm: str, machine: Machine) -> None:
    """The guest runs there, started or moved."""
    remove_consoles(db, vm)
    for protocol in PROTOCOLS:
        uuid = new_uuid()
        location = f"https://{machine.address}/console?uuid={uuid}"
        db.insert("console", uuid=uuid, VM=vm, protocol=protocol, location=location)


def remove_consoles(db: Database, vm: str) -> None:
    for console in db.find("console", VM=vm):
        db.delete("console", console)


def report(db: Database, vm: str, guest: Guest) -> None:
    """A started guest's agent reports, in place of all before; at once, and only if it has addresses."""
    old = db.row("VM", vm)["guest_metrics"]
    if db.exists("VM_guest_metrics", old):
        db.delete("VM_guest_metrics", old)
    new = NULL
    if guest.addresses:
        new = db.insert("VM_guest_metrics", networks=networks(guest.addresses), live=True)
    db.update("VM", vm, guest_metrics=new)


def networks(addresses: tuple[str, ...]) -> dict[str, str]:
    """VM_guest_metrics.networks of the first interface; the first IPv4 address is there twice."""
    by_version: dict[int, list[str]] = {4: [], 6: []}
    for text in addresses:
        by_version[ip_address(text).version].append(text)
    old = {"0/ip": by_version[4][0]} if by_version[4] else {}
    return old | {
        f"0/ipv{version}/{number}": text
        for version, found in by_version.items()
        for number, text in enumerate(found)
    }
