# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host refuses while it comes back is asked for again; all else fails at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from unit.fleets import fleet, host, server, storage
from unit.steps import step

from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    ConflictError,
    FleetError,
    StartingError,
    UnavailableError,
    WaitTimeout,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet, Host
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import Plan
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState, Ports
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import Reading
from ansible_collections.xenfleet.compute.plugins.module_utils._core.traits import Traits
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.engine.apply import apply

BOOTING = StartingError("host xen1", "the toolstack is still starting", code="HOST_STILL_BOOTING")
OFFLINE = UnavailableError("host xen1", "xen1 is offline", code="HOST_OFFLINE")
CUT = UnavailableError("XenAPI at xen2", "the connection broke during VM.pool_migrate")
DISABLED = ConflictError("host xen1", "it is disabled", code="HOST_DISABLED")
DOWN = host("xen1", "p", enabled=False)
UP = host("xen1", "p")
START = {"id": "uuid-a", "host": "xen1"}
MOVE = {"id": "uuid-a", "source": "xen2", "target": "xen1", "memory": 1}
HOME = {**MOVE, "home": True}


class World:
    """Each request is answered with the next of ``answers``, then accepted. xen1 is up ``at`` a time."""

    def __init__(self, *answers: FleetError, at: float = 0.0, late: bool = False) -> None:
        self.answers = list(answers)
        self.at = at
        self.late = late
        self.time = 0.0
        self.asked: list[str] = []
        self.lines: list[str] = []

    def ports(self, **fields: Any) -> Ports:
        world: Any = self
        base = {"wait_timeout": 60, "interval": 1, "traits": Traits(stepwise=frozenset({"rescue"}))}
        return Ports(
            read=self.read,
            records=world,
            services=world,
            servers=world,
            hosts=world,
            pools=world,
            clock=world,
            reporter=world,
            **{**base, **fields},
        )

    def read(self, _wanted: Reading) -> Fleet:
        xen1: Host = UP if self.time >= self.at else DOWN
        attached = {"xen1", "xen2"} if self.time >= self.at else {"xen2"}
        return fleet(
            [host("xen2", "p"), xen1],
            servers=[server("a", "xen2", "p")],
            storages=[storage("nfs", "p", attached)],
        )

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def line(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        raise AssertionError(text)

    def _answers(self, what: str) -> list[FleetError]:
        """The next error, if there is one."""
        self.asked.append(f"{what} at {self.time:g}")
        next_one, self.answers = self.answers[:1], self.answers[1:]
        return next_one

    def _done(self, what: str) -> None:
        for error in self._answers(what):
            raise error

    def enable(self, name: str) -> None:
        self._done("enable")

    def disable(self, name: str) -> None:
        self._done("disable")

    def plug(self, storage_id: str, name: str) -> None:
        self._done("plug")

    def start_action(self, action: str, args: ActionArgs) -> JobState:
        errors = self._answers(action)
        if not self.late:
            for error in errors:
                raise error
        return JobState(True, 1.0, errors[0] if errors else None)

    def poll(self, handles: Sequence[JobState]) -> list[JobState]:
        return list(handles)


STEPS = {
    "disable": step("host.disable", "xen1"),
    "plug": step("sr.plug", "nfs", {"storage_id": "uuid-nfs", "host": "xen1"}),
    "start": step("server.start", "a", START),
    "move": step("server.live_migrate", "a", MOVE),
    "home": step("server.live_migrate", "a", HOME),
}


@pytest.mark.parametrize("late", [False, True], ids=["at once", "by its task"])
@pytest.mark.parametrize("name", STEPS)
def test_a_host_that_is_still_starting_is_asked_again(name: str, late: bool) -> None:
    world = World(BOOTING, BOOTING, late=late)
    assert apply(Plan((STEPS[name],)), world.ports()) == [STEPS[name]]
    assert len(world.asked) == 3
    assert [line for line in world.lines if "waits, the toolstack is still starting" in line]


@pytest.mark.parametrize("name", STEPS)
def test_it_is_waited_for_as_long_as_the_task_waits(name: str) -> None:
    world = World(*[BOOTING] * 100)
    with pytest.raises(
        WaitTimeout, match="not accepted within 60 s, last refused as the toolstack"
    ):
        apply(Plan((STEPS[name],)), world.ports())
    assert 60 <= world.time < 65


@pytest.mark.parametrize(
    ("name", "error"),
    [(name, DISABLED) for name in STEPS]
    + [(name, OFFLINE) for name in STEPS if name != "home"]
    + [("home", CUT)],
    ids=str,
)
def test_what_does_not_pass_by_itself_fails_at_once(name: str, error: FleetError) -> None:
    """Nor is asked again what may have been begun."""
    world = World(error)
    with pytest.raises(FleetError) as caught:
        apply(Plan((STEPS[name],)), world.ports())
    assert caught.value.cause == error.cause
    assert len(world.asked) == 1


@pytest.mark.parametrize("late", [False, True], ids=["at once", "by its task"])
def test_a_server_comes_home_once_its_host_is_ready(late: bool) -> None:
    world = World(OFFLINE, at=30.0, late=late)
    apply(Plan((STEPS["home"],)), world.ports())
    assert world.asked == ["live_migrate at 0", "live_migrate at 30"]


def test_a_task_that_does_not_wait_says_so_at_once() -> None:
    world = World(BOOTING)
    with pytest.raises(StartingError):
        apply(Plan((STEPS["start"],)), world.ports(wait=False))


def test_an_action_of_several_calls_is_not_begun_anew() -> None:
    rescue = step("server.rescue", "a", {"id": "uuid-a"})
    with pytest.raises(StartingError):
        apply(Plan((rescue,)), World(BOOTING).ports())


@pytest.mark.parametrize("error", [BOOTING, OFFLINE, CUT], ids=str)
def test_a_host_back_into_service_is_enabled_and_waited_for(error: FleetError) -> None:
    """Its record may be an old one until it answers."""
    world = World(error, error, at=20.0)
    enable = step("host.enable", "xen1")
    assert apply(Plan((enable,)), world.ports()) == [enable]
    assert world.time >= 20
    assert len(world.asked) > 3


def test_a_host_that_answers_is_enabled_without_a_look() -> None:
    world = World(at=99.0)
    apply(Plan((step("host.enable", "xen1"),)), world.ports())
    assert (world.asked, world.time) == (["enable at 0"], 0.0)


def test_a_host_that_never_comes_is_named() -> None:
    world = World(*[OFFLINE] * 200, at=999.0)
    with pytest.raises(
        WaitTimeout, match=r"not ready within 60 s, last seen not reachable \(xen1 is off"
    ):
        apply(Plan((step("host.enable", "xen1"),)), world.ports())
