#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xen_sr
short_description: Ensure that a pool has a shared storage repository
version_added: 0.1.0
description:
  - Creates a shared storage repository (SR) on a pool, plugs it on every host of the pool that is live, and makes it
    the default if asked to.
  - An SR of that name that is there already is kept. What is fixed at its creation must agree with the options.
  - It never deletes, forgets or unplugs storage.
author:
  - xenfleet.compute contributors (@xenfleet)
extends_documentation_fragment:
  - xenfleet.compute.attributes
  - xenfleet.compute.control_plane
  - xenfleet.compute.xapi
  - xenfleet.compute.nova
  - xenfleet.compute.store
options:
  name:
    description:
      - Name of the SR, unique in its pool. The uuid of an existing one is accepted, too.
    type: str
    required: true
  pool:
    description:
      - Name or uuid of the pool. Exactly one of O(pool) and O(host) is needed.
    type: str
  host:
    description:
      - A member of the pool, instead of the pool's name.
    type: str
  type:
    description:
      - Type of the SR, such as V(nfs), V(smb), V(lvmoiscsi), V(lvmohba), V(iso).
      - Needed to create it.
    type: str
  device_config:
    description:
      - Where the storage is, with the keys of its type. For an existing SR, the keys given must agree.
      - Passwords are refused here, since steps and differences are printed. Keep one as a secret of the pool
        (C(xe secret-create)), and give its uuid under the key with the suffix C(_secret).
    type: dict
    default: {}
  content_type:
    description:
      - What it holds, V(user) for disks, V(iso) for CD images. Used at creation only.
    type: str
    default: user
  description:
    description:
      - Its description. Used at creation only.
    type: str
    default: ""
  default:
    description:
      - Whether to make it the pool's default SR. V(false) leaves the default as it is.
    type: bool
    default: false
seealso:
  - module: xenfleet.compute.xen_pool
"""

EXAMPLES = r"""
- name: Production has an NFS share for disks
  xenfleet.compute.xen_sr:
    name: nfs1
    pool: production
    type: nfs
    device_config:
      server: nas.example.com
      serverpath: /srv/xen
    default: true

- name: The pool of xen1 has nfs1 plugged on every host
  xenfleet.compute.xen_sr:
    name: nfs1
    host: xen1
"""

# Written by make format from docs/returns.yml.
RETURN = r"""
sr:
  description: The SR as it is now, in check mode as it would be.
  returned: success
  type: dict
  contains:
    id:
      description: Its uuid. In check mode, what starts with C(new:) is yet to be made.
      type: str
      sample: 0b7c6b1e-8f1c-4b53-9a44-d1f3a8e5c001
    name:
      description: Its name.
      type: str
      sample: nfs1
    description:
      description: Its description.
      type: str
      sample: disks
    pool_id:
      description: Uuid of its pool.
      type: str
      sample: 5a3b1c52-0a3e-4c8e-9d6f-0d2b6a1f7e10
    default:
      description: Whether it is the pool's default SR.
      type: bool
      sample: true
    type:
      description: Its type.
      type: str
      sample: nfs
    content_type:
      description: What it holds.
      type: str
      sample: user
    shared:
      description: Whether it is shared; always true here.
      type: bool
      sample: true
    tools:
      description: Whether it is the pool's SR of guest tools.
      type: bool
      sample: false
    size:
      description: Its size in bytes.
      type: int
      sample: 4398046511104
    used:
      description: Bytes in use.
      type: int
      sample: 0
    device_config:
      description: Where the storage is, without passwords.
      type: dict
      sample: {server: nas.example.com, serverpath: /srv/xen}
    attached:
      description: Names of the hosts on which it is plugged.
      type: list
      elements: str
      sample: [xen1, xen2]
    known_to:
      description: Names of the hosts that have a PBD for it.
      type: list
      elements: str
      sample: [xen1, xen2]
actions:
  description: The steps taken, in check mode those that would be, in order.
  returned: success
  type: list
  elements: dict
  sample:
    - verb: sr.plug
      subject: nfs1
      args: {storage_id: 0b7c6b1e-8f1c-4b53-9a44-d1f3a8e5c001, host: xen2}
      why: ""
      text: plug SR nfs1 on host xen2
"""

from collections.abc import Mapping
from typing import Any

from ..module_utils._core.model import Fleet
from ..module_utils._core.reading import JOURNAL, POOLS, reading
from ..module_utils._glue.argspec import CONNECTION, Spec, merge
from ..module_utils._glue.pool_views import storage_view
from ..module_utils._glue.runner import run_module
from ..module_utils._glue.task import Task
from ..module_utils._glue.views import text_items
from ..module_utils._reconcile.common.lookup import find_storage, get_pool
from ..module_utils._reconcile.pools.storage import StorageWanted, plan_storage

SPEC = merge(
    CONNECTION,
    Spec(
        {
            "name": {"type": "str", "required": True},
            "pool": {"type": "str"},
            "host": {"type": "str"},
            "type": {"type": "str"},
            "device_config": {"type": "dict", "default": {}},
            "content_type": {"type": "str", "default": "user"},
            "description": {"type": "str", "default": ""},
            "default": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("pool", "host")],
        required_one_of=[("pool", "host")],
    ),
)


def run(task: Task) -> dict[str, Any]:
    """Two rounds: XAPI keeps silent about a host on which the new SR could not be plugged, and the
    second plan plugs it there, or says why it could not.
    """
    wanted = wanted_from(task.params)
    return task.reconcile(
        lambda fleet: plan_storage(fleet, wanted),
        needs=reading(JOURNAL, POOLS),
        result=lambda fleet: {"sr": _view(fleet, wanted)},
        lock=lambda fleet: f"pool:{get_pool(fleet, wanted.pool, wanted.host).id}",
        rounds=2,
    )


def wanted_from(params: Mapping[str, Any]) -> StorageWanted:
    config = text_items(params["device_config"], "device_config") or {}
    return StorageWanted(
        name=params["name"],
        pool=params["pool"],
        host=params["host"],
        type=params["type"],
        device_config={k: v for k, v in config.items() if v is not None},
        content_type=params["content_type"],
        description=params["description"],
        default=params["default"],
    )


def _view(fleet: Fleet, wanted: StorageWanted) -> dict[str, Any] | None:
    pool = get_pool(fleet, wanted.pool, wanted.host)
    storage = find_storage(fleet, pool, wanted.name)
    view = storage_view(storage)
    return (
        None
        if storage is None or view is None
        else {**view, "default": pool.default_sr == storage.id}
    )


def main() -> None:
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
