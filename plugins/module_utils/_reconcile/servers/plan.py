# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan server actions: the step for each server, or why it is refused, by the table of actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..._core.actions import TABLE
from ..._core.errors import FleetError, InvalidError, joined
from ..._core.model import Fleet, Server
from ..._core.plan import Plan, Refused, Step, Verdict
from ..._core.reading import AGGREGATES, HOSTS, SERVERS, SERVICES, Reading, reading
from ..._core.traits import Traits
from ..common.refusals import refuse
from ..common.selection import matching, servers_named
from ..placing.targets import Targets
from ..placing.within import check_within
from .action_args import action_args
from .cautions import cautions
from .evacuation import stranded
from .filters import ServerFilter, check_filter, check_filter_supported, filter_servers
from .listing import narrowed
from .live_migration import plan_moves
from .options import check_action_options, check_supported
from .preconditions import failed_host, obstacle, satisfied
from .targets import STARTS, asked_about, plan_targets
from .verbs import ACTIONS
from .wanted import ServerActionWanted

LIVE_MIGRATE = "live_migrate"
EVACUATE = "evacuate"


def plan_server_action(fleet: Fleet, wanted: ServerActionWanted) -> Plan:
    """InvalidError, NotFoundError, ConflictError or UnsupportedError before anything is changed;
    with several refusals, one PlanRefused names them all.
    """
    check_wanted(wanted)
    check_supported(fleet.traits, wanted.action, wanted.options, wanted.wait)
    check_within(fleet, wanted.within)
    if wanted.where is not None:
        check_filter_supported(fleet.traits, wanted.where)
    servers = chosen(fleet, wanted)
    idle = [s for s in servers if satisfied(fleet, s, wanted)]
    verdicts = tuple(Verdict(s.name, "skip", f"is {s.status} already") for s in idle)
    ids = {s.id for s in idle}
    due = [s for s in servers if s.id not in ids]
    verdicts = (*cautions(fleet, due, wanted), *verdicts)
    _raise_all(wanted.action, [e for s in due if (e := obstacle(fleet, s, wanted))])
    window, most = wanted.max_parallel, _limit(wanted, due)
    if wanted.action == LIVE_MIGRATE:
        moves = plan_moves(fleet, due, wanted.host, wanted.within)
        _raise_all(wanted.action, moves.errors)
        return Plan(moves.steps, (*moves.verdicts, *verdicts), window, most)
    targets = plan_targets(fleet, due, wanted)
    if wanted.action == EVACUATE:
        plan = _evacuation(fleet, due, wanted, targets)
    else:
        _raise_all(wanted.action, targets.obstacles)
        steps = tuple(_step(fleet, s, wanted, targets.hosts.get(s.id)) for s in due)
        plan = Plan(steps, targets.warnings)
    return replace(plan, verdicts=(*plan.verdicts, *verdicts), window=window, max_failures=most)


def _evacuation(
    fleet: Fleet, due: Sequence[Server], wanted: ServerActionWanted, targets: Targets
) -> Plan:
    """Refused only if no server that ran can be brought up, and there is nothing else to do."""
    left = tuple(stranded(fleet, due, targets))
    lost = [one.error for one in left if one.lost]
    _raise_all(wanted.action, [*(lost if len(lost) == len(due) else ()), *targets.errors])
    staying = {one.server.id for one in left}
    leaving = [s for s in due if s.id not in staying]
    return Plan(
        tuple(_step(fleet, s, wanted, targets.hosts.get(s.id)) for s in leaving),
        (*targets.warnings, *(one.verdict for one in left)),
        refused=tuple(
            Refused(_step(fleet, one.server, wanted, None), one.error, fails=one.lost)
            for one in left
        ),
    )


def check_wanted(wanted: ServerActionWanted) -> None:
    """The rules that no state of the fleet can change."""
    check_action_options(wanted.action, wanted.host, wanted.options, wanted.max_parallel)
    _check_chooses(wanted)
    if wanted.where is None:
        return
    check_filter(wanted.where)
    if wanted.where == ServerFilter():
        raise InvalidError(
            "option filters",
            f"without a condition {wanted.action} would be done to every server there is",
            'Give a condition; name: "" matches every server, if that is meant',
        )


def _check_chooses(wanted: ServerActionWanted) -> None:
    """Only what needs a host can be told how far that may be."""
    able = [LIVE_MIGRATE, *STARTS]
    if wanted.within is not None and wanted.action not in able:
        cause = f"{wanted.action} chooses no host"
        raise InvalidError("option within", cause, f"Use it with {joined(able, most=99)}")


def _limit(wanted: ServerActionWanted, due: Sequence[Server]) -> int:
    return len(due) if wanted.max_failures is None else wanted.max_failures


def chosen(fleet: Fleet, wanted: ServerActionWanted) -> list[Server]:
    """The servers meant. Those to be deleted may be gone already; to be sure that a name was not
    misspelled there is server_info. A filter on the past finds deleted ones, with which nothing
    can be done.
    """
    if wanted.where is not None:
        return [s for s in filter_servers(fleet, wanted.where) if s.vm_state != "deleted"]
    words: Sequence[str] = wanted.servers
    if TABLE[wanted.action].deletes:
        words = [word for word in words if matching(fleet, word)]
    return servers_named(fleet, words)


def action_needs(fleet: Fleet, wanted: ServerActionWanted) -> Reading:
    """What the plan depends on, after ``first_needs``: where servers with devices can start, too."""
    servers = (
        [s for word in wanted.servers for s in matching(fleet, word)]
        if wanted.where is None
        else filter_servers(fleet, wanted.where)
    )
    needs = first_needs(fleet.traits, wanted)
    return needs.with_possible_hosts(asked_about(fleet, servers, wanted))


def first_needs(traits: Traits, wanted: ServerActionWanted) -> Reading:
    """A move asks for the state of its target, too, and where no scheduler chooses, all that starts a
    server for the room on every host, and for the aggregates that they are in.
    """
    sections = [SERVERS]
    where = wanted.where
    if not traits.scheduler and wanted.action in {LIVE_MIGRATE, *STARTS}:
        sections += [SERVICES, HOSTS, AGGREGATES]
    elif TABLE[wanted.action].move or wanted.host:
        sections.append(SERVICES)
    if where is None:
        return reading(*sections, servers=wanted.servers)
    return narrowed(traits, where, *sections)


def _raise_all(action: str, errors: Sequence[FleetError]) -> None:
    """One error as it is; several as one that names all of them."""
    if not errors:
        return
    if len(errors) == 1:
        raise errors[0]
    raise refuse(
        f"{action} of {len(errors)} servers",
        "it cannot be done",
        [Verdict(e.what, "block", e.cause, e.remedy) for e in errors],
    )


def _step(fleet: Fleet, server: Server, wanted: ServerActionWanted, target: str | None) -> Step:
    """Where no scheduler chooses, a source or target that there is none of is left out."""
    evacuated = wanted.action == EVACUATE
    source = failed_host(fleet, server) if evacuated else server.host
    unknown = None if fleet.traits.scheduler else ""
    host = target or wanted.host
    args = action_args(wanted, server.id, source or unknown, host or unknown)
    return ACTIONS[wanted.action](server.name, args, why=f"it is {server.status}")
