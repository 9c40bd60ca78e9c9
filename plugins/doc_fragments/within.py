# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How far servers may go, as in module_utils/_glue/argspec.py WITHIN."""

    DOCUMENTATION = r"""
options:
  within:
    description:
      - How far servers may go from their hosts. Without it, or with V(zone), they stay in the zone, and go to hosts
        that share most aggregates with theirs as long as there is room.
      - With V(aggregate) a server stays in the zone and goes only to hosts that share an aggregate with its own. With
        V(pool) it may go to any host of its Xen pool. Any other value is the name of an aggregate, which must exist, to
        whose hosts servers go, in whatever zone.
      - No value lifts C(migration_group) in the metadata of an aggregate. See the guide to moving servers.
      - Refused with O(control_plane=nova), whose scheduler chooses hosts by its own rules.
    type: str
"""
