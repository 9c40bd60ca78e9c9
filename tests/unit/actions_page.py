# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide's table of server actions, made from the table that the planner works by.

``make format`` writes it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ansible_collections.xenfleet.compute.plugins.module_utils._core.actions import ANY, TABLE
from ansible_collections.xenfleet.compute.plugins.module_utils._core.status import BY_VM_STATE
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.traits import XAPI

PAGE = Path(__file__).resolve().parents[2] / "docs/docsite/rst/guide_server_actions.rst"
BEGIN = ".. The table is written by tests/unit/actions_page.py.\n\n"
END = "\n.. End of the table.\n"


def table() -> str:
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield ""
    yield from _row("action", "may start from", "nothing to do in", "ends in", "on xapi")
    for name, action in TABLE.items():
        yield from _row(
            f"``{name}``",
            _statuses(action.starts),
            _satisfied(name),
            _statuses(action.ends) or "the same",
            "refused (501)" if f"action {name}" in XAPI.unsupported else "yes",
        )


def _row(*cells: str) -> Iterator[str]:
    for number, cell in enumerate(cells):
        yield f"   {'  ' if number else '* '}- {cell}".rstrip()


OTHERWISE = {
    "lock": "if it is locked",
    "unlock": "if it is not locked",
    "resize": "if it has that size",
    "reset_state": "that vm_state",
    "live_migrate_abort": "if it is not migrating",
    "live_migrate_force_complete": "if it is not migrating",
    "evacuate": "on ``host``",
    "migrate": "on ``host``",
    "live_migrate": "on ``host``",
}


def _satisfied(name: str) -> str:
    return OTHERWISE.get(name) or _statuses(TABLE[name].satisfied) or "never"


def _statuses(states: frozenset[str]) -> str:
    if states is ANY:
        return "any"
    return ", ".join(sorted(BY_VM_STATE[state] for state in states))


def page(old: str) -> str:
    head, _begin, rest = old.partition(BEGIN)
    return head + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
