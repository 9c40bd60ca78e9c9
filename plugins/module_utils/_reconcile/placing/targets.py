# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a way of moving servers demands of hosts, and the hosts found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..._core.errors import FleetError
from ..._core.plan import Verdict


@dataclass(frozen=True)
class Rule:
    """What a way of moving or starting servers demands of a host. ``leaves``: it is another one than
    the server's own. ``no_older``: it does not run an older version than the server's own. ``apart``:
    members of an anti-affinity group never share it; otherwise they avoid to. ``within`` is the option
    of that name (within.py), ``named`` a target that is asked for; migration groups bind every task.
    """

    leaves: bool = False
    no_older: bool = False
    apart: bool = True
    within: str | None = None
    named: bool = False
    migration_groups: bool = True


MOVING = Rule(leaves=True, no_older=True)
"""Live and cold migration."""


@dataclass(frozen=True)
class Targets:
    """Host by server id, None where the scheduler is to choose; ``refused`` says why a server has none,
    ``errors`` what else is wrong.
    """

    hosts: Mapping[str, str | None] = field(default_factory=dict)
    warnings: tuple[Verdict, ...] = ()
    refused: Mapping[str, FleetError] = field(default_factory=dict)
    errors: tuple[FleetError, ...] = ()

    @property
    def obstacles(self) -> tuple[FleetError, ...]:
        return (*self.refused.values(), *self.errors)
