# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which flavors are meant for an aggregate."""

from __future__ import annotations

from ..._core.model import Aggregate, Flavor, Fleet
from ..placing.extra_specs import heeded, unmet


def flavors_of(fleet: Fleet, aggregate: Aggregate) -> tuple[Flavor, ...]:
    """Those with extra specs that the scheduler's filter looks at, all of which the aggregate's
    metadata fulfils by itself. A flavor without any says nothing about aggregates.
    """
    return tuple(
        flavor
        for flavor in fleet.flavors
        if (specs := heeded(flavor.extra_specs)) and not unmet([aggregate], specs)
    )
