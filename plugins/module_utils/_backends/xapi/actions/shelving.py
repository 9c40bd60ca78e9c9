# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shelving: stopped for a long time, and off its host where its disks allow.

As with Nova's default (shelved_offload_time 0) a server is offloaded at once; one with a disk on an
SR of its host alone stays SHELVED, as it can come back there only.
"""

from __future__ import annotations

from ...._core.args import ActionArgs
from .. import marks
from ..sequence import Call, Commands
from .auxiliary import tidied
from .guest import Guest

SHELVED_STATE = "shelved"
OFFLOADED_STATE = "shelved_offloaded"


def shelve(guest: Guest, _args: ActionArgs) -> Commands:
    yield from guest.through("shelving", tidied(guest, _shelve(guest)))


def shelve_offload(guest: Guest, _args: ActionArgs) -> Commands:
    yield from guest.through("shelving_offloading", _offload(guest), (SHELVED_STATE,))


def unshelve(guest: Guest, args: ActionArgs) -> Commands:
    """Args: host. It always ends ACTIVE."""
    host = guest.planned("unshelve", args.host)
    yield from guest.through(
        "unshelving",
        guest.lifted(_unshelve(guest, host), marks.is_state),
        (SHELVED_STATE, OFFLOADED_STATE),
    )


def _shelve(guest: Guest) -> Commands:
    local = yield from _local_storage(guest)
    yield from guest.halt()
    yield from guest.keep_down(SHELVED_STATE)
    if host := guest.uuid_of_host(guest.record["resident_on"]):
        yield from guest.mark(shelved_from=host)
    yield from guest.settle(SHELVED_STATE if local else OFFLOADED_STATE, "shelved_from")


def _offload(guest: Guest) -> Commands:
    local = yield from _local_storage(guest)
    if local:
        raise guest.cannot(
            "shelve_offload",
            f"while it has a disk on {local}, which is not shared",
            "Move its disks to a shared SR first",
        )
    yield from guest.settle(OFFLOADED_STATE, "shelved_from")


def _unshelve(guest: Guest, host: str) -> Commands:
    yield from guest.run(host)
    yield from guest.settle()


def _local_storage(guest: Guest) -> Commands:
    """Name of an SR of one host alone on which it has a disk; None if there is none."""
    for vbd in (yield Call("VM.get_VBDs", guest.ref)):
        row = yield Call("VBD.get_record", vbd)
        if row["type"] != "Disk" or row["empty"]:
            continue
        sr = yield Call("VDI.get_SR", row["VDI"])
        if not (yield Call("SR.get_shared", sr)):
            return (yield Call("SR.get_name_label", sr))
    return None
