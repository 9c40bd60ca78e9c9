# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals: of one server, of an option, and the one error that names all blockers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..._core.errors import ConflictError, FleetError, PlanRefused, UnsupportedError
from ..._core.model import Server
from ..._core.plan import Verdict
from ..._core.traits import Traits


def refuse(what: str, cause: str, blockers: Sequence[Verdict], beside: str = "") -> PlanRefused:
    """Nothing was changed; every blocker with its remedy, in one message. ``beside`` is said after
    them.
    """
    lines = "; ".join([*(_clause(v) for v in blockers), *([beside] if beside else [])])
    return PlanRefused(
        what,
        f"{cause}: {lines}",
        f"Nothing was changed; remove the {_blockers(len(blockers))} and run again",
        verdicts=[asdict(v) for v in blockers],
    )


def together(problems: Sequence[FleetError], beside: str = "") -> FleetError:
    """One error that names them all, of the first one's kind; ``beside`` is said after the causes."""
    first, *others = problems
    rest = (p.cause if p.what == first.what else f"{p.what}: {p.cause}" for p in others)
    causes = [first.cause, *rest, *([beside] if beside else [])]
    verdicts = [asdict(Verdict(p.what, "block", p.cause, p.remedy)) for p in problems]
    return type(first)(first.what, "; ".join(causes), _remedies(problems), verdicts=verdicts)


def _remedies(problems: Sequence[FleetError]) -> str:
    """Those of several objects each with its object, unless all have the same."""
    if 1 in (len({p.remedy for p in problems}), len({p.what for p in problems})):
        return "; ".join(dict.fromkeys(p.remedy for p in problems))
    return "; ".join(dict.fromkeys(f"{p.what}: {p.remedy}" for p in problems))


def _blockers(number: int) -> str:
    return "blocker" if number == 1 else f"{number} blockers"


def _clause(verdict: Verdict) -> str:
    remedy = f" ({verdict.remedy})" if verdict.remedy else ""
    return f"{verdict.subject}: {verdict.reason}{remedy}"


def cannot(server: Server, action: str, why: str, remedy: str) -> ConflictError:
    """In the words of Nova's InstanceInvalidState, which names the state that forbids the action."""
    return ConflictError(
        f"server {server.name}",
        f"action '{action}' of server {server.id} is refused {why}",
        remedy,
        server=server.id,
        vm_state=server.vm_state,
        task_state=server.task_state,
    )


def check_given(traits: Traits, options: Mapping[str, Any]) -> None:
    """UnsupportedError for an option with a value that the control plane has nothing for."""
    for option, value in options.items():
        limit = traits.unsupported.get(f"option {option}")
        if limit and value not in (None, False):
            raise UnsupportedError(f"option {option}", *limit)
