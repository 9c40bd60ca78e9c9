# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metadata of aggregates decides where a server goes that wants it: by a flavor's extra specs on
Nova, by tags on XAPI.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.rules.control import Control
from contract.rules.keeping import judge
from contract.rules.memory_control import MemoryControl
from contract.rules.nova_control import NovaControl
from contract.rules.test_server_rules import SiteControl
from contract.rules.xapi_control import SERVERS
from simulators.launch import Simulator


@pytest.fixture
def control(request: pytest.FixtureRequest, plane: str, tmp_path: Path) -> Iterator[Control]:
    """On a site of its own."""
    if plane == "xapi":
        with Simulator(SERVERS) as site:
            here = SiteControl(site, tmp_path / "store.db")
            yield here
            judge(request, here)
        return
    third = MemoryControl() if plane == "memory" else None
    there = third or NovaControl(request.getfixturevalue("bed"), tmp_path / "store.db")
    if isinstance(there, NovaControl):
        there.settle()
    yield there
    judge(request, there)


def wanting(control: Control, key: str, value: str) -> str:
    """The same server to the table."""
    name = control.wanting(key, value)
    control.aliases[name] = "the server"
    return name


def test_row_54_servers_move_to_hosts_with_what_they_want(control: Control) -> None:
    """Only the last of three values matches."""
    generation = {"metadata": {"gen": "3, 4, 7"}}
    control.given("aggregate", name="new", hosts=[control.busy, control.idle], **generation)
    name = wanting(control, "gen", ">= 5")
    move = {"action": "live_migrate", "servers": [name]}
    control.differs("a host without the item", "server_action", host=control.spare1, **move)
    assert control.server(name)["host"] == control.busy
    control.done("server_action", **move)
    assert control.server(name)["host"] == control.idle
    control.given("aggregate_host", aggregate="new", hosts=[control.busy], state="absent")
    control.differs("a host without the item", "server_action", **move)
    assert control.server(name)["host"] == control.idle


@pytest.mark.memory
def test_row_54_a_server_that_stays_is_not_asked(control: Control) -> None:
    control.given("aggregate", name="new", hosts=[control.busy], metadata={"gen": "7"})
    name = wanting(control, "gen", "7")
    control.given("aggregate", name="new", metadata={"gen": None})
    control.done("server_action", action="reboot_hard", servers=[name])
    assert control.server(name)["host"] == control.busy


@pytest.mark.memory
def test_row_54_what_is_shelved_is_placed_again(control: Control) -> None:
    both = [control.busy, control.idle]
    control.given("aggregate", name="new", hosts=both, metadata={"gen": "7"})
    name = wanting(control, "gen", "7")
    control.given("server_action", action="shelve", servers=[name])
    control.given("aggregate_host", aggregate="new", hosts=[control.busy], state="absent")
    control.done("server_action", action="unshelve", servers=[name])
    assert control.server(name)["host"] == control.idle
