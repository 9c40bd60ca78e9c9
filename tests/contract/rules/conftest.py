# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule's test on both control planes, its verdicts compared with those that are kept.

``pytest tests/contract/rules -m "nova or not nova" --write-rules-table`` writes what the tests of
that run found to verdicts.json and to the page of the documentation.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from contract.rules import page, verdicts
from contract.rules.control import Control
from contract.rules.keeping import OPTION, checked, failed, judge
from contract.rules.memory_control import MemoryControl
from contract.rules.nova_control import NovaControl
from contract.rules.xapi_control import FLEET, XapiControl
from simulators.launch import Simulator
from testbeds.openstack.client import Bed

NOVA = pytest.param("nova", marks=pytest.mark.nova)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="keep the verdicts found")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that run on every plane run on the third one if they are marked so."""
    items[:] = [i for i in items if not _on_memory(i) or i.get_closest_marker("memory")]


def _on_memory(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("plane") == "memory"


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(OPTION, False) and config.getoption("numprocesses", None):
        raise pytest.UsageError(
            f"{OPTION} needs -n0: a worker knows the verdicts of its own tests only"
        )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Of those tests that passed."""
    if session.config.getoption(OPTION, False) and checked:
        kept = verdicts.merge(verdicts.load(), checked)
        verdicts.save(kept)
        page.write(kept)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        failed.add(item.nodeid)
    return report


@pytest.fixture(scope="module")
def fleet() -> Iterator[Simulator]:
    with Simulator(FLEET) as site:
        yield site


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    """A clean cloud at first and at last: tests elsewhere come next on the same one."""
    testbed = Bed.required()
    testbed.clean()
    yield testbed
    NovaControl(testbed, Path()).settle()
    testbed.clean()


@pytest.fixture(params=["xapi", NOVA, "memory"])
def plane(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def control(request: pytest.FixtureRequest, plane: str, tmp_path: Path) -> Iterator[Control]:
    """On the site that the tests of a file share, since they leave its hosts as they are; on the
    cloud that all tests share, put back for each; on a memory of its own. A plane's verdicts must be
    those kept for it.
    """
    store = tmp_path / "store.db"
    control: Control
    if plane == "xapi":
        control = XapiControl(request.getfixturevalue("fleet"), store)
    elif plane == "memory":
        control = MemoryControl()
    else:
        control = NovaControl(request.getfixturevalue("bed"), store)
        control.settle()
    yield control
    judge(request, control)


@pytest.fixture
def xapi(fleet: Simulator, tmp_path: Path) -> XapiControl:
    """For what can only be provoked there, and for what is no rule's."""
    return XapiControl(fleet, tmp_path / "store.db")


@pytest.fixture
def nova(bed: Bed, tmp_path: Path) -> NovaControl:
    """Likewise; the test needs the marker nova."""
    control = NovaControl(bed, tmp_path / "store.db")
    control.settle()
    return control
