# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outcomes of each server and of all of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.servers.outcomes import (
    action_summary,
    contradictions,
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


def view(vm_state: str, host: str | None = "xen2", **more: Any) -> dict[str, Any]:
    base = {"id": "a", "name": "web1", "outcome": "done", "task_state": None, "status": vm_state}
    return {**base, "vm_state": vm_state, "host": host, **more}


@pytest.mark.parametrize(
    ("action", "seen", "source", "told"),
    [
        ("start", view("active"), None, None),
        ("start", view("stopped", None), None, "start was done, and yet it is stopped now"),
        ("start", view("stopped", task_state="powering-on"), None, None),
        ("start", view("stopped", outcome="stays"), None, None),
        ("stop", view("active"), None, "stop was done, and yet it is active on xen2 now"),
        ("evacuate", view("stopped", None), "xen1", None),
        ("evacuate", view("active"), "xen1", None),
        ("evacuate", view("stopped", "xen1"), "xen1", "it is stopped on xen1 now"),
        ("live_migrate", view("active"), "xen1", None),
        ("live_migrate", view("paused", "xen1"), "xen1", "it is paused on xen1 now"),
        ("create_image", view("paused"), None, None),
        ("reset_state", view("stopped"), None, None),
        ("delete", view("deleted", None), None, None),
        ("delete", view("stopped", None), None, "delete was done, and yet it is stopped"),
    ],
)
def test_what_is_seen_counts(
    action: str, seen: dict[str, Any], source: str | None, told: str | None
) -> None:
    done = [{"args": {"id": "a", **({"source": source} if source else {})}}]
    warnings = contradictions(action, [seen], done)
    assert len(warnings) == (told is not None)
    if told:
        assert told in warnings[0]


def test_one_line_counts_them() -> None:
    servers = [{"outcome": one} for one in ("done", "failed", "left", "satisfied", "done")]
    assert action_summary("stop", servers) == (
        "stop: 2 of 5 servers, nothing to do for 1, 1 failed, 1 not started"
    )
    assert action_summary("stop", []) == "stop: there is no such server"
