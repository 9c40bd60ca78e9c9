# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a pool's default SR is the one that guests on its supporters use.

With Nova's XenAPI driver the option sr_matching_filter of every nova-compute had to see to that:
default-sr:true, which is the default SR of the pool, and not one that only its host has
(nova/virt/xenapi/vm_utils.py, _find_sr). Here nothing but the default SR itself decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._core.errors import joined
from ..._core.model import Fleet, Host, Pool, Server
from ..._core.plan import Verdict

LISTED = 5
"""More guests than these are counted."""


def storage_warnings(
    fleet: Fleet, pool: Pool, name: str, joiners: Sequence[Host]
) -> Iterator[Verdict]:
    """Nothing for a pool without supporters."""
    if len(fleet.members(pool.id)) + len(joiners) < 2:
        return
    default = fleet.storage(pool.default_sr)
    if default is None or not default.shared:
        what = (
            f"its default SR, {default.name}, is local to a host"
            if default
            else "it has no default SR"
        )
        yield Verdict(
            f"pool {name}",
            "warn",
            f"{what}, and new guests need one that all hosts have",
            "Make a shared SR the default: xen_pool with default_sr, or xen_sr with default",
        )
        return
    for storage in fleet.storages:
        others = storage.shared and not storage.tools and storage.content_type != "iso"
        if not others or storage.pool_id != pool.id or storage.id == default.id:
            continue
        guests = [s for s in fleet.servers if s.pool_id == pool.id and storage.id in s.storage]
        if guests:
            yield Verdict(
                f"pool {name}",
                "warn",
                f"disks of {_named(guests)} are on SR {storage.name}, and the default is {default.name}",
                f"If new guests belong on {storage.name}, make it the default: xen_pool with default_sr",
            )


def _named(guests: Sequence[Server]) -> str:
    names = sorted(s.name for s in guests)
    return joined(names) if len(names) <= LISTED else f"{len(names)} guests"
