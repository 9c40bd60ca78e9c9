#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_spread
short_description: Even out memory over the hosts of a group without stopping a server
version_added: 0.1.0
description:
  - Live-migrates servers from full hosts of a group to emptier ones, in as few moves as possible, all of them planned
    before the first one.
  - The load of a host is the memory that is in use, by its hypervisor, too, in percent of all that it has. The
    imbalance of the group is the difference between its fullest and its emptiest host, in percentage points.
  - Servers go from one host to another only if the two differ by more than O(threshold_percent). Each move is the one
    that lowers this difference most, of those from the fullest host from which any does. It leaves both hosts within
    what the two were before, so that the imbalance never rises.
  - When no such move is left, virtual CPUs are evened out in the same way, those of running servers in percent of the
    CPUs of a host, by moves that leave memory no worse. Of moves that are equally good for memory, the one that is
    better for virtual CPUs is taken.
  - Hosts that are out of service, or in maintenance, are left as they are and don't count. Servers that are not ACTIVE,
    are locked or can't be migrated stay where they are.
  - A target always has the memory for a server before its move begins. A move that needs the room which another one
    leaves waits for that.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
  - xenfleet.compute.within
options:
  hosts:
    description:
      - Names of the hosts, each of which gives and takes servers.
    type: list
    elements: str
  aggregate:
    description:
      - Name or id of the aggregate whose hosts are meant, in place of O(hosts).
    type: str
  threshold_percent:
    description:
      - Hosts that differ by no more percentage points than this count as equally full, from 1 to 99. The higher it is,
        the fewer servers are moved.
    type: int
    default: 5
  max_moves:
    description:
      - The most servers to move. The next run goes on. Without it, as many as are needed.
    type: int
  max_parallel:
    description:
      - How many servers migrate at the same time.
    type: int
    default: 3
  network:
    description:
      - Name or UUID of the network to migrate over, as in M(xenfleet.compute.host_maintenance).
    type: str
  anti_affinity:
    description:
      - With V(enforce), servers of one anti-affinity group never meet on a host. With V(relax), they may, with a
        warning for each. Refused with O(control_plane=nova), whose scheduler always follows the policies of server
        groups.
    type: str
    choices: [enforce, relax]
    default: enforce
  wait_timeout:
    description:
      - Seconds to wait for each migration. What has not ended by then is left running and named in the error.
    type: float
    default: 1800.0
notes:
  - With O(control_plane=nova) each migration names its target, which the scheduler checks by its own rules, such as
    server groups and filters; a target that it refuses fails the task. Servers stay in their zone, and go to hosts that
    share most aggregates with theirs, as they do with O(control_plane=xapi).
  - Two servers are never exchanged where neither of the moves helps by itself.
seealso:
  - module: xenfleet.compute.consolidation_info
  - module: xenfleet.compute.hypervisor_info
  - module: xenfleet.compute.server_action
"""

EXAMPLES = r"""
- name: See what would be moved
  xenfleet.compute.host_spread:
    aggregate: production
  check_mode: true
  register: planned

- name: Show it
  ansible.builtin.debug:
    msg: "{{ planned.summary.splitlines() }}"

- name: Ten servers at most, and only between hosts that differ much
  xenfleet.compute.host_spread:
    aggregate: production
    threshold_percent: 20
    max_moves: 10

- name: Use two new hosts
  xenfleet.compute.host_spread:
    hosts: [xen1, xen2, xen3, xen4]
    max_parallel: 4
    network: storage
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
moves:
  description: The servers that were moved, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: Name of the server.
      type: str
      sample: web1
    server_id:
      description: Its UUID.
      type: str
      sample: 0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21
    from:
      description: The host it left.
      type: str
      sample: xen1
    to:
      description: The host it was sent to.
      type: str
      sample: xen3
    memory_mb:
      description: Memory it needs on a host, in MiB.
      type: int
      sample: 8192
    now_on:
      description: The host it is seen on afterwards, or null.
      type: str
      sample: xen3
