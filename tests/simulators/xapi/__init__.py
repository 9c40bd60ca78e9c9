# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A XenAPI simulator: any number of hosts on loopback, run as `python tests/simulators/xapi SITE.yml`."""
