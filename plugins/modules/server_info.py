#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: Read servers
version_added: 0.1.0
description:
  - Returns the servers (guests) of the fleet in the Compute API's words, with O(control_plane=nova) those of all
    projects. Templates, snapshots and control domains are not servers.
  - Filters are combined; a server must match all of them. They find the same on both control planes. The guide to the
    rules lists where Nova's own list finds more.
  - What O(limit) and O(marker) list one after another is complete, and nothing is listed twice, as long as no server is
    made, deleted or changed in what is sorted by meanwhile.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes.info
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
  - xenfleet.compute.server_filters
  - xenfleet.compute.paging
options:
  id:
    description:
      - Only servers with these uuids.
    type: list
    elements: str
    aliases: [uuid]
  sort_key:
    description:
      - What to sort by, by Nova's names, the first one first. Servers that are alike in all of them are sorted by uuid.
        Without it, by name.
      - What has no value comes first, and last when descending. With O(control_plane=nova) the database of the cloud
        decides whether capital and small letters differ.
    type: list
    elements: str
    choices:
      - created_at
      - display_name
      - host
      - launched_at
      - node
      - power_state
      - project_id
      - task_state
      - terminated_at
      - updated_at
      - user_id
      - uuid
      - vm_state
  sort_dir:
    description:
      - The direction for each of O(sort_key), or one for all of them. As in Nova, it is V(desc) where none is given.
    type: list
    elements: str
    choices: [asc, desc]
  consoles:
    description:
      - Whether to list the consoles of each server with their URLs, see RV(servers[].consoles).
      - With O(control_plane=nova) this is one request for each server listed, and each makes a new URL with a token in
        it, which opens that console for whoever has it, for ten minutes by default. Set C(no_log) to V(true) for the
        task, since the URLs would be shown by C(-v) and kept by callbacks otherwise.
      - With O(control_plane=xapi) the URLs have no secret in them. They open for a session of XenAPI only, whose
        reference a client adds as C(session_id).
    type: bool
    default: false
  console_type:
    description:
      - With O(consoles=true) and O(control_plane=nova), the type of console, V(novnc) if it is left out. The cloud must
        be set up for it.
    type: str
    choices: [novnc, spice-html5, serial, webmks]
seealso:
  - module: xenfleet.compute.server_action
  - module: xenfleet.compute.hypervisor_info
"""

EXAMPLES = r"""
- name: Read all servers
  xenfleet.compute.server_info:
  register: found

- name: List the servers that run on xen2
  xenfleet.compute.server_info:
    host: xen2
    status: ACTIVE

- name: Find all web servers of zone-a
  xenfleet.compute.server_info:
    name: ^web[0-9]+$
    availability_zone: zone-a

- name: Read the ten servers that were made last
  xenfleet.compute.server_info:
    sort_key: [created_at]
    limit: 10
  register: latest

- name: Read the ten before them
  xenfleet.compute.server_info:
    sort_key: [created_at]
    limit: 10
    marker: "{{ latest.servers[-1].id }}"

- name: Find the server that has an address
  xenfleet.compute.server_info:
    ip: 192.0.2.17

- name: Open a console of web1
  xenfleet.compute.server_info:
    name: ^web1$
    consoles: true
  register: web1
  no_log: true

