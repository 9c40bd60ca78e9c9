#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rolling_update_info
short_description: Read the order, progress and blockers of a rolling update
version_added: 0.1.0
description:
  - A rolling update takes hosts through maintenances of one name, one host after the other. This module returns the
    order, what earlier runs have done, and for all hosts at once what blocks their maintenances.
  - The coordinator of a Xen pool comes first, since no host of a pool may have a newer version than its coordinator.
    The others stay in the order in which they are given.
  - It changes nothing. The role C(xenfleet.compute.rolling_update) carries the update out.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes.info
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
  - xenfleet.compute.within
options:
  name:
    description:
      - Name of the update, which is that of each host's maintenance.
    type: str
    required: true
  hosts:
    description:
      - Names of the hosts.
    type: list
    elements: str
  aggregate:
    description:
      - Name or id of the aggregate whose hosts to take, instead of O(hosts).
    type: str
  network:
    description:
      - As in M(xenfleet.compute.host_maintenance), for finding blockers.
    type: str
  anti_affinity:
    description:
      - As in M(xenfleet.compute.host_maintenance), for finding blockers.
    type: str
    choices: [enforce, relax]
    default: enforce
  cold_migrate:
    description:
      - As in M(xenfleet.compute.host_maintenance), for finding blockers.
    type: bool
    default: false
notes:
  - Each host is checked against the present state, and as if it were the only one. What changes until its turn is
    reported then.
seealso:
  - module: xenfleet.compute.host_maintenance
"""

EXAMPLES = r"""
- name: Read how far the updates of November are
  xenfleet.compute.rolling_update_info:
    aggregate: production
    name: 2026-11 security updates
  register: update

- name: Show it
  ansible.builtin.debug:
    msg: "{{ update.summary.splitlines() }}"
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
hosts:
  description: The hosts in order.
  returned: success
  type: list
  elements: dict
  contains:
    number:
      description: Its place in the order, from 1 on.
      type: int
      sample: 1
    host:
      description: Name of the host.
      type: str
      sample: xen1
    coordinator:
      description: Whether it coordinates a Xen pool of several hosts.
      type: bool
      sample: true
    phase:
      description:
        - How far its maintenance of that name is, V(draining), V(in_maintenance), V(returning) or V(done). Null if it
          has not begun.
      type: str
      sample: done
    todo:
      description:
        - V(maintenance) if that is not done, V(check) for the one that was finished last, as a run may have ended
          before it was checked, else V(nothing).
      type: str
      sample: check
blockers:
  description: What blocks hosts whose maintenance is not done. An empty list if nothing does.
  returned: success
  type: list
  elements: dict
  contains:
    subject:
      description: What it is about.
      type: str
      sample: host xen2
    decision:
      description: Always V(block).
      type: str
      sample: block
    reason:
      description: What blocks the maintenance.
      type: str
      sample: it is down, and servers can't be moved off a host that does not answer
    remedy:
      description: What to do about it, if that is not in the reason.
      type: str
      sample: Bring it back
refusal:
  description: All blockers in one message, or null.
  returned: success
  type: str
  sample: null
summary:
  description: A table of the hosts, for people.
  returned: success
  type: str
  sample: |-
    rolling update 2026-11: 1 of 2 hosts done
      1  xen1  coordinator  done
      2  xen2               not begun
"""

from dataclasses import asdict
from typing import Any

from ..module_utils._glue.argspec import CONNECTION, DRAIN, HOST_GROUP, Spec, merge
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._reconcile.maintenance.host_group import everything
from ..module_utils._reconcile.maintenance.rolling_update import (
    RollingUpdateWanted,
    plan_rolling_update,
    refusal,
    rolling_update_summary,
    turn_views,
)

SPEC = merge(
    CONNECTION,
    HOST_GROUP,
    DRAIN,
    Spec(
        {
            "name": {"type": "str", "required": True},
            "network": {"type": "str"},
        },
    ),
)


def run(task: Task) -> dict[str, Any]:
    params = task.params
    wanted = RollingUpdateWanted(
        name=params["name"],
        hosts=params["hosts"],
        aggregate=params["aggregate"],
        network=params["network"],
        enforce_groups=params["anti_affinity"] == "enforce",
        within=params["within"],
        cold_migrate=params["cold_migrate"],
    )
    update = plan_rolling_update(task.read(everything(params["hosts"])), wanted)
    for verdict in update.verdicts:
        if verdict.decision == "warn":
            task.reporter.warn(str(verdict))
    return {
        "changed": False,
        "hosts": turn_views(update),
        "blockers": [asdict(blocker) for blocker in update.blockers],
        "refusal": refusal(update, wanted.name),
        "summary": rolling_update_summary(update, wanted.name),
    }


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
