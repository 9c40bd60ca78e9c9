# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the outcome of a cell is not what Nova's decorators alone would answer: all of it, each with
the reason. The tests hold it to what happens, and the page of the documentation is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.matrix.cells import NOT_SHOWN, STATES, Cell
from contract.matrix.decorators import ACCEPTED, CONFLICT, NOT_FOUND, expected
from contract.matrix.keeping import PLANES

SATISFIED = "satisfied"
UNSUPPORTED = "refused 501 unsupported"
REFUSED = "refused 409 conflict"


@dataclass(frozen=True)
class Difference:
    """``actions`` and ``statuses`` are all of them if empty. ``nova`` is what the decorators answer,
    empty for whatever it is.
    """

    name: str
    ours: str
    nova: str
    why: str
    actions: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    planes: tuple[str, ...] = PLANES

    def fits(self, cell: Cell, plane: str, outcome: str) -> bool:
        return (
            plane in self.planes
            and cell.action in (self.actions or (cell.action,))
            and cell.status in (self.statuses or (cell.status,))
            and outcome == self.ours
            and self.nova in ("", nova_answers(cell))
        )


def nova_answers(cell: Cell) -> str:
    return expected(cell.action, *STATES[cell.status])


def agrees(cell: Cell, outcome: str) -> bool:
    """Whether it is what Nova's decorators answer: done where they accept, else refused with the
    same number.
    """
    answer = nova_answers(cell)
    if answer == ACCEPTED:
        return outcome.startswith("done ")
    return outcome.startswith(f"refused {answer} ")


def differences_of(cell: Cell, plane: str, outcome: str) -> list[Difference]:
    return [one for one in DIFFERENCES if one.fits(cell, plane, outcome)]


UNKNOWN_TO_XAPI = (
    "change_password",
    "trigger_crash_dump",
    "live_migrate_force_complete",
)

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "nothing to do",
        SATISFIED,
        CONFLICT,
        "A task states what is to be. Where that is so already, Nova refuses the request, and the "
        "task is done without one.",
    ),
    Difference(
        "no change",
        SATISFIED,
        ACCEPTED,
        "Nova accepts the request and changes nothing. The task sends no request then, and reports "
        "that it has changed nothing.",
        actions=("lock", "unlock", "reset_state"),
    ),
    Difference(
        "deleted already",
        SATISFIED,
        ACCEPTED,
        "It can still be restored. force_delete deletes it for good.",
        actions=("delete",),
        statuses=("SOFT_DELETED",),
    ),
    Difference(
        "nowhere to evacuate it from",
        SATISFIED,
        ACCEPTED,
        "A stopped guest with its disks on shared storage is on no host of its pool.",
        actions=("evacuate",),
        statuses=("SHUTOFF",),
        planes=("xapi",),
    ),
    Difference(
        "gone already",
        SATISFIED,
        NOT_FOUND,
        "Nova does not find the server. A task that deletes it has nothing to do.",
        actions=("delete", "force_delete"),
        statuses=("DELETED",),
    ),
    Difference(
        "no such status",
        NOT_SHOWN,
        "",
        "XAPI has no VMs that are being built before they exist, no call that changes a password, "
        "and no power state without a counterpart in the Compute API.",
        statuses=("BUILD", "PASSWORD", "UNKNOWN"),
        planes=("xapi",),
    ),
    Difference(
        "not on XenAPI",
        UNSUPPORTED,
        "",
        "XenAPI has no call for it, whatever the server's status.",
        actions=UNKNOWN_TO_XAPI,
        planes=("xapi",),
    ),
    Difference(
        "paused guests stay",
        REFUSED,
        ACCEPTED,
        "XAPI migrates running guests only.",
        actions=("live_migrate",),
        statuses=("PAUSED",),
        planes=("xapi",),
    ),
    Difference(
        "one hard reboot at a time",
        REFUSED,
        ACCEPTED,
        "XAPI lets a hard reboot interrupt a clean one, but not another hard one, which is about to "
        "end by itself.",
        actions=("reboot_hard",),
        statuses=("HARD_REBOOT",),
        planes=("xapi",),
    ),
)