before:
  description: How full the hosts were.
  returned: success
  type: dict
  contains:
    imbalance_percent:
      description:
        - The difference in memory in use between the fullest and the emptiest host in service, in percentage points.
      type: float
      sample: 62.5
    vcpu_imbalance_percent:
      description: The same of virtual CPUs.
      type: float
      sample: 50.0
    hosts:
      description: The hosts of the group, by name.
      type: list
      elements: dict
      contains:
        host:
          description: Name of the host.
          type: str
          sample: xen1
        memory_percent:
          description: Memory in use, in percent.
          type: float
          sample: 75.0
        memory_mb:
          description: Its memory, in MiB.
          type: int
          sample: 65536
        memory_mb_used:
          description: Memory in use by the hypervisor and all servers, in MiB.
          type: int
          sample: 49152
        vcpus:
          description: Virtual CPUs of the servers running on it.
          type: int
          sample: 16
        vcpus_percent:
          description: The same in percent of its CPUs.
          type: float
          sample: 100.0
        left_out:
          description: Why it neither gave nor took servers, and does not count, or null.
          type: str
          sample: null
after:
  description: How full the hosts are seen to be afterwards, in check mode how full they would be.
  returned: success
  type: dict
  contains:
    imbalance_percent:
      description:
        - The difference in memory in use between the fullest and the emptiest host in service, in percentage points.
      type: float
      sample: 62.5
    vcpu_imbalance_percent:
      description: The same of virtual CPUs.
      type: float
      sample: 50.0
    hosts:
      description: The hosts of the group, by name.
      type: list
      elements: dict
      contains:
        host:
          description: Name of the host.
          type: str
          sample: xen1
        memory_percent:
          description: Memory in use, in percent.
          type: float
          sample: 75.0
        memory_mb:
          description: Its memory, in MiB.
          type: int
          sample: 65536
        memory_mb_used:
          description: Memory in use by the hypervisor and all servers, in MiB.
          type: int
          sample: 49152
        vcpus:
          description: Virtual CPUs of the servers running on it.
          type: int
          sample: 16
        vcpus_percent:
          description: The same in percent of its CPUs.
          type: float
          sample: 100.0
        left_out:
          description: Why it neither gave nor took servers, and does not count, or null.
          type: str
          sample: null
summary:
  description: Tables of the hosts and the moves, for people.
  returned: success
  type: str
  sample: |-
    imbalance 62.5% before, 12.5% after 2 moves (16.0 GiB)
      host  memory before  after  vCPUs before  after
      xen1  75.0%          50.0%  100%          75%
      xen3  12.5%          37.5%  50%           75%
      server  memory   from  to    now on
      web1    8.0 GiB  xen1  xen3  xen3
      web2    8.0 GiB  xen1  xen3  xen3
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: server.live_migrate
      subject: web1
      args: {id: 0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21, source: xen1, target: xen3, memory: 8589934592}
      why: 8.0 GiB; by then xen1 is 75% full, xen3 12%
      text: live-migrate web1 from xen1 to xen3
diff:
  description: The steps as a list, and the hosts before and after.
  returned: in diff mode, if anything changed
  type: list
  elements: dict
error:
  description: What went wrong, in parts.
  returned: failure
  type: dict
  sample:
    code: backend
    status: null
    object: server web1
    cause: its migration failed
    remedy: Run again
    details: {}
"""

from typing import Any

from ..module_utils._core.reading import AGGREGATES, reading
from ..module_utils._glue.argspec import CONNECTION, HOST_GROUP, WITHIN, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.spreading import Spreading
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.maintenance.spread import SpreadWanted, lock_names

SPEC = merge(
    CONNECTION,
    HOST_GROUP,
    WITHIN,
    Spec(
        {
            "threshold_percent": {"type": "int", "default": 5},
            "max_moves": {"type": "int"},
            "max_parallel": {"type": "int", "default": 3},
            "network": {"type": "str"},
            "anti_affinity": {"type": "str", "choices": ["enforce", "relax"], "default": "enforce"},
            "wait_timeout": {"type": "float", "default": 1800.0},
        }
    ),
)


def run(task: Task) -> dict[str, Any]:
    params = task.params
    wanted = SpreadWanted(
        hosts=params["hosts"],
        aggregate=params["aggregate"],
        threshold=params["threshold_percent"],
        most=params["max_moves"],
        max_parallel=params["max_parallel"],
        network=params["network"],
        enforce_groups=params["anti_affinity"] == "enforce",
        within=params["within"],
    )
    spreading = Spreading(wanted, task.reporter)
    result = task.reconcile(
        spreading.plan,
        first=reading(AGGREGATES),
        needs=spreading.needs,
        result=spreading.view,
        lock=lambda fleet: lock_names(fleet, wanted),
        after_failure=spreading.after_failure,
    )
    return spreading.result(result)


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
