# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that are to verify certificates before they join a pool that does."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.model import Fleet, Host, Pool
from ..._core.plan import Step
from ..common.lookup import called
from . import verbs


def tls_steps(fleet: Fleet, pool: Pool, joiners: Sequence[Host]) -> list[Step]:
    """XAPI joins no host that differs from the pool in this (POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH),
    and a host comes back from an eject with it off.
    """
    if not pool.tls_verification:
        return []
    own = [(h, fleet.pool(h.pool_id)) for h in joiners if not h.joining]
    why = f"as in pool {called(pool)}"
    return [
        verbs.enable_tls(h.name, verbs.OwnPoolArgs(pool_id=p.id), why)
        for h, p in own
        if p is not None and not p.tls_verification and len(fleet.members(p.id)) == 1
    ]
