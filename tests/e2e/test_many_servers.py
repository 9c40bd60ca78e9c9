# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""200 servers at once, one task each way, on a simulated pool: what it costs, and what becomes of
the others when some fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import Playbooks, Run
from simulators.launch import Simulator

NUMBER = 200
WINDOW = 50
PAUSE_S = 0.5
"""Between two looks (Ports.interval)."""
SITE: dict[str, Any] = {
    "clock": {"factor": 40},
    "login_delay": 0,
    "link_gbit": 100,
    "hosts": [{"name": "xen", "count": 4, "memory": "128 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [
        {"name": "many", "count": NUMBER, "memory": "256 MiB", "state": "halted", "where": "fleet"},
        {"name": "other", "memory": "256 MiB", "state": "halted", "where": "fleet"},
    ],
}
CALLS = {"start": "VM.start_on", "live_migrate": "VM.pool_migrate", "stop": "VM.clean_shutdown"}
FIXED = {
    # One session: the other three hosts answer that they are supporters.
    "session.login_with_password": 4,
    "session.logout": 1,
    # All for the plan, and later what has changed for the result.
    "event.from": 2,
    "VM.get_all_records_where": 1,
    "VDI.get_all_records_where": 1,
}
"""Calls of a task, however many servers it is about."""
LOOK = "task.get_all_records_where"


class Many:
    """The servers many1 to many200 of a site."""

    def __init__(self, site: Simulator, books: Playbooks) -> None:
        self.site = site
        self.books = books
        self.calls: list[dict[str, Any]] = []

    def act(self, action: str, name: str = r"^many\d", **options: Any) -> Run:
        """In one task of a playbook, by filter. ``calls`` are those that it made."""
        before = len(self.site.get("/journal"))
        asked = {"action": action, "filters": {"name": name}, "max_parallel": WINDOW, **options}
        run = self.books.tasks({"name": "act", "xenfleet.compute.server_action": asked})
        self.calls = self.site.get(f"/journal?since={before}")
        return run

    def states(self) -> Counter[tuple[str, str | None]]:
        """Power state and host of all of them, as the simulator has them."""
        guests = self.site.get("/state")["vms"]
        return Counter(
            (g["power_state"], g["host"]) for name, g in guests.items() if name.startswith("many")
        )

    def running(self) -> int:
        return sum(n for (state, _host), n in self.states().items() if state == "Running")


@pytest.fixture(scope="module")
def site() -> Iterator[Simulator]:
    with Simulator(SITE) as site:
        yield site


@pytest.fixture
def many(site: Simulator, tmp_path: Path) -> Iterator[Many]:
    yield Many(site, Playbooks(site, tmp_path))
    site.delete("/faults")


def cost(many: Many, action: str, number: int) -> None:
    """Each call accounted for: two for a server (the action, and the removal of its task, which
    XAPI leaves to the client), and looks at all tasks at once, no oftener than the pause allows.
    """
    calls = Counter(call["method"] for call in many.calls)
    looks = calls.pop(LOOK)
    assert calls == {f"Async.{CALLS[action]}": number, "task.destroy": number, **FIXED}
    times = [call["t"] for call in many.calls if call["method"] == LOOK]
    seconds = (times[-1] - times[0]) / SITE["clock"]["factor"]
    assert looks <= seconds / PAUSE_S + 1
    under_way = most = 0
    for call in many.calls:
        under_way += call["method"].startswith("Async.")
        under_way -= call["method"] == "task.destroy"
        most = max(most, under_way)
    assert most == WINDOW


@pytest.mark.full
def test_started_moved_and_stopped_in_one_task_each(many: Many) -> None:
    run = many.act("start")
    assert run.status == 0, run.output
    assert run.result("act")["summary"] == f"start: {NUMBER} of {NUMBER} servers"
    assert many.running() == NUMBER
    cost(many, "start", NUMBER)

    elsewhere = NUMBER - many.states()["Running", "xen1"]
    assert elsewhere > NUMBER / 2
    run = many.act("live_migrate", host="xen1")
    assert run.status == 0, run.output
    assert many.states() == {("Running", "xen1"): NUMBER}
    cost(many, "live_migrate", elsewhere)
    moves = {life["vm"]: life["moves"] for life in many.site.get("/vms")}
    assert sum(len(servers) for servers in moves.values()) == elsewhere

    run = many.act("stop")
    assert run.status == 0, run.output
    assert {s["outcome"] for s in run.result("act")["servers"]} == {"done"}
    assert many.running() == 0
    cost(many, "stop", NUMBER)

    run = many.act("stop")
    assert (run.status, run.changed) == (0, 0), run.output
    assert Counter(call["method"] for call in many.calls) == {**FIXED, "event.from": 1}
    guests = many.site.get("/state")["vms"]
    assert guests["other"]["power_state"] == "Halted"


SOME, FEWER = r"^many[1-6]\d$", 60
FAILING = 5


def broken_starts(many: Many, times: int) -> None:
    """The 20th start and those after it fail in the middle."""
    fault = {"action": "error", "method": "VM.start_on", "nth": 20, "times": times}
    many.site.post("/faults", {**fault, "error": ["INTERNAL_ERROR", "the disk is gone"]})


def outcomes(run: Run) -> dict[str, set[str]]:
    """Names by outcome."""
    by_outcome: dict[str, set[str]] = {}
    for server in run.failure()["servers"]:
        by_outcome.setdefault(server["outcome"], set()).add(server["name"])
    return by_outcome


def test_some_fail_and_the_others_are_done(many: Many) -> None:
    broken_starts(many, FAILING)
    run = many.act("start", SOME)
    failure = run.failure()
    by_outcome = outcomes(run)
    assert {outcome: len(names) for outcome, names in by_outcome.items()} == {
        "done": FEWER - FAILING,
        "failed": FAILING,
    }
    assert many.running() == FEWER - FAILING
    for name in by_outcome["failed"]:
        assert name in failure["msg"]
    assert "the disk is gone" in failure["msg"]
    assert f"{FEWER - FAILING} of {FEWER} steps were completed" in failure["msg"]
    assert failure["summary"].endswith(f"{FAILING} failed")
    errors = {s["name"]: s["error"] for s in failure["servers"] if s["outcome"] == "failed"}
    assert all("the disk is gone" in error for error in errors.values())
    assert failure["changed"]

    many.site.delete("/faults")
    again = many.act("start", SOME)
    assert again.status == 0, again.output
    assert {action.split()[1] for action in again.actions} == by_outcome["failed"]
    assert many.running() == FEWER


@pytest.mark.full
def test_no_further_one_is_started_once_enough_have_failed(many: Many) -> None:
    assert many.act("stop").status == 0
    broken_starts(many, 1)
    run = many.act("start", SOME, max_parallel=10, max_failures=0)
    by_outcome = outcomes(run)
    assert len(by_outcome["failed"]) == 1
    assert len(by_outcome["left"]) >= FEWER - 20 - 10
    tried = sum(call["method"] == "Async.VM.start_on" for call in many.calls)
    assert tried == FEWER - len(by_outcome["left"])
    assert many.running() == len(by_outcome["done"]) == tried - 1
    assert f"{len(by_outcome['left'])} not started" in run.failure()["summary"]

    many.site.delete("/faults")
    again = many.act("start", SOME)
    assert again.status == 0, again.output
    assert len(again.actions) == FEWER - len(by_outcome["done"])
    assert many.running() == FEWER
