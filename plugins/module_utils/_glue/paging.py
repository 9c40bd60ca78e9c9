# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that ask for a page of a list, as doc_fragments/paging.py documents them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.reading import Page
from .._reconcile.common.paging import check_limit, sort_order
from .argspec import Spec

PAGING = Spec({"limit": {"type": "int"}, "marker": {"type": "str"}})


def page_from(params: Mapping[str, Any]) -> Page | None:
    """None if the whole list is wanted, in its usual order. InvalidError for a limit or directions
    that make no sense.
    """
    check_limit(params["limit"])
    sort = sort_order(params.get("sort_key"), params.get("sort_dir"))
    page = Page(params["limit"], params["marker"], sort)
    return None if page == Page() else page
