# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warnings about aggregates: names that are ids of others, and zones called like the default one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..._core.model import Aggregate, Fleet
from ..._core.plan import Step, Verdict
from ..common.aggregates import aggregate_with_id
from . import verbs


def cautions(
    fleet: Fleet, current: Aggregate | None, steps: Sequence[Step], zone: str | None
) -> tuple[Verdict, ...]:
    """Of a plan that leads from ``current`` to an aggregate in this zone."""
    return (*_numbers(fleet, current, steps), *_default_zone(fleet, steps, current, zone))


def _numbers(fleet: Fleet, current: Aggregate | None, steps: Sequence[Step]) -> Iterator[Verdict]:
    for step in steps:
        if step.verb is verbs.create:
            name, instead = step.subject, "If that one is meant, give it as id instead of name"
        elif isinstance(step.args, verbs.RenameArgs):
            name, instead = step.args.name, "Choose a name that is no number"
        else:
            continue
        other = aggregate_with_id(fleet, name)
        if other is not None and other is not current:
            yield Verdict(
                f"aggregate {name}",
                "warn",
                f"this name is the id of aggregate {other.name}, which is what OpenStackClient "
                "takes it for",
                instead,
            )


def absent_number(fleet: Fleet, name: str) -> tuple[Verdict, ...]:
    """An aggregate that is to be absent goes by its name only: a second run must not delete another."""
    other = aggregate_with_id(fleet, name)
    if other is None:
        return ()
    reason = f"no aggregate has this name, and the one with this id, {other.name}, is left alone"
    return (
        Verdict(f"aggregate {name}", "warn", reason, "If it is meant, give it as id, not as name"),
    )


def _default_zone(
    fleet: Fleet, steps: Sequence[Step], current: Aggregate | None, zone: str | None
) -> Iterator[Verdict]:
    """Source: Nova's admin guide, availability zones, of a zone named nova."""
    if zone is None or zone != fleet.default_zone:
        return
    name = current.name if current else steps[0].subject
    pinned = (
        ", and a server that was asked into it is pinned to that name, which may forbid later moves "
        "or allow them to any host"
        if fleet.traits.scheduler
        else ""
    )
    yield Verdict(
        f"aggregate {name}",
        "warn",
        f"its availability zone {zone} is named like the default one, of hosts that no aggregate "
        f"puts into a zone: nobody can tell the two apart{pinned}",
        "Choose another name for the zone",
    )
