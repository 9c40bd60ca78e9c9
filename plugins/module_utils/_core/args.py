# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What verbs need besides their subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

SECRET: Mapping[str, bool] = {"secret": True}
"""Metadata of a field that is never shown or stored."""


@dataclass(frozen=True, kw_only=True)
class Args:
    """Ids included. A field that has its default is left out of what is shown and stored."""

    def to_dict(self) -> dict[str, Any]:
        return {
            f.name: list(value) if isinstance(value, tuple) else value
            for f in fields(self)
            if not f.metadata.get("secret")
            and ((value := getattr(self, f.name)) != f.default or f.default is MISSING)
        }


@dataclass(frozen=True, kw_only=True)
class NoArgs(Args):
    """Of verbs whose subject says it all."""


@dataclass(frozen=True, kw_only=True)
class ActionArgs(Args):
    """Of server actions, as the backends know them: the server and those options that were given.
    ``source`` and ``target`` are the hosts of a move, None where the scheduler is to choose, and
    ``migration`` its record in the journal, None where there is none; they are left out where nothing
    moves. ``memory`` is in bytes.
    """

    id: str
    source: str | None = ""
    target: str | None = ""
    migration: int | None = 0
    memory: int | None = None
    network: str | None = None
    host: str | None = None
    availability_zone: str | None = None
    force: bool | None = None
    soft: bool | None = None
    start: bool | None = None
    reason: str | None = None
    state: str | None = None
    flavor: str | None = None
    vcpus: int | None = None
    image: str | None = None
    image_name: str | None = None
    metadata: Mapping[str, str] | None = None
    backup_type: str | None = None
    rotation: int | None = None
    admin_pass: str | None = field(default=None, repr=False, metadata=SECRET)
    name: str | None = None
    description: str | None = None
    hostname: str | None = None
    key_name: str | None = None
    user_data: str | None = field(default=None, repr=False, metadata=SECRET)
    preserve_ephemeral: bool | None = None
    trusted_image_certificates: Sequence[str] | None = None


@dataclass(frozen=True, kw_only=True)
class MoveArgs(ActionArgs):
    """Of a move to another host. ``maintenance`` is the name of the one that orders it. ``home``: a
    maintenance returns it to the host, which is on its way back into service.
    """

    maintenance: str | None = None
    home: bool = False


@dataclass(frozen=True, kw_only=True)
class AwaitArgs(MoveArgs):
    """Of a move that an earlier run has started; ``cold`` if it is to be confirmed afterwards."""

    migration: int | None = field()
    cold: bool = False
