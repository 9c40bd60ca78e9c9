# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves on Nova: what the journal learns, and what becomes of them when a host dies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from unit.clouds import cloud, guest, journal, moving, service
from unit.steps import step

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    AuthError,
    BackendError,
    FleetError,
    UnavailableError,
    WaitTimeout,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Fleet,
    Migration,
    Server,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan, Step
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState, Ports
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import Reading
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import NOVA
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.engine.apply import apply
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.engine.liveness import (
    SourceLost,
)

ACTIVE = guest("a")
OFF = guest("a", vm_state="stopped")
ARGS = {"id": "uuid-a", "source": "c1", "target": None, "memory": 1, "maintenance": "patches"}
LIVE = step("server.live_migrate", "a", ARGS)
COLD = step("server.cold_migrate", "a", ARGS)
RECORD = {**ARGS, "migration": 5}
AWAIT = step("server.await_migration", "a", RECORD)
AWAIT_COLD = step("server.await_migration", "a", {**RECORD, "cold": True})
CONFIRM = step(
    "server.confirm_resize",
    "a",
    {k: v for k, v in RECORD.items() if k not in ("memory", "maintenance")},
)

States = Mapping[str, Sequence[tuple[JobState, Server | None]]]
"""Verb to what its polls find, and the server after each; the last one stays."""


class World:
    """One server of a cloud whose hosts may go down at a given time."""

    def __init__(self, server: Server, states: States | None = None, **dies_at: float) -> None:
        self.server: Server | None = server
        self.states = {verb: list(found) for verb, found in (states or {}).items()}
        self.dies_at = dies_at
        self.asked: list[str] = []
        self.book: dict[int, tuple[str, str | None]] = {}
        self.kinds: list[str] = []
        self.readings: Callable[[], None] = lambda: None
        self.time = 0.0

    def ports(self, **fields: Any) -> Ports:
        other: Any = self
        parts = dict.fromkeys(("records", "services", "journal", "servers", "clock"), other)
        return Ports(
            read=self.read, traits=NOVA, **parts, **{"wait_timeout": 1000, "interval": 1, **fields}
        )

    def read(self, wanted: Reading) -> Fleet:
        self.readings()
        down = [service(h, state="down") for h, at in self.dies_at.items() if self.time >= at]
        servers = [self.server] if self.server else []
        return cloud(*servers, services=tuple(down), maintenances=[journal("draining")])

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def record_move(self, migration: Migration) -> int:
        self.kinds.append(migration.type)
        self.book[5] = (migration.status, migration.target)
        return 5

    def finish_move(self, migration_id: int, status: str, target: str | None = None) -> None:
        self.book[migration_id] = (status, target)

    def start_action(self, action: str, args: ActionArgs) -> str:
        self.asked.append(action)
        return action

    def poll(self, handles: Sequence[str]) -> list[JobState]:
        remaining = self.states[handles[0]]
        state, self.server = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        return [state]


GOING = JobState(done=False, progress=0.5)
ARRIVED = JobState(done=True, progress=1.0, target="c3")
UNTOLD = JobState(done=True, progress=1.0)


def failed(text: str = "NoValidHost") -> JobState:
    return JobState(True, 1.0, BackendError("server a", text, "Make room"))


def test_the_target_is_reported_at_the_end_of_the_move() -> None:
    world = World(ACTIVE, {"live_migrate": [(GOING, moving(ACTIVE)), (ARRIVED, None)]})
    assert apply(Plan((LIVE,)), world.ports()) == [LIVE]
    assert world.book == {5: ("completed", "c3")}
    assert world.kinds == ["live-migration"]


def test_or_by_the_server() -> None:
    world = World(ACTIVE, {"live_migrate": [(UNTOLD, replace(ACTIVE, host="c2"))]})
    apply(Plan((LIVE,)), world.ports())
    assert world.book == {5: ("completed", "c2")}


ERRORS: dict[str, tuple[Server | None, tuple[str, str | None], bool]] = {
    "refused": (ACTIVE, ("failed", None), True),
    "gone to ERROR": (guest("a", vm_state="error"), ("failed", None), True),
    "moved, and gone to ERROR": (
        guest("a", "c2", "error"),
        ("completed", "c2"),
        True,
    ),
    "moved all the same": (replace(ACTIVE, host="c2"), ("completed", "c2"), False),
    "stopped meanwhile": (OFF, ("cancelled", None), False),
    "deleted meanwhile": (None, ("cancelled", None), False),
    "still going on": (moving(ACTIVE), ("running", ""), True),
}


