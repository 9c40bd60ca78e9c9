# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a spreading shows: how full hosts are, who has moved, and a summary for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._core.model import Fleet
from ..._core.units import GIB, MIB, table
from .loads import Load, imbalance, loads_of, vcpu_imbalance
from .spread import SpreadWanted, in_service


def loads_view(fleet: Fleet, wanted: SpreadWanted) -> dict[str, Any]:
    """The hosts as they are; those that are out of service don't count."""
    names, closed = in_service(fleet, wanted)
    counted = loads_of(fleet, names)
    loads = {**counted, **loads_of(fleet, closed)}
    return {
        "imbalance_percent": round(imbalance(counted), 1),
        "vcpu_imbalance_percent": round(vcpu_imbalance(counted), 1),
        "hosts": [_host(name, loads[name], closed.get(name)) for name in sorted(loads)],
    }


def _host(name: str, load: Load, closed: str | None) -> dict[str, Any]:
    return {
        "host": name,
        "memory_percent": round(load.memory_percent, 1),
        "memory_mb": load.total // MIB,
        "memory_mb_used": load.memory // MIB,
        "vcpus": load.vcpus,
        "vcpus_percent": round(load.vcpus_percent, 1),
        "left_out": closed,
    }


def moves_view(
    steps: Sequence[Mapping[str, Any]], places: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    """Of steps as results show them. ``places`` are the hosts of servers as they were seen last."""
    return [
        {
            "server": step["subject"],
            "server_id": step["args"]["id"],
            "from": step["args"]["source"],
            "to": step["args"]["target"],
            "memory_mb": step["args"]["memory"] // MIB,
            "now_on": places.get(step["args"]["id"]) or None,
        }
        for step in steps
    ]


def spread_summary(
    before: Mapping[str, Any], after: Mapping[str, Any], moves: Sequence[Mapping[str, Any]]
) -> str:
    """What has become of the imbalance, of each host, and where servers went."""
    was, now = before["imbalance_percent"], after["imbalance_percent"]
    number = f"{len(moves)} move" + ("" if len(moves) == 1 else "s")
    size = sum(move["memory_mb"] for move in moves) * MIB / GIB
    head = f"imbalance {was:.1f}% before, {now:.1f}% after {number} ({size:.1f} GiB)"
    if not moves:
        head = f"imbalance {now:.1f}%, nothing to move"
    old = {h["host"]: h for h in before["hosts"]}
    rows: list[tuple[str, ...]] = [("host", "memory before", "after", "vCPUs before", "after", "")]
    rows += [_row(old.get(h["host"], h), h) for h in after["hosts"]]
    gone = [("server", "memory", "from", "to", "now on")]
    gone += [
        (m["server"], f"{m['memory_mb'] / 1024:.1f} GiB", m["from"], m["to"], m["now_on"] or "-")
        for m in moves
    ]
    tables = [*table(rows), *(table(gone) if moves else ())]
    return "\n".join([head, *(f"  {line}" for line in tables)])


def _row(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        after["host"],
        f"{before['memory_percent']:.1f}%",
        f"{after['memory_percent']:.1f}%",
        f"{before['vcpus_percent']:.0f}%",
        f"{after['vcpus_percent']:.0f}%",
        f"left out: it {after['left_out']}" if after["left_out"] else "",
    )
