# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small things every part of a site file has: keys, sizes, counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .world import GIB, MIB

UNITS = {"": 1, "k": 1024, "m": MIB, "g": GIB, "t": 1024 * GIB}


class BadSite(ValueError):
    """The site file asks for something that makes no sense."""


def check_keys(what: str, entry: dict[str, Any], known: set[str]) -> None:
    if unknown := set(entry) - known:
        raise BadSite(f"{what}: unknown keys {sorted(unknown)}; known are {sorted(known)}")


def size(value: Any) -> int:
    """Bytes of "64 GiB", "512M" or a plain number."""
    match = re.fullmatch(r"\s*([\d.]+)\s*([kmgt]?)(?:i?b)?\s*", str(value).lower())
    if not match:
        raise BadSite(f"not a size: {value!r}")
    return int(float(match[1]) * UNITS[match[2]])


def numbered(entry: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """(index, name) of the objects an entry stands for: name1..nameN if it has a count."""
    if "count" not in entry:
        yield 0, entry["name"]
        return
    for n in range(int(entry["count"])):
        yield n, f"{entry['name']}{n + 1}"
