# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An objection to a host as the target of a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unfit:
    """Why a host can't take a server, and what to do about it. ``has``: the reason completes "host X
    has ..."; else it says what is wrong there. ``liftable``: the host could take it if an option or an
    aggregate's metadata allowed it.
    """

    reason: str
    remedy: str
    has: bool = False
    liftable: bool = False

    @property
    def of_host(self) -> str:
        """Completes "host X ..."."""
        return f"has {self.reason}" if self.has else f"cannot run it: {self.reason}"
