#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xen_pool_member
short_description: Manage the membership of hosts in a Xen pool
version_added: 0.1.0
description:
  - Joins stand-alone hosts to a Xen pool, or ejects hosts from it.
  - Before anything is changed, every host is checked against XAPI's requirements, and every blocker of every host is
    reported at once, with its remedy. They are under C(error.details.verdicts) of the failed result.
  - A join has ended when the host is live and enabled in the pool, every shared SR is plugged on it, and it is
    connected to the pool's networks; the call itself returns much earlier.
  - With O(aggregate), the pool is the one that the aggregate is to be. Its first host coordinates it and gives the pool
    the aggregate's name. The aggregate's metadata then shows how far the pool is, with the keys that Nova's
    XenAPI driver kept, C(operational_state) (V(created) to begin with, V(changing) during the joins, V(active) after
    them, V(error) after a failure), C(master_compute) (the coordinator), and for each member host a key with its XAPI
    uuid.
  - With O(aggregate), a warning says so if the pool's default SR is missing or local to a host, or if guests of the
    pool have disks on another shared SR. The default SR is where Nova's XenAPI driver put new guests, with its option
    C(sr_matching_filter).
  - What was interrupted or failed is finished by running it again.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
options:
  hosts:
    description:
      - Names of the hosts, as XAPI has them in C(name_label). Other members are left alone.
      - With O(control_plane=nova) and O(aggregate), Nova must have them under the same names.
      - Needed, unless O(state=present) and O(aggregate) is given, where it means all hosts of the aggregate.
    type: list
    elements: str
    aliases: [host]
  pool:
    description:
      - Name or uuid of the pool. Exactly one of O(pool), O(member) and O(aggregate) is needed.
    type: str
  member:
    description:
      - A host that is in the pool, instead of the pool's name.
    type: str
  aggregate:
    description:
      - Name or id of an aggregate with C(hypervisor_pool=true) in its metadata. Its hosts are to be, or to leave, one
        pool.
    type: str
  state:
    description:
      - Whether the hosts are members.
      - With V(absent), hosts are ejected. This wipes their local disks and reboots them, so it needs
        O(wipe_local_storage=true). A host with resident guests stays.
      - The hosts leave the aggregate as well, and so does what its metadata says of them. With O(pool) or O(member),
        these are all aggregates whose metadata says that they are this pool. A host that runs on, such as the last one
        of a pool, keeps its availability zone if it has guests, unless O(allow_zone_change=true).
      - With V(joinable), nothing is ever changed. The task fails, with every blocker, if the hosts could not join.
      - The coordinator cannot be ejected while others stay. When it is the last, its pool loses its name.
    type: str
    choices: [present, absent, joinable]
    default: present
  wipe_local_storage:
    description:
      - Consent to the loss of everything on the local disks of ejected hosts.
    type: bool
    default: false
  allow_duplicate_servers:
    description:
      - Whether hosts may join though a guest of theirs has the name of another guest of the pool.
      - Such guests can be addressed by uuid only from then on.
    type: bool
    default: false
  enable_tls_verification:
    description:
      - Whether to enable TLS verification on a host before it joins, if it is on in the pool and off on the host. XAPI
        joins no host that differs in this, and a host that was ejected comes back with it off.
      - It can only be disabled again on the host itself.
    type: bool
    default: false
  into_aggregate:
    description:
      - With O(state=joinable), the aggregate that the hosts are to come into, which need not exist yet. What forbids
        them its availability zone is reported, too. With O(control_plane=nova) these are only their other aggregates;
        M(xenfleet.compute.aggregate_host) with O(xenfleet.compute.aggregate_host#module:state=joinable) looks at the
        servers that Nova has on them.
    type: str
  availability_zone:
    description:
      - With O(into_aggregate), the availability zone that the aggregate is to have, if it is not the one that it has.
    type: str
  allow_zone_change:
    description:
      - Whether servers may come into another availability zone together with their host. See
        O(xenfleet.compute.aggregate_host#module:allow_zone_change).
    type: bool
    default: false
  compute_vm:
    description:
      - The VM in which a host's C(nova-compute) runs, one on each host, as Nova's XenAPI driver had it. Each element is
        the name of such VMs, the uuid of one, or an item of C(other_config) in the form C(KEY=VALUE).
      - If it runs on a host that is to join, it is shut down cleanly before, and started after the join, also
        after one that has failed. If a run is killed meanwhile, the next one starts it. On a host that is ejected it is
        shut down, and started again only if the eject fails. Any other running guest is a blocker.
      - Such VMs may have the same name on every host.
      - An empty list means that there are none. Nova's driver knew the VM from inside, and did not need a name for it.
    type: list
    elements: str
    default: [nova-compute, nova_compute=true]
  max_parallel:
    description:
      - How many hosts join at the same time.
    type: int
    default: 1
  wait_timeout:
    description:
      - Seconds to wait for each host.
    type: float
    default: 600.0
seealso:
  - module: xenfleet.compute.xen_pool
  - module: xenfleet.compute.aggregate_host
"""

EXAMPLES = r"""
- name: Two more hosts belong to the pool production
  xenfleet.compute.xen_pool_member:
    pool: production
    hosts:
      - xen2
      - xen3

- name: Two hosts could join xen1
  xenfleet.compute.xen_pool_member:
    member: xen1
    hosts:
      - xen2
      - xen3
    state: joinable

- name: The hosts of the aggregate production are one pool
  xenfleet.compute.xen_pool_member:
    aggregate: production
    max_parallel: 2

- name: A host that was ejected comes back
  xenfleet.compute.xen_pool_member:
    pool: production
    host: xen3
    enable_tls_verification: true

- name: They join, and the VM in which each has its nova-compute is down meanwhile
  xenfleet.compute.xen_pool_member:
    aggregate: production
    compute_vm: [os-compute, 2e5b8a41-93cf-4d06-a8a5-0d6f3a4b7c11]

- name: One host leaves, and its local disks are wiped
  xenfleet.compute.xen_pool_member:
    pool: production
    host: xen3
    state: absent
    wipe_local_storage: true
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
pool:
  description: The pool as it is now, in check mode as it would be. Null if there is none of that name.
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
aggregate:
  description: The aggregate as it is now, in check mode as it would be. Null if none was given.
  returned: success
  type: dict
  sample:
    name: production
    hosts: [xen1, xen2]
    metadata:
      hypervisor_pool: "true"
      operational_state: active
      master_compute: xen1
      xen1: 9d5a6a0e-2b1d-4b8f-8c6e-6f7a1c2d3e4f
      xen2: 2f1c7a54-6f3a-4b0e-b5bb-4c8a3e1d9f02
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: pool.join
      subject: xen2
      args: {pool: production, pool_id: 5a3b1c52-0a3e-4c8e-9d6f-0d2b6a1f7e10}
      why: ""
      text: join host xen2 to pool production
"""

from typing import Any

from ..module_utils._core.model import Fleet
from ..module_utils._core.reading import AGGREGATES, JOURNAL, POOLS, SERVICES, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.pool_views import pool_view
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._glue.views import aggregate_view
from ..module_utils._reconcile.common.aggregates import find_aggregate
from ..module_utils._reconcile.common.compute_vm import DEFAULT as COMPUTE_VM
from ..module_utils._reconcile.pools.membership import (
    MembershipWanted,
    find_subject,
    plan_membership,
)

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "hosts": {"type": "list", "elements": "str", "aliases": ["host"]},
            "pool": {"type": "str"},
            "member": {"type": "str"},
            "aggregate": {"type": "str"},
            "state": {
                "type": "str",
                "choices": ["present", "absent", "joinable"],
                "default": "present",
            },
            "wipe_local_storage": {"type": "bool", "default": False},
            "allow_duplicate_servers": {"type": "bool", "default": False},
            "enable_tls_verification": {"type": "bool", "default": False},
            "into_aggregate": {"type": "str"},
            "availability_zone": {"type": "str"},
            "allow_zone_change": {"type": "bool", "default": False},
            "compute_vm": {"type": "list", "elements": "str", "default": list(COMPUTE_VM)},
            "max_parallel": {"type": "int", "default": 1},
            "wait_timeout": {"type": "float", "default": 600.0},
        },
        mutually_exclusive=[("pool", "member", "aggregate")],
        required_one_of=[("pool", "member", "aggregate")],
        required_if=[("state", "absent", ["hosts"])],
        required_by={
            "pool": ["hosts"],
            "member": ["hosts"],
            "availability_zone": ["into_aggregate"],
        },
    ),
)


def run(task: Task) -> dict[str, Any]:
    params = task.params
    wanted = MembershipWanted(
        hosts=params["hosts"],
        pool=params["pool"],
        member=params["member"],
        aggregate=params["aggregate"],
        state=params["state"],
        wipe_local_storage=params["wipe_local_storage"],
        allow_duplicate_servers=params["allow_duplicate_servers"],
        enable_tls_verification=params["enable_tls_verification"],
        into_aggregate=params["into_aggregate"],
        zone=params["availability_zone"],
        allow_zone_change=params["allow_zone_change"],
        compute_vm=params["compute_vm"],
        max_parallel=params["max_parallel"],
    )
    return task.reconcile(
        lambda fleet: plan_membership(fleet, wanted),
        needs=reading(AGGREGATES, SERVICES, JOURNAL, POOLS),
        result=lambda fleet: _result(fleet, wanted),
        lock=lambda fleet: _lock(fleet, wanted),
    )


def _result(fleet: Fleet, wanted: MembershipWanted) -> dict[str, Any]:
    aggregate = find_aggregate(fleet, wanted.aggregate) if wanted.aggregate else None
    return {
        "pool": pool_view(fleet, find_subject(fleet, wanted)),
        "aggregate": aggregate_view(aggregate),
    }


def _lock(fleet: Fleet, wanted: MembershipWanted) -> str | None:
    pool = find_subject(fleet, wanted)
    return f"pool:{pool.id}" if pool else None


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
