#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compute_service
short_description: Enable, disable, force down or delete compute services
version_added: 0.1.0
description:
  - Sets the status of the compute service of one or many hosts, forces it down, waits until it is up or down, or
    deletes it, by the rules of the Compute API.
  - A disabled service takes no new servers. Those that run there stay, and may be moved away.
  - With O(control_plane=xapi) every host that XAPI knows has a compute service, which is enabled until it is disabled
    here. With O(control_plane=nova) the services are those of Nova.
  - All hosts are checked before anything is changed. With O(control_plane=xapi) they are then changed as one
    transaction. Nova has none. If it refuses a host because of what others changed meanwhile, the changes before it are
    kept, the error names them, and running again does the rest.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
options:
  hosts:
    description:
      - Names of the hosts, in the same case as XAPI has them in C(name_label), or Nova in the C(host) of their compute
        services.
    type: list
    elements: str
    required: true
    aliases: [host]
  binary:
    description:
      - Only services of V(nova-compute) can be updated; another value is an error, as in the Compute API.
    type: str
    default: nova-compute
  state:
    description:
      - With V(absent), the record of the service is deleted and the host leaves all aggregates.
      - A host that leaves the aggregate of its Xen pool like that, and stays in the pool, is warned of.
      - This is refused while the host has servers, or migrations from or to it have not ended.
      - With O(control_plane=xapi) a host that XAPI still knows gets a new service at once, enabled. Nova's gets one
        when its nova-compute is started again.
    type: str
    choices: [present, absent]
    default: present
  status:
    description:
      - Whether new servers may be placed on the host.
    type: str
    choices: [enabled, disabled]
  disabled_reason:
    description:
      - Why it is disabled, 1 to 255 characters, only with O(status=disabled).
      - As in the Compute API, disabling without a reason erases a stored one, and so does enabling.
    type: str
  forced_down:
    description:
      - Whether the service counts as down even if it reports itself up. Set it for a failed host, once it is fenced.
      - Taking it back is refused while servers evacuated from the host may still run on it.
    type: bool
  wait_for:
    description:
      - Wait until the services of all these hosts are V(up) or V(down). In check mode nothing is waited for.
      - With O(control_plane=xapi) a host that no coordinator knows counts as down while some endpoint gives no answer,
        for example during its reboot.
      - Nova reports a host as down C(service_down_time) after its last sign of life, one minute unless configured.
    type: str
    choices: [up, down]
  wait_timeout:
    description:
      - Seconds to wait at most.
    type: float
    default: 600.0
seealso:
  - module: xenfleet.compute.compute_service_info
  - module: xenfleet.compute.host_maintenance
    description: Empties a host as well.
"""

EXAMPLES = r"""
- name: No new servers on xen3
  xenfleet.compute.compute_service:
    host: xen3
    status: disabled
    disabled_reason: disk is failing

- name: Take new servers on two hosts again
  xenfleet.compute.compute_service:
    hosts: [xen2, xen3]
    status: enabled

- name: Declare a fenced host dead
  xenfleet.compute.compute_service:
    host: xen4
    status: disabled
    disabled_reason: power supply burnt
    forced_down: true

- name: Wait until xen2 is back from its reboot
  xenfleet.compute.compute_service:
    host: xen2
    wait_for: up
    wait_timeout: 900

- name: Forget a host that is gone for good
  xenfleet.compute.compute_service:
    host: xen4
    state: absent
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
services:
  description: The services of these hosts as they are now, in check mode as they would be.
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
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: service.disable
      subject: xen3
      args: {host_id: 5d5ae2a2-3b5b-4a55-8ad0-5c5b1f3a1c11, reason: disk is failing}
      why: ""
      text: "disable compute service of xen3, reason: disk is failing"
"""

from typing import Any

from ..module_utils._core.errors import UnavailableError, joined
from ..module_utils._core.model import Fleet
from ..module_utils._core.reading import SERVICES, reading
from ..module_utils._core.wait import SystemClock, until
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.compute_views import service_views
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.services.plan import (
    ServiceWanted,
    check_service_options,
    plan_service,
    service_needs,
)

INTERVAL = 1.0

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "hosts": {"type": "list", "elements": "str", "required": True, "aliases": ["host"]},
            "binary": {"type": "str", "default": "nova-compute"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "status": {"type": "str", "choices": ["enabled", "disabled"]},
            "disabled_reason": {"type": "str"},
            "forced_down": {"type": "bool"},
            "wait_for": {"type": "str", "choices": ["up", "down"]},
            "wait_timeout": {"type": "float", "default": 600.0},
        }
    ),
)
FIELDS = ("hosts", "state", "binary", "status", "disabled_reason", "forced_down", "wait_for")


def run(task: Task) -> dict[str, Any]:
    wanted = ServiceWanted(**{name: task.params[name] for name in FIELDS})
    check_service_options(wanted)
    waits = wanted.wait_for is not None and not task.check_mode
    if waits and not wanted.updates:
        return {"changed": False, "actions": [], **_services(_wait(task, wanted), wanted)}
    result = task.reconcile(
        lambda fleet: plan_service(fleet, wanted),
        first=reading(SERVICES),
        needs=lambda fleet: service_needs(fleet, wanted),
        shown=reading(SERVICES),
        result=lambda fleet: _services(fleet, wanted),
        exclusive=True,
    )
    return {**result, **_services(_wait(task, wanted), wanted)} if waits else result


def _services(fleet: Fleet, wanted: ServiceWanted) -> dict[str, Any]:
    return {"services": service_views(fleet, wanted.hosts)}


def _wait(task: Task, wanted: ServiceWanted) -> Fleet:
    """The fleet once all the services are as awaited."""
    return until(
        lambda: _observed(task, wanted),
        lambda fleet: _as_awaited(fleet, wanted),
        clock=SystemClock(),
        timeout=task.params["wait_timeout"],
        what=f"compute service of host {joined(wanted.hosts)}",
        awaited=str(wanted.wait_for),
        shown=lambda fleet: joined([f"{h} {s}" for h, s in _states(fleet, wanted).items()]),
        interval=INTERVAL,
        remedy="Look at the host, or raise wait_timeout if it only needs longer",
    )


def _observed(task: Task, wanted: ServiceWanted) -> Fleet:
    """A host that XenAPI cannot see is down, unless all endpoints answer: then there is no such host."""
    try:
        fleet = task.read(reading(SERVICES))
    except UnavailableError as exc:
        return Fleet(unreachable={"all endpoints": exc.cause}, traits=task.traits)
    if not fleet.unreachable:
        plan_service(fleet, wanted)
    return fleet


def _as_awaited(fleet: Fleet, wanted: ServiceWanted) -> bool:
    """While the control plane itself gives no answer, nothing is known of its hosts."""
    if fleet.unreachable and not fleet.traits.endpoints_are_hosts:
        return False
    up = wanted.wait_for == "up"
    return all((state == "up") == up for state in _states(fleet, wanted).values())


def _states(fleet: Fleet, wanted: ServiceWanted) -> dict[str, str]:
    by_host = {host: fleet.service(host) for host in wanted.hosts}
    return {host: service.state if service else "unknown" for host, service in by_host.items()}


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
