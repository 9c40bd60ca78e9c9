# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call can end with besides a value."""

from __future__ import annotations

NULL = "OpaqueRef:NULL"


class Failure(Exception):
    """An API failure: `details` is the ErrorDescription, code first."""

    def __init__(self, *details: str) -> None:
        super().__init__(*details)
        self.details = [str(d) for d in details]


class Dropped(Exception):
    """The connection is cut without an answer: the host lost power or its toolstack, or a fault says so."""


def internal(text: str, *more: str) -> Failure:
    """INTERNAL_ERROR as XAPI answers what it has no code for."""
    return Failure("INTERNAL_ERROR", text, *more)
