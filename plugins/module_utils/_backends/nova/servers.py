# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server actions on a cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._core.errors import UnsupportedError
from ..._core.ports import JobState
from .api import Api


class NovaServers:
    """ServerPort."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def start_action(self, verb: str, server_id: str, args: Mapping[str, Any]) -> Any:
        raise UnsupportedError(f"server {server_id}", f"{verb} is not implemented on Nova", "")

    def poll(self, handles: Sequence[Any]) -> list[JobState]:
        return [JobState(done=True) for _handle in handles]
