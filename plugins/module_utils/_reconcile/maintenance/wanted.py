# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe a wanted maintenance of a host: its options and their checks, what it reads and locks."""

from __future__ import annotations

from dataclasses import dataclass

from ..._core.errors import InvalidError
from ..._core.model import ComputeService, Fleet
from ..._core.reading import (
    AGGREGATES,
    HOSTS,
    JOURNAL,
    MIGRATIONS,
    SERVERS,
    SERVICES,
    Reading,
    reading,
)
from ..common.refusals import check_given
from ..common.values import check_name
from ..placing.within import check_within


@dataclass(frozen=True)
class MaintenanceWanted:
    """One maintenance of one host and how to go about it."""

    host: str
    name: str = "maintenance"
    max_parallel: int = 3
    network: str | None = None
    """Network to migrate over, by name or uuid; None leaves the choice to XAPI (management)."""
    enforce_groups: bool = True
    return_servers: bool = True
    within: str | None = None
    """How far servers may go (placing/within.py)."""
    cold_migrate: bool = False
    """Whether servers that are stopped leave the host, too; on Nova only."""
    wait_for_reboot: str = "auto"
    """Whether the return waits until the host has restarted: true, false, or auto where the control
    plane knows that it has to.
    """


def maintenance_needs(fleet: Fleet, wanted: MaintenanceWanted) -> Reading:
    """Everything about the host, and the servers that the open maintenance has moved elsewhere."""
    current = fleet.open_maintenance(wanted.host)
    return reading(
        JOURNAL,
        AGGREGATES,
        SERVICES,
        HOSTS,
        SERVERS,
        MIGRATIONS,
        hosts=(wanted.host,),
        servers=[m.server_id for m in current.moves] if current else (),
    )


def lock_name(fleet: Fleet, wanted: MaintenanceWanted) -> str | None:
    """What no other run may work on: the pool, whose hosts share their room, or with a scheduler,
    which knows about that, the host.
    """
    host = fleet.host(wanted.host)
    if host is None:
        return None
    return f"host:{host.id}" if fleet.traits.scheduler else f"pool:{host.pool_id}"


LONGEST_NAME = 200
"""With our prefix it must fit into disabled_reason, 255 characters in Nova."""


def check(fleet: Fleet, wanted: MaintenanceWanted) -> None:
    """Raises InvalidError for values that no fleet would accept, UnsupportedError for those that
    this control plane can't follow.
    """
    what = f"maintenance of host {wanted.host}"
    check_name(what, wanted.name)
    if len(wanted.name) > LONGEST_NAME:
        raise InvalidError(
            what, f"the name has {len(wanted.name)} characters", f"Use 1 to {LONGEST_NAME} of them"
        )
    if wanted.max_parallel < 1:
        raise InvalidError(what, f"max_parallel is {wanted.max_parallel}", "Use 1 or more")
    given = {
        "network": wanted.network,
        "anti_affinity": not wanted.enforce_groups,
        "cold_migrate": wanted.cold_migrate,
        "wait_for_reboot": wanted.wait_for_reboot == "true",
    }
    check_given(fleet.traits, given)
    check_within(fleet, wanted.within)


def reason_of(name: str) -> str:
    """The disabled_reason that marks a compute service as disabled by this maintenance."""
    return f"xenfleet maintenance: {name}"


def marked(service: ComputeService, name: str) -> bool:
    """Whether this maintenance has disabled the service."""
    return service.status == "disabled" and service.disabled_reason == reason_of(name)
