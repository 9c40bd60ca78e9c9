# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of one task of server_action, from the choice to their outcomes.

A filter chooses once, before anything is done: a server that was chosen because it was ACTIVE, and
was stopped, is no longer ACTIVE afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.errors import FleetError
from .._core.model import Fleet
from .._core.plan import Plan
from .._core.reading import SERVERS, Reading, reading
from .._reconcile.servers.outcomes import action_summary, contradictions, outcomes
from .._reconcile.servers.plan import chosen, plan_server_action
from .._reconcile.servers.wanted import ServerActionWanted
from .compute_views import server_view

GONE = {
    "status": "DELETED",
    "vm_state": "deleted",
    "task_state": None,
    "power_state": 0,
    "host": None,
    "hypervisor_hostname": None,
    "host_status": "",
}
"""What is shown of a server that has been deleted, besides what it was."""


class ChosenServers:
    """Callbacks of ``Task.reconcile``."""

    def __init__(self, wanted: ServerActionWanted) -> None:
        self._wanted = wanted
        self._before: dict[str, dict[str, Any]] = {}
        self._staying: dict[str, str] = {}

    def plan(self, fleet: Fleet) -> Plan:
        plan = plan_server_action(fleet, self._wanted)
        self._before = {s.id: server_view(fleet, s) for s in chosen(fleet, self._wanted)}
        self._staying = {
            one.step.args.to_dict()["id"]: one.error.cause for one in plan.refused if not one.fails
        }
        return plan

    def reading(self) -> Reading:
        return reading(SERVERS, servers=self._before)

    def views(self, fleet: Fleet) -> dict[str, Any]:
        return {"servers": list(self._views(fleet).values())}

    def _views(self, fleet: Fleet) -> dict[str, dict[str, Any]]:
        by_id = {s.id: s for s in fleet.servers}
        return {one: server_view(fleet, by_id[one]) for one in self._before if one in by_id}

    def result(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The task's result with the outcome of each server in it."""
        views = {view["id"]: view for view in result["servers"]}
        by_server = outcomes(self._before, result["actions"], staying=self._staying)
        return {**result, **self._with_outcomes(views, by_server)}

    def contradictions(self, result: Mapping[str, Any]) -> list[str]:
        """What the servers in the task's result are seen to be instead of what was done."""
        if not self._wanted.wait:
            return []
        return contradictions(self._wanted.action, result["servers"], result["actions"])

    def after_failure(self, fleet: Fleet, failure: FleetError) -> dict[str, Any]:
        details = failure.details
        done = details.get("done", ())
        by_server = outcomes(
            self._before,
            done,
            details.get("failed", ()),
            details.get("remaining", ()),
            self._staying,
        )
        return {"actions": list(done), **self._with_outcomes(self._views(fleet), by_server)}

    def _with_outcomes(
        self, views: Mapping[str, Mapping[str, Any]], by_server: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        servers = [
            {**(views.get(one) or {**before, **GONE}), **by_server[one]}
            for one, before in self._before.items()
        ]
        return {"servers": servers, "summary": action_summary(self._wanted.action, servers)}
