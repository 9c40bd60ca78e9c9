# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results have the same keys on both control planes, so that a playbook need not know which it is on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from contract.rules.control import Control
from contract.rules.nova_control import NovaControl
from contract.rules.xapi_control import XapiControl

OPEN = {"metadata", "args", "unanswered"}
"""Dictionaries whose keys are data."""


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
    return {
        "aggregate": {"name": "prod", "hosts": [control.spare1], **zoned},
        "aggregate_host": {"aggregate": "prod", "hosts": [control.spare2]},
        "aggregate_info": {},
        "compute_service": {"hosts": [control.spare1], "status": "disabled"},
        "compute_service_info": {},
        "hypervisor_info": {"host": control.busy, "with_servers": True},
        "server_info": {"name": "^web1$"},
        "server_action": {"action": "pause", "servers": ["web1"]},
    }


def results(control: Control) -> dict[str, Any]:
    found = {module: control.given(module, **params) for module, params in tasks(control).items()}
    control.given("server_action", action="unpause", servers=["web1"])
    refusal = control.run("aggregate", name="prod", availability_zone="a:b")
    return {**found, "refusal": refusal}


@pytest.mark.nova
def test_results_have_the_same_keys_and_times(xapi: XapiControl, nova: NovaControl) -> None:
    here, there = results(xapi), results(nova)
    assert shape(there) == shape(here)
    for found in (here, there):
        times = re.findall(r"\d{4}-\d\d-\d\dT[^'\"]*", json.dumps(found))
        assert times
        assert [one for one in times if not re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", one)] == []
