# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan a consolidation: which hosts can be emptied one by one, so that they can be powered off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..._core.args import MoveArgs
from ..._core.errors import FleetError, InvalidError, joined
from ..._core.model import Fleet, Host
from ..._core.plan import Plan, Step, project_all
from ..._core.units import MIB, gib, table
from ..common.lookup import get_host
from ..placing.cloud import objections
from ..placing.placement import place
from ..placing.strategy import placing
from ..placing.within import check_within
from ..servers.verbs import cold_migrate, live_migrate
from .enter import plan_in_maintenance
from .host_group import coordinated, names_of
from .resume import wanted_maintenance
from .wanted import MaintenanceWanted


@dataclass(frozen=True)
class ConsolidationWanted:
    """``hosts`` or ``aggregate`` may be emptied, at most ``most`` of them, and at least ``keep``
    stay in service. A host that takes servers keeps ``headroom`` percent of its memory free.
    """

    name: str
    hosts: Sequence[str] | None = None
    aggregate: str | None = None
    keep: int = 1
    most: int | None = None
    headroom: int = 20
    enforce_groups: bool = True
    within: str | None = None
    cold_migrate: bool = False

    def of(self, host: str) -> MaintenanceWanted:
        return MaintenanceWanted(
            host=host,
            name=self.name,
            enforce_groups=self.enforce_groups,
            within=self.within,
            cold_migrate=self.cold_migrate,
        )


@dataclass(frozen=True)
class Choice:
    """The decision on one host: ``empty`` now, ``emptied`` earlier, or ``keep``, and why.
    ``memory`` is that of the servers running on it, in bytes. ``up`` is false while it is off or
    going there.
    """

    host: str
    decision: str
    reason: str
    phase: str | None
    up: bool
    memory: int


def plan_consolidation(fleet: Fleet, wanted: ConsolidationWanted) -> tuple[Choice, ...]:
    """Hosts to empty in order, after those that earlier runs have begun with, then the others.

    The host with least to move goes first. Each is judged on the assumption that those before it
    are empty, until no further one can go: so a second run finds nothing more to do.
    """
    _check(wanted)
    check_within(fleet, wanted.within)
    names = names_of(fleet, wanted.hosts, wanted.aggregate)
    predicted, begun = _begun(fleet, names, wanted)
    kept = {name: _unfit(fleet, name) for name in names if name not in begun}
    serving = [name for name, reason in kept.items() if reason is None]
    chosen: dict[str, str] = {}
    while (
        candidate := _next(predicted, serving, wanted, len(begun) + len(chosen), kept)
    ) is not None:
        name, predicted = candidate
        chosen[name] = f"{gib(_memory(fleet, name))} of servers fit elsewhere"
        serving.remove(name)
    others = {name: str(kept[name]) for name in kept if name not in chosen}
    return (
        *(_choice(fleet, n, _decision(fleet, n, wanted), why, wanted) for n, why in begun.items()),
        *(_choice(fleet, n, "empty", why, wanted) for n, why in chosen.items()),
        *(_choice(fleet, n, "keep", why, wanted) for n, why in others.items()),
    )


def _check(wanted: ConsolidationWanted) -> None:
    what = f"consolidation {wanted.name}"
    if wanted.keep < 1:
        raise InvalidError(what, f"keep is {wanted.keep}, and servers need a host", "Use 1 or more")
    if not 0 <= wanted.headroom < 100:
        raise InvalidError(what, f"headroom is {wanted.headroom} percent", "Use 0 to 99")
    if wanted.most is not None and wanted.most < 0:
        raise InvalidError(what, f"max_hosts is {wanted.most}", "Use 0 or more")


# --- one host -------------------------------------------------------------------------------------


def _begun(
    fleet: Fleet, names: Sequence[str], wanted: ConsolidationWanted
) -> tuple[Fleet, dict[str, str]]:
    """The hosts whose maintenance of that name is open, and the fleet once they are empty. What
    blocks one of them is reported by its maintenance when that continues.
    """
    begun: dict[str, str] = {}
    for name in names:
        current = fleet.open_maintenance(name)
        if current is None or current.name != wanted.name or current.phase == "returning":
            continue
        begun[name] = "is empty" if current.phase == "in_maintenance" else "is being emptied"
    predicted = fleet
    for name in begun:
        steps = _emptying(predicted, name, wanted)
        predicted = predicted if isinstance(steps, str) else project_all(predicted, steps)
    return predicted, begun


def _unfit(fleet: Fleet, name: str) -> str | None:
    """Why the host is not even considered, or None. It does not count as one in service then.
    NotFoundError if there is no such host.
    """
    get_host(fleet, name)
    current = fleet.open_maintenance(name)
    if current is not None:
        return f"is in maintenance {current.name!r} ({current.phase})"
    return placing(fleet).closed(fleet, name)


def _next(
    fleet: Fleet,
    serving: Sequence[str],
    wanted: ConsolidationWanted,
    gone: int,
    kept: dict[str, str | None],
) -> tuple[str, Fleet] | None:
    """The next host that can be emptied and the fleet afterwards, or None; ``kept`` gets the
    reasons.
    """
    limit = _limit(serving, wanted, gone)
    for name in sorted(serving, key=lambda n: (_memory(fleet, n), n)):
        if limit is not None:
            kept[name] = kept[name] or limit
            continue
        after = _without(fleet, name, wanted)
        if isinstance(after, Fleet):
            return name, after
        kept[name] = after
    return None


