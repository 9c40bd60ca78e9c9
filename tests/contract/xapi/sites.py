# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites to simulate, and small helpers to wait and to look."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet import XenFleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState

PASSWORD = "a-Secret-7"

Site = dict[str, Any]
Simulate = Callable[..., Simulator]
Connect = Callable[..., XenFleet]
Plain = Callable[..., Any]


def site(*hosts: Site, factor: float = 60, **more: Any) -> Site:
    """A site with a fast clock, no login delay, and a password that is easy to find where it should not be."""
    return {
        "clock": {"factor": factor},
        "login_delay": 0,
        "password": PASSWORD,
        "hosts": list(hosts),
        **more,
    }


def pool_of(count: int, *vms: Site, **more: Any) -> Site:
    """A pool called fleet of hosts xen1..xenN with a shared default SR."""
    return site(
        {"name": "xen", "count": count, "pool": "fleet"},
        pools={"fleet": {"srs": [{"name": "shared", "default": True}]}},
        vms=[{"where": "fleet", **vm} for vm in vms],
        **more,
    )


def loners(count: int, *vms: Site, **more: Any) -> Site:
    """Hosts xen1..xenN, each alone."""
    return site({"name": "xen", "count": count}, vms=list(vms), **more)


def finish(port: Any, handle: Any, seconds: float = 20) -> JobState:
    """Poll until the job has ended."""
    end = time.monotonic() + seconds
    while True:
        state = port.poll([handle])[0]
        if state.done:
            return state
        assert time.monotonic() < end, f"not done after {seconds} s: {state}"
        time.sleep(0.05)


def eventually(probe: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer of the probe."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.05)


def methods(sim: Simulator, since: int = 0, **where: Any) -> list[str]:
    """Methods called after entry ``since`` of the journal, by order."""
    return [
        entry["method"]
        for entry in sim.get(f"/journal?since={since}")
        if all(entry[k] == v for k, v in where.items())
    ]


def mark(sim: Simulator) -> int:
    """The number of the journal's last entry."""
    entries = sim.get("/journal")
    return entries[-1]["n"] if entries else 0
