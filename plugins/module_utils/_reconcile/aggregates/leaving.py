# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule that only a disabled host may leave an aggregate, for tasks that ask for it.

Source: doc/source/devref/aggregates.rst of Nova in 2012, where removing a host "fails if the host is
not disabled". Nova's code never checked it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.errors import ConflictError, joined
from ..._core.model import Aggregate, Fleet


def still_enabled(fleet: Fleet, aggregate: Aggregate, hosts: Sequence[str]) -> list[ConflictError]:
    """All enabled hosts in one problem. One whose compute service is gone may leave."""
    enabled = [
        s.host
        for s in fleet.services
        if s.host in hosts and s.host in aggregate.hosts and s.status == "enabled"
    ]
    if not enabled:
        return []
    many = len(enabled) > 1
    return [
        ConflictError(
            f"{'hosts' if many else 'host'} {joined(enabled)}",
            f"with must_be_disabled only a disabled host may leave aggregate {aggregate.name}, and "
            f"{'their compute services are' if many else 'its compute service is'} enabled",
            "Disable it first, with xenfleet.compute.compute_service and status: disabled",
        )
    ]
