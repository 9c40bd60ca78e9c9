#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xen_pool
short_description: Manage the properties of a Xen pool
version_added: 0.1.0
description:
  - Gives a Xen pool its name, description, default storage repository, settings, tags and coordinator.
  - Every host is in a pool, if only in an unnamed one of its own. So this module neither creates nor deletes pools;
    M(xenfleet.compute.xen_pool_member) makes hosts share one.
  - A property that no option sets stays as it is.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
options:
  name:
    description:
      - Name of the pool. With O(host) the pool is given this name, else it must have it.
      - Without O(host), the pool's uuid is accepted, too.
    type: str
    required: true
  host:
    description:
      - A member of the pool, by which it is found whatever its name.
    type: str
  description:
    description:
      - Its description.
    type: str
  default_sr:
    description:
      - Name or uuid of the SR that new disks, suspend images and crash dumps go to by default. The pool must have it.
    type: str
  coordinator:
    description:
      - The member that is to coordinate the pool (older name, master).
      - A hand-over restarts the toolstack of every host of the pool; guests keep running.
        It is done last, and waited for.
      - All members must be live, and the pool's high availability off.
      - Where the metadata of an aggregate names the pool's coordinator (C(master_compute)), it follows.
    type: str
  other_config:
    description:
      - Keys to set in the pool's C(other_config). A null value removes the key; other keys stay.
    type: dict
  tags:
    description:
      - All tags of the pool. An empty list removes them.
    type: list
    elements: str
  wait_timeout:
    description:
      - Seconds to wait for a hand-over to end.
    type: float
    default: 600.0
seealso:
  - module: xenfleet.compute.xen_pool_info
  - module: xenfleet.compute.xen_pool_member
  - module: xenfleet.compute.xen_sr
"""

EXAMPLES = r"""
- name: The pool of xen1 is named production
  xenfleet.compute.xen_pool:
    name: production
    host: xen1
    description: rack 12
    tags:
      - rack12

- name: Guests of production start again after a power cut
  xenfleet.compute.xen_pool:
    name: production
    other_config:
      auto_poweron: true

- name: Another host coordinates production
  xenfleet.compute.xen_pool:
    name: production
    coordinator: xen2
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
pool:
  description: The pool as it is now, in check mode as it would be.
  returned: success
  type: dict
  contains:
    id:
      description: Its uuid.
      type: str
      sample: 5a3b1c52-0a3e-4c8e-9d6f-0d2b6a1f7e10
    name:
      description: Its name. A host that never got one stands alone in a pool with an empty name.
      type: str
      sample: production
    description:
      description: Its description.
      type: str
      sample: rack 12
    coordinator:
      description: Name of the host that coordinates it.
      type: str
      sample: xen1
    default_sr:
      description: Uuid of its default SR, or null.
      type: str
      sample: 0b7c6b1e-8f1c-4b53-9a44-d1f3a8e5c001
    default_sr_name:
      description: Name of its default SR, or null.
      type: str
      sample: nfs1
    ha_enabled:
      description: Whether XAPI's high availability is on.
      type: bool
      sample: false
    tls_verification:
      description: Whether its hosts verify each other's certificates.
      type: bool
      sample: true
    other_config:
      description: Its settings of that name.
      type: dict
      sample: {auto_poweron: "true"}
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [rack12]
    endpoint:
      description: The address under which its coordinator was reached.
      type: str
      sample: https://xen1.example.com
    members:
      description: Its hosts, the coordinator first, then by name.
      type: list
      elements: dict
      sample:
        - host: xen1
          id: 9d5a6a0e-2b1d-4b8f-8c6e-6f7a1c2d3e4f
          address: 192.0.2.11
          coordinator: true
          live: true
          enabled: true
    storages:
      description: Its storage repositories by name, each with the names of the hosts on which it is plugged.
      type: list
      elements: dict
      sample:
        - id: 0b7c6b1e-8f1c-4b53-9a44-d1f3a8e5c001
          name: nfs1
          type: nfs
          shared: true
          attached: [xen1, xen2]
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: pool.set_name
      subject: of xen1
      args: {pool_id: 5a3b1c52-0a3e-4c8e-9d6f-0d2b6a1f7e10, name: production}
      why: ""
      text: set name of pool of xen1 to production
"""

from typing import Any

from ..module_utils._core.reading import AGGREGATES, JOURNAL, POOLS, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.pool_views import pool_view
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._glue.views import text_items
from ..module_utils._reconcile.common.lookup import get_pool
from ..module_utils._reconcile.pools.settings import PoolWanted, plan_pool

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "name": {"type": "str", "required": True},
            "host": {"type": "str"},
            "description": {"type": "str"},
            "default_sr": {"type": "str"},
            "coordinator": {"type": "str"},
            "other_config": {"type": "dict"},
            "tags": {"type": "list", "elements": "str"},
            "wait_timeout": {"type": "float", "default": 600.0},
        }
    ),
)


def run(task: Task) -> dict[str, Any]:
    params = task.params
    wanted = PoolWanted(
        name=params["name"],
        host=params["host"],
        description=params["description"],
        default_sr=params["default_sr"],
        coordinator=params["coordinator"],
        other_config=text_items(params["other_config"], "other_config"),
        tags=params["tags"],
    )
    # An aggregate may name the coordinator.
    records = [] if wanted.coordinator is None else [AGGREGATES]
    return task.reconcile(
        lambda fleet: plan_pool(fleet, wanted),
        needs=reading(JOURNAL, POOLS, *records),
        result=lambda fleet: {"pool": pool_view(fleet, get_pool(fleet, wanted.name, wanted.host))},
        lock=lambda fleet: f"pool:{get_pool(fleet, wanted.name, wanted.host).id}",
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
