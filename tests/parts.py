# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the test suite and the tier that each belongs to; CONTRIBUTING.md says why."""

from __future__ import annotations

import re
from dataclasses import dataclass

PACKAGE = "ansible_collections.xenfleet.compute"

BUSY, TIMED, WAITING = "busy", "timed", "waiting"
"""What a part does with the processors: it only needs their time; it measures simulated time and wants them
to itself; it mostly waits, for a cloud.
"""

Commands = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Part:
    """Commands by tier, none where the tier goes without this part.

    ``expected`` is its time in seconds on two cores, for the order of the first run. ``begins`` finds in a
    line of output the name of what begins there, for parts whose tool says so.
    """

    name: str
    kind: str
    quick: Commands = ()
    full: Commands = ()
    expected: int = 0
    begins: re.Pattern[str] | None = None

    def commands(self, *, full: bool) -> Commands:
        return self.full if full else self.quick


def in_both(
    name: str,
    kind: str,
    *commands: tuple[str, ...],
    expected: int,
    begins: re.Pattern[str] | None = None,
) -> Part:
    """A part that both tiers run whole."""
    return Part(name, kind, commands, commands, expected, begins)


def simulated(tests: str) -> Commands:
    """Tests on simulated hosts. They wait more than they work, hence three at a time."""
    folders = ("golden", "simulators", "contract", "integration", "e2e")
    how = ("-n", "3", "--dist", "worksteal")
    return (("pytest", "-q", "-m", tests, *how, *(f"tests/{folder}" for folder in folders)),)


SANITY = re.compile(r'Running sanity test "(.+?)"')
MOLECULE = re.compile(r"\[(\w+) > \w+\] (?:Executing|Executed)")

PARTS = (
    in_both("sanity", BUSY, ("tests/utils/sanity.sh",), expected=300, begins=SANITY),
    Part(
        "sanity-newest",
        BUSY,
        full=(("tests/utils/sanity.sh", "newest"),),
        expected=290,
        begins=SANITY,
    ),
    in_both(
        "lint",
        BUSY,
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", "-p", f"{PACKAGE}.plugins"),
        ("yamllint", "--strict", "."),
        ("env", "PYTHONPATH=.tree", "lint-imports", "--no-logo"),
        ("antsibull-changelog", "lint"),
        ("ansible-lint", "--offline", "--strict", "--nocolor", "-q"),
        expected=110,
    ),
    in_both("docs", BUSY, ("tests/utils/docs.sh",), expected=50),
    in_both("build", BUSY, ("tests/utils/build.sh",), expected=8),
    Part(
        "molecule",
        BUSY,
        quick=(("tests/utils/molecule.sh", "test", "-s", "host_maintenance"),),
        full=(("tests/utils/molecule.sh",),),
        expected=40,
        begins=MOLECULE,
    ),
    Part("oldest", BUSY, full=(("tests/utils/tests_on.sh", "oldest"),), expected=110),
    Part("newest", BUSY, full=(("tests/utils/tests_on.sh", "newest"),), expected=130),
    in_both("unit", BUSY, ("pytest", "-q", "-n0", "tests/unit"), expected=60),
    Part(
        "nova",
        WAITING,
        quick=(
            ("tests/utils/testbed.sh", "1", "@tests/testbeds/quick.txt"),
            ("env", "PYTEST_ADDOPTS=", "pytest", "-q", "-n0", "tests/testbeds/test_quick.py"),
        ),
        full=(("tests/utils/testbed.sh", "1", "--ignore=tests/contract", "tests"),),
    ),
    # A second cloud, as the tests on one run one after the other and mostly wait.
    Part("nova-contract", WAITING, full=(("tests/utils/testbed.sh", "2", "tests/contract"),)),
    Part("simulated", TIMED, simulated("not nova and not full"), simulated("not nova")),
)
