# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of a Xen pool that are to leave the aggregate that is the pool, and what is said of it.

Nova's XenAPI driver ejected a host that left the aggregate (nova/virt/xenapi/pool.py, 21.x). Here that
is done by xen_pool_member, which asks for consent to the loss of local disks.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.errors import ConflictError, joined
from ..._core.model import Aggregate, Fleet
from ..._core.plan import Step, Verdict
from ..common.pool_claims import pool_members
from . import verbs


def parting_problems(
    fleet: Fleet, aggregate: Aggregate, hosts: Sequence[str]
) -> list[ConflictError]:
    members = pool_members(fleet, aggregate, hosts)
    if not members:
        return []
    one = len(members) == 1
    return [
        ConflictError(
            f"aggregate {aggregate.name}",
            f"{joined(members)} {'is a member' if one else 'are members'} of the Xen pool that it "
            "is, and would stay in that pool",
            f"Eject {'it' if one else 'them'} with xenfleet.compute.xen_pool_member, aggregate "
            f"{aggregate.name} and state absent, which takes {'it' if one else 'them'} out of both; "
            "or set keep_in_pool to true to part the two",
        )
    ]


def parting_warnings(
    fleet: Fleet, aggregate: Aggregate, hosts: Sequence[str]
) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(
            f"host {h}", "warn", f"leaves aggregate {aggregate.name}, but stays in its Xen pool"
        )
        for h in pool_members(fleet, aggregate, hosts)
    )


def forgotten(aggregate: Aggregate, hosts: Sequence[str]) -> tuple[Step, ...]:
    """The records that the metadata of a pool's aggregate has of hosts that leave it."""
    keys = [h for h in hosts if h in aggregate.metadata] if aggregate.is_pool else []
    args = verbs.MetadataArgs(changes=dict.fromkeys(keys))
    return (verbs.set_metadata(aggregate.name, args),) if keys else ()
