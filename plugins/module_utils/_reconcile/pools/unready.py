# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of a pool that are not in service: those that are waited for, and those that are not."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.model import MAINTENANCE_KEY, Aggregate, Fleet, Host, Pool
from ..._core.plan import Verdict
from ..common.readiness import missing_for_service


def unready(
    fleet: Fleet, pool: Pool, members: Sequence[Host], aggregate: Aggregate | None
) -> tuple[list[Host], tuple[Verdict, ...]]:
    """Members to wait for, and warnings about those that are out of service for another reason.

    A record in the aggregate says that a join was followed to its end. Without one, a host that is
    neither live nor enabled is one that has just joined: a host that died stays enabled in XAPI.
    """
    waits, warnings = [], []
    for host in members:
        missing = missing_for_service(fleet, host.name, pool.id)
        if not missing or host.name == pool.coordinator:
            continue
        recorded = aggregate is not None and aggregate.metadata.get(host.name) == host.id
        if recorded or _on_purpose(fleet, host) or not _arriving(host, aggregate):
            warnings.append(
                Verdict(host.name, "warn", f"a member, but not {', not '.join(missing)}")
            )
        else:
            waits.append(host)
    return waits, tuple(warnings)


def _arriving(host: Host, aggregate: Aggregate | None) -> bool:
    return aggregate is not None or not (host.live or host.enabled)


def _on_purpose(fleet: Fleet, host: Host) -> bool:
    service = fleet.service(host.name)
    return (
        fleet.open_maintenance(host.name) is not None
        or host.other_config.get(MAINTENANCE_KEY) == "true"
        or (service is not None and service.status == "disabled")
    )
