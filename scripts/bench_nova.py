# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task costs on a real OpenStack, beside the same task of openstack.cloud: same cloud, same
environment, same play, taking turns. It needs a bed that is up (make testbed-up) with nothing of value
in it, and leaves it clean.

Of the 50 hosts, those that the bed lacks are rows in Nova's database: registered, never seen alive. For
what aggregates may hold that is the same.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from benching import middle, times_by_task
from harness.playbooks import ROOT, Playbooks
from testbeds.openstack import infrastructure
from testbeds.openstack.client import Bed

ENVIRONMENT = ROOT / ".cache/interop"
HOSTS = 50
SIDES = {"ours": "xenfleet.compute", "theirs": "openstack.cloud"}


@dataclass(frozen=True)
class Case:
    """The same wish in the words of both collections."""

    name: str
    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]
    loop: int = 0
    changes: bool = False

    def task(self, side: str) -> dict[str, Any]:
        module, options = next(iter((self.ours if side == "ours" else self.theirs).items()))
        repeated = {"loop": list(range(self.loop))} if self.loop else {}
        called = {f"{SIDES[side]}.{module}": options}
        return {"name": f"{self.name}|{side}", **called, **repeated}


def aggregate(name: str, **options: Any) -> dict[str, Mapping[str, Any]]:
    wanted = {"name": name, "availability_zone": "bench", "metadata": {"ssd": "true"}, **options}
    return {"ours": {"aggregate": wanted}, "theirs": {"host_aggregate": wanted}}


def cases(hosts: list[str], real: list[str]) -> list[Case]:
    return [
        Case("aggregate, nothing to change", **aggregate("bench", hosts=real)),
        Case("the same, ten in a loop", **aggregate("bench", hosts=real), loop=10),
        Case(
            f"aggregate of {len(hosts)} hosts, nothing to change", **aggregate("all", hosts=hosts)
        ),
        Case(
            "server_action start, nothing to change",
            ours={"server_action": {"servers": ["bench"], "action": "start"}},
            theirs={"server_action": {"name": "bench", "action": "start"}},
        ),
    ]


def making(hosts: list[str]) -> list[Case]:
    """What changes something each time."""
    wanted = {"name": "made", "metadata": {"ssd": "true"}, "hosts": hosts}
    gone = {"name": "made", "state": "absent"}
    return [
        Case(
            f"aggregate of {len(hosts)} hosts, made",
            {"aggregate": wanted},
            {"host_aggregate": wanted},
            changes=True,
        ),
        Case(
            f"aggregate of {len(hosts)} hosts, deleted",
            {"aggregate": {**gone, "remove_hosts": True}},
            {"host_aggregate": gone},
            changes=True,
        ),
    ]


REGISTER = """
insert into nova_cell1.services
  (created_at, host, `binary`, topic, report_count, disabled, deleted, forced_down, version, uuid)
  select now(), '{host}', `binary`, topic, 0, 0, 0, 0, version, uuid()
  from nova_cell1.services where host = '{model}' and deleted = 0;
insert into nova_cell1.compute_nodes
  (created_at, host, hypervisor_hostname, uuid, mapped, deleted, {same})
  select now(), '{host}', '{host}', uuid(), 1, 0, {same}
  from nova_cell1.compute_nodes where host = '{model}' and deleted = 0;
insert into nova_api.host_mappings (created_at, cell_id, host)
  select now(), cell_id, '{host}' from nova_api.host_mappings where host = '{model}';
"""
SAME = """vcpus, memory_mb, local_gb, vcpus_used, memory_mb_used, local_gb_used, hypervisor_type,
  hypervisor_version, cpu_info, host_ip, supported_instances, ram_allocation_ratio,
  cpu_allocation_ratio, disk_allocation_ratio"""
FORGET = """
delete from nova_cell1.services where host in ({hosts});
delete from nova_cell1.compute_nodes where host in ({hosts});
delete from nova_api.host_mappings where host in ({hosts});
"""


@contextmanager
def registered(bed: Bed) -> Iterator[list[str]]:
    """Names of HOSTS hosts, the bed's own among them."""
    more = [f"bench{number:02}" for number in range(len(bed.hosts) + 1, HOSTS + 1)]
    quoted = ", ".join(f"'{host}'" for host in more)

    def sql(statements: str) -> None:
        infrastructure.sql(bed.layout, bed.processes, statements)

    sql(FORGET.format(hosts=quoted))
    sql("".join(REGISTER.format(host=h, model=bed.hosts[0], same=SAME) for h in more))
    try:
        yield [*bed.hosts, *more]
    finally:
        bed.clean()
        sql(FORGET.format(hosts=quoted))