@pytest.mark.parametrize(("after", "book", "raises"), ERRORS.values(), ids=ERRORS.keys())
def test_what_an_error_amounts_to(
    after: Server | None, book: tuple[str, str | None], raises: bool
) -> None:
    world = World(ACTIVE, {"live_migrate": [(failed(), after)]})
    if raises:
        with pytest.raises(BackendError, match="NoValidHost"):
            apply(Plan((LIVE,)), world.ports())
    else:
        apply(Plan((LIVE,)), world.ports())
    assert world.book == {5: book}


RESIZED = guest("a", "c3", "resized")
OFF_AWAY = guest("a", "c3", "stopped")


def test_a_cold_migration_is_confirmed() -> None:
    world = World(
        OFF,
        {
            "migrate": [(GOING, OFF), (ARRIVED, RESIZED)],
            "confirm_resize": [(GOING, RESIZED), (UNTOLD, OFF_AWAY)],
        },
    )
    assert apply(Plan((COLD,)), world.ports()) == [COLD]
    assert world.asked == ["migrate", "confirm_resize"]
    assert world.book == {5: ("completed", "c3")}
    assert world.kinds == ["migration"]


def test_one_that_runs_by_now_is_not_stopped_for_it() -> None:
    world = World(ACTIVE)
    assert apply(Plan((COLD,)), world.ports()) == [COLD]
    assert (world.asked, world.book) == ([], {})


COLD_ERRORS: dict[str, tuple[States, tuple[str, str | None]]] = {
    "no valid host": ({"migrate": [(failed(), OFF)]}, ("failed", None)),
    "gone to ERROR": (
        {"migrate": [(failed(), guest("a", vm_state="error"))]},
        ("running", ""),
    ),
    "not confirmed": (
        {"migrate": [(ARRIVED, RESIZED)], "confirm_resize": [(failed(), RESIZED)]},
        ("running", ""),
    ),
}


@pytest.mark.parametrize(("states", "book"), COLD_ERRORS.values(), ids=COLD_ERRORS.keys())
def test_a_cold_migration_that_fails(states: States, book: tuple[str, str | None]) -> None:
    world = World(OFF, states)
    with pytest.raises(BackendError, match="NoValidHost"):
        apply(Plan((COLD,)), world.ports())
    assert world.book == {5: book}


def test_a_confirmation_left_over_is_written_down() -> None:
    world = World(RESIZED, {"confirm_resize": [(UNTOLD, OFF_AWAY)]})
    apply(Plan((CONFIRM,)), world.ports())
    assert world.book == {5: ("completed", "c3")}


def arriving(before: Server, after: Server, *, at: int = 4) -> World:
    """The server arrives, or not, at that reading."""
    world = World(before)
    remaining = iter([*[before] * at, after])

    def next_one() -> None:
        world.server = next(remaining, after)

    world.readings = next_one
    return world


def test_a_move_of_an_earlier_run_is_waited_for() -> None:
    world = arriving(moving(ACTIVE), replace(ACTIVE, host="c2"))
    apply(Plan((AWAIT,)), world.ports())
    assert world.book == {5: ("completed", "c2")}


def test_a_cold_one_stays_open_until_it_is_confirmed() -> None:
    world = arriving(replace(OFF, task_state="resize_finish"), RESIZED)
    apply(Plan((AWAIT_COLD,)), world.ports())
    assert world.book == {}


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        (AWAIT, moving(ACTIVE), ACTIVE),
        (AWAIT_COLD, replace(OFF, task_state="resize_prep"), OFF),
    ],
)
def test_one_that_does_not_arrive_is_reported(step: Step, before: Server, after: Server) -> None:
    world = arriving(before, after)
    with pytest.raises(BackendError, match="ended without moving it"):
        apply(Plan((step,)), world.ports())
    assert world.book == {5: ("failed", None)}


# --- hosts that die -------------------------------------------------------------------------------


def stuck(**dies_at: float) -> World:
    return World(
        moving(ACTIVE),
        {"live_migrate": [(GOING, moving(ACTIVE))], "migrate": [(GOING, OFF)]},
        **dies_at,
    )


@pytest.mark.parametrize("step", [LIVE, AWAIT])
def test_a_dead_source_ends_the_wait_soon(step: Step) -> None:
    world = stuck(c1=3)
    with pytest.raises(SourceLost) as caught:
        apply(Plan((step,)), world.ports())
    assert world.time < 20
    assert "as the compute service of c1 is down. Start nova-compute on c1" in str(caught.value)
    assert world.book.get(5, ("running", ""))[0] == "running"


