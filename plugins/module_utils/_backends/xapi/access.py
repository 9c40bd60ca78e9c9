# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and consoles of guests, from records that every pool was asked for once. Pure.

Addresses are what the agent in a guest has reported since its last start, and stay after it was
halted (xapi_guest_agent.ml; xapi_xenops.ml deletes the metrics when it starts). A console has an
address on the host that runs the guest, and opens for a session of XenAPI only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from ..._core.access import Address, Console
from . import marks
from .read import PoolRecords, Rows

KEY = re.compile(r"(?P<device>\d+)/(?:ip|ipv4/\d+|ipv6/\d+)")
"""Keys of VM_guest_metrics.networks; of an older agent there is DEVICE/ip alone, for IPv4
(xapi_guest_agent.ml).
"""

NONE = Console(error="it has none")
HALTED = Console(error="it has none, as it does not run")


def addresses(records: PoolRecords, metrics: Rows) -> dict[str, tuple[Address, ...]]:
    """Of all guests that have any, by uuid."""
    vifs: dict[tuple[str, str], Mapping[str, Any]] = {
        (vif["VM"], vif["device"]): vif for vif in records.rows["VIF"].values()
    }
    found = {
        vm["uuid"]: tuple(_addresses(records, ref, metrics, vifs)) for vm, ref in _acting(records)
    }
    return {uuid: known for uuid, known in found.items() if known}


def consoles(
    records: PoolRecords, rows: Rows, wanted: Iterable[str]
) -> dict[str, tuple[Console, ...]]:
    """Of those wanted that the pool has, by uuid."""
    by_guest: dict[str, list[Console]] = {}
    for row in sorted(rows.values(), key=lambda r: (r["protocol"], r["location"])):
        console = Console(protocol=row["protocol"], url=row["location"])
        by_guest.setdefault(row["VM"], []).append(console)
    ids = set(wanted)
    states = {ref: vm["power_state"] for ref, vm in records.rows["VM"].items()}
    return {
        vm["uuid"]: tuple(by_guest.get(ref, [NONE]))
        if states[ref] in ("Running", "Paused")
        else (HALTED,)
        for vm, ref in _acting(records)
        if vm["uuid"] in ids
    }


def _acting(records: PoolRecords) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Every VM, and the reference of the one that runs in its place, if there is one."""
    for ref, vm in records.rows["VM"].items():
        rescued = marks.marked_state(vm) == "rescued"
        other = records.find("VM", marks.marks(vm).get("auxiliary", "")) if rescued else None
        yield vm, other or ref


def _addresses(
    records: PoolRecords,
    ref: str,
    metrics: Rows,
    vifs: Mapping[tuple[str, str], Mapping[str, Any]],
) -> Iterator[Address]:
    """In the order of interfaces; an address that is reported by both kinds of keys once."""
    reported = metrics.get(records.rows["VM"][ref].get("guest_metrics", ""), {})
    networks: Mapping[str, str] = reported.get("networks", {})
    seen: set[tuple[str, str]] = set()
    for key, text in sorted(networks.items(), key=lambda item: item[0].split("/")):
        match = KEY.fullmatch(key)
        device = match["device"] if match else ""
        if match is None or (device, text) in seen or not _is_address(text):
            continue
        seen.add((device, text))
        vif = vifs.get((ref, device), {})
        network = records.rows["network"].get(vif.get("network", ""), {})
        yield Address(
            address=text,
            version=ip_address(text).version,
            network=network.get("name_label", ""),
            mac=vif.get("MAC"),
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
