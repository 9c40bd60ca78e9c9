# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call bed.py as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from testbeds.openstack.layout import HERE


def bed_py(*words: object, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run bed.py; its exit code and what it said."""
    command = [sys.executable, str(HERE / "bed.py"), *(str(word) for word in words)]
    done = subprocess.run(
        command,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
