# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a guest wants of the aggregates of its host, as operators write it on the VM. Pure.

A metadata item ``aggregate:KEY``, which is ``xenfleet:aggregate:KEY`` in VM.other_config, or a tag
``aggregate:KEY=VALUE``. An item has one value, which can be replaced, and any key and value; a tag can
be set and seen in every client. All of them count.

They are no marks: people set them, without the uuid of the VM, and a copy wants the same as
its original.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.model import ExtraSpec
from .marks import PREFIX, is_spec, plain

WORD = "aggregate:"


def extra_specs(vm: Mapping[str, Any]) -> tuple[ExtraSpec, ...]:
    """In order of their keys. A tag without "=" or without a key is none."""
    items = {key.removeprefix(PREFIX): v for key, v in vm["other_config"].items() if is_spec(key)}
    pairs = {*items.items(), *(_parted(tag) for tag in vm["tags"] if "=" in tag)}
    return tuple(
        sorted(
            ExtraSpec(key.removeprefix(WORD), wanted)
            for key, wanted in pairs
            if key.startswith(WORD) and key != WORD
        )
    )


def _parted(tag: str) -> tuple[str, str]:
    key, _sign, wanted = tag.partition("=")
    return key, wanted


def metadata(config: Mapping[str, str]) -> dict[str, str]:
    """other_config as a server's metadata: without marks, and specs without our prefix."""
    shown = plain(config)
    specs = [key for key in shown if is_spec(key)]
    return {
        **{key: value for key, value in shown.items() if key not in specs},
        **{key.removeprefix(PREFIX): shown[key] for key in specs},
    }
