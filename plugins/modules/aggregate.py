#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aggregate
short_description: Manage a host aggregate
version_added: 0.1.0
description:
  - Creates, changes and deletes a host aggregate, by the rules of the Compute API.
  - Every change is checked before anything is changed, and everything that forbids one is reported at once. With
    O(control_plane=xapi) it is then changed as one transaction. Nova has none. If it refuses a step because of what
    others changed meanwhile, the steps before it are kept, the error names them, and running again does the rest.
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
      - Name of the aggregate. Either this or O(id) is needed.
      - A number is a name here, too. If it is the id of another aggregate, there is a warning.
    type: str
  id:
    description:
      - Id of an aggregate that exists, in place of its name.
    type: int
  new_name:
    description:
      - Name to give it. If an aggregate of this name exists and none is called O(name), it has been renamed before.
      - A number that is the id of another aggregate is accepted with a warning.
    type: str
  state:
    description:
      - Whether the aggregate exists. One that has hosts is only deleted with O(remove_hosts=true).
    type: str
    choices: [present, absent]
    default: present
  availability_zone:
    description:
      - Availability zone of its hosts.
      - It can be set and changed but never removed. To remove it, delete the aggregate and create it again.
      - It cannot be changed while a member has servers, unless O(allow_zone_change=true), or is in another zone through
        another aggregate.
      - One that is named like the default zone is accepted with a warning.
    type: str
  metadata:
    description:
      - Metadata items. Those given are set, those whose value is null are removed, others are left alone.
      - Values are strings. Numbers are written as they are, booleans as V(true) and V(false); a list or dictionary is
        refused.
      - With C(migration_group) set to V(true) and O(control_plane=xapi), servers are moved neither out of the aggregate
        nor into it.
    type: dict
  purge_metadata:
    description:
      - Whether to remove items that O(metadata) does not name. The availability zone stays in any case.
    type: bool
    default: false
  hosts:
    description:
      - Names of exactly the hosts that are to be members. Leave it out to manage members with
        M(xenfleet.compute.aggregate_host), give an empty list to remove them all.
    type: list
    elements: str
  remove_hosts:
    description:
      - With O(state=absent), take the members out first instead of refusing.
    type: bool
    default: false
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
      - Whether hosts may leave only while their compute service is disabled, be it because of O(hosts) or of
        O(remove_hosts). With one that is enabled the task is refused.
    type: bool
    default: false
seealso:
  - module: xenfleet.compute.aggregate_host
  - module: xenfleet.compute.aggregate_info
"""

EXAMPLES = r"""
- name: Aggregate production exists in zone-a
  xenfleet.compute.aggregate:
    name: production
    availability_zone: zone-a
    metadata:
      ssd: "true"

- name: Remove one item of its metadata
  xenfleet.compute.aggregate:
    name: production
    metadata:
      ssd:

- name: It has exactly these hosts
  xenfleet.compute.aggregate:
    name: production
    hosts:
      - xen1
      - xen2

- name: The aggregate with id 3 is named staging
  xenfleet.compute.aggregate:
    id: 3
    new_name: staging

- name: No aggregate of that name
  xenfleet.compute.aggregate:
    name: staging
    state: absent
    remove_hosts: true
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
    - verb: aggregate.create
      subject: production
      args: {zone: zone-a}
      why: ""
      text: create aggregate production
"""

from collections.abc import Mapping
from typing import Any

from ..module_utils._core.reading import AGGREGATES, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._glue.views import aggregate_view, text_items
from ..module_utils._reconcile.aggregates.plan import (
    AggregateWanted,
    aggregate_needs,
    managed,
    plan_aggregate,
)

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "name": {"type": "str"},
            "id": {"type": "int"},
            "new_name": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "availability_zone": {"type": "str"},
            "metadata": {"type": "dict"},
            "purge_metadata": {"type": "bool", "default": False},
            "hosts": {"type": "list", "elements": "str"},
            "remove_hosts": {"type": "bool", "default": False},
            "allow_zone_change": {"type": "bool", "default": False},
            "keep_in_pool": {"type": "bool", "default": False},
            "must_be_disabled": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("name", "id")],
        required_one_of=[("name", "id")],
    ),
)


def run(task: Task) -> dict[str, Any]:
    """Services and servers are only looked at where a rule depends on them."""
    wanted = wanted_from(task.params)
    return task.reconcile(
        lambda fleet: plan_aggregate(fleet, wanted),
        first=reading(AGGREGATES),
        needs=lambda fleet: aggregate_needs(fleet, wanted),
        shown=reading(AGGREGATES),
        result=lambda fleet: {"aggregate": aggregate_view(managed(fleet, wanted))},
        exclusive=True,
    )


def wanted_from(params: Mapping[str, Any]) -> AggregateWanted:
    return AggregateWanted(
        name=params["name"] or "",
        id=params["id"],
        new_name=params["new_name"],
        zone=params["availability_zone"],
        metadata=text_items(params["metadata"]),
        purge_metadata=params["purge_metadata"],
        hosts=params["hosts"],
        present=params["state"] == "present",
        remove_hosts=params["remove_hosts"],
        allow_zone_change=params["allow_zone_change"],
        keep_in_pool=params["keep_in_pool"],
        must_be_disabled=params["must_be_disabled"],
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
