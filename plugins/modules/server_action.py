#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_action
short_description: Start, stop, reboot, pause, suspend or move servers
version_added: 0.1.0
description:
  - Brings one or many servers into the state that an action of the Compute API ends in, by that API's rules on the
    states from which each action may start.
  - A server that is in that state already is left alone. The rules are checked for all servers before the first of
    them is touched, and everything that is in the way is told at once.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
  - xenfleet.compute.wait
attributes:
  idempotent:
    support: partial
    details:
      - Reboots are done each time, since the state after a reboot is the state before it.
      - A live migration without O(host) moves the server each time. With O(host) a server that is there stays there.
options:
  action:
    description:
      - V(start) ends in status ACTIVE, from SHUTOFF.
      - V(stop) ends in SHUTOFF, from ACTIVE or ERROR.
      - V(pause) ends in PAUSED, from ACTIVE, and V(unpause) in ACTIVE, from PAUSED.
      - V(suspend) ends in SUSPENDED, from ACTIVE, and V(resume) in ACTIVE, from SUSPENDED.
      - V(live_migrate) ends on another host, from ACTIVE, on Nova from PAUSED, too.
      - V(reboot_soft) asks the guest to reboot, from ACTIVE. V(reboot_hard) resets it, from ACTIVE or PAUSED, or
        starts it, from SHUTOFF.
      - From any other state, and while anything else is being done with the server, the action is refused.
    type: str
    required: true
    choices: [start, stop, reboot_soft, reboot_hard, pause, unpause, suspend, resume, live_migrate]
  servers:
    description:
      - Names or uuids of the servers. A name that several servers have is refused; their uuids are told.
    type: list
    elements: str
    required: true
    aliases: [server]
  host:
    description:
      - Where O(action=live_migrate) moves the servers. Without it, each goes to the host of its pool that has most
        memory left of those that can run it; with O(control_plane=nova), to the scheduler's choice.
      - A host that is down or disabled is refused, and one in another zone than a server is pinned to.
      - With O(control_plane=xapi) so is a host in maintenance, or one that lacks a server's storage, networks or
        memory.
    type: str
  force:
    description:
      - With O(action=stop), cut the power instead of asking the guest to shut down. It also ends a
        shutdown that was asked for before and hangs.
      - With O(control_plane=nova) it is refused. Nova itself cuts the power of a guest that does not shut down in time.
    type: bool
    default: false
  max_parallel:
    description:
      - How many servers to work on side by side.
    type: int
    default: 3
seealso:
  - module: xenfleet.compute.server_info
  - module: xenfleet.compute.host_maintenance
    description: Moves all servers off a host, and back.
"""

EXAMPLES = r"""
- name: Two web servers run
  xenfleet.compute.server_action:
    action: start
    servers: [web1, web2]

- name: A guest without tools is off
  xenfleet.compute.server_action:
    action: stop
    server: appliance
    force: true

- name: The database runs on xen2
  xenfleet.compute.server_action:
    action: live_migrate
    server: db1
    host: xen2

- name: Reboot one of two servers of the same name
  xenfleet.compute.server_action:
    action: reboot_soft
    server: 0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21
"""

RETURN = r"""
servers:
  description: The servers as they are now, in check mode as they would be.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Uuid of the server, with O(control_plane=xapi) that of the VM.
      type: str
      sample: 0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21
    name:
      description: Its name.
      type: str
      sample: web1
    status:
      description: Its status in the Compute API's words.
      type: str
      sample: ACTIVE
    vm_state:
      description: V(active), V(stopped), V(paused), V(suspended) or V(error).
      type: str
      sample: active
    task_state:
      description: What is being done with it, such as V(migrating) or V(powering-off), or null.
      type: str
      sample: migrating
    power_state:
      description: The Compute API's number, 1 running, 3 paused, 4 shut down, 7 suspended, 0 unknown.
      type: int
      sample: 1
    host:
      description:
        - Name of the host on which it runs. For one that does not run, with O(control_plane=xapi) the only host that
          could start it, else null.
        - Empty in check mode where the scheduler would choose it.
      type: str
      sample: xen1
    hypervisor_hostname:
      description: The same name.
      type: str
      sample: xen1
    host_status:
      description: V(UP), V(MAINTENANCE) (disabled), V(DOWN) (forced down), V(UNKNOWN), or empty without a host.
      type: str
      sample: UP
    availability_zone:
      description: Zone of its host, or null.
      type: str
      sample: zone-a
    pool:
      description: Name of its Xen pool, or null for a pool without a name.
      type: str
      sample: production
    memory_mb:
      description: The most memory that it may have, in MiB (static maximum).
      type: int
      sample: 2048
    vcpus:
      description: Number of its virtual CPUs.
      type: int
      sample: 2
    metadata:
      description: Its metadata; with O(control_plane=xapi) its C(other_config).
      type: dict
      sample: {owner: web team}
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [web]
    launched_at:
      description: When it was last started, in UTC, or null.
      type: str
      sample: "2026-11-21T04:05:06Z"
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: server.start
      subject: web1
      args: {id: 0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21}
      why: it is SHUTOFF
      text: start web1
"""

from typing import Any

from ..module_utils._glue.argspec import CONNECTION, WAIT, Spec, merge
from ..module_utils._glue.compute_views import server_view
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.selection import matching
from ..module_utils._reconcile.server_action import (
    ACTIONS,
    ServerActionWanted,
    check_options,
    needs,
    plan_server_action,
)

SPEC = merge(
    CONNECTION,
    WAIT,
    Spec(
        {
            "action": {"type": "str", "required": True, "choices": list(ACTIONS)},
            "servers": {
                "type": "list",
                "elements": "str",
                "required": True,
                "aliases": ["server"],
            },
            "host": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "max_parallel": {"type": "int", "default": 3},
        }
    ),
)
FIELDS = ("action", "servers", "host", "force", "max_parallel")


def run(task: Task) -> dict[str, Any]:
    wanted = ServerActionWanted(**{name: task.params[name] for name in FIELDS})
    check_options(wanted)
    return task.reconcile(
        lambda fleet: plan_server_action(fleet, wanted),
        needs=lambda fleet: needs(fleet, wanted),
        result=lambda fleet: {
            "servers": [
                server_view(fleet, s) for word in wanted.servers for s in matching(fleet, word)
            ]
        },
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
