# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the bed itself look at, and those who look for what went wrong on it."""

from __future__ import annotations

import re
from datetime import datetime

from testbeds.openstack.client import Bed
from testbeds.openstack.layout import Layout

# These say at each call that they are outdated, or not as safe as in production.
NOISE = r"(?!neutronclient\.|keystone\.common\.|urllib3\.)"
# The lines of a traceback name no request.
REQUEST = r"\[(?:None )?(?:req-|-\])[^]]*\]?"
LOGGED = re.compile(
    rf"\S+ (?P<when>\S+) \d+ (?P<of>(?:WARNING|ERROR|CRITICAL) {NOISE}\S+) {REQUEST} (?P<text>.*)"
)
LENGTH = 400
COUNT = 60


def logged(bed: Bed, text: str) -> bool:
    logs = (bed.layout.log / f"{host}.log" for host in bed.hosts)
    return any(text in log.read_text(encoding="utf-8", errors="replace") for log in logs)


def settled(bed: Bed, server: str) -> str | None:
    found = bed.server(server)
    return None if found["OS-EXT-STS:task_state"] else found["status"]


def troubles(layout: Layout, since: float) -> list[str]:
    """The last warnings and errors that the services have logged since that time (in seconds since
    the epoch), without tracebacks.
    """
    begin = datetime.fromtimestamp(since).isoformat(" ", "milliseconds")
    found = []
    for log in layout.log.glob("*.log"):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line[: len(begin)] >= begin and (parts := LOGGED.match(line)):
                found.append(f"{parts['when']} {log.stem} {parts['of']}: {parts['text']}"[:LENGTH])
    return sorted(found)[-COUNT:]
