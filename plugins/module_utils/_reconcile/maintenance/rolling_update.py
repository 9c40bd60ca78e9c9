# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rolling update: one host after the other goes through a maintenance of the same name.

Decided here are the order, how far an earlier run has come, and what blocks any host, so that it is
reported before the first one is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..._core.errors import FleetError, PlanRefused
from ..._core.model import Fleet, Maintenance
from ..._core.plan import Verdict
from ..._core.units import table
from ..common.refusals import refuse
from ..placing.within import check_within
from .enter import plan_in_maintenance
from .host_group import coordinated, names_of
from .resume import wanted_maintenance
from .wanted import MaintenanceWanted


@dataclass(frozen=True)
class RollingUpdateWanted:
    """``hosts`` or ``aggregate``; the rest is that of each host's maintenance."""

    name: str
    hosts: Sequence[str] | None = None
    aggregate: str | None = None
    network: str | None = None
    enforce_groups: bool = True
    within: str | None = None
    cold_migrate: bool = False

    def of(self, host: str) -> MaintenanceWanted:
        return MaintenanceWanted(
            host=host,
            name=self.name,
            network=self.network,
            enforce_groups=self.enforce_groups,
            within=self.within,
            cold_migrate=self.cold_migrate,
        )


@dataclass(frozen=True)
class Turn:
    """One host's turn. ``todo``: maintenance; check, since nobody knows whether the host that was
    finished last has been found in order; nothing.
    """

    number: int
    host: str
    coordinator: bool
    phase: str | None
    todo: str


@dataclass(frozen=True)
class RollingUpdate:
    """The turns in order, and the blockers."""

    turns: tuple[Turn, ...]
    verdicts: tuple[Verdict, ...] = ()

    @property
    def blockers(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.decision == "block")


def plan_rolling_update(fleet: Fleet, wanted: RollingUpdateWanted) -> RollingUpdate:
    """Coordinators come first: XAPI runs a pool of mixed versions only while its coordinator has
    the newest (a rolling pool upgrade), and guests only move to the same version or a newer one.
    Each host's blockers are those of its maintenance, were it to begin now.
    """
    check_within(fleet, wanted.within)
    names = names_of(fleet, wanted.hosts, wanted.aggregate)
    ordered = sorted(names, key=lambda name: coordinated(fleet, name) is None)
    maintenances = {name: wanted_maintenance(fleet, wanted.of(name)) for name in ordered}
    last = _finished_last([m for m in maintenances.values() if m and not m.open])
    turns = tuple(
        Turn(number, name, coordinated(fleet, name) is not None, _phase(one), _todo(one, last))
        for number, (name, one) in enumerate(maintenances.items(), 1)
    )
    due = [turn.host for turn in turns if turn.todo == "maintenance"]
    verdicts = dict.fromkeys(
        [*_blockers(fleet, due, wanted), *_absent_coordinators(fleet, due, names)]
    )
    return RollingUpdate(turns, tuple(verdicts))


def _finished_last(done: Sequence[Maintenance]) -> Maintenance | None:
    return max(done, key=lambda m: (m.finished_at or "", m.id or 0), default=None)


def _phase(maintenance: Maintenance | None) -> str | None:
    return maintenance.phase if maintenance else None


def _todo(maintenance: Maintenance | None, last: Maintenance | None) -> str:
    if maintenance is None or maintenance.open:
        return "maintenance"
    return "check" if maintenance is last else "nothing"


def _blockers(fleet: Fleet, due: Sequence[str], wanted: RollingUpdateWanted) -> Iterator[Verdict]:
    for host in due:
        try:
            plan_in_maintenance(fleet, wanted.of(host))
        except FleetError as exc:
            # The remedy of a refusal speaks of the run as a whole, and its cause has one for each blocker.
            remedy = "" if isinstance(exc, PlanRefused) else exc.remedy
            yield Verdict(exc.what, "block", exc.cause.rstrip("."), remedy)


def _absent_coordinators(
    fleet: Fleet, due: Sequence[str], names: Sequence[str]
) -> Iterator[Verdict]:
    """Coordinators that are not among the hosts."""
    pools = {pool.id: pool for host in due if (pool := fleet.pool_of(host))}
    for pool in pools.values():
        if coordinated(fleet, pool.coordinator) and pool.coordinator not in names:
            yield Verdict(
                pool.coordinator,
                "warn",
                f"coordinates pool {pool.name or pool.id} and is not among the hosts",
                "If versions change, update it before the others",
            )


def refusal(update: RollingUpdate, name: str) -> str | None:
    """All blockers in one message, or None."""
    if not update.blockers:
        return None
    what = f"rolling update {name} of {len(update.turns)} hosts"
    return refuse(what, "it can't begin or continue", update.blockers).message


def rolling_update_summary(update: RollingUpdate, name: str) -> str:
    """How far it is, and the hosts in order, for people."""
    done = sum(turn.phase == "done" for turn in update.turns)
    rows = [
        (f"{t.number}", t.host, "coordinator" if t.coordinator else "", t.phase or "not begun")
        for t in update.turns
    ]
    head = f"rolling update {name}: {done} of {len(update.turns)} hosts done"
    return "\n".join([head, *(f"  {line}" for line in table(rows))])


def turn_views(update: RollingUpdate) -> list[dict[str, Any]]:
    return [asdict(turn) for turn in update.turns]
