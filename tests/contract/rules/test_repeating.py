# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode predicts what a task does and changes nothing; a second run of the task does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from contract.rules.control import Control

pytestmark = pytest.mark.memory

Task = tuple[str, dict[str, Any]]
VOLATILE = {"id", "uuid", "created_at", "updated_at"}
"""What nobody can predict."""

PROD = {"name": "prod", "availability_zone": "a", "metadata": {"ssd": "true", "rack": "2"}}
CASES: dict[str, tuple[list[Task], Task]] = {
    "aggregate is made": ([], ("aggregate", {**PROD, "hosts": ["idle", "spare1"]})),
    "aggregate is changed in every way": (
        [("aggregate", {**PROD, "hosts": ["idle", "spare1"]})],
        (
            "aggregate",
            {
                "name": "prod",
                "new_name": "live",
                "availability_zone": "b",
                "metadata": {"ssd": None, "tier": 1},
                "purge_metadata": True,
                "hosts": ["spare1", "spare2"],
            },
        ),
    ),
    "aggregate is deleted with its hosts": (
        [("aggregate", {**PROD, "hosts": ["idle", "spare1"]})],
        ("aggregate", {"name": "prod", "state": "absent", "remove_hosts": True}),
    ),
    "hosts join": (
        [("aggregate", PROD)],
        ("aggregate_host", {"aggregate": "prod", "hosts": ["idle", "spare1"]}),
    ),
    "hosts leave": (
        [("aggregate", {**PROD, "hosts": ["idle", "spare1", "spare2"]})],
        ("aggregate_host", {"aggregate": "prod", "hosts": ["idle", "spare2"], "state": "absent"}),
    ),
    "services are disabled": (
        [],
        (
            "compute_service",
            {"hosts": ["idle", "spare1"], "status": "disabled", "disabled_reason": "fan"},
        ),
    ),
    "services are enabled": (
        [("compute_service", {"hosts": ["idle"], "status": "disabled"})],
        ("compute_service", {"hosts": ["idle", "spare1"], "status": "enabled"}),
    ),
    "a service is forced down": ([], ("compute_service", {"hosts": ["idle"], "forced_down": True})),
    "a service is not forced down any more": (
        [("compute_service", {"hosts": ["idle"], "forced_down": True})],
        ("compute_service", {"hosts": ["idle"], "forced_down": False, "wait_for": "up"}),
    ),
}


def named(control: Control, task: Task) -> Task:
    """With the hosts' names in place of their parts."""
    module, params = task
    hosts = params.get("hosts")
    return module, {**params, "hosts": [getattr(control, h) for h in hosts]} if hosts else params


def lasting(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: lasting(item) for key, item in value.items() if key not in VOLATILE}
    return [lasting(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES)
def test_predicted_done_and_not_repeated(control: Control, case: str) -> None:
    before, task = CASES[case]
    for other in before:
        module, params = named(control, other)
        control.given(module, **params)
    module, params = named(control, task)
    state = control.everything()
    predicted = control.run(module, check_mode=True, **params)
    assert predicted["changed"], predicted
    assert control.everything() == state
    done = control.run(module, **params)
    assert done["changed"], done
    assert lasting(predicted) == lasting(done)
    settled = control.everything()
    for check_mode in (True, False):
        again = control.run(module, check_mode=check_mode, **params)
        assert (again.get("failed"), again["changed"], again["actions"]) == (None, False, [])
    assert control.everything() == settled
