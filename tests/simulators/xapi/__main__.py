# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python tests/simulators/xapi SITE.yml`: run the package from its directory."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from xapi.app import main

if __name__ == "__main__":
    sys.exit(main())
