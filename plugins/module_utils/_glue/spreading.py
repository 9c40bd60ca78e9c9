# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task of host_spread, from the plan to what is seen of the hosts afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.errors import FleetError
from .._core.model import Fleet
from .._core.plan import Plan
from .._core.ports import Reporter
from .._core.reading import Reading
from .._reconcile.maintenance.host_group import everything, names_of
from .._reconcile.maintenance.report import plan_lines
from .._reconcile.maintenance.spread import SpreadWanted, plan_spread
from .._reconcile.maintenance.spread_report import loads_view, moves_view, spread_summary


class Spreading:
    """Callbacks of ``Task.reconcile``."""

    def __init__(self, wanted: SpreadWanted, reporter: Reporter) -> None:
        self._wanted = wanted
        self._reporter = reporter
        self._before: dict[str, Any] | None = None
        self._places: dict[str, str | None] = {}
        self._shown: list[str] = []

    def needs(self, fleet: Fleet) -> Reading:
        """Servers of the group's hosts, and all that says where these can go."""
        return everything(names_of(fleet, self._wanted.hosts, self._wanted.aggregate))

    def plan(self, fleet: Fleet) -> Plan:
        plan = plan_spread(fleet, self._wanted)
        self._before = loads_view(fleet, self._wanted)
        lines = plan_lines(plan)
        if lines != self._shown:
            self._shown = lines
            for line in lines:
                self._reporter.line(line)
        return plan

    def view(self, fleet: Fleet) -> dict[str, Any]:
        self._places = {s.id: s.host for s in fleet.servers}
        return {"hosts": loads_view(fleet, self._wanted)}

    def result(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The task's result with the loads before and after, and every move."""
        after = result["hosts"]
        before = self._before or after
        moves = moves_view(result["actions"], self._places)
        rest = {key: value for key, value in result.items() if key != "hosts"}
        summary = spread_summary(before, after, moves)
        return {**rest, "moves": moves, "before": before, "after": after, "summary": summary}

    def after_failure(self, fleet: Fleet, failure: FleetError) -> dict[str, Any]:
        done = list(failure.details.get("done", ()))
        return self.result({"actions": done, **self.view(fleet)})
