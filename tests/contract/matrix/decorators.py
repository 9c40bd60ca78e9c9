# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nova's own rules for server actions: the decorators of nova.compute.api.API.

decorators.json has those of the Nova that the testbed installs, so that they can be looked up where
no Nova is; test_decorators.py compares them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from testbeds.openstack.client import Bed
from testbeds.openstack.processes import environment

HERE = Path(__file__).parent
FILE = HERE / "decorators.json"

ACCEPTED = "accepted"
CONFLICT = "409"
NOT_FOUND = "404"


@dataclass(frozen=True)
class Decorators:
    """``vm_state`` and ``task_state`` (null is no task) list where the action may start, None is
    anywhere (check_instance_state); ``lock``: whether a lock forbids it (check_instance_lock);
    ``must_have_launched``: whether it must have been ACTIVE once.
    """

    vm_state: list[str] | None
    task_state: list[str | None] | None
    lock: bool
    must_have_launched: bool

    def accept(self, vm_state: str, task_state: str | None) -> bool:
        """Of a server that has been launched."""
        return (self.vm_state is None or vm_state in self.vm_state) and (
            self.task_state is None or task_state in self.task_state
        )


Rules = Mapping[str, Decorators]


@cache
def kept() -> Rules:
    """Those in the repository, by action."""
    return _parsed(FILE.read_text(encoding="utf-8"))


def installed(bed: Bed) -> Rules:
    """Those of the Nova that a bed has installed, by action."""
    command = [str(bed.layout.bin / "python"), "-W", "ignore", str(HERE / "inside_nova.py")]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    return _parsed(done.stdout)


def save(rules: Rules) -> None:
    text = json.dumps({name: asdict(rule) for name, rule in rules.items()})
    lines = text.replace('}, "', '},\n  "').replace("{", "{\n  ", 1)
    FILE.write_text(lines.removesuffix("}") + "\n}\n", encoding="utf-8")


def _parsed(text: str) -> Rules:
    return {name: Decorators(**rule) for name, rule in json.loads(text).items()}


def expected(action: str, vm_state: str, task_state: str | None) -> str:
    """What Nova answers to the request by its decorators alone. A deleted server is not found before
    they are asked (nova/api/openstack/common.py get_instance).
    """
    if vm_state == "deleted":
        return NOT_FOUND
    return ACCEPTED if kept()[action].accept(vm_state, task_state) else CONFLICT
