# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers and hypervisors as Nova's own lists find, sort and page them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..._core.model import Server
from ..._core.reading import SERVERS, Page, Reading
from .api import PAGE, Api
from .catalogue import flavor_id, image_id
from .read_servers import listed_servers, past_query, read_servers, server

Items = Iterator[Mapping[str, Any]]


def find_servers(api: Api, wanted: Reading) -> tuple[Server, ...]:
    """Those of the reading. A page of them is in the order that it asks for."""
    page = wanted.pages.get(SERVERS)
    if page is None and not wanted.query:
        return read_servers(api, wanted)
    asked: dict[str, Any] = {
        **past_query(wanted.past),
        **_narrowing(wanted),
        **{key: _value(api, key, text) for key, text in wanted.query.items()},
    }
    items = page_of(listed_servers(api, **asked, **page_query(page)), page)
    found = {item["id"]: server(item) for item in items}
    if page is not None:
        return tuple(found.values())
    return tuple(sorted(found.values(), key=lambda s: (s.name, s.id)))


def page_query(page: Page | None) -> dict[str, Any]:
    """Without what is not asked for; the size of the pages that Nova gives is part of it."""
    if page is None:
        return {"limit": PAGE}
    query = {
        "limit": min(page.limit or PAGE, PAGE),
        "marker": page.marker,
        "sort_key": [key for key, _direction in page.sort],
        "sort_dir": [direction for _key, direction in page.sort],
    }
    return {key: value for key, value in query.items() if value}


def page_of(items: Items, page: Page | None) -> Items:
    """No request is made for what is beyond the limit."""
    return islice(items, None if page is None else page.limit)


def _narrowing(wanted: Reading) -> dict[str, str | int]:
    """The list takes one uuid and one host; a softly deleted server is shown to those who name it."""
    if wanted.servers is not None and len(wanted.servers) == 1:
        return {"uuid": wanted.servers[0], "soft_deleted": 1}
    if wanted.hosts is not None and len(wanted.hosts) == 1:
        return {"host": wanted.hosts[0]}
    return {}


def _value(api: Api, key: str, text: str) -> str:
    """Images and flavors by id; a reservation is a regular expression to Nova, as every filter is
    that it does not compare exactly (nova/db/main/api.py instance_get_all_by_filters_sort).
    """
    if key == "flavor":
        return flavor_id(api, text)
    if key == "image":
        return image_id(api, text)
    return f"^{re.escape(text)}$" if key == "reservation_id" else text
