# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task costs: a built-in action, a trivial built-in module, and ``aggregate`` with nothing to change,
in the controller's process and as a module. All four take turns in one play, so the machine's moods hit them
alike; what counts are the ratios.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from benching import middle, times_by_task
from harness.playbooks import Playbooks
from simulators.launch import Simulator

IN_PROCESS = "aggregate, in process"
AS_MODULE = "aggregate, as a module"


def other_name_of_this_python() -> str:
    """Another path of the same interpreter: the action plugin takes it for another and sends the module there."""
    here = Path(sys.executable)
    return next(
        str(p) for p in sorted(here.parent.glob("python*")) if p != here and p.samefile(here)
    )


def tasks(rounds: int) -> list[dict[str, Any]]:
    wanted = {"name": "production", "availability_zone": "zone-a", "metadata": {"ssd": "true"}}
    turn = [
        {"name": "debug", "ansible.builtin.debug": {"msg": "."}},
        {"name": "ping", "ansible.builtin.ping": {}},
        {"name": IN_PROCESS, "xenfleet.compute.aggregate": wanted},
        {
            "name": AS_MODULE,
            "xenfleet.compute.aggregate": wanted,
            "vars": {"ansible_python_interpreter": other_name_of_this_python()},
        },
    ]
    return [{"name": "make it", "xenfleet.compute.aggregate": wanted}, *(turn * rounds)]


def measure(rounds: int) -> dict[str, list[float]]:
    with Simulator("demo") as site, tempfile.TemporaryDirectory() as directory:
        run = Playbooks(site, Path(directory)).tasks(*tasks(rounds))
    if run.status or run.changed != 1:
        raise SystemExit(run.output)
    return times_by_task(run.results[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="how often each takes its turn")
    parser.add_argument(
        "--at-most", type=float, help="fail if in process costs more than this many times debug"
    )
    options = parser.parse_args()
    times = measure(options.rounds)
    base = middle(times["debug"])
    print(f"{'task':<24} {'median ms':>9} {'min ms':>8} {'x debug':>8}   ({options.rounds} rounds)")
    for name, values in times.items():
        median = middle(values)
        print(f"{name:<24} {median:>9.1f} {min(values):>8.1f} {median / base:>8.2f}")
    ratio = middle(times[IN_PROCESS]) / base
    if options.at_most and ratio > options.at_most:
        raise SystemExit(f"in process costs {ratio:.2f} times debug, more than {options.at_most:g}")


if __name__ == "__main__":
    main()
