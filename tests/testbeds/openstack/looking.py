# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the bed itself look at."""

from __future__ import annotations

from testbeds.openstack.client import Bed


def logged(bed: Bed, text: str) -> bool:
    logs = (bed.layout.log / f"{host}.log" for host in bed.hosts)
    return any(text in log.read_text(encoding="utf-8", errors="replace") for log in logs)


def settled(bed: Bed, server: str) -> str | None:
    found = bed.server(server)
    return None if found["OS-EXT-STS:task_state"] else found["status"]
