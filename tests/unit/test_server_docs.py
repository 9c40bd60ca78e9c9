# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What server_info and server_action have in common is documented alike, and completely."""

from __future__ import annotations

from typing import Any

import yaml
from unit.fleets import fleet, host, server

from ansible_collections.xenfleet.compute.plugins.doc_fragments import server_filters
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.compute_views import (
    server_view,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.server_filters import FILTERS
from ansible_collections.xenfleet.compute.plugins.modules import server_action, server_info

OUTCOME = {"outcome", "error"}
"""What an action adds."""


def told(module: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(module.RETURN)["servers"]["contains"]
    return found


def flat(options: dict[str, Any]) -> dict[str, Any]:
    """References to other options stand for themselves in one place and below filters in the other."""
    text = yaml.safe_dump(options, width=10_000).replace("O(filters.", "O(")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_results_are_documented() -> None:
    shown = server_view(fleet([host("xen1")], servers=[]), server("web1", "xen1"))
    assert [*told(server_info)] == [*shown]
    assert [key for key in told(server_action) if key not in OUTCOME] == [*shown]


def test_results_have_the_same_types() -> None:
    types = {key: entry["type"] for key, entry in told(server_info).items()}
    assert types == {
        key: entry["type"] for key, entry in told(server_action).items() if key not in OUTCOME
    }


def test_filters_are_documented_alike() -> None:
    fragment = yaml.safe_load(server_filters.ModuleDocFragment.DOCUMENTATION)["options"]
    action = yaml.safe_load(server_action.DOCUMENTATION)["options"]["filters"]["suboptions"]
    assert flat(action) == flat(fragment)
    assert list(fragment) == [*FILTERS]
