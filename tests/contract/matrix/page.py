# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the documentation that shows what came of every cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from contract.matrix.cells import NOT_SHOWN, STATES, Cell
from contract.matrix.differences import DIFFERENCES, Difference
from contract.matrix.keeping import PLANES, Kept

FILE = Path(__file__).parents[3] / "docs/docsite/rst/action_matrix.rst"
HEAD = """..
  SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Written by pytest tests/contract/matrix --write-action-matrix; edit tests/contract/matrix/differences.py instead.

.. _ansible_collections.xenfleet.compute.docsite.action_matrix:

Every server action in every status
===================================

Each cell is one run of ``server_action`` with one server in that status, on ``control_plane: xapi`` with simulated
hosts and on ``control_plane: nova`` with a real Nova. Check mode has predicted each of them without changing anything.
Where the control planes differ, xapi comes first: *xapi / nova*.

=================  ===================================================================================================
``SHUTOFF``        accepted; the server ends in this status
*done*             accepted; the status does not change
*satisfied*        nothing to do: the task is ok and not changed
``409``            refused with this ``error.status``, nothing is changed: 404 not found, 409 conflict, 501 unsupported
*none*             the control plane has no servers in this status
=================  ===================================================================================================

The hosts of servers to be evacuated are down, and out of service by ``forced_down``. ``rescue`` and ``rebuild`` have
an image, ``resize`` another size, ``reset_state`` has ``vm_state: error``, and ``evacuate`` has ``power_on: true``;
moves have no ``host``. Deletion is soft on that Nova (``reclaim_instance_interval``), except of servers that are on no
host. Each status stands for the vm_state and task_state in the last table; on xapi REBUILD, RESIZE and REVERT_RESIZE
are those that a killed run has left behind.
"""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Power": ("start", "stop", "reboot_soft", "reboot_hard"),
    "Pausing and suspending": ("pause", "unpause", "suspend", "resume"),
    "Repair": ("rescue", "unrescue", "rebuild", "change_password", "trigger_crash_dump"),
    "Resizing and cold migration": ("resize", "migrate", "confirm_resize", "revert_resize"),
    "Live migration and evacuation": (
        "live_migrate",
        "live_migrate_abort",
        "live_migrate_force_complete",
        "evacuate",
    ),
    "Images and shelving": (
        "create_image",
        "create_backup",
        "shelve",
        "shelve_offload",
        "unshelve",
    ),
    "Locks, deletion and states": (
        "lock",
        "unlock",
        "delete",
        "force_delete",
        "restore",
        "reset_state",
    ),
}


def written(kept: Kept) -> str:
    return "\n".join([HEAD, *_groups(kept), *_differences(), *_states()])


def write(kept: Kept) -> None:
    FILE.write_text(written(kept), encoding="utf-8")


def _groups(kept: Kept) -> Iterator[str]:
    for title, actions in GROUPS.items():
        yield section(title)
        rows = [
            (status, *(_cell(kept, Cell(action, status)) for action in actions))
            for status in sorted(STATES)
        ]
        yield table(("status", *(f"``{action}``" for action in actions)), rows)


def _cell(kept: Kept, cell: Cell) -> str:
    words = [_word(kept[plane][cell], cell.status) for plane in PLANES]
    return " / ".join(dict.fromkeys(words))


def _word(outcome: str, status: str) -> str:
    if outcome == NOT_SHOWN:
        return "none"
    if outcome == f"done {status}":
        return "done"
    return outcome.removeprefix("done ") if outcome.startswith("done ") else _refusal(outcome)


def _refusal(outcome: str) -> str:
    match = re.fullmatch(r"refused (\d+) \w+", outcome)
    return match[1] if match else outcome


def _differences() -> Iterator[str]:
    yield section("Where the outcome differs from Nova's own rules")
    yield (
        "Nova's own rules are the decorators of its compute API: the vm_states and task_states from which it accepts\n"
        "an action. In all other cases, tasks are done where Nova accepts, and refused with the number of Nova's\n"
        "refusal.\n"
    )
    heads = ("action", "status", "on", "tasks", "Nova's rules", "why")
    yield table(heads, [_difference(one) for one in DIFFERENCES])


def _difference(one: Difference) -> Sequence[str]:
    return (
        _listed(f"``{action}``" for action in one.actions),
        _listed(one.statuses),
        _listed(one.planes) if one.planes != PLANES else "both",
        "none" if one.ours == NOT_SHOWN else _refusal(one.ours),
        one.nova or "any",
        one.why,
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "any"


def _states() -> Iterator[str]:
    yield section("Statuses")
    rows = [(status, vm, task or "") for status, (vm, task) in sorted(STATES.items())]
    yield table(("status", "vm_state", "task_state"), rows)


def section(title: str) -> str:
    return f"{title}\n{'-' * len(title)}\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (heads, *rows):
        lines += [f"   {'  ' if i else '* '}- {cell}".rstrip() for i, cell in enumerate(row)]
    return "\n".join(lines) + "\n"
