# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call can end with besides a value."""

from __future__ import annotations

from typing import Any

NULL = "OpaqueRef:NULL"


class Failure(Exception):
    """An API failure: `details` is the ErrorDescription, code first."""

    def __init__(self, *details: str) -> None:
        super().__init__(*details)
        self.details = [str(d) for d in details]


class Dropped(Exception):
    """The connection is cut without an answer: the host lost power or its toolstack, or a fault says so."""


class CutOff(Exception):
    """The connection is cut in the middle of an answer: half of the body of `value` is sent."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def internal(text: str, *more: str) -> Failure:
    """INTERNAL_ERROR as XAPI answers what it has no code for."""
    return Failure("INTERNAL_ERROR", text, *more)
