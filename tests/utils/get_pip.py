# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for the pip bootstrap script that ansible-test downloads into its cache.

It starts from the pip that comes with Python and installs the wanted version from the package
index, so that sanity tests also run where only a package index is reachable. ansible-test names
the script in the GET_PIP environment variable; the name holds the version it wants.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

# In a process of its own: ensurepip hides pip's configuration, proxies and authorities included.
subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
version = ".".join(re.findall(r"\d+", Path(os.environ["GET_PIP"]).name))
dropped = ("--no-setuptools", "--no-wheel")
arguments = [a for a in sys.argv[1:] if a not in dropped and not a.startswith("pip==")]
command = [sys.executable, "-m", "pip", "install", "--force-reinstall", f"pip=={version}"]
sys.exit(subprocess.run([*command, *arguments], check=False).returncode)
