# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""RETURN blocks of modules, made from docs/returns.yml.

Fragments of RETURN need an ansible-core newer than the oldest supported one, so each module has the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yaml_text import lines, load

SOURCE = "docs/returns.yml"
NOTE = f"# Written by make format from {SOURCE}.\n"
BLOCK = re.compile(rf'^({re.escape(NOTE)})?RETURN = r"""\n.*?^"""\n', re.MULTILINE | re.DOTALL)
ORDER = ("description", "returned", "type", "elements", "sample", "contains")
TYPES: Mapping[type, str] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    list: "list",
    dict: "dict",
}


def read(root: Path) -> dict[str, dict[str, Any]]:
    """Module to what it returns, as it stands in the source."""
    modules: dict[str, dict[str, Any]] = load((root / SOURCE).read_text(encoding="utf-8"))[
        "modules"
    ]
    return modules


def with_return(name: str, text: str, returns: Mapping[str, Mapping[str, Any]]) -> str:
    """The module's text with the RETURN that the source has for it."""
    if name not in returns:
        raise SystemExit(f"{SOURCE} has nothing for the module {name}")
    if not BLOCK.search(text):
        raise SystemExit(f'plugins/modules/{name}.py has no RETURN = r"""..."""')
    result = {
        key: {"returned": "success", **full(f"{name}.{key}", entry)}
        for key, entry in returns[name].items()
    }
    block = "\n".join(lines({key: _ordered(entry) for key, entry in result.items()}))
    return BLOCK.sub(lambda _match: f'{NOTE}RETURN = r"""\n{block}\n"""\n', text)


def full(path: str, entry: Any) -> dict[str, Any]:
    """One entry in all of RETURN's words."""
    if isinstance(entry, list):
        description, sample = entry
        entry = {"description": description, "sample": sample}
    completed = {**entry}
    if "contains" in entry:
        completed["contains"] = {
            key: _ordered(full(f"{path}.{key}", one)) for key, one in entry["contains"].items()
        }
        completed.setdefault("type", "list" if "elements" in entry else "dict")
    if "type" not in completed:
        completed["type"] = _type(path, entry.get("sample"))
    if completed["type"] == "list" and "elements" not in completed:
        completed["elements"] = _type(path, next(iter(completed["sample"]), None))
    return completed


def _type(path: str, sample: Any) -> str:
    try:
        return TYPES[type(sample)]
    except KeyError:
        raise SystemExit(f"{SOURCE}: {path} needs a type, as its sample has none") from None


def _ordered(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ORDER if key in entry}
