# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a coordinator that restarts in its own maintenance."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from unit.fleets import fleet, host, pool

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    AuthError,
    FleetError,
    UnavailableError,
    WaitTimeout,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Fleet,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import NullReporter
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    HOSTS,
    Reading,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.await_pool import (
    await_pool,
)

OPEN = [Maintenance("xen1", "patches", "in_maintenance")]
KNOWN = fleet([host("xen1")], maintenances=OPEN)
SILENT = fleet(maintenances=OPEN, unreachable={"https://xen1": "connection refused"})
GOING = fleet(
    [host("xen1", "p", operations=("shutdown",))], pools=[pool("p", "xen1")], maintenances=OPEN
)
UNKNOWN = fleet([host("xen2")], maintenances=OPEN)


@dataclass
class Site:
    """Answers one after the other, the last for good; time passes only by sleeping."""

    answers: list[Fleet | FleetError]
    records: Fleet
    seconds: float = 0.0
    lines: list[str] = field(default_factory=list)

    def read(self, wanted: Reading) -> Fleet:
        if HOSTS not in wanted:
            return self.records
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, FleetError):
            raise answer
        return answer

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Lines(NullReporter):
    def __init__(self, site: Site) -> None:
        self.site = site

    def line(self, text: str) -> None:
        self.site.lines.append(text)


def wait(site: Site) -> None:
    await_pool(site.read, "xen1", clock=site, timeout=30, reporter=Lines(site))


def test_no_wait_without_an_open_maintenance() -> None:
    site = Site([UnavailableError("all", "gone")], fleet([host("xen1")]))
    wait(site)
    assert site.seconds == 0


def test_no_wait_for_a_pool_that_answers_or_a_host_that_nobody_knows() -> None:
    for answer in (KNOWN, UNKNOWN):
        site = Site([answer], KNOWN)
        wait(site)
        assert (site.seconds, site.lines) == (0, [])


def test_waits_until_it_answers_and_says_so_once() -> None:
    site = Site([UnavailableError("all", "connection refused"), SILENT, SILENT, KNOWN], KNOWN)
    wait(site)
    assert site.seconds == 6
    assert site.lines == ["waiting for the pool of xen1: connection refused"]


def test_a_coordinator_that_is_about_to_restart_does_not_count() -> None:
    site = Site([GOING, SILENT, KNOWN], KNOWN)
    wait(site)
    assert site.seconds == 4
    assert site.lines == ["waiting for the pool of xen1: xen1 is about to restart"]


def test_a_supporter_that_restarts_is_waited_for_once_its_pool_is_looked_at() -> None:
    supporter = host("xen1", "p", operations=("shutdown",))
    site = Site([fleet([supporter], pools=[pool("p", "xen2")], maintenances=OPEN)], KNOWN)
    wait(site)
    assert site.seconds == 0


def test_the_wait_is_bounded() -> None:
    site = Site([SILENT], KNOWN)
    with pytest.raises(WaitTimeout, match="no answer from https://xen1"):
        wait(site)


def test_refused_credentials_are_reported_at_once() -> None:
    site = Site([AuthError("xen1", "credentials refused")], KNOWN)
    with pytest.raises(AuthError):
        wait(site)
    assert site.seconds == 0
