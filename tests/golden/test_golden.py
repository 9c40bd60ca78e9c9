# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator answers as a real XAPI did, scenario by scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.xenfleet.compute.tests.golden.replay import Runner, Site
from ansible_collections.xenfleet.compute.tests.simulators.launch import Simulator

HERE = Path(__file__).resolve().parent
SCENARIOS = sorted((HERE / "scenarios").glob("*.json"))
DEFAULTS = json.loads((HERE / "defaults.json").read_text(encoding="utf-8"))


class Sites:
    """One running simulator per kind of site, replaced after a scenario that changed it."""

    def __init__(self) -> None:
        self.running: dict[str, Simulator] = {}

    def get(self, needs: str) -> Simulator:
        name = "pool-of-two" if needs == "any" else needs
        if name not in self.running:
            self.running[name] = Simulator(f"golden-{name}")
        return self.running[name]

    def discard(self, needs: str) -> None:
        if simulator := self.running.pop(needs, None):
            assert simulator.stop() == 0

    def close(self) -> None:
        for name in list(self.running):
            self.discard(name)


@pytest.fixture(scope="module")
def sites() -> Iterator[Sites]:
    """Simulators shared by the scenarios of this module."""
    opened = Sites()
    yield opened
    opened.close()


def replay(simulator: Simulator, scenario: dict[str, Any]) -> tuple[int, str | None]:
    """(steps that match, first difference)."""
    site = Site(simulator.hosts, "root", "secret", {})
    return Runner(site, DEFAULTS).run(scenario)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_scenario_matches(sites: Sites, path: Path) -> None:
    scenario = json.loads(path.read_text(encoding="utf-8"))
    good, problem = replay(sites.get(scenario["needs"]), scenario)
    if scenario["leaves"] == "changed" or problem:
        sites.discard("pool-of-two" if scenario["needs"] == "any" else scenario["needs"])
    assert problem is None
    assert good == len(scenario["steps"])


def test_the_comparison_can_fail(sites: Sites) -> None:
    """A wrong expectation is found out, so a green run means something."""
    scenario = {
        "name": "wrong",
        "needs": "any",
        "leaves": "as-found",
        "hosts": ["A"],
        "steps": [{"on": "A", "call": "pool.get_all", "expect": {"ok": []}}],
    }
    good, problem = replay(sites.get("any"), scenario)
    assert good == 0
    assert problem is not None
    assert "pool.get_all" in problem


def test_every_recorded_scenario_is_here() -> None:
    assert len(SCENARIOS) == 36
