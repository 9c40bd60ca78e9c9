# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flavors with their extra specs."""

from __future__ import annotations

from ..._core.model import Flavor
from .api import PAGE, Api

LEAST = "2.61"
"""From then on the list has extra specs (Rocky); before it is a request for each flavor."""


def read_flavors(api: Api) -> tuple[Flavor, ...]:
    """All of them, by name; is_public=None includes those that belong to projects."""
    version = api.version(LEAST, what="the list of flavors with their extra specs")
    found = api.listed("/flavors/detail", "flavors", version, is_public="None", limit=PAGE)
    flavors = (Flavor(item["id"], item["name"], dict(item["extra_specs"])) for item in found)
    return tuple(sorted(flavors, key=lambda flavor: flavor.name))
