# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outcomes of each server and of all of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.outcomes import (
    action_summary,
    outcomes,
)


def step(server_id: str, **more: Any) -> dict[str, Any]:
    return {"verb": "server.stop", "args": {"id": server_id}, **more}


def test_every_server_has_one_outcome() -> None:
    failed = step("b", error={"cause": "the guest hangs"})
    assert outcomes("abcd", [step("a")], [failed], [step("c")]) == {
        "a": {"outcome": "done"},
        "b": {"outcome": "failed", "error": "the guest hangs"},
        "c": {"outcome": "left"},
        "d": {"outcome": "satisfied"},
    }


def test_one_that_stays_is_told_why() -> None:
    assert outcomes("ab", [step("a")], staying={"b": "its disks are lost"}) == {
        "a": {"outcome": "done"},
        "b": {"outcome": "stays", "error": "its disks are lost"},
    }
    assert action_summary("evacuate", [{"outcome": "done"}, {"outcome": "stays"}]) == (
        "evacuate: 1 of 2 servers, 1 stay as they are"
    )


def test_one_line_counts_them() -> None:
    servers = [{"outcome": one} for one in ("done", "failed", "left", "satisfied", "done")]
    assert action_summary("stop", servers) == (
        "stop: 2 of 5 servers, nothing to do for 1, 1 failed, 1 not started"
    )
    assert action_summary("stop", []) == "stop: there is no such server"
