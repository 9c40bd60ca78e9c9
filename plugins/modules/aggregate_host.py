#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aggregate_host
short_description: Manage the membership of hosts in an aggregate
version_added: 0.1.0
description:
  - Adds one or many hosts to a host aggregate, or removes them, by the rules of the Compute API.
  - All hosts are checked before anything is changed, and everything that forbids a change is reported at once. With
    O(control_plane=xapi) they are then changed as one transaction. Nova has none. If it refuses a host because of
    what others changed meanwhile, the changes before it are kept, the error names them, and running again does the
    rest.
  - It changes the aggregate only. Xen pools are made of hosts by M(xenfleet.compute.xen_pool_member), which takes hosts
    out of pool and aggregate, too.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
options:
  aggregate:
    description:
      - Name or id of the aggregate, which must exist.
    type: str
    required: true
  hosts:
    description:
      - Names of the hosts, in the same case as XAPI has them in C(name_label), or Nova in the C(host) of their compute
        services.
    type: list
    elements: str
    required: true
    aliases: [host]
  state:
    description:
      - Whether the hosts are members. Other members are left alone.
      - With V(joinable), nothing is ever changed. The task fails, with everything that forbids it, if the hosts could
        not become members. The aggregate need not exist yet.
      - A host that has servers cannot enter or leave an aggregate if that would change its availability zone, unless
        O(allow_zone_change=true).
    type: str
    choices: [present, absent, joinable]
    default: present
  availability_zone:
    description:
      - With O(state=joinable), the availability zone that the aggregate is to have, if it is not the one that it has.
    type: str
  allow_zone_change:
    description:
      - Whether servers may come into another availability zone together with their host. By default a host with
        servers is refused then, as Nova refuses it.
      - With O(control_plane=xapi) servers are not bound to a zone. Those that are stopped or suspended, and can start
        on that host only because of their disks, go along in any case. A warning names the servers whose zone changes.
      - Not with O(control_plane=nova), since Nova itself refuses it.
    type: bool
    default: false
  keep_in_pool:
    description:
      - Whether hosts may leave an aggregate with C(hypervisor_pool=true) in its metadata while they are members of its
        Xen pool. They stay in that pool then, a warning names them, and the metadata loses what it says of them.
      - By default such hosts are refused. M(xenfleet.compute.xen_pool_member) with
        O(xenfleet.compute.xen_pool_member#module:state=absent) ejects them and takes them out of the aggregate.
      - With O(control_plane=nova) it is the aggregate's metadata that tells which hosts are in the pool. Set it if
        Nova's own XenAPI driver ejects the hosts that leave.
    type: bool
    default: false
  must_be_disabled:
    description:
      - Whether hosts may leave only while their compute service is disabled. With one that is enabled the task is
        refused.
    type: bool
    default: false
seealso:
  - module: xenfleet.compute.aggregate
  - module: xenfleet.compute.xen_pool_member
"""

EXAMPLES = r"""
- name: Three hosts are members of production
  xenfleet.compute.aggregate_host:
    aggregate: production
    hosts:
      - xen1
      - xen2
      - xen3

- name: A host that runs servers comes into the aggregate's zone, and they with it
  xenfleet.compute.aggregate_host:
    aggregate: production
    host: xen4
    allow_zone_change: true

- name: Three hosts could come into zone-a, if staging were made there
  xenfleet.compute.aggregate_host:
    aggregate: staging
    availability_zone: zone-a
    hosts:
      - xen5
      - xen6
      - xen7
    state: joinable

- name: One of them is not any more
  xenfleet.compute.aggregate_host:
    aggregate: production
    host: xen3
    state: absent
    must_be_disabled: true
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
aggregate:
  description: The aggregate as it is now, in check mode as it would be. Null if there is none.
  returned: success
  type: dict
  contains:
    id:
      description: Number of the aggregate. Null in check mode if it would be new.
      type: int
      sample: 1
    uuid:
      description: Its unique identifier. Null in check mode if it would be new.
      type: str
      sample: 7f3b5f4e-0d2c-4f0e-9b51-8e1f0a3c2d11
    name:
      description: Its name.
      type: str
      sample: production
    availability_zone:
      description: Availability zone of its hosts, or null.
      type: str
      sample: zone-a
    hosts:
      description: Names of its hosts.
      type: list
      elements: str
      sample: [xen1, xen2]
    metadata:
      description: Its metadata, the zone's item included.
      type: dict
      sample: {availability_zone: zone-a, ssd: "true"}
    created_at:
      description: When it was created, in UTC.
      type: str
      sample: "2026-11-21T04:05:06Z"
    updated_at:
      description: When it was last changed, in UTC, or null.
      type: str
      sample: "2026-11-21T05:06:07Z"
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: aggregate.add_host
      subject: production
      args: {host: xen2, host_id: 5d5ae2a2-3b5b-4a55-8ad0-5c5b1f3a1c11}
      why: ""
      text: add host xen2 to aggregate production
"""

from typing import Any

from ..module_utils._core.errors import InvalidError
from ..module_utils._core.reading import AGGREGATES, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._glue.views import aggregate_view
from ..module_utils._reconcile.aggregates.changes import MembersWanted
from ..module_utils._reconcile.aggregates.joinable import (
    JoinableWanted,
    joinable_needs,
    plan_joinable,
)
from ..module_utils._reconcile.aggregates.plan import members_needs, plan_members
from ..module_utils._reconcile.common.aggregates import find_aggregate

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "aggregate": {"type": "str", "required": True},
            "hosts": {"type": "list", "elements": "str", "required": True, "aliases": ["host"]},
            "state": {
                "type": "str",
                "choices": ["present", "absent", "joinable"],
                "default": "present",
            },
            "availability_zone": {"type": "str"},
            "allow_zone_change": {"type": "bool", "default": False},
            "keep_in_pool": {"type": "bool", "default": False},
            "must_be_disabled": {"type": "bool", "default": False},
        }
    ),
)


def run(task: Task) -> dict[str, Any]:
    params = task.params
    if params["state"] == "joinable":
        return _joinable(task)
    if params["availability_zone"] is not None:
        raise InvalidError(
            "availability_zone",
            f"it is for state joinable, and state is {params['state']}",
            "Leave it out; aggregate sets an aggregate's zone",
        )
    wanted = MembersWanted(
        params["aggregate"],
        params["hosts"],
        present=params["state"] == "present",
        allow_zone_change=params["allow_zone_change"],
        keep_in_pool=params["keep_in_pool"],
        must_be_disabled=params["must_be_disabled"],
    )
    return task.reconcile(
        lambda fleet: plan_members(fleet, wanted),
        first=reading(AGGREGATES),
        needs=lambda fleet: members_needs(fleet, wanted),
        shown=reading(AGGREGATES),
        result=lambda fleet: {"aggregate": aggregate_view(find_aggregate(fleet, wanted.aggregate))},
        exclusive=True,
    )


def _joinable(task: Task) -> dict[str, Any]:
    params = task.params
    wanted = JoinableWanted(
        params["aggregate"],
        params["hosts"],
        zone=params["availability_zone"],
        allow_zone_change=params["allow_zone_change"],
    )
    return task.reconcile(
        lambda fleet: plan_joinable(fleet, wanted),
        first=reading(AGGREGATES),
        needs=lambda fleet: joinable_needs(fleet, wanted),
        result=lambda fleet: {"aggregate": aggregate_view(find_aggregate(fleet, wanted.aggregate))},
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
