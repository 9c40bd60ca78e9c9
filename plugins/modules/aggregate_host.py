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
  - All hosts are checked before anything is changed. With O(control_plane=xapi) they are then changed as one
    transaction. Nova has none. If it refuses a host because of what others changed meanwhile, the changes before it are
    kept, the error names them, and running again does the rest.
  - It changes the aggregate only. Xen pools are made of hosts by M(xenfleet.compute.xen_pool_member).
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
      - A host that has servers cannot enter or leave an aggregate if that would change its availability zone.
    type: str
    choices: [present, absent]
    default: present
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

from ..module_utils._core.reading import AGGREGATES, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._glue.views import aggregate_view
from ..module_utils._reconcile.aggregates.plan import MembersWanted, members_needs, plan_members
from ..module_utils._reconcile.common.aggregates import find_aggregate

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "aggregate": {"type": "str", "required": True},
            "hosts": {"type": "list", "elements": "str", "required": True, "aliases": ["host"]},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "must_be_disabled": {"type": "bool", "default": False},
        }
    ),
)


def run(task: Task) -> dict[str, Any]:
    params = task.params
    wanted = MembersWanted(
        params["aggregate"],
        params["hosts"],
        params["state"] == "present",
        params["must_be_disabled"],
    )
    return task.reconcile(
        lambda fleet: plan_members(fleet, wanted),
        first=reading(AGGREGATES),
        needs=lambda fleet: members_needs(fleet, wanted),
        shown=reading(AGGREGATES),
        result=lambda fleet: {"aggregate": aggregate_view(find_aggregate(fleet, wanted.aggregate))},
        exclusive=True,
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
