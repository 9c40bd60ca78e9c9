# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nova has no transactions: a step that somebody else makes impossible leaves those before it done."""

from __future__ import annotations

from typing import Any

import pytest
from contract.rules.nova_control import NovaControl

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.aggregates import (
    NovaAggregates,
)

pytestmark = pytest.mark.nova


def somebody_else_takes(nova: NovaControl, host: str) -> None:
    """Into another zone, with plain requests."""
    body = {"aggregate": {"name": "other", "availability_zone": "b"}}
    aggregate = nova.bed.api("POST", "/os-aggregates", body)["aggregate"]
    action = {"add_host": {"host": host}}
    nova.bed.api("POST", f"/os-aggregates/{aggregate['id']}/action", action)


def test_a_host_that_is_taken_meanwhile(nova: NovaControl, monkeypatch: pytest.MonkeyPatch) -> None:
    nova.given("aggregate", name="prod", availability_zone="a")
    task: dict[str, Any] = {"aggregate": "prod", "hosts": [nova.idle, nova.spare1, nova.spare2]}
    add_host = NovaAggregates.add_host

    def late(self: NovaAggregates, name: str, host: str, host_id: str | None) -> None:
        if host == nova.spare1:
            somebody_else_takes(nova, host)
        add_host(self, name, host, host_id)

    with monkeypatch.context() as patched:
        patched.setattr(NovaAggregates, "add_host", late)
        result = nova.run("aggregate_host", **task)
    assert result["failed"]
    assert result["changed"]
    error = result["error"]
    assert error["code"] == "interrupted"
    assert "One or more hosts already in availability zone(s) ['b']" in error["cause"]
    assert "1 of 3 steps were completed and are kept" in error["remedy"]
    hosts = {key: [s["args"]["host"] for s in error["details"][key]] for key in STEPS}
    assert hosts == {"done": [nova.idle], "failed": [nova.spare1], "remaining": [nova.spare2]}
    assert error["details"]["failed"][0]["error"]["status"] == 409
    assert nova.members("prod") == [nova.idle]

    nova.refused(409, "it is in availability zone b", "aggregate_host", **task)
    nova.given("aggregate", name="other", state="absent", remove_hosts=True)
    again = nova.done("aggregate_host", **task)
    assert [step["args"]["host"] for step in again["actions"]] == [nova.spare1, nova.spare2]
    assert nova.members("prod") == sorted(task["hosts"])


STEPS = ("done", "failed", "remaining")
