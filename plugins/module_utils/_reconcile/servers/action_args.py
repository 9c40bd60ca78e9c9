# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a task of server_action as the arguments of its steps."""

from __future__ import annotations

from ..._core.actions import TABLE
from ..._core.args import ActionArgs, MoveArgs
from ..._core.units import MIB
from .wanted import ServerActionWanted


def action_args(
    wanted: ServerActionWanted, server_id: str, source: str | None, host: str | None
) -> ActionArgs:
    """For one server; ``source`` is the host that a move takes it from, ``host`` the one on which it
    is to be.
    """
    options = wanted.options
    if TABLE[wanted.action].move:
        evacuated = wanted.action == "evacuate"
        return MoveArgs(
            id=server_id,
            source=source,
            target=host,
            start=bool(options.get("power_on")) if evacuated else None,
        )
    memory_mb = options.get("memory_mb")
    return ActionArgs(
        id=server_id,
        host=host or None,
        availability_zone=options.get("availability_zone"),
        force=options.get("force"),
        soft=options.get("soft"),
        reason=options.get("reason"),
        state=options.get("vm_state"),
        flavor=options.get("flavor"),
        vcpus=options.get("vcpus"),
        memory=None if memory_mb is None else memory_mb * MIB,
        image=options.get("image"),
        image_name=options.get("image_name"),
        metadata=options.get("image_metadata"),
        backup_type=options.get("backup_type"),
        rotation=options.get("rotation"),
        admin_pass=options.get("admin_password"),
    )
