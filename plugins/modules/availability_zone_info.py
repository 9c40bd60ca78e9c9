#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: availability_zone_info
short_description: Read availability zones
version_added: 0.1.0
description:
  - Returns the availability zones of the fleet as users see them, or, with O(detail=true), as administrators do.
  - A zone exists while a host is in it, and is available while the compute service of one is enabled, whether up or
    down.
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
      - Only the zone of exactly this name.
    type: str
  detail:
    description:
      - Whether to show the hosts in each zone with their services, and, with O(control_plane=nova), the zone of Nova's
        own services, V(internal). Nova shows this to administrators only, and the list without it to every account.
    type: bool
    default: false
notes:
  - Disabled services are left out, as Nova does; M(xenfleet.compute.compute_service_info) shows them with their zone.
  - With O(control_plane=nova) zones are as Nova reports them, also in a play under C(--check) whose earlier tasks would
    change them.
seealso:
  - module: xenfleet.compute.aggregate
  - module: xenfleet.compute.compute_service_info
"""

EXAMPLES = r"""
- name: Read all zones
  xenfleet.compute.availability_zone_info:
  register: found

- name: Show those that take servers
  ansible.builtin.debug:
    msg: "{{ found.availability_zones | selectattr('available') | map(attribute='name') }}"

- name: Read the hosts of zone-a
  xenfleet.compute.availability_zone_info:
    name: zone-a
    detail: true
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
availability_zones:
  description: The zones that match, by name. An empty list if none does.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: zone-a
    available:
      description: Whether the compute service of one of its hosts is enabled.
      type: bool
      sample: true
    default:
      description:
        - Whether it is the zone of hosts that no aggregate puts into one. With O(control_plane=nova) that is the one
          named by O(default_availability_zone), unless O(detail=true) finds a host that none of the cloud's aggregates
          has put into another.
      type: bool
      sample: false
    hosts:
      description: Its hosts that have an enabled service, by name.
      returned: with O(detail=true)
      type: list
      elements: dict
      contains:
        host:
          description: Name of the host.
          type: str
          sample: xen1
        services:
          description: Its enabled services, by binary.
          type: list
          elements: dict
          contains:
            binary:
              description: V(nova-compute), in the zone of Nova's own services others.
              type: str
              sample: nova-compute
            status:
              description: Always V(enabled).
              type: str
              sample: enabled
            state:
              description: V(up) or V(down), as M(xenfleet.compute.compute_service_info) shows it.
              type: str
              sample: up
            updated_at:
              description:
                - When the record was last changed, in UTC. With O(control_plane=xapi) it is null for a service that has
                  never been changed, in Nova it is about the last sign of life.
              type: str
              sample: "2026-11-21T05:06:07Z"
unanswered:
  description:
    - Endpoints of XenAPI that gave no answer, with the reason. Zones of their hosts may be missing or shown as not
      available.
  returned: success
  type: dict
  sample: {}
"""

from typing import Any

from ..module_utils._core.model import ComputeService, Fleet, Zone
from ..module_utils._core.reading import AGGREGATES, ZONE_SERVICES, ZONES, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.services.zones import zones

SPEC = merge(
    CONNECTION, Spec({"name": {"type": "str"}, "detail": {"type": "bool", "default": False}})
)


def run(task: Task) -> dict[str, Any]:
    name, detail = (task.params[k] for k in ("name", "detail"))
    # Aggregates show which zone is Nova's default one; users may not read them.
    fleet = task.read(reading(ZONE_SERVICES, AGGREGATES) if detail else reading(ZONES))
    return {
        "changed": False,
        "availability_zones": views(fleet, name, detail=detail),
        "unanswered": dict(fleet.unreachable),
    }


def views(fleet: Fleet, name: str | None, *, detail: bool) -> list[dict[str, Any]]:
    """Those that match, by name."""
    return [
        {
            "name": zone.name,
            "available": zone.available,
            "default": zone.name == fleet.default_zone,
            **({"hosts": _hosts(zone)} if detail else {}),
        }
        for zone in zones(fleet)
        if name in (None, zone.name)
    ]


def _hosts(zone: Zone) -> list[dict[str, Any]]:
    by_host: dict[str, list[dict[str, Any]]] = {}
    for service in sorted(zone.services, key=lambda s: (s.host, s.binary)):
        by_host.setdefault(service.host, []).append(_service(service))
    return [{"host": host, "services": services} for host, services in by_host.items()]


def _service(service: ComputeService) -> dict[str, Any]:
    return {
        "binary": service.binary,
        "status": service.status,
        "state": service.state,
        "updated_at": service.updated_at,
    }


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
