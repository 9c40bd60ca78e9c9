#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: Read servers
version_added: 0.1.0
description:
  - Returns the servers (guests) of the fleet in the Compute API's words, with O(control_plane=nova) those of all
    projects. Templates, snapshots and control domains are not servers.
  - Filters are combined; a server must match all of them. They find the same on both control planes. The guide to the
    rules lists where Nova's own list finds more.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes.info
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
  - xenfleet.compute.server_filters
options:
  id:
    description:
      - Only the server with this uuid.
    type: str
    aliases: [uuid]
seealso:
  - module: xenfleet.compute.server_action
  - module: xenfleet.compute.hypervisor_info
"""

EXAMPLES = r"""
- name: Read all servers
  xenfleet.compute.server_info:
  register: found

- name: List the servers that run on xen2
  xenfleet.compute.server_info:
    host: xen2
    status: ACTIVE

- name: Find all web servers of zone-a
  xenfleet.compute.server_info:
    name: ^web[0-9]+$
    availability_zone: zone-a

- name: Find what changed since the last report, deleted servers included
  xenfleet.compute.server_info:
    changes_since: "{{ last_report }}"
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
servers:
  description: The servers that match, by name. An empty list if none does.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Uuid of the server, with O(control_plane=xapi) that of the VM in XAPI.
      type: str
      sample: 0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21
    name:
      description: Its name.
      type: str
      sample: web1
    status:
      description: Its status in the Compute API's words.
      type: str
      sample: ACTIVE
    vm_state:
      description:
        - V(active), V(stopped), V(paused), V(suspended), V(error), V(rescued), V(resized), V(shelved),
          V(shelved_offloaded), V(soft-delete) or V(deleted), and with O(control_plane=nova) also V(building).
      type: str
      sample: active
    task_state:
      description: What is being done with it, such as V(migrating) or V(powering-off), or null.
      type: str
      sample: migrating
    power_state:
      description: The Compute API's number, 1 running, 3 paused, 4 shut down, 7 suspended, 0 unknown.
      type: int
      sample: 1
    host:
      description:
        - Name of the host on which it is. With O(control_plane=xapi), for one that does not run, it is the only host
          that could start it, else null.
      type: str
      sample: xen1
    hypervisor_hostname:
      description: Name that its host's hypervisor gives itself. In XAPI it is the same.
      type: str
      sample: xen1
    host_status:
      description: V(UP), V(MAINTENANCE) (disabled), V(DOWN) (forced down), V(UNKNOWN), or empty without a host.
      type: str
      sample: UP
    availability_zone:
      description: Zone of its host, or null.
      type: str
      sample: zone-a
    pool:
      description: Name of its Xen pool, or null for a pool without a name and with O(control_plane=nova).
      type: str
      sample: production
    memory_mb:
      description: The most memory that it may have, in MiB (its flavor's, or the static maximum in XAPI).
      type: int
      sample: 2048
    vcpus:
      description: Number of its virtual CPUs.
      type: int
      sample: 2
    metadata:
      description:
        - Its metadata, with O(control_plane=xapi) its C(other_config) in XAPI, where the key C(xenfleet:aggregate:KEY)
          is shown as C(aggregate:KEY).
      type: dict
      sample: {owner: web team}
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [web]
    flavor:
      description: Name of its flavor, with O(control_plane=xapi) null.
      type: str
      sample: m1.small
    locked:
      description: Whether it is locked.
      type: bool
      sample: false
    locked_reason:
      description: Why it is locked, or null.
      type: str
      sample: audit
    fault:
      description: What led to the status ERROR, or null.
      type: str
      sample: "server web1: its host is down"
    project_id:
      description: Id of its project, with O(control_plane=xapi) null.
      type: str
      sample: 6f70656e737461636b20342065766572
    created_at:
      description: When it was created, in UTC, or null. With O(control_plane=xapi) when it was installed.
      type: str
      sample: "2026-11-21T04:05:06Z"
    launched_at:
      description:
        - When it was last started, in UTC, or null. Nova changes it when the server is built, rebuilt, rescued, resized
          or unshelved, not with each start.
      type: str
      sample: "2026-11-21T04:05:06Z"
    updated_at:
      description:
        - When it was last changed, in UTC, or null if that is not known. O(changes_since) says which changes count.
      type: str
      sample: "2026-11-21T04:05:06Z"
    terminated_at:
      description: When it was deleted, in UTC, or null.
      type: str
      sample: "2026-11-21T04:05:06Z"
unanswered:
  description: Endpoints of XenAPI that gave no answer, with the reason. Servers of their pools may be missing.
  returned: success
  type: dict
  sample: {}
"""

from typing import Any

from ..module_utils._core.reading import AGGREGATES, SERVERS, Reading, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.compute_views import server_view
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.server_filters import FILTERS, filter_from
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.servers.filters import (
    ServerFilter,
    check_filter,
    filter_servers,
    past,
)

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "id": {"type": "str", "aliases": ["uuid"]},
            **FILTERS,
        }
    ),
)


def run(task: Task) -> dict[str, Any]:
    wanted = filter_from(task.params)
    check_filter(wanted)
    fleet = task.read(_wanted(wanted))
    return {
        "changed": False,
        "servers": [server_view(fleet, s) for s in filter_servers(fleet, wanted)],
        "unanswered": dict(fleet.unreachable),
    }


def _wanted(wanted: ServerFilter) -> Reading:
    """No more than needed; the filter judges what is read anyway."""
    sections = (SERVERS, AGGREGATES) if wanted.aggregate is not None else (SERVERS,)
    return reading(
        *sections,
        hosts=None if wanted.host is None or wanted.id is not None else [wanted.host],
        servers=None if wanted.id is None else [wanted.id],
        past=past(wanted),
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
