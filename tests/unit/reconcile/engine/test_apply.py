# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out plans: order, window, failure, and what is said meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from unit.steps import step

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    PlanInterrupted,
    WaitTimeout,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import (
    Plan,
    Refused,
    Restoring,
    Step,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState, Ports
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.engine.apply import (
    apply,
    grouped,
)


class FakeClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Servers:
    """Actions that fail where ``fails`` says so, after as many polls as their reason says."""

    def __init__(self, fails: Sequence[str] = ()) -> None:
        self.journal: list[str] = []
        self.running: set[str] = set()
        self.most = 0
        self._fails = fails
        self._left: dict[str, int] = {}

    def start_action(self, action: str, args: ActionArgs) -> str:
        self.journal.append(f"start {args.id}")
        self.running.add(args.id)
        self.most = max(self.most, len(self.running))
        self._left[args.id] = int(args.reason or 1)
        return args.id

    def poll(self, handles: Sequence[str]) -> list[JobState]:
        return [self._state(h) for h in handles]

    def _state(self, handle: str) -> JobState:
        self._left[handle] -= 1
        if self._left[handle] > 0:
            return JobState(done=False, progress=0.5)
        self.running.discard(handle)
        self.journal.append(f"end {handle}")
        failed = handle in self._fails
        return JobState(True, 1.0, BackendError(handle, "broke", "Mend it") if failed else None)


class Hosts:
    """Can be disabled only."""

    def __init__(self) -> None:
        self.journal: list[str] = []

    def disable(self, host: str) -> None:
        self.journal.append(f"disable {host}")

    def enable(self, host: str) -> None:
        self.journal.append(f"enable {host}")
        raise BackendError(host, "can't be enabled", "Mend it")


class Lines:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        raise AssertionError(text)


def ports(servers: Servers, **fields: Any) -> Ports:
    none: Any = None
    return Ports(
        read=lambda *_sections: Fleet(),
        records=none,
        services=none,
        journal=none,
        servers=servers,
        clock=FakeClock(),
        **{"reporter": Lines(), "interval": 1.0, **fields},
    )


def stop(name: str, rounds: int = 1) -> Step:
    return step("server.stop", name, {"id": name, "reason": str(rounds)})


def test_neighbours_of_one_kind_form_a_group_and_others_stand_alone() -> None:
    steps = [step("host.disable", "a"), step("host.disable", "b"), stop("x"), stop("y")]
    steps.append(step("server.start", "z", {"id": "z"}))
    assert [[s.subject for s in g] for g in grouped(steps)] == [["a"], ["b"], ["x", "y"], ["z"]]


@pytest.mark.parametrize("window", [1, 2, 3])
def test_the_window_slides(window: int) -> None:
    """The slow first one does not hold up the others, and no more than the window run at once."""
    servers = Servers()
    steps = (stop("slow", 9), *(stop(f"s{i}", 2) for i in range(4)))
    done = apply(Plan(steps, window=window), ports(servers))
    assert servers.most == window
    assert done == list(steps)
    if window > 1:
        assert servers.journal[-1] == "end slow"


def test_a_step_that_waits_starts_when_all_before_it_have_ended() -> None:
    servers = Servers()
    steps = (stop("slow", 5), stop("fast"), replace(stop("next"), waits=True), stop("beside"))
    apply(Plan(steps, window=4), ports(servers))
    journal = servers.journal
    assert journal.index("start next") > journal.index("end slow")
    assert journal.index("start beside") < journal.index("end next")
    assert servers.most == 2


def test_after_a_failure_nothing_starts_and_what_runs_is_seen_to_its_end() -> None:
    servers = Servers(fails=["s0"])
    steps = (stop("s0", 1), stop("s1", 5), stop("s2"), step("host.disable", "h"))
    with pytest.raises(PlanInterrupted) as caught:
        apply(Plan(steps, window=2), ports(servers))
    error = caught.value
    assert servers.journal == ["start s0", "start s1", "end s0", "end s1"]
    assert [s["subject"] for s in error.details["done"]] == ["s1"]
    assert [s["subject"] for s in error.details["failed"]] == ["s0"]
    assert [s["subject"] for s in error.details["remaining"]] == ["s2", "h"]
    assert (
        "stop s0: broke. Mend it. 1 of 4 steps were completed and are kept (s1), 3 remain (s0 and s2)"
        in str(error)
    )


def test_what_the_plan_refuses_is_not_begun_and_fails_it_once_the_rest_is_done() -> None:
    servers = Servers()
    lost = Refused(stop("lost"), BackendError("lost", "has no disks", "Restore it"))
    told = Refused(stop("told"), BackendError("told", "has no disks"), fails=False)
    with pytest.raises(PlanInterrupted) as caught:
        apply(Plan((stop("s0"), stop("s1")), refused=(lost, told)), ports(servers))
    assert servers.journal == ["start s0", "end s0", "start s1", "end s1"]
    assert [s["subject"] for s in caught.value.details["failed"]] == ["lost"]
    assert [s["subject"] for s in caught.value.details["done"]] == ["s0", "s1"]
    assert "stop lost: has no disks. Restore it. 2 of 3 steps were completed" in str(caught.value)
    assert len(apply(Plan((stop("s0"),), refused=(told,)), ports(servers))) == 1


def test_the_same_cause_is_reported_once() -> None:
    steps = (stop("s0", 1), stop("s1", 1), stop("s2", 1))
    with pytest.raises(PlanInterrupted) as caught:
        apply(Plan(steps, window=3), ports(Servers(fails=["s0", "s1", "s2"])))
    assert "stop s0: broke; the same applies to s1 and s2. Mend it" in str(caught.value)


def test_a_first_step_that_fails_raises_its_own_error() -> None:
    with pytest.raises(BackendError, match="broke") as caught:
        apply(Plan((stop("s0"), stop("s1"))), ports(Servers(fails=["s0"])))
    assert [step["subject"] for step in caught.value.details["failed"]] == ["s0"]


def test_what_is_to_be_recorded_of_a_failure_is_among_what_was_done() -> None:
    servers = Servers(fails=["s0"])
    failing = Plan((stop("s0"),), on_failure=(step("host.disable", "a"), step("host.enable", "b")))
    hosts = Hosts()
    with pytest.raises(BackendError, match="broke") as caught:
        apply(failing, ports(servers, hosts=hosts))
    assert hosts.journal == ["disable a", "enable b"]
    assert [s["text"] for s in caught.value.details["done"]] == ["disable host a"], (
        "what fails is left"
    )
    assert apply(replace(failing, steps=(stop("s1"),)), ports(servers, hosts=hosts)) == [stop("s1")]
    assert len(hosts.journal) == 2, "after a success nothing is recorded"


def test_what_is_restored_is_followed_to_its_end() -> None:
    """Once what it undoes was done and as long as it is due; one that fails leaves the others."""
    opened, closed, other, unopened = stop("a"), stop("-a", 2), stop("-c"), stop("b")
    plan = Plan(
        (opened, stop("broken"), closed, unopened, stop("-b")),
        restoring=(
            Restoring(closed, opened),
            Restoring(stop("-b"), unopened),
            Restoring(stop("unfit")),
            Restoring(other),
            Restoring(stop("over"), opened, until=opened),
        ),
    )
    servers = Servers(fails=["broken", "unfit"])
    with pytest.raises(PlanInterrupted) as caught:
        apply(plan, ports(servers))
    assert [e for e in servers.journal if e.startswith("end")] == [
        f"end {name}" for name in ("a", "broken", "-a", "unfit", "-c")
    ]
    details = caught.value.details
    assert [s["subject"] for s in details["done"]] == ["a", "-a", "-c"]
    assert [s["subject"] for s in details["failed"]] == ["broken", "unfit"]
    assert [s["subject"] for s in details["remaining"]] == ["b", "-b"]
    assert apply(replace(plan, steps=(opened,)), ports(Servers())) == [opened]


def test_a_restoring_step_that_was_tried_is_not_tried_again() -> None:
    opened, closed = stop("a"), stop("-a")
    plan = Plan((opened, closed, stop("b")), restoring=(Restoring(closed, opened),))
    for broken in ("-a", "b"):
        servers = Servers(fails=[broken])
        with pytest.raises(PlanInterrupted):
            apply(plan, ports(servers))
        assert servers.journal.count("start -a") == 1


def test_a_step_that_does_not_end_is_given_up_and_left_running() -> None:
    with pytest.raises(WaitTimeout, match="not finished within 5 s, last seen 50% done"):
        apply(Plan((stop("s0", 99),)), ports(Servers(), wait_timeout=5.0))


def test_without_wait_starting_is_enough() -> None:
    servers = Servers()
    assert apply(Plan((stop("s0", 99),)), ports(servers, wait=False)) == [stop("s0", 99)]
    assert servers.journal == ["start s0"]


def test_progress_counts_names_and_estimates() -> None:
    lines = Lines()
    moves = tuple(
        step(
            "server.live_migrate",
            name,
            {"id": name, "source": "a", "target": "b", "memory": 100, "reason": "4"},
        )
        for name in ("web", "db")
    )
    apply(Plan(moves), ports(Servers(), reporter=lines))
    assert lines.lines == [
        "[1/2] live-migrate web from a to b: done in 3.0 s, about 3 s left",
        "[2/2] live-migrate db from a to b: done in 3.0 s",
    ]


def test_a_long_silence_is_broken() -> None:
    lines = Lines()
    apply(Plan((stop("s0", 25),)), ports(Servers(), reporter=lines))
    assert lines.lines[0] == "[0/1] in progress: s0 50%"
    assert len(lines.lines) == 3


def test_quick_plans_say_nothing() -> None:
    lines = Lines()

    class Records:
        def create(self, name: str, zone: str | None) -> None:
            pass

    every = ports(Servers(), reporter=lines)
    every.records = Records()  # type: ignore[assignment]  # one method is enough for one verb
    apply(Plan((step("aggregate.create", "prod", {"zone": None}),)), every)
    assert lines.lines == []
