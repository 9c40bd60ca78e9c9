# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a server and a host, whatever the way in which the server gets there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..._core.model import Fleet, Host, Server
from .placement import equipment
from .steering import Steering
from .unfit import Unfit
from .within import Within

Predicate: TypeAlias = Callable[[Server, Host], Unfit | None]


def predicates(fleet: Fleet, within: Within) -> Sequence[Predicate]:
    """In the order in which they are asked; what an option could lift comes last. Each is made once
    for a plan, and asked for every server and host.
    """
    return (equipment(fleet), Steering(fleet).unwanted, within.outside)


def predicates_at_home(fleet: Fleet, within: Within) -> Sequence[Predicate]:
    """Those for a host that a server stays on, which Nova's scheduler is not asked about."""
    return (equipment(fleet), within.outside)


def first_objection(asked: Sequence[Predicate], server: Server, host: Host) -> Unfit | None:
    return next((found for ask in asked if (found := ask(server, host))), None)
