# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results have the same keys on both control planes, so that a playbook need not know which it is on.

A module that reads is among them as soon as it is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from contract.rules.control import Control
from contract.rules.nova_control import NovaControl
from contract.rules.xapi_control import XapiControl

OPEN = {"metadata", "args", "unanswered", "addresses"}
"""Dictionaries whose keys are data."""
XEN_POOLS_OR_PLANS = {"xen_pool_info", "rolling_update_info", "consolidation_info"}
"""They show Xen pools, which are XenAPI's on both planes, or plans of maintenances."""
READING = {
    path.stem for path in (Path(__file__).parents[3] / "plugins/modules").glob("*_info.py")
} - XEN_POOLS_OR_PLANS


def shape(value: Any) -> Any:
    """Keys only; a list is as its first item is."""
    if isinstance(value, Mapping):
        return {key: None if key in OPEN else shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def tasks(control: Control) -> dict[str, dict[str, Any]]:
    """Each of them changes something, or finds something; in this order."""
    zoned = {"availability_zone": "a", "metadata": {"ssd": "true"}}
    some = {
        "hypervisor_info": {"host": control.busy, "with_servers": True},
        "server_info": {"name": "^web1$"},
    }
    return {
        "aggregate": {"name": "prod", "hosts": [control.spare1], **zoned},
        "aggregate_host": {"aggregate": "prod", "hosts": [control.spare2]},
        "compute_service": {"hosts": [control.spare1], "status": "disabled"},
        **{module: some.get(module, {}) for module in sorted(READING)},
        "host_spread": {"hosts": [control.busy, control.idle], "threshold_percent": 99},
        "server_action": {"action": "pause", "servers": ["web1"]},
    }


def results(control: Control) -> dict[str, Any]:
    by_module = {
        module: control.given(module, **params) for module, params in tasks(control).items()
    }
    control.given("server_action", action="unpause", servers=["web1"])
    refusal = control.run("aggregate", name="prod", availability_zone="a:b")
    return {**by_module, "refusal": refusal}


@pytest.mark.nova
def test_results_have_the_same_keys_and_times(xapi: XapiControl, nova: NovaControl) -> None:
    here, there = results(xapi), results(nova)
    assert shape(there) == shape(here)
    for results_of_one in (here, there):
        times = re.findall(r"\d{4}-\d\d-\d\dT[^'\"]*", json.dumps(results_of_one))
        assert times
        assert [one for one in times if not re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", one)] == []
