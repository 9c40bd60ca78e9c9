# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that says where each thing of Nova's documents is here, made from docs/nova_documents.yml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from yaml_text import load

SOURCE = "docs/nova_documents.yml"
PAGE = "docs/docsite/rst/nova_documents.rst"
HEAD = f"""\
..
  SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Written by make format from {SOURCE}.

.. _ansible_collections.xenfleet.compute.docsite.nova_documents:

What Nova's documents say, and where it is here
===============================================

Each line is something that the documents of the Compute API say about aggregates, zones, services and servers, in
short: what one can do, a rule, or a warning. Beside it stand the modules with their options (``module.option``), or
roles with their variables, and a test that would fail without it. What other tools are for is listed below each table.
"""


def sections(root: Path) -> list[dict[str, Any]]:
    """The documents with their rows, as they stand in the source."""
    found: list[dict[str, Any]] = load((root / SOURCE).read_text(encoding="utf-8"))
    return found


def page(root: Path) -> str:
    return HEAD + "".join("\n".join(_section(section)) + "\n" for section in sections(root))


def _section(section: Mapping[str, Any]) -> Iterator[str]:
    title = section["title"]
    yield from ("", title, "-" * len(title), "")
    documents = [f"`document {n} <{link}>`__" for n, link in enumerate(section["links"], start=1)]
    yield f"Nova's {', '.join(documents)}."
    inside = [row for row in section["rows"] if "outside" not in row]
    if inside:
        yield from ("", ".. list-table::", "   :header-rows: 1", "   :widths: 40 40 20", "")
        yield from _cells("Nova's documents", "here", "test")
    for row in inside:
        yield from _cells(row["says"], _here(row), ", ".join(_test(t) for t in row["tests"]))
    outside = [row for row in section["rows"] if "outside" in row]
    if outside:
        yield ""
        yield from (f"- *{row['says']}*: {row['outside']}" for row in outside)


def _cells(*cells: str) -> Iterator[str]:
    first, *others = cells
    yield f"   * - {first}"
    yield from (f"     - {cell}" for cell in others)


def _here(row: Mapping[str, Any]) -> str:
    places = ", ".join(f"``{option}``" for option in row["options"])
    return f"{places}: {row['here']}" if "here" in row else places


def _test(test: str) -> str:
    """Only the test's name; the file's path is in the source."""
    return f"``{test.partition('::')[2]}``"
