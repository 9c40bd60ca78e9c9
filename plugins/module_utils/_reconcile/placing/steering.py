# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep servers on hosts whose aggregates have what they want, where no scheduler does that."""

from __future__ import annotations

from ..._core.errors import joined
from ..._core.model import Aggregate, Fleet, Host, Server
from .extra_specs import unmet
from .unfit import Unfit


class Steering:
    """The metadata of the hosts of a fleet, sorted once for a plan."""

    def __init__(self, fleet: Fleet) -> None:
        self._aggregates: dict[str, list[Aggregate]] = {}
        for aggregate in fleet.aggregates:
            for host in aggregate.hosts:
                self._aggregates.setdefault(host, []).append(aggregate)

    def unwanted(self, server: Server, host: Host) -> Unfit | None:
        """What the server wants and the aggregates of the host lack, or None."""
        missing = unmet(self._aggregates.get(host.name, ()), server.extra_specs)
        if not missing:
            return None
        return Unfit(
            f"no aggregate with the wanted {joined([f'{s.key}={s.wanted}' for s in missing])}",
            f"Set {joined([s.key for s in missing])} in the metadata of an aggregate of the host, or "
            "take the tag or item aggregate:KEY from the server",
            has=True,
        )
