# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many servers at once, one task each way, on a real Nova: what it costs, and what becomes of the
others when some fail.

The costs are a formula in NUMBER and the time taken. It is 40 here, unless XENFLEET_MANY_SERVERS
is another multiple of 20, and 200 on the simulated pool (test_many_servers.py), since each live
migration is seconds of Nova's own work.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import Playbooks, Run, recorded
from harness.processes import kill
from testbeds.openstack.client import Bed, Request

pytestmark = pytest.mark.nova

NUMBER = int(os.environ.get("XENFLEET_MANY_SERVERS") or 40)
BATCH = 20
WINDOW = 20
PAUSE_S = 0.5
"""Between two looks (Ports.interval)."""
SERVICES_S = 2.5
"""Age of a reading of the compute services that is read again (liveness.py)."""
RECORDS_S = 5
"""Likewise of migration records, for the moves that are to be started (tracking.py)."""


def kind(request: Request) -> str:
    """What was asked for, with the server left out."""
    path = re.sub(r"/servers/[0-9a-f-]{36}", "/servers/ID", request.path.removeprefix("/v2.1"))
    changed = "?changes-since" if "changes-since" in request.query else ""
    return f"{request.method} {request.action or (path or '/') + changed}"


class Many:
    """The servers many0-1, many0-2, ..., many1-1, ..., spread over all hosts."""

    def __init__(self, bed: Bed, books: Playbooks) -> None:
        self.bed = bed
        self.books = books
        self.requests: Counter[str] = Counter()
        self.seconds = 0.0

    def boot(self, number: int) -> None:
        """With few requests; a scheduler that is asked for all at once takes longer than Nova waits."""
        self._make_room()
        image = self.bed.api("GET", "/images?name=cirros", service="glance")["images"][0]["id"]
        server = {"imageRef": image, "flavorRef": "1", "networks": "none"}
        several = {"min_count": BATCH, "max_count": BATCH}
        for batch in range(number // BATCH):
            named = {**server, "name": f"many{batch}"}
            self.bed.api("POST", "/servers", {"server": {**named, **several}})
            self._until_active((batch + 1) * BATCH)

    def _until_active(self, number: int) -> None:
        """Seldom and short, since each look is work for a cloud that is busy with booting."""
        end = time.monotonic() + 300
        while (active := len(self._ids("ACTIVE"))) < number:
            assert time.monotonic() < end, f"{active} of {number} are ACTIVE"
            assert not self._ids("ERROR")
            time.sleep(1)

    def _ids(self, status: str) -> list[Any]:
        servers: list[Any] = self.bed.api("GET", f"/servers?name=many&status={status}")["servers"]
        return servers

    def _make_room(self) -> None:
        """A move holds CPUs on both sides."""
        answer = self.bed.api("GET", "/resource_providers", service="placement")
        for provider in answer["resource_providers"]:
            path = f"/resource_providers/{provider['uuid']}/inventories/VCPU"
            now = self.bed.api("GET", path, service="placement")
            self.bed.api("PUT", path, {**now, "allocation_ratio": 64.0}, service="placement")

    def servers(self, name: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.bed.api("GET", f"/servers/detail?name={name}")[
            "servers"
        ]
        return listed

    def statuses(self, name: str = "many") -> Counter[str]:
        return Counter(
            server["status"] if server["OS-EXT-STS:task_state"] is None else "busy"
            for server in self.servers(name)
        )

    def hosts(self, name: str = "many") -> dict[str, str]:
        return {server["id"]: server["OS-EXT-SRV-ATTR:host"] for server in self.servers(name)}

    def act(self, action: str, name: str = r"^many\d-", **options: Any) -> Run:
        """In one task of a playbook, by filter. ``requests`` are the requests to Nova by kind, in ``seconds``."""
        asked = {"action": action, "filters": {"name": name}, "max_parallel": WINDOW}
        began = time.monotonic()
        with self.bed.requests() as requests:
            run = self._run({"xenfleet.compute.server_action": {**asked, **options}})
        self.requests = Counter(map(kind, requests))
        self.seconds = time.monotonic() - began
        return run

    def _run(self, task: dict[str, Any]) -> Run:
        """Longer than other playbooks may: many live migrations are minutes of work for two cores."""
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "act", **task}]}
        process, results = self.books.start([play])
        try:
            output, _none = process.communicate(timeout=1500)
        finally:
            if process.poll() is None:
                kill(process)
        return Run(process.returncode, output, recorded(results))


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    bed = Bed.required()
    bed.clean()
    yield bed
    bed.clean()