def _limit(serving: Sequence[str], wanted: ConsolidationWanted, gone: int) -> str | None:
    if len(serving) <= wanted.keep:
        number = "1 host stays" if wanted.keep == 1 else f"{wanted.keep} hosts stay"
        return f"{number} in service"
    if wanted.most is not None and gone >= wanted.most:
        return f"no more than {wanted.most} are to be emptied"
    return None


def _without(fleet: Fleet, name: str, wanted: ConsolidationWanted) -> Fleet | str:
    """The fleet once the host is empty, or why that is not to be."""
    pool = coordinated(fleet, name)
    if pool is not None:
        return f"coordinates pool {pool.name or pool.id}, which could not be managed without it"
    steps = _emptying(fleet, name, wanted)
    if isinstance(steps, str):
        return steps
    after = project_all(fleet, steps)
    bound = sorted(s.name for s in after.servers_on(name))
    if bound:
        return f"{joined(bound)} would stay on it and could not be started any more"
    targets = dict.fromkeys(str(args.target) for s in steps if (args := _move(s)))
    full = [t for t in targets if _crowded(after.host(t), wanted)]
    if full:
        listed = joined([f"{t} {gib(h.memory_free)}" for t in full if (h := after.host(t))])
        return f"less than {wanted.headroom} percent of memory would be left: {listed}"
    return after


def _crowded(host: Host | None, wanted: ConsolidationWanted) -> bool:
    return host is not None and host.memory_free * 100 < host.memory_total * wanted.headroom


def _emptying(fleet: Fleet, name: str, wanted: ConsolidationWanted) -> Sequence[Step] | str:
    """The steps that empty the host, or what blocks that."""
    try:
        plan = plan_in_maintenance(fleet, wanted.of(name))
    except FleetError as exc:
        return exc.cause
    if not plan.steps and fleet.open_maintenance(name) is None:
        return f"maintenance {wanted.name!r} of it is done already; another one needs another name"
    return _aimed(fleet, plan)


def _aimed(fleet: Fleet, plan: Plan) -> Sequence[Step] | str:
    """With a target for each move where the scheduler will choose: if the servers fit somehow, it
    is taken to find a way, too.
    """
    ids = [a.id for s in plan.steps if (a := _move(s)) and not a.target]
    moving = [server for uuid in ids if (server := fleet.server(uuid))]
    options = {s.id: [h for h, why in objections(fleet, s).items() if why is None] for s in moving}
    placement = place(fleet, moving, {i: _known(fleet, hosts) for i, hosts in options.items()})
    if placement.unplaced:
        names = joined([s.name for s in placement.unplaced])
        return f"no host has the memory for {names}"
    return [_to(step, placement.chosen) for step in plan.steps]


def _known(fleet: Fleet, hosts: Sequence[str]) -> list[str]:
    return [name for name in hosts if fleet.host(name)]


def _to(step: Step, chosen: Mapping[str, str]) -> Step:
    args = _move(step)
    target = chosen.get(args.id) if args else None
    return replace(step, args=replace(args, target=target)) if args and target else step


def _move(step: Step) -> MoveArgs | None:
    """Of a step that begins a move."""
    begins = step.verb in (live_migrate, cold_migrate)
    return step.args if begins and isinstance(step.args, MoveArgs) else None


def _memory(fleet: Fleet, name: str) -> int:
    return sum(s.memory for s in fleet.servers_on(name) if s.running)


# --- for people and playbooks ---------------------------------------------------------------------


def _decision(fleet: Fleet, name: str, wanted: ConsolidationWanted) -> str:
    current = wanted_maintenance(fleet, wanted.of(name))
    return "emptied" if current is not None and current.phase == "in_maintenance" else "empty"


def _choice(
    fleet: Fleet, name: str, decision: str, reason: str, wanted: ConsolidationWanted
) -> Choice:
    host = fleet.host(name)
    maintenance = wanted_maintenance(fleet, wanted.of(name))
    service = fleet.service(name)
    return Choice(
        host=name,
        decision=decision,
        reason=reason,
        phase=maintenance.phase if maintenance else None,
        # XAPI keeps shutdown in host.current_operations until a host is back.
        up=host is not None
        and "shutdown" not in host.operations
        and (service is None or service.state == "up"),
        memory=_memory(fleet, name),
    )


def consolidation_summary(choices: Sequence[Choice], name: str) -> str:
    """The decision on each host, for people."""
    number = sum(c.decision != "keep" for c in choices)
    head = f"consolidation {name}: {number} of {len(choices)} hosts empty"
    return "\n".join([head, *(f"  {line}" for line in table(list(_rows(choices))))])


def _rows(choices: Sequence[Choice]) -> Iterator[tuple[str, ...]]:
    for c in choices:
        yield c.host, c.decision, gib(c.memory), "up" if c.up else "down", c.reason


def choice_views(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """Memory in MiB, as in everything that is shown."""
    views = [asdict(choice) for choice in choices]
    return [{**view, "memory_mb": view.pop("memory") // MIB} for view in views]
