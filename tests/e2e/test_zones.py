# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guests stay in their zone and aggregate whatever moves them; looked at from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import ROOT, Playbooks, of_role
from simulators.launch import Simulator

SITE: dict[str, Any] = {
    "clock": {"factor": 40},
    "login_delay": 0,
    "link_gbit": 8,
    "hosts": [{"name": "q", "count": 5, "memory": "32 GiB", "cpus": 16, "pool": "one"}],
    "pools": {"one": {"srs": [{"name": "nfs1", "type": "nfs", "size": "4 TiB", "default": True}]}},
    "vms": [{"name": "w", "count": 4, "memory": "4 GiB", "where": "q5"}],
}
"""There is room everywhere, and most on hosts in other zones."""
ZONES = {"aggA": ("zone-a", ["q1", "q2"]), "aggB": ("zone-b", ["q3", "q4"])}
HOME = {"w1": "q1", "w2": "q1", "w3": "q3", "w4": "q4"}


def task(module: str, **options: Any) -> dict[str, Any]:
    return {"name": module, f"xenfleet.compute.{module}": options}


def maintenance(state: str, **options: Any) -> dict[str, Any]:
    return task("host_maintenance", host="q1", name="m1", state=state, **options)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Playbooks]:
    """q5, on which the guests were, is in no aggregate."""
    with Simulator(SITE) as site:
        books = Playbooks(site, tmp_path)
        run = books.tasks(
            *(
                task("aggregate", name=name, availability_zone=zone, hosts=hosts)
                for name, (zone, hosts) in ZONES.items()
            ),
            *(
                task("server_action", action="live_migrate", server=server, host=host)
                for server, host in HOME.items()
            ),
        )
        assert run.status == 0, run.output
        assert places(books) == HOME
        yield books


def places(books: Playbooks) -> dict[str, str]:
    assert books.site
    return {name: vm["host"] for name, vm in books.site.get("/state")["vms"].items()}


def test_a_maintenance_stays_in_its_zone(books: Playbooks) -> None:
    run = books.tasks(maintenance("in_maintenance"))
    assert run.status == 0, run.output
    assert places(books) == {**HOME, "w1": "q2", "w2": "q2"}
    run = books.tasks(maintenance("in_service"))
    assert run.status == 0, run.output
    assert places(books) == HOME


def test_a_zone_without_room_blocks_until_the_option_is_given(books: Playbooks) -> None:
    out = task("compute_service", host="q2", status="disabled")
    refused = books.tasks(out, maintenance("in_maintenance"))
    assert refused.status != 0
    message = refused.failure()["msg"]
    assert "q3, q4 and q5 outside would have room (Set within to pool)" in message
    assert places(books) == HOME
    wide = books.run(
        ROOT / "playbooks" / "host_maintenance.yml",
        **of_role("host_maintenance", {"host": "q1", "name": "m1", "within": "pool"}),
    )
    assert wide.status == 0, wide.output
    assert "q1 to q5" in "\n".join(wide.actions)
    assert "from zone zone-a into zone nova" in wide.output
    assert places(books) == HOME


def test_a_consolidation_stays_in_its_aggregate(books: Playbooks) -> None:
    run = books.run(
        ROOT / "playbooks" / "host_consolidation.yml",
        **of_role("host_consolidation", {"aggregate": "aggB", "name": "n1", "keep": 1}),
    )
    assert run.status == 0, run.output
    now = places(books)
    assert {now["w3"], now["w4"]} in ({"q3"}, {"q4"})
    assert (now["w1"], now["w2"]) == ("q1", "q1")


def test_a_named_host_of_another_zone_needs_the_option(books: Playbooks) -> None:
    move = {"action": "live_migrate", "server": "w1", "host": "q3"}
    refused = books.tasks(task("server_action", **move))
    assert refused.failure()["error"]["status"] == 400
    assert "q3 has zone zone-b instead of zone-a. Set within to pool" in refused.failure()["msg"]
    assert places(books) == HOME
    assert books.tasks(task("server_action", **move, within="pool")).status == 0
    assert places(books) == {**HOME, "w1": "q3"}
