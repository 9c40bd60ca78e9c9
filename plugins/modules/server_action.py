#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_action
short_description: Every action of the Compute API on one or many servers
version_added: 0.1.0
description:
  - Brings one or many servers into the state that an action of the Compute API ends in, by that API's rules on the
    states from which each action may start.
  - A server that is in that state already is left alone. The rules are checked for all servers before the first of
    them is touched, and all refusals are reported at once.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
  - xenfleet.compute.within
  - xenfleet.compute.wait
attributes:
  idempotent:
    support: partial
    details:
      - Reboots, rebuilds, images, backups, passwords and crash dumps are done each time, since the state after them is
        the state before.
      - A migration without O(host) moves the server each time. With O(host) a server that is there stays there.
options:
  action:
    description:
      - What to do, in the Compute API's words. The guide to the rules has a table of the statuses that each action may
        start from, ends in and is satisfied by, on both control planes.
      - From any other status, and while anything else is being done with the server, the action is refused.
      - V(stop) ends in SHUTOFF, V(start) in ACTIVE; V(pause), V(suspend), V(rescue) and V(shelve) in the status that is
        named after them, V(unpause), V(resume), V(unrescue), V(unshelve) and V(restore) in ACTIVE.
      - V(resize) and V(migrate) end in VERIFY_RESIZE, to be ended by V(confirm_resize) or V(revert_resize).
      - V(live_migrate) moves a running server; V(live_migrate_abort) cancels that, V(live_migrate_force_complete) ends
        it at the cost of a pause.
      - V(evacuate) starts a server of a failed host on another host. The host's compute service must be down,
        or forced down once the host is fenced. For each server that loses disks by it there is a warning, in check mode
        too. These are disks that the failed host alone has. With O(control_plane=nova) they are those that are not on
        volumes, unless the hosts share the storage that they are on, which Nova does not tell.
      - V(delete) deletes, or deletes softly where that is set up, V(force_delete) deletes for good.
      - V(reset_state) changes only the recorded state.
    type: str
    required: true
    choices:
      - start
      - stop
      - reboot_soft
      - reboot_hard
      - pause
      - unpause
      - suspend
      - resume
      - rescue
      - unrescue
      - rebuild
      - resize
      - migrate
      - confirm_resize
      - revert_resize
      - create_image
      - create_backup
      - shelve
      - shelve_offload
      - unshelve
      - lock
      - unlock
      - change_password
      - trigger_crash_dump
      - live_migrate
      - live_migrate_abort
      - live_migrate_force_complete
      - evacuate
      - delete
      - force_delete
      - restore
      - reset_state
  servers:
    description:
      - Names or uuids of the servers. A name that several servers have is refused; the error lists their uuids.
      - With V(delete) and V(force_delete) for O(action), one that does not exist is done already.
    type: list
    elements: str
    aliases: [server]
  filters:
    description:
      - Choose the servers by these conditions instead, all of them together. If none matches, there is nothing to do.
      - There must be one condition at least, so that nothing is done to every server by mistake.
    type: dict
    suboptions:
      # Written by make format from plugins/doc_fragments/server_filters.py.
      name:
        description:
          - Only servers whose name matches this regular expression anywhere. V(web1) matches C(web1) and C(web14);
            V(^web1$) matches C(web1) only.
        type: str
      host:
        description:
          - Only servers on the host of exactly this name.
        type: str
      status:
        description:
          - Only servers that are shown with exactly this status, such as V(ACTIVE) or V(MIGRATING), in capital or small
            letters.
          - The Compute API's own filter is coarser. It returns migrating servers for V(ACTIVE) too.
        type: str
      availability_zone:
        description:
          - Only servers on hosts of exactly this zone.
        type: str
      vm_state:
        description:
          - Only servers in this vm_state, such as V(active) or V(shelved_offloaded). V(soft-delete) and V(deleted) find
            servers that are left out otherwise, as the same words for O(filters.status) do.
        type: str
      task_state:
        description:
          - Only servers of which this is being done, such as V(migrating) or V(powering-off).
        type: str
      aggregate:
        description:
          - Only servers on hosts of the aggregate of this name or id, which must exist.
        type: str
      project_id:
        description:
          - Only servers of the project with this id. There are no projects with O(control_plane=xapi).
        type: str
      user_id:
        description:
          - Only servers that the user with this id made. Refused with O(control_plane=xapi), which has no record of it.
        type: str
      reservation_id:
        description:
          - Only servers of this reservation, which are those made by one request. Refused with O(control_plane=xapi).
        type: str
      image:
        description:
          - Only servers made from the image with this name or id. With O(control_plane=xapi) it is the name of the
            template that the server was made from, as C(base_template_name) in its C(other_config) has it.
        type: str
      flavor:
        description:
          - Only servers of the flavor with this name or id. Refused with O(control_plane=xapi), which has none.
        type: str
      ip:
        description:
          - Only servers with this IPv4 address, or with one that begins with this regular expression, such as
            C(10\.0\.). Floating addresses are not looked at.
          - With O(control_plane=xapi) addresses are those that the agent in the guest has reported since its last
            start.
        type: str
      ip6:
        description:
          - As O(filters.ip), for IPv6.
        type: str
      metadata:
        description:
          - Only servers that have all these items. Deleted ones have none, nor tags.
        type: dict
      tags:
        description:
          - Only servers that have all these tags.
        type: list
        elements: str
      tags_any:
        description:
          - Only servers that have one of these tags at least.
        type: list
        elements: str
      not_tags:
        description:
          - Only servers that lack one of these tags at least.
        type: list
        elements: str
      not_tags_any:
        description:
          - Only servers that have none of these tags.
        type: list
        elements: str
      locked:
        description:
          - Only servers that are locked, or are not.
        type: bool
      changes_since:
        description:
          - Only servers that have changed since this time, such as V(2026-01-31T12:00:00Z), deleted ones included. It
            is in UTC unless it says otherwise.
          - With O(control_plane=xapi) changes are those made through this collection with the same O(store), and starts
            and reboots, whoever made them.
        type: str
      deleted:
        description:
          - Deleted servers, softly deleted ones included, instead of those that exist.
          - With O(control_plane=xapi) deleted servers are those that were deleted through this collection with the same
            O(store), in the last 90 days.
        type: bool
        default: false
      soft_deleted:
        description:
          - Softly deleted servers, too, which can be restored.
        type: bool
        default: false
      # End of what is written.
  host:
    description:
      - Where V(live_migrate), V(migrate), V(evacuate) and V(unshelve) put the servers. Without it, Nova's scheduler
        chooses; with O(control_plane=xapi), each goes to the host of its pool that has most memory left, of those that
        take new servers, are in its zone and share most aggregates with its host. So does a server that another action
        starts, such as V(start), unless it was migrated while it was off, or can start on one host only.
      - A host that is down or disabled is refused, and so is one in another zone than a server is pinned to.
      - With O(control_plane=xapi) a host in maintenance is refused, too, or one that lacks a server's storage, networks
        or memory, or is farther away than O(within) allows.
    type: str
  force:
    description:
      - With O(action=stop), cut the power instead of asking the guest to shut down. It also ends a
        shutdown that was requested before and hangs.
      - With O(control_plane=nova) it is refused. Nova itself cuts the power of a guest that does not shut down in time.
    type: bool
    default: false
  reason:
    description:
      - With O(action=lock), why. A server that is locked already keeps its reason.
    type: str
  image:
    description:
      - With V(rebuild) and V(rescue) for O(action), name or id of the image; with O(control_plane=xapi) of a template
        or snapshot.
    type: str
  image_name:
    description:
      - With V(create_image) and V(create_backup) for O(action), the name of the new image, with O(control_plane=xapi)
        of the snapshot.
    type: str
  image_metadata:
    description:
      - With O(action=create_image), metadata of the new image.
    type: dict
  backup_type:
    description:
      - With O(action=create_backup), which rotation the backup belongs to, such as V(daily) or V(weekly).
    type: str
  rotation:
    description:
      - With O(action=create_backup), how many backups of that type to keep; older ones are deleted.
    type: int
  flavor:
    description:
      - With O(action=resize) and O(control_plane=nova), name or id of the flavor.
    type: str
  vcpus:
    description:
      - With O(action=resize) and O(control_plane=xapi), the number of virtual CPUs.
    type: int
  memory_mb:
    description:
      - With O(action=resize) and O(control_plane=xapi), the memory in MiB.
    type: int
  availability_zone:
    description:
      - With O(action=unshelve) and O(control_plane=nova), the zone to put the server into, to which it is pinned then,
        as a warning says.
    type: str
  admin_password:
    description:
      - With O(action=change_password), the new password of the guest's administrator. With V(rescue) and V(rebuild),
        one to set. Only with O(control_plane=nova).
    type: str
  power_on:
    description:
      - With O(action=evacuate), start the server at its new host if it ran before. Otherwise it
        is left stopped, as by Nova from microversion 2.95 on.
    type: bool
    default: false
  soft:
    description:
      - With O(action=delete) and O(control_plane=xapi), keep the server so that V(restore) can bring it back.
        With O(control_plane=nova), Nova's C(reclaim_instance_interval) decides that.
    type: bool
    default: false
  vm_state:
    description:
      - With O(action=reset_state), the state to record.
      - With O(control_plane=xapi), V(active) stands for what runs. A server that is off is SHUTOFF then, and one
        whose rescue VM runs is in RESCUE.
    type: str
    choices: [active, error]
  max_parallel:
    description:
      - How many servers to work on side by side.
    type: int
    default: 3
  max_failures:
    description:
      - How many servers may fail before no further one is started. Without it, all are tried, and the failures reported
        at the end.
      - A failure that can be known beforehand refuses the whole task, before anything is changed.
    type: int
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

