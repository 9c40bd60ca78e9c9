# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a server is reached: its addresses and its consoles."""

from __future__ import annotations

from dataclasses import dataclass

FIXED = "fixed"
"""Type of an address of the server's own; Nova has "floating" ones, too."""


@dataclass(frozen=True, slots=True)
class Address:
    """One IP address, of the interface with this MAC on the network of this name."""

    address: str
    version: int = 4
    network: str = ""
    mac: str | None = None
    type: str = FIXED


@dataclass(frozen=True, slots=True)
class Console:
    """Where a console is opened, or why it can't be."""

    protocol: str | None = None
    type: str | None = None
    """Nova's word for the client that the URL is for; XAPI has none."""
    url: str | None = None
    error: str | None = None
