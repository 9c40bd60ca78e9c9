# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML of documentation blocks, read, and written with short values in a line and long texts wrapped."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

WIDTH = 120
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:
    return yaml.load(text, LOADER)  # noqa: S506  it is a safe loader


def lines(entries: Mapping[str, Any], indent: int = 0) -> Iterator[str]:
    """Documented values or options, one below the other."""
    for name, entry in entries.items():
        yield " " * indent + f"{name}:"
        for key, value in entry.items():
            if key in ("contains", "suboptions"):
                yield " " * (indent + 2) + f"{key}:"
                yield from lines(value, indent + 4)
            elif key == "description":
                yield from _description(value, indent + 2)
            else:
                yield from _item(key, value, indent + 2)


def _description(text: str | list[str], indent: int) -> Iterator[str]:
    """One text that fits stands in the line of its key, others below it as a list."""
    if isinstance(text, str):
        line = " " * indent + f"description: {_scalar(text)}"
        if len(line) <= WIDTH:
            yield line
            return
        text = [text]
    yield " " * indent + "description:"
    for paragraph in text:
        yield from textwrap.wrap(
            _scalar(paragraph),
            WIDTH,
            initial_indent=" " * (indent + 2) + "- ",
            subsequent_indent=" " * (indent + 4),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _item(key: str, value: Any, indent: int) -> Iterator[str]:
    start = " " * indent + f"{key}:"
    line = f"{start} {_flow(value)}"
    if isinstance(value, str) and "\n" in value:
        yield f"{start} |-"
        yield from (" " * (indent + 2) + one for one in value.splitlines())
    elif _is_list_of_mappings(value):
        yield start
        for one in value:
            first, *others = (line for k, v in one.items() for line in _item(k, v, indent + 4))
            yield " " * (indent + 2) + "- " + first.lstrip()
            yield from others
    elif isinstance(value, dict) and (len(line) > WIDTH or _has_list_of_mappings(value)):
        yield start
        for k, v in value.items():
            yield from _item(k, v, indent + 2)
    else:
        yield f"{start} {_scalar(value)}" if isinstance(value, str) else line


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _has_list_of_mappings(value: Mapping[str, Any]) -> bool:
    return any(
        _has_list_of_mappings(one) if isinstance(one, dict) else _is_list_of_mappings(one)
        for one in value.values()
    )


def _scalar(text: str) -> str:
    """Without quotes where that means the same."""
    return text if _loads(f"a: {text}", {"a": text}) else _quoted(text)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, str):
        return value if _loads(f"[{value}]", [value]) and ":" not in value else _quoted(value)
    return json.dumps(value)


def _loads(text: str, wanted: Any) -> bool:
    try:
        return bool(load(text) == wanted)
    except yaml.YAMLError:
        return False


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