- name: The web server moves to another host of the aggregate racks-12
  xenfleet.compute.server_action:
    action: live_migrate
    server: web1
    within: racks-12

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

# Written by make format from docs/returns.yml.
RETURN = r"""
servers:
  description:
    - The servers of the task, as they are now, in check mode as they would be. Those chosen by O(filters) are those
      that matched before anything was done.
    - Also in the result of a task that failed midway.
  returned: success, and after a failure midway
  type: list
  elements: dict
  contains:
    outcome:
      description:
        - V(done) where the action was taken, in check mode where it would be; with O(wait=false) where it was begun.
        - V(satisfied) where there was nothing to do.
        - V(stays) for a server that was off, and that O(action=evacuate) leaves on the failed host since no other host
          can take it; RV(servers[].error) says why, and it is changed in no way.
        - After a failure V(failed), and V(left) where the action was not begun because of O(max_failures).
      type: str
      sample: done
    error:
      description: What went wrong.
      returned: for those that failed or stay
      type: str
      sample: "it is in ERROR: No valid host was found"
    id:
      description: Uuid of the server, with O(control_plane=xapi) that of the VM in XAPI.
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
      description: Its vm_state in the Compute API's words; V(deleted) for one that the task has deleted.
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
      description: Name that its host's hypervisor gives itself. In XAPI it is the same.
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
      description: Name of its Xen pool, or null for a pool without a name and with O(control_plane=nova).
      type: str
      sample: production
    memory_mb:
      description: The most memory that it may have, in MiB (its flavor's, or the static maximum in XAPI).
      type: int
      sample: 2048
    vcpus:
      description: Number of its virtual CPUs.
      type: int
      sample: 2
    metadata:
      description:
        - Its metadata, with O(control_plane=xapi) its C(other_config) in XAPI, where the key C(xenfleet:aggregate:KEY)
          is shown as C(aggregate:KEY).
      type: dict
      sample: {owner: web team}
    tags:
      description: Its tags.
      type: list
      elements: str
      sample: [web]
    flavor:
      description: Name of its flavor, with O(control_plane=xapi) null.
      type: str
      sample: m1.small
    locked:
      description: Whether it is locked.
      type: bool
      sample: false
    locked_reason:
      description: Why it is locked, or null.
      type: str
      sample: audit
    fault:
      description: What led to the status ERROR, or null.
      type: str
      sample: "server web1: its host is down"
    project_id:
      description: Id of its project, with O(control_plane=xapi) null.
      type: str
      sample: 6f70656e737461636b20342065766572
    created_at:
      description: When it was created, in UTC, or null. With O(control_plane=xapi) when it was installed.
      type: str
      sample: "2026-11-21T04:05:06Z"
    launched_at:
      description:
        - When it was last started, in UTC, or null. Nova changes it when the server is built, rebuilt, rescued, resized
          or unshelved, not with each start.
      type: str
      sample: "2026-11-21T04:05:06Z"
    updated_at:
      description:
        - When it was last changed, in UTC, or null if that is not known. O(filters.changes_since) says which changes
          count.
      type: str
      sample: "2026-11-21T04:05:06Z"
    terminated_at:
      description: When it was deleted, in UTC, or null.
      type: str
      sample: "2026-11-21T04:05:06Z"
summary:
  description: All servers in one line.
  returned: success, and after a failure midway
  type: str
  sample: "stop: 3 of 5 servers, nothing to do for 2"
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success, and after a failure midway
  type: list
  elements: dict
  sample:
    - verb: server.start
      subject: web1
      args: {id: 0c2f7a9e-6e0c-4a0b-bd1c-3f1f0f0f8a21}
      why: it is SHUTOFF
      text: start web1
"""

