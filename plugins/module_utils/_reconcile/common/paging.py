# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sort lists and cut pages out of them, as the Compute API does with limit, marker and sort keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from ..._core.errors import InvalidError
from ..._core.model import Fleet
from ..._core.reading import Page
from .lookup import silent

ASCENDING, DESCENDING = "asc", "desc"


class Listed(Protocol):
    """What has a page: hosts and servers."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Listed)
Keys = Mapping[str, Callable[[T], Any]]


def check_limit(limit: int | None) -> None:
    """InvalidError for one that is no number of items."""
    if limit is not None and limit < 1:
        raise InvalidError(
            "option limit", f"{limit} is less than one", "Leave it out to list everything"
        )


def sort_order(
    keys: Sequence[str] | None, directions: Sequence[str] | None
) -> tuple[tuple[str, str], ...]:
    """Each key with its direction. As in Nova, the first direction holds for those without one of
    their own, and it is descending if there is none (nova/db/utils.py process_sort_params).
    """
    given = list(directions or ())
    names = list(keys or ())
    if len(given) > len(names):
        raise InvalidError(
            "option sort_dir",
            f"there are {len(given)} directions for {len(names)} sort keys",
            "Give one for each key, or one for all of them",
        )
    rest = given[0] if given else DESCENDING
    given += [rest] * (len(names) - len(given))
    return tuple(zip(names, given, strict=True))


def in_order(items: Iterable[T], sort: Sequence[tuple[str, str]], keys: Keys[T]) -> list[T]:
    """By these keys, then by id, so that the order is always the same one. What has no value comes
    first, and last when descending, as in MySQL.
    """
    found = sorted(items, key=lambda item: item.id)
    for name, direction in reversed(sort):
        value = keys[name]
        found.sort(key=lambda item: _rank(value(item)), reverse=direction == DESCENDING)
    return found


def _rank(value: Any) -> tuple[bool, Any]:
    return value is not None, value


def after(fleet: Fleet, what: str, items: Sequence[T], marker: str | None) -> Sequence[T]:
    """Those that follow the one with this id. InvalidError if there is none, as Nova's answer 400."""
    if marker is None:
        return items
    for number, item in enumerate(items, 1):
        if item.id == marker:
            return items[number:]
    raise InvalidError(
        f"marker {marker}",
        f"no {what} has this id{silent(fleet)}",
        f"Give the id of the last {what} that was listed, or leave it out to begin again",
    )


def page_of(
    fleet: Fleet,
    section: str,
    items: Sequence[T],
    page: Page,
    fits: Callable[[T], bool],
    keys: Keys[T] | None = None,
) -> list[T]:
    """The page of those that fit. What the control plane has given as a page is in order, and begins
    after the marker.
    """
    what = section.removesuffix("s")
    if section not in fleet.paged:
        items = after(fleet, what, in_order(items, page.sort, keys or {}), page.marker)
    found = [item for item in items if fits(item)]
    return found[: page.limit]
