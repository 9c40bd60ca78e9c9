# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the hosts' virt driver slow or failing. The driver reads the faults at every use."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from testbeds.openstack.inside.testbed_hooks import HOOKS, LIVE_MIGRATION
from testbeds.openstack.layout import BedError, Layout


def read(layout: Layout) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(layout.faults.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def write(layout: Layout, faults: Mapping[str, Any]) -> None:
    """Put these in place of all that were; BedError for one that would have no effect."""
    check(layout, faults)
    new = layout.faults.with_suffix(".new")
    new.write_text(json.dumps(faults), encoding="utf-8")
    # At once: a driver never reads half a file.
    os.replace(new, layout.faults)


def check(layout: Layout, faults: Mapping[str, Any], hosts_allowed: bool = True) -> None:
    known = {"live_migration_seconds", "fail", "delay", *(["hosts"] if hosts_allowed else [])}
    refuse(set(faults) - known, "no such fault", known)
    refuse(
        set(faults.get("fail", {})) - {*HOOKS, *LIVE_MIGRATION}, "nothing fails by that name", HOOKS
    )
    refuse(set(faults.get("delay", {})) - set(HOOKS), "nothing is delayed by that name", HOOKS)
    refuse(set(faults.get("hosts", {})) - set(layout.hosts), "no such host", layout.hosts)
    for of_host in faults.get("hosts", {}).values():
        check(layout, of_host, hosts_allowed=False)


def refuse(unknown: set[str], word: str, known: Any) -> None:
    if unknown:
        raise BedError(
            f"{word}: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
        )
