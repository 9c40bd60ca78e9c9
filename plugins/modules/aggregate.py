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
  - Every change is checked before anything is changed. With O(control_plane=xapi) it is then changed
    as one transaction. Nova has none. If it refuses a step because of what others changed meanwhile, the steps before
    it are kept, the error names them, and running again does the rest.
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
      - Name of the aggregate.
    type: str
    required: true
  new_name:
    description:
      - Name to give it. If an aggregate of this name exists and none is called O(name), it has been renamed before.
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
      - It cannot be changed while a member has servers, or is in another zone through another aggregate.
    type: str
  metadata:
    description:
      - Metadata items. Those given are set, those whose value is null are removed, others are left alone.
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
    plan_aggregate,
)

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "name": {"type": "str", "required": True},
            "new_name": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "availability_zone": {"type": "str"},
            "metadata": {"type": "dict"},
            "purge_metadata": {"type": "bool", "default": False},
            "hosts": {"type": "list", "elements": "str"},
            "remove_hosts": {"type": "bool", "default": False},
        }
    ),
)


def run(task: Task) -> dict[str, Any]:
    """Services and servers are only looked at where a rule depends on them."""
    wanted = wanted_from(task.params)
    name = wanted.new_name or wanted.name
    return task.reconcile(
        lambda fleet: plan_aggregate(fleet, wanted),
        first=reading(AGGREGATES),
        needs=lambda fleet: aggregate_needs(fleet, wanted),
        shown=reading(AGGREGATES),
        result=lambda fleet: {
            "aggregate": aggregate_view(fleet.aggregate(name) or fleet.aggregate(wanted.name))
        },
        exclusive=True,
    )


def wanted_from(params: Mapping[str, Any]) -> AggregateWanted:
    return AggregateWanted(
        name=params["name"],
        new_name=params["new_name"],
        zone=params["availability_zone"],
        metadata=text_items(params["metadata"]),
        purge_metadata=params["purge_metadata"],
        hosts=params["hosts"],
        present=params["state"] == "present",
        remove_hosts=params["remove_hosts"],
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
