# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the documentation that shows what came of every action on every mark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from contract.matrix.marks.keeping import Kept
from contract.matrix.marks.scenes import DEEDS, MARKS, Deed
from contract.matrix.page import GROUPS, section, table

FILE = Path(__file__).parents[4] / "docs/docsite/rst/marks_matrix.rst"
HEAD = """..
  SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Written by pytest tests/contract/matrix --write-action-matrix; edit tests/contract/matrix/marks/page.py instead.

.. _ansible_collections.xenfleet.compute.docsite.marks_matrix:

Every server action on a server that carries marks of another
=============================================================

On ``control_plane: xapi`` what Nova knows of a server and XAPI does not is marked on the VM, and one action may meet
the marks of another. Each cell is one run of ``server_action`` on simulated hosts, with a server on which the marks of
the first column stand.

==================  ====================================================================================================
``SHUTOFF``         done; the server ends in this status, with a task_state that a killed run has left
*satisfied*         nothing to do: the task is ok and not changed
*refused*           refused, nothing is changed: by a lock, by a task_state, or by a vm_state as in Nova
==================  ====================================================================================================

Of every cell the tests have seen, with a plain XenAPI client:

- check mode has predicted the outcome, and the same task run again changes nothing where the action has an end state;
- no VM, disk or template is left over that belongs to no server, and no rescue VM runs that its server does not show;
- what is blocked fits the vm_state, and a lock is whole or not there;
- afterwards each server comes back to ACTIVE by the actions of its status (``unlock``, ``reset_state``, ``unrescue``,
  ``revert_resize``, ``unshelve``, ``restore``, ``reboot_hard``, ``start``, ``unpause``, ``resume``), without any mark
  or block; and ``force_delete`` leaves nothing.

In the last rows a run was killed while the server was in that task_state. ``rescue`` and ``rebuild`` have an image,
``resize`` another size, ``evacuate`` has ``power_on: true``; moves have no ``host``. Servers to be evacuated were on a
host that is down. The server in SHELVED has its disk on its host alone, and so can't be offloaded.
"""


def written(kept: Kept) -> str:
    return "\n".join([HEAD, *_groups(kept)])


def write(kept: Kept) -> None:
    FILE.write_text(written(kept), encoding="utf-8")


def _groups(kept: Kept) -> Iterator[str]:
    for title, actions in GROUPS.items():
        deeds = [deed for action in actions for deed in DEEDS if deed.action == action]
        yield section(title)
        yield table(
            ("marks", *(_head(deed) for deed in deeds)),
            [
                (m.title, *(kept[d.title][m.name].removeprefix("done ") for d in deeds))
                for m in MARKS
            ],
        )


def _head(deed: Deed) -> str:
    action, separator, rest = deed.title.replace(",", "").partition(" ")
    return f"``{action}``{separator}{rest}"