def run(books: Playbooks, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done = books.tasks(*tasks)
    if done.status:
        raise SystemExit(done.output)
    return done.results


def in_turns(wanted: list[Case], rounds: int) -> list[dict[str, Any]]:
    """Each case by both, who begins changes from round to round."""
    order = [["ours", "theirs"], ["theirs", "ours"]]
    return [case.task(s) for n in range(rounds) for case in wanted for s in order[n % 2]]


def making_in_turns(wanted: list[Case], rounds: int) -> list[dict[str, Any]]:
    """Likewise, but what one has made the same one deletes."""
    order = [["ours", "theirs"], ["theirs", "ours"]]
    return [case.task(s) for n in range(rounds) for s in order[n % 2] for case in wanted]


def check(results: list[dict[str, Any]], wanted: list[Case]) -> None:
    """A comparison of tasks that did not do the same would be worth nothing."""
    changes = {case.name: case.changes for case in wanted}
    for result in results:
        name, _bar, _side = result["task"].partition("|")
        if result["outcome"] == "ok" and result["result"]["changed"] != changes[name]:
            raise SystemExit(f"{result['task']}: changed is {result['result']['changed']}")


def alone(bed: Bed, books: Playbooks, task: dict[str, Any]) -> tuple[float, str]:
    """Seconds of a play of that one task, with all that Ansible does around it; requests that the task
    makes to Nova and to Keystone, the services' own checks of tokens left out.
    """
    began = time.monotonic()
    with bed.requests() as nova, bed.keystone_requests() as keystone:
        run(books, [task])
    seconds = time.monotonic() - began
    return seconds, f"{len(clients(nova))} + {len(clients(keystone))}"


def clients(requests: list[Any]) -> list[Any]:
    return [r for r in requests if "openstacksdk" in r.user_agent]


def measure(bed: Bed, books: Playbooks, rounds: int) -> list[tuple[Case, dict[str, Any]]]:
    with registered(bed) as hosts:
        bed.clean()
        same, new = cases(hosts, bed.hosts), making(hosts)
        run(books, [case.task("ours") for case in same if "aggregate" in case.ours])
        bed.servers({"bench": bed.hosts[0]})
        results = run(books, in_turns(same, rounds))
        check(results, same)
        results_in_turns = run(books, making_in_turns(new, max(1, rounds // 2)))
        check(results_in_turns, new)
        times = times_by_task([*results, *results_in_turns])
        table = []
        for case in (*same, *new):
            row: dict[str, Any] = {s: times[f"{case.name}|{s}"] for s in SIDES}
            if not case.changes and not case.loop:
                row["alone"] = {s: alone(bed, books, case.task(s)) for s in SIDES}
            table.append((case, row))
        return table


def show(table: list[tuple[Case, dict[str, Any]]], rounds: int) -> list[float]:
    """Print medians; return the ratios of the cases that have nothing to change."""
    title = f"task, median ms of {rounds} rounds"
    print(f"{title:<44} {'ours':>8} {'theirs':>8} {'ratio':>6}", end="")
    print("   a play of it alone, s; requests to Nova + Keystone")
    ratios = []
    for case, row in table:
        ours, theirs = middle(row["ours"]), middle(row["theirs"])
        print(f"{case.name:<44} {ours:>8.0f} {theirs:>8.0f} {ours / theirs:>6.3f}", end="   ")
        measured = row.get("alone", {}).items()
        print(", ".join(f"{side} {took:.1f} s, {count}" for side, (took, count) in measured))
        if not case.changes:
            ratios.append(ours / theirs)
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each takes its turn")
    parser.add_argument(
        "--at-most", type=float, help="fail if a task with nothing to change costs more of theirs"
    )
    options = parser.parse_args()
    subprocess.run([ROOT / "tests/utils/interop.sh"], check=True)
    bed = Bed.running()
    if bed is None:
        raise SystemExit("no OpenStack testbed is up: make testbed-up")
    environment = {
        **bed.cloud_env(),
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / '.tree'}:{ENVIRONMENT / 'collections'}",
        "XENFLEET_CONTROL_PLANE": "nova",
    }
    with tempfile.TemporaryDirectory() as directory:
        books = Playbooks(None, Path(directory), **environment)
        ratios = show(measure(bed, books, options.rounds), options.rounds)
    if options.at_most and max(ratios) > options.at_most:
        raise SystemExit(
            f"the worst costs {max(ratios):.3f} of theirs, more than {options.at_most:g}"
        )


if __name__ == "__main__":
    main()
