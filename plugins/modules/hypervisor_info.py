#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hypervisor_info
short_description: Read hypervisor hosts, their capacity and load
version_added: 0.1.0
description:
  - Returns the hypervisor hosts of the fleet with their memory, processors and number of running servers.
  - With O(limit) or O(marker) they are sorted by id with O(control_plane=xapi), and with O(control_plane=nova) in the
    order in which Nova came to know them, as in its own list, which can't be sorted otherwise.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes.info
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
  - xenfleet.compute.paging
options:
  host:
    description:
      - Only the host of exactly this name.
    type: str
  hypervisor_hostname_pattern:
    description:
      - Only hosts with this text anywhere in their name, in capital or small letters. It is not a regular expression.
    type: str
  with_servers:
    description:
      - Whether to list the servers of each host.
    type: bool
    default: false
seealso:
  - module: xenfleet.compute.compute_service_info
  - module: xenfleet.compute.server_info
"""

EXAMPLES = r"""
- name: Read all hosts
  xenfleet.compute.hypervisor_info:
  register: found

- name: Show the free memory of each host
  ansible.builtin.debug:
    msg: "{{ found.hypervisors | items2dict('hypervisor_hostname', 'free_ram_mb') }}"

- name: Read the first hundred hosts
  xenfleet.compute.hypervisor_info:
    limit: 100
  register: first

- name: Read the next hundred
  xenfleet.compute.hypervisor_info:
    limit: 100
    marker: "{{ first.hypervisors[-1].id }}"

- name: List the servers of the hosts in rack 2
  xenfleet.compute.hypervisor_info:
    hypervisor_hostname_pattern: -r2-
    with_servers: true
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
hypervisors:
  description: The hosts that match, by name, or by id with O(limit) or O(marker). An empty list if none does.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Uuid of the host in XAPI, or of the hypervisor in Nova.
      type: str
      sample: 5d5ae2a2-3b5b-4a55-8ad0-5c5b1f3a1c11
    hypervisor_hostname:
      description: Name that the hypervisor gives itself. In XAPI it is the host's name.
      type: str
      sample: xen1
    host:
      description: Name of its compute service's host, by which modules and aggregates call it.
      type: str
      sample: xen1
    host_ip:
      description: Its management address.
      type: str
      sample: 192.0.2.11
    hypervisor_type:
      description: Type of the hypervisor, V(XenServer) with O(control_plane=xapi).
      type: str
      sample: XenServer
    version:
      description: Version of its XCP-ng or XenServer, or the number that Nova has for its hypervisor.
      type: str
      sample: 8.3.0
    state:
      description: V(up) or V(down), as its compute service.
      type: str
      sample: up
    status:
      description: V(enabled) or V(disabled), as its compute service.
      type: str
      sample: enabled
    enabled:
      description: Whether XAPI lets servers start on it. In Nova it is as RV(hypervisors[].status) says.
      type: bool
      sample: true
    live:
      description: Whether its coordinator sees it alive. In Nova it is as RV(hypervisors[].state) says.
      type: bool
      sample: true
    availability_zone:
      description: Its availability zone.
      type: str
      sample: zone-a
    pool:
      description: Name of its Xen pool, or null for a pool without a name and with O(control_plane=nova).
      type: str
      sample: production
    pool_id:
      description: Uuid of its Xen pool, null with O(control_plane=nova).
      type: str
      sample: 9a1b6a3e-25b1-4b64-9b6c-6f6c3b1f2e77
    coordinator:
      description: Whether it coordinates its Xen pool.
      type: bool
      sample: false
    memory_mb:
      description: Its memory in MiB.
      type: int
      sample: 65536
    memory_mb_used:
      description: Memory used by the hypervisor and all servers on it, in MiB.
      type: int
      sample: 12288
    free_ram_mb:
      description: Memory that servers may still take, in MiB.
      type: int
      sample: 53248
    vcpus:
      description: Number of its processors.
      type: int
      sample: 16
    vcpus_used:
      description: Number of virtual CPUs of the servers running on it.
      type: int
      sample: 6
    running_vms:
      description: Number of servers running on it, paused ones included.
      type: int
      sample: 3
    current_workload:
      description: Number of its servers with which something is being done.
      type: int
      sample: 0
    servers:
      description: Uuid and name of each server on it, those included that do not run but can start nowhere else.
      returned: with O(with_servers=true)
      type: list
      elements: dict
      sample:
        - uuid: 0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21
          name: web1
unanswered:
  description: Endpoints of XenAPI that gave no answer, with the reason. Their hosts may be missing.
  returned: success
  type: dict
  sample: {}
"""

from dataclasses import replace
from typing import Any

from ..module_utils._core.model import Fleet
from ..module_utils._core.reading import HOSTS, SERVERS, SERVICES, Reading, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.compute_views import hypervisor_view
from ..module_utils._glue.paging import PAGING, page_from
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.common.selection import listed_hosts, page_to_read

SPEC = merge(
    CONNECTION,
    PAGING,
    Spec(
        {
            "host": {"type": "str"},
            "hypervisor_hostname_pattern": {"type": "str"},
            "with_servers": {"type": "bool", "default": False},
        }
    ),
)


FEW = 10
"""Servers of so many hosts are read host by host."""


def run(task: Task) -> dict[str, Any]:
    params = task.params
    page, with_servers = page_from(params), params["with_servers"]
    named = (params["host"], params["hypervisor_hostname_pattern"])

    def servers_too(fleet: Fleet) -> Reading:
        names = [h.name for h in listed_hosts(fleet, page, *named)]
        few = tuple(names) if len(names) <= FEW else None
        return replace(asked, sections=asked.sections | {SERVERS}, hosts=few)

    hosts = [params["host"]] if params["host"] else None
    asked = reading(HOSTS, SERVICES, hosts=hosts).with_page(HOSTS, page_to_read(page, *named))
    if with_servers and page is not None:
        fleet = task.read_further(asked, servers_too)
    else:
        sections = asked.sections | ({SERVERS} if with_servers else set())
        fleet = task.read(replace(asked, sections=sections))
    views = [hypervisor_view(fleet, h, with_servers) for h in listed_hosts(fleet, page, *named)]
    return {"changed": False, "hypervisors": views, "unanswered": dict(fleet.unreachable)}


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
