#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_maintenance
short_description: Take a host out of service, and back into it, without stopping a server
version_added: 0.1.0
description:
  - With O(state=in_maintenance) the host's compute service is disabled, and every running server is live-migrated to
    another host. With O(control_plane=xapi) that is another host of the pool, as near as O(within) says, the host
    itself is disabled, too, and marked as XenCenter marks it. With O(control_plane=nova) it is a host of the
    scheduler's choice.
  - With O(state=in_service) the host and its service are enabled again, if the maintenance had disabled them, and the
    servers that it moved away come back. A host that is still restarting is waited for, and with O(wait_for_reboot) one
    that is yet to restart.
  - All of it is planned before anything is changed. If a server can't be moved, nothing is changed and the error lists
    every blocker with its remedy.
  - A maintenance is known by O(host) and O(name), and keeps a journal. Running an interrupted one again continues
    where it stopped; running a completed one again changes nothing.
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
  host:
    description:
      - Name of the host.
    type: str
    required: true
  name:
    description:
      - Name of the maintenance, for example a change's number or the month of the updates. At most 200 characters.
      - A name that was completed for this host can't be used for it again. Give the next maintenance another name.
    type: str
    default: maintenance
  state:
    description:
      - V(in_maintenance) empties the host and takes it out of service, V(in_service) ends the maintenance.
      - V(in_service) also cancels a maintenance whose drain was interrupted or has failed.
    type: str
    choices: [in_maintenance, in_service]
    default: in_maintenance
  max_parallel:
    description:
      - How many servers migrate at the same time. A new migration starts as soon as one has ended.
    type: int
    default: 3
  network:
    description:
      - Name or UUID of the network to migrate over. Every host involved needs an interface on it.
      - Without it XAPI uses the management network.
      - Refused with O(control_plane=nova), where the configuration of each host decides the network.
    type: str
  anti_affinity:
    description:
      - With V(enforce), servers of one anti-affinity group never meet on a host, and the maintenance is refused if
        that can't be avoided.
      - With V(relax), they may share a host until they return, with a warning for each. Refused with
        O(control_plane=nova), whose scheduler always follows the policies of server groups.
    type: str
    choices: [enforce, relax]
    default: enforce
  cold_migrate:
    description:
      - With O(control_plane=nova), whether servers that are SHUTOFF leave the host, too, by cold migrations that are
        confirmed at once. They come back in the same way.
      - Needed if the host leaves for good, or if its disks are touched. Nova can't move servers that are SUSPENDED or
        SHELVED; they stay, with a warning.
      - Refused with O(control_plane=xapi), where a server that is off is on no host.
    type: bool
    default: false
  return_servers:
    description:
      - With O(state=in_service), whether the servers that were moved away come back, the last to leave first.
      - A server that was stopped, deleted or moved by somebody else meanwhile, or no longer fits, stays where it is,
        with a warning.
      - With O(control_plane=nova) the scheduler may refuse a server that the host has no room for any more. That fails
        the task; make room and run it again, or run it with this option off.
    type: bool
    default: true
  wait_for_reboot:
    description:
      - With O(state=in_service), whether the servers come back only once the host has been started anew since the
        maintenance began. XAPI tells when a host was started, and the journal keeps what it told at the beginning.
      - With V(true) that is waited for, however late the restart begins, and the task fails if it has not happened
        within O(wait_timeout). Running the task again goes on waiting.
      - With V(auto) a restart is waited for if XAPI knows of it. That is if it was asked for through XAPI, if the host
        does not answer, or if C(reboot_host) is among its C(pending_guidances). A restart that was asked for in
        another way and has not begun, such as C(shutdown -r +1), shows in nothing, and is not waited for.
      - With V(false) no restart is waited for, except that a host which is down or still starting is waited for in
        any case.
      - V(true) is refused with O(control_plane=nova), which does not tell when a host was started. It is refused
        with O(state=in_maintenance), too, before anything is changed.
    type: str
    choices: [auto, 'true', 'false']
    default: auto
  wait_timeout:
    description:
      - Seconds to wait for each migration, for a restart of the host, and for the host to be ready. What has not ended
        by then is left running and named in the error; running again waits for it.
    type: float
    default: 1800.0
