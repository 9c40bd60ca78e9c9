# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that ask for a page of a list, as in module_utils/_glue/paging.py."""

    DOCUMENTATION = r"""
options:
  limit:
    description:
      - List so many at most. Without it, all are listed; pages of Nova's own are read one after another.
    type: int
  marker:
    description:
      - List those that follow the one with this id, in order. It is the last one of the page before.
      - An id that nothing has is refused.
    type: str
"""
