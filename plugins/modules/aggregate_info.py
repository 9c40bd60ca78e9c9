#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aggregate_info
short_description: Read host aggregates
version_added: 0.1.0
description:
  - Returns host aggregates with their zone, metadata and hosts.
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
      - Only the aggregate of this name, or with this id if none has that name.
    type: str
  availability_zone:
    description:
      - Only aggregates of this zone.
    type: str
  host:
    description:
      - Only aggregates of which this host is a member.
    type: str
  flavors:
    description:
      - Also which flavors are meant for each aggregate, public and private ones. It costs one request, or one for each
        thousand flavors.
      - These are the flavors with extra specs that Nova's AggregateInstanceExtraSpecsFilter looks at (in the scope
        C(aggregate_instance_extra_specs), or without any scope) all of which the metadata of this aggregate fulfils,
        with the filter's operators. A host that is in other aggregates, too, may have what still other flavors want.
      - It needs Nova's microversion 2.61. With O(control_plane=xapi) it is refused, since XenAPI has no flavors.
    type: bool
    default: false
seealso:
  - module: xenfleet.compute.aggregate
  - name: AggregateInstanceExtraSpecsFilter
    description: How Nova's scheduler matches flavors with aggregates.
    link: https://docs.openstack.org/nova/latest/admin/scheduling.html#aggregateinstanceextraspecsfilter
"""

EXAMPLES = r"""
- name: Read all aggregates
  xenfleet.compute.aggregate_info:
  register: found

- name: Show the hosts of zone-a
  xenfleet.compute.aggregate_info:
    availability_zone: zone-a

- name: Show which flavors bring servers to the hosts of an aggregate
  xenfleet.compute.aggregate_info:
    control_plane: nova
    name: fast
    flavors: true
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
aggregates:
  description: The aggregates that match, by name. An empty list if none does.
  returned: success
  type: list
  elements: dict
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
    flavors:
      description: The flavors that are meant for it, by name.
      returned: with O(flavors=true)
      type: list
      elements: dict
      contains:
        id:
          description: Its id.
          type: str
          sample: 5b1e7a52-6c0f-4f5d-9a39-1d2f3c4b5a69
        name:
          description: Its name.
          type: str
          sample: fast.small
        extra_specs:
          description: All of its extra specs.
          type: dict
          sample: {"aggregate_instance_extra_specs:ssd": "true"}
"""

from typing import Any

from ..module_utils._core.model import Aggregate, Fleet, to_dict
from ..module_utils._core.reading import AGGREGATES, FLAVORS, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._glue.views import aggregate_view
from ..module_utils._reconcile.aggregates.flavors import flavors_of
from ..module_utils._reconcile.common.aggregates import find_aggregate
from ..module_utils._reconcile.common.refusals import check_given

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "name": {"type": "str"},
            "availability_zone": {"type": "str"},
            "host": {"type": "str"},
            "flavors": {"type": "bool", "default": False},
        }
    ),
)


def run(task: Task) -> dict[str, Any]:
    name, zone, host = (task.params[k] for k in ("name", "availability_zone", "host"))
    with_flavors: bool = task.params["flavors"]
    check_given(task.traits, {"flavors": with_flavors})
    fleet = task.read(reading(AGGREGATES, *([FLAVORS] if with_flavors else ())))
    only = None if name is None else find_aggregate(fleet, name)
    aggregates = [
        aggregate
        for aggregate in sorted(fleet.aggregates, key=lambda a: a.name)
        if (name is None or aggregate is only)
        and zone in (None, aggregate.availability_zone)
        and (host is None or host in aggregate.hosts)
    ]
    return {
        "changed": False,
        "aggregates": [
            {**(aggregate_view(a) or {}), **(_flavors(fleet, a) if with_flavors else {})}
            for a in aggregates
        ],
    }


def _flavors(fleet: Fleet, aggregate: Aggregate) -> dict[str, Any]:
    return {"flavors": [to_dict(flavor) for flavor in flavors_of(fleet, aggregate)]}


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
