#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compute_service_info
short_description: Read compute services
version_added: 0.1.0
description:
  - Returns the compute services of the fleet with their status and state.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes.info
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
options:
  host:
    description:
      - Only the service of the host of exactly this name.
    type: str
  binary:
    description:
      - Only services of this binary. All that are returned are V(nova-compute).
    type: str
seealso:
  - module: xenfleet.compute.compute_service
"""

EXAMPLES = r"""
- name: Read all compute services
  xenfleet.compute.compute_service_info:
  register: found

- name: Show which hosts are out of service, and why
  ansible.builtin.debug:
    msg: "{{ found.services | selectattr('status', 'eq', 'disabled') | items2dict('host', 'disabled_reason') }}"
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
services:
  description: The services that match, by host. An empty list if none does.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Uuid of the service in Nova, or of the host in XAPI, since there is one service for each.
      type: str
      sample: 5d5ae2a2-3b5b-4a55-8ad0-5c5b1f3a1c11
    host:
      description: Name of the host.
      type: str
      sample: xen1
    binary:
      description: Always V(nova-compute).
      type: str
      sample: nova-compute
    zone:
      description: Availability zone of the host.
      type: str
      sample: zone-a
    status:
      description: V(enabled) or V(disabled), the operator's switch.
      type: str
      sample: disabled
    state:
      description:
        - V(up) or V(down), the host's sign of life. It is V(down) if the service is forced down. Otherwise it is what
          Nova says, or with O(control_plane=xapi) V(down) if XAPI does not see the host live, or if no coordinator that
          answered knows the host.
      type: str
      sample: up
    disabled_reason:
      description: Why it was disabled, or null.
      type: str
      sample: disk is failing
    forced_down:
      description: Whether it counts as down even if it reports itself up.
      type: bool
      sample: false
    updated_at:
      description:
        - When the record was last changed, in UTC. With O(control_plane=xapi) it is null for a service that has never
          been changed, in Nova it is about the last sign of life.
      type: str
      sample: "2026-11-21T05:06:07Z"
unanswered:
  description:
    - Endpoints of XenAPI that gave no answer, with the reason. Services of their hosts may be missing or shown as down.
  returned: success
  type: dict
  sample: {}
"""

from typing import Any

from ..module_utils._core.reading import SERVICES, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.compute_views import service_view
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.common.selection import filter_services

SPEC = merge(CONNECTION, Spec({"host": {"type": "str"}, "binary": {"type": "str"}}))


def run(task: Task) -> dict[str, Any]:
    fleet = task.read(reading(SERVICES))
    services = filter_services(fleet, task.params["host"], task.params["binary"])
    return {
        "changed": False,
        "services": [service_view(s) for s in services],
        "unanswered": dict(fleet.unreachable),
    }


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
