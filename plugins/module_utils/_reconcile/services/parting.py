# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warn of hosts that leave the aggregate of their Xen pool with their service, and stay in the pool."""

from __future__ import annotations

from collections.abc import Iterator

from ..._core.model import Fleet
from ..._core.plan import Verdict
from ..common.pool_claims import pool_members


def parting_warnings(fleet: Fleet, host: str) -> Iterator[Verdict]:
    """A deletion takes the host out of all aggregates, as Nova's does (api/openstack/compute/services.py)."""
    for aggregate in fleet.aggregates:
        if host in aggregate.hosts and pool_members(fleet, aggregate, [host]):
            yield Verdict(
                f"host {host}",
                "warn",
                f"leaves aggregate {aggregate.name} with its service, but stays in its Xen pool",
                f"Eject it first with xenfleet.compute.xen_pool_member, aggregate {aggregate.name} and "
                "state absent, which takes it out of both",
            )
