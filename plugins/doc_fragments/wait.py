# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Waiting, as in module_utils/_glue/argspec.py WAIT."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until what was started has ended.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait for each step. What has not ended by then is left running and named in the error.
    type: float
    default: 600.0
"""
