# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""This collection and openstack.cloud side by side on one cloud: what one of them made is in order for
the other. What is really there is read from Nova without either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from harness.playbooks import Playbooks, Run
from testbeds.openstack.client import Bed

pytestmark = pytest.mark.nova

Task = Mapping[str, Any]
NAME = "interop"


def ours(task: str, module: str = "aggregate", **options: Any) -> Task:
    return {"name": task, f"xenfleet.compute.{module}": options}


def theirs(task: str, module: str = "host_aggregate", **options: Any) -> Task:
    return {"name": task, f"openstack.cloud.{module}": options}


def run(books: Playbooks, *tasks: Task) -> Run:
    done = books.tasks(*tasks)
    assert done.status == 0, done.output
    return done


def changes(done: Run) -> dict[str, bool]:
    """Whether each task reported a change."""
    return {one["task"]: one["result"]["changed"] for one in done.results}


def aggregates(bed: Bed) -> dict[str, dict[str, Any]]:
    """What Nova says of them, by name, hosts in any order."""
    keys = ("availability_zone", "metadata")
    return {
        one["name"]: {**{k: one[k] for k in keys}, "hosts": sorted(one["hosts"])}
        for one in bed.api("GET", "/os-aggregates")["aggregates"]
    }


ZONE = {"availability_zone": "zone-i"}
WANTED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "zone and metadata": ({**ZONE, "metadata": {"ssd": "true"}}, {**ZONE, "ssd": "true"}),
    "metadata alone": ({"metadata": {"ssd": "true"}}, {"ssd": "true"}),
    "zone alone": (ZONE, ZONE),
    "empty metadata": ({"metadata": {}}, {}),
}
"""Options of both modules, and the metadata that Nova then shows."""


@pytest.mark.parametrize(("first", "second"), [(ours, theirs), (theirs, ours)])
def test_what_one_makes_the_other_leaves_alone(
    first: Any, second: Any, bed: Bed, books: Playbooks
) -> None:
    tasks, expected = [], {}
    for name, (given, _metadata) in WANTED.items():
        options = {"name": name, "hosts": ["compute2", "compute1"], **given}
        again = second(f"{name}: again", **options)
        predict = {**again, "name": f"{name}: predict", "check_mode": True}
        tasks += [first(f"{name}: make", **options), predict, again]
        expected |= {f"{name}: make": True, predict["name"]: False, again["name"]: False}
    assert changes(run(books, *tasks)) == expected
    assert aggregates(bed) == {
        name: {
            "availability_zone": metadata.get("availability_zone"),
            "metadata": metadata,
            "hosts": ["compute1", "compute2"],
        }
        for name, (_given, metadata) in WANTED.items()
    }


def test_metadata_without_the_zone(bed: Bed, books: Playbooks) -> None:
    """Nova shows the zone among the metadata, too, and openstack.cloud 2.5.0 compares it along."""
    metadata = {"ssd": "true"}
    done = run(
        books,
        theirs("make", name=NAME, availability_zone="zone-i", metadata=metadata),
        ours("ours", name=NAME, metadata=metadata),
        ours("ours, purging", name=NAME, metadata=metadata, purge_metadata=True),
        theirs("theirs", name=NAME, metadata=metadata),
        theirs("theirs again", name=NAME, metadata=metadata),
    )
    assert changes(done) == {
        "make": True,
        "ours": False,
        "ours, purging": False,
        "theirs": True,
        "theirs again": True,
    }
    assert aggregates(bed)[NAME]["metadata"] == {**metadata, "availability_zone": "zone-i"}


def test_taking_over_with_hosts_and_giving_back(bed: Bed, books: Playbooks) -> None:
    """Ours on an aggregate of theirs: hosts, a new name, one more host; then theirs goes on with that."""
    options = {"availability_zone": "zone-i", "metadata": {"ssd": "true"}}
    hosts = ["compute2", "compute3", "compute4"]
    done = run(
        books,
        theirs("make", name="before", hosts=["compute1", "compute2"], **options),
        ours(
            "take over",
            name="before",
            new_name=NAME,
            availability_zone="zone-j",
            hosts=["compute2", "compute3"],
            metadata={"rack": "12"},
        ),
        ours("one more", "aggregate_host", aggregate=NAME, host="compute4"),
        theirs(
            "in order",
            name=NAME,
            availability_zone="zone-j",
            metadata={"ssd": "true", "rack": "12"},
            hosts=hosts,
        ),
        theirs("a change", name=NAME, hosts=hosts[:2]),
        ours("seen", name=NAME, hosts=hosts[:2]),
    )
    assert changes(done) == {
        "make": True,
        "take over": True,
        "one more": True,
        "in order": False,
        "a change": True,
        "seen": False,
    }
    assert aggregates(bed) == {
        NAME: {
            "availability_zone": "zone-j",
            "metadata": {"availability_zone": "zone-j", "ssd": "true", "rack": "12"},
            "hosts": ["compute2", "compute3"],
        }
    }
    gone = run(
        books,
        ours("delete", name=NAME, state="absent", remove_hosts=True),
        theirs("gone", name=NAME, state="absent"),
    )
    assert changes(gone) == {"delete": True, "gone": False}
    assert aggregates(bed) == {}


def test_services(bed: Bed, books: Playbooks) -> None:
    """openstack.cloud only reads them."""
    done = run(
        books,
        ours(
            "disable", "compute_service", host="compute3", status="disabled", disabled_reason="disk"
        ),
        theirs("theirs", "compute_service_info", binary="nova-compute"),
        ours("ours", "compute_service_info"),
    )
    keys = ("id", "host", "status", "state", "disabled_reason")
    read = {s["host"]: [s[k] for k in keys] for s in done.result("theirs")["compute_services"]}
    assert read["compute3"][2:] == ["disabled", "up", "disk"]
    services = done.result("ours")["services"]
    assert {s["host"]: [s[k] for k in keys] for s in services} == read
    service = bed.services()["compute3"]
    assert (service["status"], service["disabled_reason"]) == ("disabled", "disk")


def test_servers(bed: Bed, books: Playbooks) -> None:
    """Each leaves alone what the other has stopped, started or locked."""
    uuid = bed.servers({"interop-web": "compute1"})["interop-web"]
    both = {"name": "interop-web", "timeout": 60}

    def action(side: Any, task: str, which: str) -> Task:
        options = both if side is theirs else {"servers": ["interop-web"]}
        return side(task, "server_action", action=which, **options)

    done = run(
        books,
        action(ours, "stop", "stop"),
        action(theirs, "is stopped", "stop"),
        action(theirs, "start", "start"),
        action(ours, "is started", "start"),
        theirs("theirs", "server_info", server="interop-web"),
        ours("ours", "server_info"),
    )
    assert {k: v for k, v in changes(done).items() if k not in ("theirs", "ours")} == {
        "stop": True,
        "is stopped": False,
        "start": True,
        "is started": False,
    }
    (read,) = done.result("theirs")["servers"]
    (server,) = done.result("ours")["servers"]
    assert [server[k] for k in ("id", "name", "status", "host")] == [
        read[k] for k in ("id", "name", "status", "compute_host")
    ]
    there = bed.server(uuid)
    assert (there["status"], there["OS-EXT-STS:power_state"]) == ("ACTIVE", 1)