def test_an_order_that_was_not_taken_is_better_given_up_first() -> None:
    queued = [(JobState(done=False, progress=0.0), moving(ACTIVE))]
    world = World(moving(ACTIVE), {"live_migrate": queued}, c1=3)
    with pytest.raises(SourceLost) as caught:
        apply(Plan((LIVE,)), world.ports())
    assert "does not begin, as the compute service of c1 is down. Wait until" in str(caught.value)


def test_a_dead_target_does_so_too() -> None:
    world = stuck(c2=3)
    aimed = step("server.live_migrate", "a", {**ARGS, "target": "c2"})
    with pytest.raises(SourceLost, match="compute service of c2 is down"):
        apply(Plan((aimed,)), world.ports())


def staying(verb: str, on: Server = ACTIVE, **args: Any) -> tuple[Step, dict[str, Any]]:
    """An action other than a move, that Nova does not begin."""
    action = step(f"server.{verb}", "a", {"id": "uuid-a", **args})
    return action, {verb: [(JobState(done=False), replace(on, task_state="at it"))]}


@pytest.mark.parametrize("verb", ["stop", "suspend", "unpause"])
def test_a_dead_host_ends_the_wait_for_any_action(verb: str) -> None:
    step, states = staying(verb)
    world = World(ACTIVE, states, c1=3)
    with pytest.raises(SourceLost) as caught:
        apply(Plan((step,)), world.ports())
    assert world.time < 20
    assert f"{verb} does not continue, as the compute service of c1 is down" in str(caught.value)


def test_the_host_that_a_server_is_evacuated_from_is_down_anyway() -> None:
    step, states = staying("evacuate", source="c1", target=None)
    with pytest.raises(WaitTimeout):
        apply(Plan((step,)), World(ACTIVE, states, c1=0).ports(wait_timeout=60))
    step, states = staying("evacuate", source="c1", target="c2")
    with pytest.raises(SourceLost, match="compute service of c2 is down"):
        apply(Plan((step,)), World(ACTIVE, states, c1=0, c2=3).ports())


def test_services_are_looked_at_once_for_all_that_wait() -> None:
    """And the server's host only once some host is down."""
    step, states = staying("stop")
    looks: list[float] = []
    for number in (1, 50):
        world = World(ACTIVE, states)
        world.readings = lambda world=world: looks.append(world.time)
        with pytest.raises(FleetError):
            apply(Plan((step,) * number, window=50), world.ports(wait_timeout=60))
        later = [when for when in looks if 0 < when < 60]
        assert len(later) <= 60 / 5
        looks.clear()


def test_whoever_may_not_see_services_waits() -> None:
    step, states = staying("stop")
    world = World(ACTIVE, states, c1=3)

    def forbidden() -> None:
        if world.time > 0:
            raise AuthError("Nova", "forbidden")

    world.readings = forbidden
    with pytest.raises(WaitTimeout):
        apply(Plan((step,)), world.ports(wait_timeout=60))


def test_other_hosts_may_die() -> None:
    world = stuck(c3=3)
    with pytest.raises(WaitTimeout):
        apply(Plan((LIVE,)), world.ports(wait_timeout=60))


def test_a_move_that_makes_progress_is_given_time() -> None:
    """A service may be down for Nova while the hypervisors carry on."""
    ups = [(JobState(False, n / 100), moving(ACTIVE)) for n in range(60)]
    world = World(ACTIVE, {"live_migrate": [*ups, (ARRIVED, None)]}, c1=3)
    apply(Plan((LIVE,)), world.ports())
    assert world.book == {5: ("completed", "c3")}


def test_an_api_that_does_not_answer_for_a_moment_ends_nothing() -> None:
    world = World(ACTIVE, {"live_migrate": [*[(GOING, ACTIVE)] * 20, (ARRIVED, None)]})

    def silent() -> None:
        if 8 < world.time < 12:
            raise UnavailableError("Nova", "no answer")

    world.readings = silent
    apply(Plan((LIVE,)), world.ports())
    assert world.book == {5: ("completed", "c3")}


def test_a_host_is_waited_for_until_its_service_is_up() -> None:
    world = World(ACTIVE)
    world.dies_at = {"c1": 0.0}

    def back() -> None:
        if world.time > 7:
            world.dies_at = {}

    world.readings = back
    apply(Plan((step("service.await_up", "c1"),)), world.ports())
    assert 7 < world.time < 10
    with pytest.raises(WaitTimeout) as caught:
        apply(Plan((step("service.await_up", "c1"),)), World(ACTIVE, c1=0).ports(wait_timeout=5))
    assert "See whether nova-compute runs there" in caught.value.message
