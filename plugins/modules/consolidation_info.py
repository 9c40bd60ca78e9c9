#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: consolidation_info
short_description: Read which hosts could be emptied so that they can be powered off
version_added: 0.1.0
description:
  - Chooses hosts of a group whose servers fit onto the others. It changes nothing. The role
    C(xenfleet.compute.host_consolidation) empties the hosts that this module chooses.
  - The host with least memory to move is tried first, and each further host on the assumption that those before it have
    been emptied. Plans are those of M(xenfleet.compute.host_maintenance), blockers included.
  - A host stays if it coordinates a Xen pool, if a server can't leave it, if one that does not run is bound to it, or
    if the others would not keep O(headroom_percent) of their memory free.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes.info
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
  - xenfleet.compute.within
options:
  name:
    description:
      - Name of the consolidation, which is that of each emptied host's maintenance. Hosts whose maintenance of that
        name is open are being emptied already.
    type: str
    required: true
  hosts:
    description:
      - Names of the hosts that may be emptied.
    type: list
    elements: str
  aggregate:
    description:
      - Name or id of the aggregate whose hosts may be emptied, in place of O(hosts).
    type: str
  keep:
    description:
      - Least number of these hosts that stay in service.
    type: int
    default: 1
  max_hosts:
    description:
      - Greatest number of hosts to empty, including those that are empty already. Without it, as many as possible.
    type: int
  headroom_percent:
    description:
      - How much of its memory a host that takes servers must keep free.
    type: int
    default: 20
  anti_affinity:
    description:
      - As in M(xenfleet.compute.host_maintenance).
    type: str
    choices: [enforce, relax]
    default: enforce
  cold_migrate:
    description:
      - As in M(xenfleet.compute.host_maintenance). Without it, a host of a cloud that has servers which are SHUTOFF
        stays.
    type: bool
    default: false
notes:
  - On Nova the scheduler places the servers. This module considers only their memory, the state of hosts and the zones
    that servers are pinned to.
seealso:
  - module: xenfleet.compute.host_maintenance
  - module: xenfleet.compute.hypervisor_info
"""

EXAMPLES = r"""
- name: Read what could be powered off tonight
  xenfleet.compute.consolidation_info:
    aggregate: production
    name: night of 2026-11-21
    keep: 2
    headroom_percent: 30
  register: chosen

- name: Show it
  ansible.builtin.debug:
    msg: "{{ chosen.summary.splitlines() }}"
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
hosts:
  description: The hosts of the group, those to empty first, in order.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: Name of the host.
      type: str
      sample: xen3
    decision:
      description: V(empty), V(emptied) if an earlier run has done so, or V(keep).
      type: str
      sample: empty
    reason:
      description: Why.
      type: str
      sample: 6.0 GiB of servers fit elsewhere
    phase:
      description:
        - How far its maintenance of that name is, V(draining), V(in_maintenance), V(returning) or V(done). Null if it
          never had one.
      type: str
      sample: null
    up:
      description: Whether it answers, and is not being shut down.
      type: bool
      sample: true
    memory_mb:
      description: Memory of the servers running on it, in MiB.
      type: int
      sample: 6144
summary:
  description: A table of the hosts, for people.
  returned: success
  type: str
  sample: |-
    consolidation night of 2026-11-21: 1 of 2 hosts empty
      xen3  empty  6.0 GiB  up  6.0 GiB of servers fit elsewhere
      xen2  keep   8.0 GiB  up  1 host stays in service
"""

from typing import Any

from ..module_utils._glue.argspec import CONNECTION, DRAIN, HOST_GROUP, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.maintenance.consolidation import (
    ConsolidationWanted,
    choice_views,
    consolidation_summary,
    plan_consolidation,
)
from ..module_utils._reconcile.maintenance.host_group import everything

SPEC = merge(
    CONNECTION,
    HOST_GROUP,
    DRAIN,
    Spec(
        {
            "name": {"type": "str", "required": True},
            "keep": {"type": "int", "default": 1},
            "max_hosts": {"type": "int"},
            "headroom_percent": {"type": "int", "default": 20},
        },
    ),
)


def run(task: Task) -> dict[str, Any]:
    params = task.params
    wanted = ConsolidationWanted(
        name=params["name"],
        hosts=params["hosts"],
        aggregate=params["aggregate"],
        keep=params["keep"],
        most=params["max_hosts"],
        headroom=params["headroom_percent"],
        enforce_groups=params["anti_affinity"] == "enforce",
        within=params["within"],
        cold_migrate=params["cold_migrate"],
    )
    choices = plan_consolidation(task.read(everything()), wanted)
    return {
        "changed": False,
        "hosts": choice_views(choices),
        "summary": consolidation_summary(choices, wanted.name),
    }


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
