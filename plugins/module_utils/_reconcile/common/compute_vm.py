# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VM in which a host's nova-compute runs: with Nova's XenAPI driver every host had one.

It belongs to its host, is made where that is installed, and is no server of Nova's.
"""

from __future__ import annotations

from collections.abc import Collection

from ..._core.model import Server

DEFAULT = ("nova-compute", "nova_compute=true")
"""The driver found the VM from inside, by /sys/hypervisor/uuid (get_this_vm_uuid in
nova/virt/xenapi/vm_utils.py, 21.x), so there is no name that all of them have.
"""


def is_compute_vm(server: Server, wanted: Collection[str] = DEFAULT) -> bool:
    """``wanted`` are names, uuids, and items KEY=VALUE of other_config. One that was shut down for
    its host's join is one, whatever it is called.
    """
    items = {f"{key}={value}" for key, value in server.metadata.items()}
    names = {server.name, server.id, *items}
    return server.stopped_for_join is not None or not names.isdisjoint(wanted)
