# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that choose servers, as doc_fragments/server_filters.py documents them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._reconcile.servers.filters import ServerFilter
from .views import text_items

TAGS = {"type": "list", "elements": "str"}

FILTERS: Mapping[str, Mapping[str, Any]] = {
    "name": {"type": "str"},
    "host": {"type": "str"},
    "status": {"type": "str"},
    "availability_zone": {"type": "str"},
    "vm_state": {"type": "str"},
    "task_state": {"type": "str"},
    "aggregate": {"type": "str"},
    "project_id": {"type": "str"},
    "user_id": {"type": "str"},
    "reservation_id": {"type": "str"},
    "image": {"type": "str"},
    "flavor": {"type": "str"},
    "ip": {"type": "str"},
    "ip6": {"type": "str"},
    "metadata": {"type": "dict"},
    "tags": TAGS,
    "tags_any": TAGS,
    "not_tags": TAGS,
    "not_tags_any": TAGS,
    "locked": {"type": "bool"},
    "changes_since": {"type": "str"},
    "deleted": {"type": "bool", "default": False},
    "soft_deleted": {"type": "bool", "default": False},
}


def filter_from(params: Mapping[str, Any]) -> ServerFilter:
    given = {key: params[key] for key in FILTERS if params.get(key) is not None}
    metadata = text_items(given.pop("metadata", None)) or {}
    ids = params.get("id")
    return ServerFilter(
        ids=None if ids is None else tuple(dict.fromkeys(one.lower() for one in ids)),
        zone=given.pop("availability_zone", None),
        metadata={key: value or "" for key, value in metadata.items()},
        **given,
    )
