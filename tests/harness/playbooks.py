# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs real ansible-playbook with a store and a home of its own, against a simulated site if there is one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from harness.processes import kill
from simulators.launch import Simulator

ROOT = Path(__file__).resolve().parents[2]
RECAP = re.compile(r"^\S+\s*: (ok=.*)$", re.M)
OURS = "xenfleet.compute."
STARTED: set[str] = set()
"""Names of the playbooks that have been started from files."""


@dataclass(frozen=True)
class Run:
    """One finished ansible-playbook."""

    status: int
    output: str
    results: list[dict[str, Any]]

    @property
    def recap(self) -> dict[str, int]:
        recaps = RECAP.findall(self.output)
        assert recaps, self.output
        return {k: int(v) for k, v in (part.split("=") for part in recaps[-1].split())}

    @property
    def changed(self) -> int:
        return self.recap["changed"]

    @property
    def actions(self) -> list[str]:
        """The steps of all tasks of this collection, in order, as sentences."""
        steps = [
            step
            for one in self.results
            if one["outcome"] in ("ok", "item", "failed") and one["action"].startswith(OURS)
            for step in one["result"].get("actions") or ()
        ]
        return [step["text"] for step in steps]

    def failure(self) -> dict[str, Any]:
        """The result of the task that failed."""
        failed = [one["result"] for one in self.results if one["outcome"] == "failed"]
        assert failed, self.output
        return failed[-1]

    def result(self, task: str) -> dict[str, Any]:
        """The result of the last task of that name."""
        results = [one["result"] for one in self.results if one["task"].endswith(task)]
        assert results, f"no task {task!r} in\n{self.output}"
        return results[-1]


class Trace:
    """Lines that tasks of a play append to a file: what they have been run for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def taken(self) -> list[str]:
        """Those since the last look."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        self.path.unlink()
        return lines


def of_role(role: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables by the names that a role's have."""
    return {f"{role}_{name}": value for name, value in variables.items()}


class Playbooks:
    """Runs playbooks for one site, or for what ``environment`` describes. ``directory`` keeps
    the store, Ansible's home and results.
    """

    def __init__(self, site: Simulator | None, directory: Path, **environment: str) -> None:
        self.site = site
        fleet = (
            {
                "XENFLEET_CONTROL_PLANE": "xapi",
                "XENFLEET_ENDPOINTS": ",".join(site.hosts.values()),
                "XENFLEET_PASSWORD": "secret",
            }
            if site
            else {}
        )
        self.directory = directory
        self.store = directory / "store.db"
        self._count = 0
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_HOME": str(directory / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree"),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "record_results",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            **fleet,
            "XENFLEET_STORE": str(self.store),
            **environment,
        }

    def run(
        self, playbook: str | Path | list[dict[str, Any]], *options: str, **variables: Any
    ) -> Run:
        """Run to the end. A list is the plays themselves."""
        process, results = self.start(playbook, *options, **variables)
        output, _none = process.communicate(timeout=600)
        return Run(process.returncode, output, recorded(results))

    def tasks(self, *tasks: Mapping[str, Any], options: tuple[str, ...] = ()) -> Run:
        """Run these tasks on localhost."""
        play = {"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
        return self.run([play], *options)

    def start(
        self, playbook: str | Path | list[dict[str, Any]], *options: str, **variables: Any
    ) -> tuple[subprocess.Popen[str], Path]:
        """Start in a process group of its own and return it with the file of results."""
        self._count += 1
        results = self.directory / f"results-{self._count}.jsonl"
        if isinstance(playbook, list):
            written = self.directory / f"play-{self._count}.yml"
            written.write_text(yaml.safe_dump(playbook, sort_keys=False), encoding="utf-8")
            playbook = written
        STARTED.add(Path(playbook).stem)
        command = ["ansible-playbook", str(playbook), *options]
        if variables:
            command += ["--extra-vars", json.dumps(variables)]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**self.environment, "RECORD_RESULTS": str(results)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return process, results

    def run_while(
        self,
        playbook: str | Path | list[dict[str, Any]],
        event: Callable[[], bool],
        timeout: float = 300.0,
        **given: Any,
    ) -> Run:
        """Run to the end and call ``event`` again and again meanwhile, until it says that it has
        happened.
        """
        process, results = self.start(playbook, **given)
        deadline = time.monotonic() + timeout
        happened = False
        while process.poll() is None and not happened:
            assert time.monotonic() < deadline, "the event did not happen"
            happened = event()
            time.sleep(0.1)
        output, _none = process.communicate(timeout=timeout)
        assert happened, output
        return Run(process.returncode, output, recorded(results))

    def run_until_killed(
        self,
        playbook: str | Path | list[dict[str, Any]],
        moment: Callable[[], bool],
        *options: str,
        timeout: float = 120.0,
        **variables: Any,
    ) -> str:
        """Start, SIGKILL every process of the run as soon as ``moment`` holds, and return its output."""
        process, _results = self.start(playbook, *options, **variables)
        deadline = time.monotonic() + timeout
        while not moment():
            if process.poll() is not None or time.monotonic() > deadline:
                kill(process)
                output, _none = process.communicate()
                raise AssertionError(f"the moment to kill did not come:\n{output}")
            time.sleep(0.02)
        kill(process)
        output, _none = process.communicate()
        return output

    def mutating_calls(self) -> list[str]:
        """Methods of all calls so far that changed something in the simulated XAPIs."""
        assert self.site is not None, "there is no simulated site"
        return [entry["method"] for entry in self.site.get("/journal?mutating=1")]


def recorded(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
