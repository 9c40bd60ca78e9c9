# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demonstration holds what it claims, and leaves nothing running when it is interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from harness.playbooks import ROOT
from harness.processes import alive, descendants

DEMO = [sys.executable, str(ROOT / "scripts" / "demo.py")]


def test_every_claim_holds() -> None:
    run = subprocess.run(DEMO, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    claims = run.stdout.partition("=== claims")[2].splitlines()[1:]
    assert len(claims) == 6
    assert all(claim.startswith("  ok: ") for claim in claims)
    assert "FAILED" not in run.stdout


def test_interrupted_it_leaves_nothing_running() -> None:
    # A shell's job in the background, as a CI may start it, has the signal ignored.
    command = ["env", "--default-signal=INT", *DEMO]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "TASK" in line:
            break
    started = descendants(demo.pid)
    assert len(started) >= 2, "a simulator and a playbook"
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=30)
    assert demo.returncode != 0
    deadline = time.monotonic() + 10
    while alive(started) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(started) == {}
