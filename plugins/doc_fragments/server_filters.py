# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that choose servers, as in module_utils/_glue/server_filters.py."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - Only servers whose name matches this regular expression anywhere. V(web1) matches C(web1) and C(web14);
        V(^web1$) matches C(web1) only.
    type: str
  host:
    description:
      - Only servers on the host of exactly this name.
    type: str
  status:
    description:
      - Only servers that are shown with exactly this status, such as V(ACTIVE) or V(MIGRATING), in capital or small
        letters.
      - The Compute API's own filter is coarser. It returns migrating servers for V(ACTIVE) too.
    type: str
  availability_zone:
    description:
      - Only servers on hosts of exactly this zone.
    type: str
  vm_state:
    description:
      - Only servers in this vm_state, such as V(active) or V(shelved_offloaded). V(soft-delete) and V(deleted) find
        servers that are left out otherwise, as the same words for O(status) do.
    type: str
  task_state:
    description:
      - Only servers of which this is being done, such as V(migrating) or V(powering-off).
    type: str
  aggregate:
    description:
      - Only servers on hosts of the aggregate of this name or id, which must exist.
    type: str
  project_id:
    description:
      - Only servers of the project with this id. There are no projects with O(control_plane=xapi).
    type: str
  user_id:
    description:
      - Only servers that the user with this id made. Refused with O(control_plane=xapi), which has no record of it.
    type: str
  reservation_id:
    description:
      - Only servers of this reservation, which are those made by one request. Refused with O(control_plane=xapi).
    type: str
  image:
    description:
      - Only servers made from the image with this name or id. With O(control_plane=xapi) it is the name of the
        template that the server was made from, as C(base_template_name) in its C(other_config) has it.
    type: str
  flavor:
    description:
      - Only servers of the flavor with this name or id. Refused with O(control_plane=xapi), which has none.
    type: str
  ip:
    description:
      - Only servers with this IPv4 address, or with one that begins with this regular expression, such as C(10\.0\.).
        Floating addresses are not looked at.
      - With O(control_plane=xapi) addresses are those that the agent in the guest has reported since its last start.
    type: str
  ip6:
    description:
      - As O(ip), for IPv6.
    type: str
  metadata:
    description:
      - Only servers that have all these items. Deleted ones have none, nor tags.
    type: dict
  tags:
    description:
      - Only servers that have all these tags.
    type: list
    elements: str
  tags_any:
    description:
      - Only servers that have one of these tags at least.
    type: list
    elements: str
  not_tags:
    description:
      - Only servers that lack one of these tags at least.
    type: list
    elements: str
  not_tags_any:
    description:
      - Only servers that have none of these tags.
    type: list
    elements: str
  locked:
    description:
      - Only servers that are locked, or are not.
    type: bool
  changes_since:
    description:
      - Only servers that have changed since this time, such as V(2026-01-31T12:00:00Z), deleted ones included. It is in
        UTC unless it says otherwise.
      - With O(control_plane=xapi) changes are those made through this collection with the same O(store), and starts and
        reboots, whoever made them.
    type: str
  deleted:
    description:
      - Deleted servers, softly deleted ones included, instead of those that exist.
      - With O(control_plane=xapi) deleted servers are those that were deleted through this collection with the same
        O(store), in the last 90 days.
    type: bool
    default: false
  soft_deleted:
    description:
      - Softly deleted servers, too, which can be restored.
    type: bool
    default: false
"""
