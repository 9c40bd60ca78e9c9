# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Models as the modules return them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.errors import InvalidError
from .._core.model import Aggregate, to_dict


def aggregate_view(aggregate: Aggregate | None) -> dict[str, Any] | None:
    """As the Compute API shows it: the zone as a field and as a metadata item."""
    if aggregate is None:
        return None
    return {**to_dict(aggregate), "availability_zone": aggregate.availability_zone}


def text_items(
    items: Mapping[str, Any] | None, option: str = "metadata"
) -> dict[str, str | None] | None:
    """YAML writes true and 5 where the API knows strings only; null removes an item. InvalidError for
    a list or dictionary, which no string is meant by.
    """
    for key, value in (items or {}).items():
        if isinstance(value, (Mapping, list, tuple, set)):
            raise InvalidError(
                f"option {option}",
                f"the value of {key} is a {'dictionary' if isinstance(value, Mapping) else 'list'}, "
                "and only strings can be kept",
                'Write it as one string, such as "a,b", or with the filter ansible.builtin.to_json',
            )
    return None if items is None else {str(k): _text(v) for k, v in items.items()}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
