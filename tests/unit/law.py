# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The law that every planner obeys: a plan, once taken, leaves nothing to plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan, project_all


def assert_fixed_point(planner: Callable[[Fleet, Any], Plan], fleet: Fleet, wanted: Any) -> Plan:
    """Plan, project, plan again: the second plan is empty. Every step changes something, too."""
    plan = planner(fleet, wanted)
    state = fleet
    for step in plan.steps:
        after = step.project(state)
        assert after != state or step.verb.event, f"step does nothing: {step}"
        state = after
    again = planner(project_all(fleet, plan.steps), wanted)
    remaining = [str(s) for s in again.steps if not s.verb.event]
    assert remaining == []
    return plan