- name: Find what changed since the last report, deleted servers included
  xenfleet.compute.server_info:
    changes_since: "{{ last_report }}"
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
servers:
  description: The servers that match, by name, or as O(sort_key) says. An empty list if none does.
  returned: success
  type: list
  elements: dict
  contains:
    addresses:
      description:
        - Its IP addresses by the name of the network, each as C(addr), C(version) (4 or 6), C(mac_addr) of its
          interface and C(type), V(fixed) or in Nova also V(floating).
        - With O(control_plane=xapi) they are those that the agent in the guest has reported since its last start, also
          of a server that was stopped since.
      type: dict
      sample:
        private:
          - addr: 192.0.2.17
            version: 4
            mac_addr: fa:16:3e:9f:6a:1c
            type: fixed
    access_ipv4:
      description: The IPv4 address that its owner has noted to reach it by, or null. With O(control_plane=xapi) null.
      type: str
      sample: 198.51.100.17
    access_ipv6:
      description: The same for IPv6.
      type: str
      sample: 2001:db8::17
    image:
      description:
        - Id of the image that it was made from, or null for one that was booted from a volume. With
          O(control_plane=xapi) the name of the template that it was made from, if that is known.
      type: str
      sample: 5f9ae2a2-3b5b-4a55-8ad0-5c5b1f3a1c11
    progress:
      description:
        - How far what is being done with it is, in percent, or null where nothing says. In Nova it stays at V(0) for
          most of what is done.
      type: int
      sample: 40
    user_id:
      description: Id of the user that made it, with O(control_plane=xapi) null.
      type: str
      sample: 8a6f2e1c9d3b4f5aa1b2c3d4e5f60718
    reservation_id:
      description: Id of the request by which it was made, maybe with others, with O(control_plane=xapi) null.
      type: str
      sample: r-3fhpjulh
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
      description:
        - V(active), V(stopped), V(paused), V(suspended), V(error), V(rescued), V(resized), V(shelved),
          V(shelved_offloaded), V(soft-delete) or V(deleted), and with O(control_plane=nova) also V(building).
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
        - Name of the host on which it is. With O(control_plane=xapi), for one that does not run, it is the only host
          that could start it, else null.
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
        - When it was last changed, in UTC, or null if that is not known. O(changes_since) says which changes count.
      type: str
      sample: "2026-11-21T04:05:06Z"
    terminated_at:
      description: When it was deleted, in UTC, or null.
      type: str
      sample: "2026-11-21T04:05:06Z"
    consoles:
      description:
        - Its consoles, each with its C(protocol), its C(type), which is null in XAPI, its C(url), and C(error), which
          says why there is no URL, else null.
        - With O(control_plane=nova) one, of the type asked for; the token in its URL is a secret. With
          O(control_plane=xapi) those that the guest has, V(rfb) and V(vt100) for C(protocol).
      returned: with O(consoles=true)
      type: list
      elements: dict
      sample:
        - protocol: vnc
          type: novnc
          url: https://cloud.example.com:6080/vnc_lite.html?path=%3Ftoken%3D...
          error: null
unanswered:
  description: Endpoints of XenAPI that gave no answer, with the reason. Servers of their pools may be missing.
  returned: success
  type: dict
  sample: {}
"""

from typing import Any

from ..module_utils._core.model import Fleet, Server
from ..module_utils._core.reading import ADDRESSES, Reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.compute_views import console_views, server_details, server_view
from ..module_utils._glue.paging import PAGING, page_from
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.server_filters import FILTERS, filter_from
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.common.refusals import check_given
from ..module_utils._reconcile.servers.filters import check_filter, check_filter_supported
from ..module_utils._reconcile.servers.listing import SORT_KEYS, listed, narrowed, with_page

SPEC = merge(
    CONNECTION,
    PAGING,
    Spec(
        {
            "id": {"type": "list", "elements": "str", "aliases": ["uuid"]},
            "sort_key": {"type": "list", "elements": "str", "choices": sorted(SORT_KEYS)},
            "sort_dir": {"type": "list", "elements": "str", "choices": ["asc", "desc"]},
            "consoles": {"type": "bool", "default": False},
            "console_type": {
                "type": "str",
                "choices": ["novnc", "spice-html5", "serial", "webmks"],
            },
            **FILTERS,
        }
    ),
)


def run(task: Task) -> dict[str, Any]:
    params, traits = task.params, task.traits
    wanted, page = filter_from(params), page_from(params)
    check_filter(wanted)
    check_filter_supported(traits, wanted)
    check_given(traits, {"console_type": params["console_type"]})
    asked = with_page(traits, narrowed(traits, wanted, ADDRESSES), wanted, page)

    def with_consoles(fleet: Fleet) -> Reading:
        chosen = (server.id for server in listed(fleet, wanted, page))
        return asked.with_consoles(chosen, params["console_type"])

    fleet = task.read_further(asked, with_consoles) if params["consoles"] else task.read(asked)
    return {
        "changed": False,
        "servers": [view(fleet, s, params["consoles"]) for s in listed(fleet, wanted, page)],
        "unanswered": dict(fleet.unreachable),
    }


def view(fleet: Fleet, server: Server, with_consoles: bool) -> dict[str, Any]:
    view = {**server_view(fleet, server), **server_details(server)}
    return {**view, "consoles": console_views(fleet, server)} if with_consoles else view


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
