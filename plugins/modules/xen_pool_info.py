#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xen_pool_info
short_description: Read Xen pools
version_added: 0.1.0
description:
  - Returns Xen pools with their members and storage. A stand-alone host is a pool of one.
  - With each, returns the aggregates that are this pool by what their metadata says (C(hypervisor_pool),
    C(master_compute), a key with the uuid of each member, or the same name and a common host), and where the two have
    parted.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes.info
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
options:
  name:
    description:
      - Only pools of this name or uuid.
    type: str
  host:
    description:
      - Only the pool that this host is a member of.
    type: str
seealso:
  - module: xenfleet.compute.xen_pool
"""

EXAMPLES = r"""
- name: Read all pools
  xenfleet.compute.xen_pool_info:
  register: found

- name: Read the pool of xen2
  xenfleet.compute.xen_pool_info:
    host: xen2

- name: No pool and aggregate have parted
  ansible.builtin.assert:
    that: found.pools | map(attribute="aggregates") | flatten | rejectattr("in_step") | length == 0
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
pools:
  description: The pools that match, by name. An empty list if none does.
  returned: success
  type: list
  elements: dict
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
    aggregates:
      description: The aggregates that are this pool, by name, and where pool and aggregate have parted.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the aggregate.
          type: str
          sample: production
        operational_state:
          description: How far the pool is, by the aggregate's metadata, or null.
          type: str
          sample: active
        in_step:
          description: Whether the lists that follow are empty, and the coordinator is right.
          type: bool
          sample: false
        not_in_pool:
          description: Hosts of the aggregate that are not members of the pool.
          type: list
          elements: str
          sample: [xen4]
        not_in_aggregate:
          description: Members of the pool that are not hosts of the aggregate.
          type: list
          elements: str
          sample: [xen3]
        stale_records:
          description: Hosts that the metadata has a key of, with a uuid that is no such member's.
          type: list
          elements: str
          sample: [xen9]
        missing_records:
          description: Members of the pool that the metadata has no key of.
          type: list
          elements: str
          sample: [xen3]
        wrong_coordinator:
          description: The recorded C(master_compute) if another host coordinates the pool, else null.
          type: str
          sample: xen2
unanswered:
  description: Addresses that gave no answer, each with the reason; pools of theirs may be missing.
  returned: success
  type: dict
  sample: {"https://xen4.example.com": connection refused}
"""

from typing import Any

from ..module_utils._core.reading import AGGREGATES, POOLS, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.pool_views import pool_info_view
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task

SPEC = merge(CONNECTION, Spec({"name": {"type": "str"}, "host": {"type": "str"}}))


def run(task: Task) -> dict[str, Any]:
    name, host = task.params["name"], task.params["host"]
    fleet = task.read(reading(AGGREGATES, POOLS))
    pools = [
        pool
        for pool in sorted(fleet.pools, key=lambda p: (p.name, p.coordinator))
        if name in (None, pool.name, pool.id)
        and (host is None or host in {h.name for h in fleet.members(pool.id)})
    ]
    return {
        "changed": False,
        "pools": [pool_info_view(fleet, pool) for pool in pools],
        "unanswered": dict(fleet.unreachable),
    }


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