notes:
  - Suspended and stopped servers stay as they are, except that O(cold_migrate) moves stopped ones.
  - A compute service or host that was disabled before the maintenance stays disabled after it.
seealso:
  - module: xenfleet.compute.compute_service
  - module: xenfleet.compute.server_action
"""

EXAMPLES = r"""
- name: Empty xen1 and take it out of service
  xenfleet.compute.host_maintenance:
    host: xen1
    name: 2026-11 security updates

- name: Bring it back, and its servers
  xenfleet.compute.host_maintenance:
    host: xen1
    name: 2026-11 security updates
    state: in_service

- name: Bring it back after a restart that begins in a minute
  xenfleet.compute.host_maintenance:
    host: xen1
    name: 2026-11 security updates
    state: in_service
    wait_for_reboot: true

- name: See what would be moved where
  xenfleet.compute.host_maintenance:
    host: xen1
  check_mode: true
  register: planned

- name: Show it
  ansible.builtin.debug:
    msg: "{{ planned.summary.splitlines() }}"

- name: Five at a time over the storage network, and leave the servers where they are afterwards
  xenfleet.compute.host_maintenance:
    host: xen1
    name: memory upgrade
    state: "{{ item }}"
    max_parallel: 5
    network: storage
    return_servers: false
  loop: [in_maintenance, in_service]

- name: Empty a compute host of an OpenStack cloud for good, stopped servers included
  xenfleet.compute.host_maintenance:
    control_plane: nova
    cloud: production
    host: compute7
    name: retirement
    cold_migrate: true
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
host:
  description: Name of the host.
  returned: success
  type: str
  sample: xen1
maintenance:
  description: The maintenance as it is now, in check mode as it would be. Null if the host never had one of that name.
  returned: success
  type: dict
  contains:
    id:
      description: Its number in the journal. Null in check mode if it would be new.
      type: int
      sample: 1
    host:
      description: Name of the host.
      type: str
      sample: xen1
    name:
      description: Name of the maintenance.
      type: str
      sample: 2026-11 security updates
    phase:
      description: V(draining), V(in_maintenance), V(returning) or V(done).
      type: str
      sample: in_maintenance
    service_disabled:
      description: Whether the maintenance disabled the compute service.
      type: bool
      sample: true
    host_disabled:
      description: Whether the maintenance disabled the host. Never with O(control_plane=nova).
      type: bool
      sample: true
    started_at:
      description: When it began, in UTC. Null in check mode if it would be new.
      type: str
      sample: "2026-11-21T04:05:06Z"
    updated_at:
      description: When its phase last changed, in UTC.
      type: str
      sample: "2026-11-21T04:06:07Z"
    finished_at:
      description: When it was done, in UTC, or null.
      type: str
      sample: null
    moves:
      description: The servers moved away, in order of departure.
      type: list
      elements: dict
      contains:
        server:
          description: Name of the server.
          type: str
          sample: db1
        server_id:
          description: Its UUID.
          type: str
          sample: 9be1f1c8-3a0b-4d52-b6a7-0c4c2a0f7d11
        from:
          description: The host it left.
          type: str
          sample: xen1
        to:
          description: The host it went to. Null while the scheduler has yet to choose it, and in check mode.
          type: str
          sample: xen2
        status:
          description: V(running), V(completed), V(failed) or V(cancelled).
          type: str
          sample: completed
        memory:
          description: Memory it needs on a host, in bytes.
          type: int
          sample: 4294967296
        now_on:
          description: The host it is on now, or null, also in check mode where the scheduler would choose it.
          type: str
          sample: xen2