from collections.abc import Mapping
from typing import Any

from ..module_utils._core.actions import TABLE
from ..module_utils._glue.argspec import CONNECTION, WAIT, WITHIN, Spec, merge
from ..module_utils._glue.chosen_servers import ChosenServers
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.server_filters import FILTERS, filter_from
from ..module_utils._glue.task import Task
from ..module_utils._glue.views import text_items
from ..module_utils._reconcile.servers.plan import action_needs, check_wanted, first_needs
from ..module_utils._reconcile.servers.wanted import ServerActionWanted

OPTIONS: dict[str, dict[str, Any]] = {
    "force": {"type": "bool", "default": False},
    "reason": {"type": "str"},
    "image": {"type": "str"},
    "image_name": {"type": "str"},
    "image_metadata": {"type": "dict"},
    "backup_type": {"type": "str"},
    "rotation": {"type": "int"},
    "flavor": {"type": "str"},
    "vcpus": {"type": "int"},
    "memory_mb": {"type": "int"},
    "availability_zone": {"type": "str"},
    "admin_password": {"type": "str", "no_log": True},
    "power_on": {"type": "bool", "default": False},
    "soft": {"type": "bool", "default": False},
    "vm_state": {"type": "str", "choices": ["active", "error"]},
}
"""Those that go with some actions only; actions.py says which."""

