# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hypervisor hosts over XenAPI."""

from __future__ import annotations

from collections.abc import Mapping

from .directory import Directory, Place


def change_map(place: Place, kind: str, field: str, changes: Mapping[str, str | None]) -> None:
    """Merge into a map field key by key, so that other keys, which others may be changing, stay as they are.

    A present key cannot be set (MAP_DUPLICATE_KEY), removing an absent one succeeds.
    """
    for key, value in changes.items():
        place.call(f"{kind}.remove_from_{field}", place.ref, key)
        if value is not None:
            place.call(f"{kind}.add_to_{field}", place.ref, key, value)


class XenHosts:
    """HostPort. XAPI lets a disabled host become enabled again whenever its toolstack restarts."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def enable(self, host: str) -> None:
        """Let it take guests again."""
        self._directory.perform("host", host, "enable {}", lambda p: p.call("host.enable", p.ref))

    def disable(self, host: str) -> None:
        """No new guests; running ones stay."""
        self._directory.perform("host", host, "disable {}", lambda p: p.call("host.disable", p.ref))

    def set_other_config(self, host: str, changes: Mapping[str, str | None]) -> None:
        """Merge; None removes a key."""
        self._directory.perform(
            "host",
            host,
            "set other_config of {}",
            lambda p: change_map(p, "host", "other_config", changes),
        )
