# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares what a module's documentation says of its options with its specification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Options = Mapping[str, Mapping[str, Any]]


def problems(documented: Options, specified: Options) -> Iterator[str]:
    """What one of them lacks, or says otherwise, and environment variables that are not documented."""
    here, there = comparable(documented), comparable(specified)
    yield from (
        f"{name}: documented as {here.get(name)}, specified as {there.get(name)}"
        for name in sorted({*here, *there})
        if here.get(name) != there.get(name)
    )
    for name, option in specified.items():
        _fallback, variables = option.get("fallback", (None, ()))
        text = " ".join(documented.get(name, {}).get("description", ()))
        yield from (f"{name}: {one} is missing" for one in variables if f"E({one})" not in text)


def comparable(options: Options) -> dict[str, dict[str, Any]]:
    """The part of options that documentation and specification both have."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": sorted(option.get("choices") or ()),
            "aliases": sorted(option.get("aliases") or ()),
            "options": comparable(option.get("options") or option.get("suboptions") or {}),
        }
        for name, option in options.items()
    }
