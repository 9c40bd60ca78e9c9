# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Format sizes and tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MIB = 1024**2
GIB = 1024**3


def gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Left-aligned columns, two blanks apart."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
