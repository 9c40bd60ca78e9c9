# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""As in production: hosts behind TLS with a CA of their own, the store on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from harness.playbooks import ROOT, Playbooks
from postgres import find_binaries, postgres
from simulators.launch import Simulator

SITE = {
    "clock": {"factor": 25},
    "tls": True,
    "hosts": [{"name": "xen", "count": 3, "memory": "64 GiB", "pool": "fleet"}],
    "pools": {"fleet": {"srs": [{"name": "shared", "type": "nfs", "default": True}]}},
    "vms": [{"name": "web", "count": 6, "memory": "2 GiB", "where": "fleet"}],
}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server found; install the package postgresql")
    with postgres() as url:
        yield url


@pytest.fixture
def books(database: str, tmp_path: Path) -> Iterator[Playbooks]:
    with Simulator(SITE) as site:
        ca = tmp_path / "ca.pem"
        ca.write_bytes(site.get("/ca.pem"))
        yield Playbooks(site, tmp_path, XENFLEET_STORE=database, XENFLEET_CA_CERT=str(ca))


def rows(database: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


def test_there_and_back_over_tls_with_the_store_on_postgresql(
    books: Playbooks, database: str
) -> None:
    """One maintenance, once more, and not a byte in an SQLite file."""
    assert all(url.startswith("https://") for url in books.site.hosts.values())
    zone = {
        "name": "an aggregate",
        "xenfleet.compute.aggregate": {"name": "fleet", "hosts": ["xen1", "xen2"]},
    }
    assert books.tasks(zone).changed == 1
    before = {vm["vm"]: vm["host"] for vm in books.site.get("/vms")}
    playbook = ROOT / "playbooks" / "host_maintenance.yml"
    variables = {"host_maintenance_host": "xen2", "host_maintenance_name": "disks"}
    run = books.run(playbook, **variables)
    assert run.status == 0, run.output
    again = books.run(playbook, **variables)
    assert (again.status, again.changed) == (0, 0), again.output

    vms = {vm["vm"]: vm for vm in books.site.get("/vms")}
    moved = sorted(name for name, vm in vms.items() if vm["moves"])
    assert moved == sorted(name for name, host in before.items() if host == "xen2")
    assert {name: vm["host"] for name, vm in vms.items()} == before
    assert all(vm["downtime_s"] == 0 for vm in vms.values())
    assert rows(database, "select name, phase from xenfleet_maintenances") == [("disks", "done")]
    assert rows(database, "select distinct server from xenfleet_migrations order by server") == [
        (name,) for name in moved
    ]
    assert rows(database, "select count(*) from xenfleet_locks") == [(0,)]
    assert not books.store.exists()
