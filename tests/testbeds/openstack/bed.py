# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The testbed's command: ``bed.py up``, and ``bed.py --help``. README.md describes it."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Instead of this directory the one from which tests import, too: one name for each module.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from testbeds.openstack.cli import main

    sys.exit(main(sys.argv[1:]))