summary:
  description: A table of the moves and of the memory left on the hosts of the pool or those involved, for people.
  returned: success
  type: str
  sample: |-
    host xen1, maintenance 2026-11 security updates: in_maintenance
      server  memory   from  to    status     now on
      db1     4.0 GiB  xen1  xen2  completed  xen2
    memory left for servers: xen1 62.0 GiB, xen2 51.2 GiB, xen3 48.0 GiB
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: host.disable
      subject: xen1
      args: {}
      why: so that no server starts here meanwhile
      text: disable host xen1
diff:
  description: The steps as a list, and the maintenance before and after.
  returned: in diff mode, if anything changed
  type: list
  elements: dict
error:
  description: What went wrong, in parts. For a refused plan its details list every blocker.
  returned: failure
  type: dict
  sample:
    code: plan_refused
    status: 409
    object: host xen1
    cause: "it can't be emptied: web1: is paused, and only a running server can be moved (Unpause it, or stop it)"
    remedy: Nothing was changed; remove the blocker and run again
    details:
      verdicts:
        - subject: web1
          decision: block
          reason: is paused, and only a running server can be moved
          remedy: Unpause it, or stop it
"""

from ..module_utils._core.model import Fleet
from ..module_utils._core.plan import Plan
from ..module_utils._core.reading import HOSTS, JOURNAL, reading
from ..module_utils._core.wait import SystemClock
from ..module_utils._glue.argspec import CONNECTION, DRAIN, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.maintenance.await_pool import await_pool
from ..module_utils._reconcile.maintenance.enter import plan_in_maintenance
from ..module_utils._reconcile.maintenance.leave import plan_in_service
from ..module_utils._reconcile.maintenance.report import plan_lines, result
from ..module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
    lock_name,
    maintenance_needs,
)

SPEC = merge(
    CONNECTION,
    DRAIN,
    Spec(
        {
            "host": {"type": "str", "required": True},
            "name": {"type": "str", "default": "maintenance"},
            "state": {
                "type": "str",
                "choices": ["in_maintenance", "in_service"],
                "default": "in_maintenance",
            },
            "max_parallel": {"type": "int", "default": 3},
            "network": {"type": "str"},
            "return_servers": {"type": "bool", "default": True},
            "wait_for_reboot": {
                "type": "str",
                "choices": ["auto", "true", "false"],
                "default": "auto",
            },
            "wait_timeout": {"type": "float", "default": 1800.0},
        }
    ),
)

PLANNERS = {"in_maintenance": plan_in_maintenance, "in_service": plan_in_service}

ROUNDS = 3
"""A drain reads and plans again after its moves: a server may have started or arrived meanwhile, a
restarted toolstack may have enabled the host.
"""


def run(task: Task) -> dict[str, object]:
    params = task.params
    wanted = MaintenanceWanted(
        host=params["host"],
        name=params["name"],
        max_parallel=params["max_parallel"],
        network=params["network"],
        enforce_groups=params["anti_affinity"] == "enforce",
        within=params["within"],
        return_servers=params["return_servers"],
        cold_migrate=params["cold_migrate"],
        wait_for_reboot=params["wait_for_reboot"],
    )
    planner = PLANNERS[params["state"]]
    restarts = task.traits.endpoints_are_hosts
    if params["state"] == "in_service" and restarts and not task.check_mode:
        await_pool(
            task.read,
            wanted.host,
            clock=SystemClock(),
            timeout=params["wait_timeout"],
            reporter=task.reporter,
        )
    shown: list[list[str]] = []

    def plan(fleet: Fleet) -> Plan:
        current = planner(fleet, wanted)
        lines = plan_lines(current)
        if lines and lines not in shown:
            shown.append(lines)
            for line in lines:
                task.reporter.line(line)
        return current

    return task.reconcile(
        plan,
        # A cloud's journal is known by its hosts.
        first=reading(JOURNAL, HOSTS),
        needs=lambda fleet: maintenance_needs(fleet, wanted),
        result=lambda fleet: result(fleet, wanted),
        lock=lambda fleet: lock_name(fleet, wanted),
        rounds=ROUNDS,
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
