# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator gets wrong: one clear message each, naming object, cause and remedy, and nothing changed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import Playbooks, Run
from simulators.launch import Simulator

FRESH = {"clock": {"factor": 50}, "hosts": [{"name": "xen", "count": 3, "memory": "64 GiB"}]}
SECRET = "Xv7-not-the-password"


@pytest.fixture
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Playbooks]:
    """A site of three fresh hosts, or the one that the test asks for, and an empty store."""
    with Simulator(getattr(request, "param", FRESH)) as site:
        yield Playbooks(site, tmp_path)


def aggregate(**options: Any) -> dict[str, Any]:
    return {"name": "aggregate", "xenfleet.compute.aggregate": options}


def members(**options: Any) -> dict[str, Any]:
    return {"name": "members", "xenfleet.compute.aggregate_host": options}


def refused(books: Playbooks, *tasks: dict[str, Any], status: int | None) -> str:
    """Run tasks of which the last is refused; the store is as before it and no host was changed."""
    if len(tasks) > 1:
        assert books.tasks(*tasks[:-1]).status == 0
    before = dump(books.store)
    run: Run = books.tasks(tasks[-1])
    result = run.failure()
    assert run.status == 2, run.output
    assert dump(books.store) == before
    assert books.mutating_calls() == []
    assert result["error"]["status"] == status
    assert {"object", "cause", "remedy"} <= set(result["error"])
    assert result["error"]["remedy"]
    assert "Traceback" not in run.output
    assert len(re.findall(re.escape(result["error"]["cause"]), result["msg"])) == 1
    return str(result["msg"])


def dump(store: Path) -> list[str]:
    if not store.exists():
        return []
    connection = sqlite3.connect(f"file:{store}?mode=rw", uri=True)
    try:
        return [line for line in connection.iterdump() if '_locks"' not in line]
    finally:
        connection.close()


def test_wrong_password(books: Playbooks) -> None:
    task = members(aggregate="prod", hosts=["xen1"], password=SECRET)
    run = books.tasks(aggregate(name="prod"), task)
    message = run.failure()["msg"]
    assert "127.77.0." in message
    assert "root" in message
    assert run.failure()["error"]["code"] == "authentication"
    assert SECRET not in run.output + str(run.results)
    assert books.mutating_calls() == []
    connection = sqlite3.connect(books.store)
    assert connection.execute("select count(*) from xenfleet_aggregate_hosts").fetchone() == (0,)
    connection.close()


def test_unknown_host(books: Playbooks) -> None:
    message = refused(
        books, aggregate(name="prod"), members(aggregate="prod", hosts=["xen9"]), status=404
    )
    assert re.match(
        r"host xen9: no compute service .* known are xen1, xen2 and xen3\. Use ", message
    )


def test_host_down(books: Playbooks) -> None:
    assert books.tasks(aggregate(name="prod")).status == 0
    books.site.post("/faults", {"action": "kill", "target": "xen2"})
    message = refused(books, members(aggregate="prod", hosts=["xen2"]), status=404)
    assert re.match(r"host xen2: .*without an answer: .*127\.77\.0\.2.*\. Use ", message)


@pytest.mark.parametrize("books", ["pool-of-three"], indirect=True)
def test_address_of_a_supporter(books: Playbooks) -> None:
    task = members(aggregate="prod", hosts=["xen2"], endpoints=[books.site.hosts["xen2"]])
    message = refused(books, aggregate(name="prod"), task, status=None)
    assert "127.77.0.2" in message
    assert "supporter" in message
    assert "127.77.0.1" in message


@pytest.mark.parametrize("books", [{**FRESH, "tls": "self-signed"}], indirect=True)
def test_self_signed_certificate(books: Playbooks) -> None:
    message = refused(
        books, aggregate(name="prod"), members(aggregate="prod", hosts=["xen1"]), status=None
    )
    assert "its certificate is self-signed" in message
    assert "ca_cert" in message
    assert "validate_certs" in message


TWINS = {
    **FRESH,
    "vms": [
        {"name": "db", "memory": "1 GiB", "where": "xen1", "state": "halted", "storage": "local"},
        {"name": "db", "memory": "1 GiB", "where": "xen2", "state": "halted", "storage": "local"},
    ],
}


@pytest.mark.parametrize("books", [TWINS], indirect=True)
def test_duplicate_vm_name_when_joining(books: Playbooks) -> None:
    join = {"xenfleet.compute.xen_pool_member": {"member": "xen1", "hosts": ["xen2"]}}
    message = refused(books, {"name": "join", **join}, status=409)
    assert "duplicate VM name: db exists here and in" in message
    assert "Rename one of them" in message


@pytest.mark.parametrize("books", [TWINS], indirect=True)
def test_duplicate_vm_name_when_acting(books: Playbooks) -> None:
    start = {"xenfleet.compute.server_action": {"servers": ["db"], "action": "start"}}
    message = refused(books, {"name": "start", **start}, status=409)
    assert len(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-", message)) == 2


def test_zone_with_a_colon(books: Playbooks) -> None:
    message = refused(books, aggregate(name="prod", availability_zone="a:b"), status=400)
    assert message.startswith("aggregate prod: availability zone 'a:b' contains ':'")


def test_host_in_two_zones(books: Playbooks) -> None:
    message = refused(
        books,
        aggregate(name="prod", availability_zone="zone-a", hosts=["xen1"]),
        aggregate(name="test", availability_zone="zone-b"),
        members(aggregate="test", hosts=["xen1"]),
        status=409,
    )
    assert message.startswith("host xen1: it is in availability zone zone-a through aggregate prod")
    assert "Remove it from aggregate prod first" in message
