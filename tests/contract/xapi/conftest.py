# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated sites, the backend connected to them, and a plain XenAPI client to look at them with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import XenAPI
from contract.xapi.sites import PASSWORD, Connect, Plain, Simulate, pool_of
from contract.xapi.stage import Stage
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet import (
    XenFleet,
    connect,
)


@pytest.fixture
def simulate() -> Iterator[Simulate]:
    """Start simulators that end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda description: stack.enter_context(Simulator(description))


@pytest.fixture
def fleet_of() -> Iterator[Connect]:
    """Connect the backend to hosts of a simulator (all of them, unless named)."""
    with contextlib.ExitStack() as stack:

        def make(sim: Simulator, *names: str, **options: Any) -> XenFleet:
            urls = [sim.hosts[n] for n in names or sim.hosts]
            options = {"timeout": 10, "grace": 2, **options}
            return stack.enter_context(connect(urls, "root", PASSWORD, **options))

        yield make


@pytest.fixture
def plain() -> Iterator[Plain]:
    """A session of the XenAPI library itself with one host, to look without our own code."""
    with contextlib.ExitStack() as stack:

        def make(sim: Simulator, name: str = "xen1") -> Any:
            session = stack.enter_context(XenAPI.Session(sim.hosts[name]))
            session.xenapi.login_with_password("root", PASSWORD, "1.0", "observer")
            return session.xenapi

        yield make


@pytest.fixture
def stage(simulate: Simulate, fleet_of: Connect, plain: Plain) -> Stage:
    """A pool of three with servers web (running on xen1), off and model (both stopped)."""
    sim = simulate(
        pool_of(
            3,
            {"name": "web", "where": "xen1"},
            {"name": "off", "state": "halted"},
            {"name": "model", "state": "halted"},
        )
    )
    fleet = fleet_of(sim)
    fleet.read()
    return Stage(sim, fleet, plain(sim))
