# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's body gives the same result in the controller's process and in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import Playbooks
from simulators.launch import Simulator

SITE = {"clock": {"factor": 50}, "hosts": [{"name": "xen", "count": 2, "memory": "64 GiB"}]}
SECRET = "Xv7-not-the-password"


def other_name_of_this_python() -> str:
    """Not the controller's path, so the action plugin sends the module to a process of its own."""
    here = Path(sys.executable)
    names = sorted(here.parent.glob("python*"))
    return next(str(p) for p in names if p != here and p.samefile(here))


@pytest.fixture(scope="module")
def site() -> Iterator[Simulator]:
    with Simulator(SITE) as simulator:
        yield simulator


CASES: dict[str, dict[str, Any]] = {
    "created": {"xenfleet.compute.aggregate": {"name": "new", "hosts": ["xen1"]}, "diff": True},
    "predicted": {"xenfleet.compute.aggregate": {"name": "new"}, "check_mode": True},
    "read": {"xenfleet.compute.aggregate_info": {"availability_zone": "zone-a"}},
    "nothing to do": {"xenfleet.compute.aggregate": {"name": "old", "metadata": {"n": 5}}},
    "from the environment": {
        "xenfleet.compute.aggregate_info": {},
        "environment": {"XENFLEET_STORE": "/nowhere/at/all.db"},
    },
    "refused": {"xenfleet.compute.aggregate": {"name": "old", "availability_zone": "a:b"}},
    "unknown option": {"xenfleet.compute.aggregate": {"name": "old", "colour": "red"}},
    "missing option": {"xenfleet.compute.aggregate_host": {"aggregate": "old"}},
    "wrong choice": {"xenfleet.compute.aggregate": {"name": "old", "state": "gone"}},
    "wrong type": {"xenfleet.compute.aggregate": {"name": "old", "metadata": "red"}},
    "wrong password": {
        "xenfleet.compute.aggregate_host": {
            "aggregate": "old",
            "hosts": ["xen1"],
            "password": SECRET,
        }
    },
    "secret in another option": {
        "xenfleet.compute.aggregate": {"name": f"a{SECRET}z", "store_password": SECRET},
    },
}
VARYING = {"invocation", "uuid", "created_at", "updated_at", "exception", "ansible_facts"}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in VARYING and k[:1] != "_"}
    return [plain(v) for v in value] if isinstance(value, list) else value


OLD = {"name": "old", "availability_zone": "zone-a", "metadata": {"n": 5}}


def outcomes(site: Simulator, directory: Path, interpreter: str) -> dict[str, dict[str, Any]]:
    """What became of each case's task, all in one run, in which each has a play and a store of its own."""
    directory.mkdir()
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "environment": {"XENFLEET_STORE": str(directory / f"{number}.db")},
            "tasks": [
                {"name": "old", "xenfleet.compute.aggregate": OLD},
                {
                    "name": case,
                    "ignore_errors": True,
                    "vars": {"ansible_python_interpreter": interpreter},
                    **task,
                },
            ],
        }
        for number, (case, task) in enumerate(CASES.items())
    ]
    run = Playbooks(site, directory).run(plays)
    assert run.status == 0, run.output
    assert SECRET not in run.output + str(run.results)
    assert "Traceback" not in run.output
    return {one["task"]: one for one in run.results if one["task"] in CASES}


def test_same_results(site: Simulator, tmp_path: Path) -> None:
    """All cases in one test: what costs is the start of a run."""
    here = outcomes(site, tmp_path / "in-process", sys.executable)
    there = outcomes(site, tmp_path / "as-a-module", other_name_of_this_python())
    assert here.keys() == there.keys() == CASES.keys()
    for case in CASES:
        assert "invocation" in here[case]["result"], case
        assert here[case]["outcome"] == there[case]["outcome"], case
        assert plain(here[case]["result"]) == plain(there[case]["result"]), case


def test_the_two_ways_are_two(site: Simulator, tmp_path: Path) -> None:
    """Only in process do tasks of a play under --check see what those before them would have done."""
    make = {"name": "make", "xenfleet.compute.aggregate": {"name": "new"}}
    read = {"name": "read", "xenfleet.compute.aggregate_info": {}}
    other = {"vars": {"ansible_python_interpreter": other_name_of_this_python()}}
    here = Playbooks(site, tmp_path).tasks(make, read, options=("--check",))
    there = Playbooks(site, tmp_path).tasks(
        {**make, **other}, {**read, **other}, options=("--check",)
    )
    assert [a["name"] for a in here.result("read")["aggregates"]] == ["new"]
    assert there.result("read")["aggregates"] == []
    assert here.result("make")["changed"] is there.result("make")["changed"] is True


def test_a_single_task_in_check_mode_leaves_no_trace_on_later_ones(
    site: Simulator, tmp_path: Path
) -> None:
    make = {"name": "make", "xenfleet.compute.aggregate": {"name": "new"}, "check_mode": True}
    run = Playbooks(site, tmp_path).tasks(make, {**make, "name": "make again"})
    assert run.result("make")["changed"] is run.result("make again")["changed"] is True
