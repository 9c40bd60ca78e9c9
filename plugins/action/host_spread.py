# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by make format, for the module of the same name.

from __future__ import annotations

from ..modules import host_spread
from ..plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    module = host_spread