@pytest.fixture(scope="module")
def many(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Many:
    where = {**bed.cloud_env(), "XENFLEET_CONTROL_PLANE": "nova"}
    created = Many(bed, Playbooks(None, tmp_path_factory.mktemp("many"), **where))
    created.boot(NUMBER)
    return created


FIXED = {"GET /": 1, "GET /servers/detail": 2}
"""Which microversions there are; all servers for the plan, and again for the result."""
LOOK = "GET /servers/detail?changes-since"
RECORDS = "GET /os-migrations"
SERVICES = "GET /os-services"


def cost(many: Many, action: str, number: int, *, moves: bool = False) -> None:
    """One request for each server, and looks at all of them at once: their number goes with the
    time that it takes, not with the number of servers.
    """
    requests, seconds = many.requests.copy(), many.seconds
    looks, services, records = (requests.pop(kind, 0) for kind in (LOOK, SERVICES, RECORDS))
    alone = requests.pop("GET /servers/ID", 0)
    print(f"{action}: {seconds:.0f} s, {looks} looks, {records=}, {services=}, {alone=}")
    assert requests == {action: number, **FIXED}
    assert 1 <= looks <= seconds / PAUSE_S
    assert services <= 1 + seconds / SERVICES_S
    assert records <= (looks + alone + 1 + seconds / RECORDS_S if moves else 0)
    # The one that shows since when changes are to be listed; the last three, a few times.
    assert alone <= number / 4


def test_started_moved_and_stopped_in_one_task_each(many: Many) -> None:
    run = many.act("stop")
    assert run.status == 0, run.output
    assert many.statuses() == {"SHUTOFF": NUMBER}
    cost(many, "POST os-stop", NUMBER)

    run = many.act("start")
    assert run.status == 0, run.output
    assert run.result("act")["summary"] == f"start: {NUMBER} of {NUMBER} servers"
    assert many.statuses() == {"ACTIVE": NUMBER}
    cost(many, "POST os-start", NUMBER)

    before = many.hosts()
    run = many.act("live_migrate")
    assert run.status == 0, run.output
    assert many.statuses() == {"ACTIVE": NUMBER}
    after = many.hosts()
    assert [one for one in after if after[one] == before[one]] == []
    hosts = {server["id"]: server["host"] for server in run.result("act")["servers"]}
    assert hosts == after
    cost(many, "POST os-migrateLive", NUMBER, moves=True)

    run = many.act("start")
    assert (run.status, run.changed) == (0, 0), run.output
    assert many.requests == {**FIXED, "GET /servers/detail": 1}


def outcomes(run: Run) -> dict[str, set[str]]:
    """Ids by outcome."""
    by_outcome: dict[str, set[str]] = {}
    for server in run.failure()["servers"]:
        by_outcome.setdefault(server["outcome"], set()).add(server["id"])
    return by_outcome


BATCHED = "^many0-"
"""One batch of them."""


def test_some_fail_and_the_others_are_done(many: Many) -> None:
    """Those of one host."""
    before = many.hosts("many0-")
    broken_host, _count = Counter(before.values()).most_common(1)[0]
    there = {one for one, host in before.items() if host == broken_host}
    broken = {"hosts": {broken_host: {"fail": {"pause": "the hypervisor is stuck"}}}}
    with many.bed.fault(**broken):
        run = many.act("pause", BATCHED)
    by_outcome = outcomes(run)
    assert by_outcome == {"failed": there, "done": set(before) - there}
    assert many.statuses("many0-") == {"ACTIVE": len(there), "PAUSED": BATCH - len(there)}
    failure = run.failure()
    assert "the hypervisor is stuck" in failure["msg"]
    assert f"{BATCH - len(there)} of {BATCH} steps were completed" in failure["msg"]
    assert failure["summary"].endswith(f"{len(there)} failed")

    again = many.act("pause", BATCHED)
    assert again.status == 0, again.output
    assert len(again.actions) == len(there)
    assert many.statuses("many0-") == {"PAUSED": BATCH}


def test_no_further_one_is_started_once_enough_have_failed(many: Many) -> None:
    with many.bed.fault(fail={"unpause": "the hypervisor is stuck"}):
        run = many.act("unpause", BATCHED, max_parallel=10, max_failures=0)
    by_outcome = outcomes(run)
    assert 1 <= len(by_outcome["failed"]) <= 10
    assert set(by_outcome) == {"failed", "left"}
    assert many.requests["POST unpause"] == len(by_outcome["failed"])
    assert f"{len(by_outcome['left'])} not started" in run.failure()["summary"]
    assert many.statuses("many0-") == {"PAUSED": BATCH}

    again = many.act("unpause", BATCHED)
    assert again.status == 0, again.output
    assert many.statuses("many0-") == {"ACTIVE": BATCH}


def test_a_member_has_several_of_his_own(bed: Bed, tmp_path: Path) -> None:
    """Lists of all servers are for admins; by uuid he may look at his own, one by one."""
    own = bed.servers(dict.fromkeys(f"own{n}" for n in range(5)), project="demo")
    where = {**bed.cloud_env("xenfleet-demo"), "XENFLEET_CONTROL_PLANE": "nova"}
    asked = {"action": "stop", "servers": [*own.values()], "max_parallel": 5}
    books = Playbooks(None, tmp_path, **where)
    with bed.fault(delay={"power_off": 2}):
        run = books.tasks({"name": "act", "xenfleet.compute.server_action": asked})
    assert run.status == 0, run.output
    assert {bed.server(uuid)["status"] for uuid in own.values()} == {"SHUTOFF"}