SPEC = merge(
    CONNECTION,
    WAIT,
    WITHIN,
    Spec(
        {
            "action": {"type": "str", "required": True, "choices": list(TABLE)},
            "servers": {"type": "list", "elements": "str", "aliases": ["server"]},
            "filters": {"type": "dict", "options": FILTERS},
            "host": {"type": "str"},
            **OPTIONS,
            "max_parallel": {"type": "int", "default": 3},
            "max_failures": {"type": "int"},
        },
        mutually_exclusive=[("servers", "filters")],
        required_one_of=[("servers", "filters")],
    ),
)


def run(task: Task) -> dict[str, Any]:
    wanted = wanted_from(task.params)
    check_wanted(wanted)
    meant = ChosenServers(wanted)
    result = task.reconcile(
        meant.plan,
        needs=lambda fleet: action_needs(fleet, wanted),
        first=first_needs(task.traits, wanted),
        shown=meant.reading,
        result=meant.views,
        after_failure=meant.after_failure,
    )
    seen = meant.result(result)
    if not task.check_mode:
        for warning in meant.contradictions(seen):
            task.reporter.warn(warning)
    return seen


def wanted_from(params: Mapping[str, Any]) -> ServerActionWanted:
    filters = params["filters"]
    options = {name: params[name] for name in OPTIONS if params[name] not in (None, False)}
    if "image_metadata" in options:
        options["image_metadata"] = text_items(options["image_metadata"], "image_metadata")
    return ServerActionWanted(
        action=params["action"],
        servers=params["servers"] or (),
        where=None if filters is None else filter_from(filters),
        host=params["host"],
        within=params["within"],
        options=options,
        wait=params["wait"],
        max_parallel=params["max_parallel"],
        max_failures=params["max_failures"],
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
