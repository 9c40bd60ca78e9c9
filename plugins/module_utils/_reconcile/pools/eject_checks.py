# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blockers of a host's eject from its pool, checked before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._core.errors import joined
from ..._core.model import Fleet, Host, Pool
from ..._core.plan import Verdict


def eject_blockers(fleet: Fleet, pool: Pool, host: Host, *, wipe: bool) -> Iterator[Verdict]:
    """Everything about this one host; ``wipe`` is the user's consent to lose its local disks."""
    resident = sorted(s.name for s in fleet.servers_on(host.name) if s.running)
    if not wipe:
        yield Verdict(
            host.name,
            "block",
            f"ejecting it reboots it and wipes its local disks{_local(fleet, host)}",
            "Set wipe_local_storage to true if that is what you want",
        )
    if resident:
        yield Verdict(
            host.name,
            "block",
            f"guests are resident on it: {joined(resident)}",
            "Drain it with host_maintenance, or shut them down",
        )
    if not host.live:
        yield Verdict(
            host.name,
            "block",
            "it is not live, and only a live host can be ejected",
            "Start it; if it is gone for good, forget it with xe host-forget",
        )
    if host.operations:
        yield Verdict(
            host.name,
            "block",
            f"it is busy with {joined(host.operations)}",
            "Wait until that has ended",
        )
    if pool.ha_enabled:
        yield Verdict(host.name, "block", "HA is enabled", "Disable HA during the eject")


def coordinator_blockers(
    pool: Pool, leaving: Sequence[Host], members: Sequence[Host]
) -> Verdict | None:
    """The coordinator leaves last, or hands over first."""
    staying = [h.name for h in members if h not in leaving]
    if not staying or all(h.name != pool.coordinator for h in leaving):
        return None
    return Verdict(
        pool.coordinator,
        "block",
        f"it is the coordinator, and {joined(staying)} would stay",
        "Hand over first: xen_pool with coordinator set to a host that stays",
    )


def lost_guests(fleet: Fleet, host: Host) -> tuple[Verdict, ...]:
    """A warning about guests that stay behind without a disk: XAPI keeps their records."""
    local = _local_ids(fleet, host)
    names = sorted({s.name for s in fleet.servers if s.all_storage & local})
    if not names:
        return ()
    return (Verdict(host.name, "warn", f"disks on its local storage are lost, of {joined(names)}"),)


def _local_ids(fleet: Fleet, host: Host) -> frozenset[str]:
    """SRs known to this host alone vanish from the pool with it (SR.forget)."""
    return frozenset(s.id for s in fleet.storages if s.known_to == {host.name})


def _local(fleet: Fleet, host: Host) -> str:
    local = _local_ids(fleet, host)
    names = sorted(s.name for s in fleet.storages if s.id in local and s.used)
    return f" (in use: {joined(names)})" if names else ""
