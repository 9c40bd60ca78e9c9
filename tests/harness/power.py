# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks of a play that restart a simulated host without asking XAPI."""

from __future__ import annotations

import sys
from typing import Any

from simulators.launch import Simulator

CYCLE = """
import json, time, urllib.request
for pause, action in (({after}, "kill"), ({off}, "revive")):
    time.sleep(pause)
    body = json.dumps({{"action": action, "target": "{host}"}}).encode()
    urllib.request.urlopen("{inspect}/faults", body).read()
"""


def power_cycle(site: Simulator, host: str, *, after: float = 0, off: float = 0) -> dict[str, Any]:
    """``after`` seconds the power goes, and comes back after ``off`` more. If that is to take its time,
    the task is over at once.
    """
    script = CYCLE.format(host=host, inspect=site.inspect, after=after, off=off)
    task: dict[str, Any] = {
        "name": f"Restart {host}",
        "ansible.builtin.command": {"argv": [sys.executable, "-c", script]},
        "changed_when": True,
    }
    return {**task, "async": 60, "poll": 0} if after else task
