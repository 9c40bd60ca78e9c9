# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a rolling update, a consolidation or a spreading: those of a list, or of an aggregate."""

from __future__ import annotations

from collections.abc import Sequence

from ..._core.errors import InvalidError, NotFoundError, joined
from ..._core.model import Fleet, Pool
from ..._core.reading import (
    AGGREGATES,
    HOSTS,
    JOURNAL,
    MIGRATIONS,
    SERVERS,
    SERVICES,
    Reading,
    reading,
)
from ..common.aggregates import find_aggregate


def names_of(fleet: Fleet, hosts: Sequence[str] | None, aggregate: str | None) -> tuple[str, ...]:
    """Each once, in the order given. NotFoundError for an aggregate that does not exist,
    InvalidError if there is no host at all.
    """
    if aggregate is None:
        names = tuple(dict.fromkeys(hosts or ()))
        what = "option hosts"
    else:
        what = f"aggregate {aggregate}"
        home = find_aggregate(fleet, aggregate)
        if home is None:
            known = joined(sorted(a.name for a in fleet.aggregates), "none")
            raise NotFoundError(what, "it does not exist", f"There are: {known}")
        names = home.hosts
    if not names:
        raise InvalidError(what, "it has no hosts", "Give its hosts, or add them to the aggregate")
    return names


def coordinated(fleet: Fleet, host: str) -> Pool | None:
    """The Xen pool of several hosts that this host coordinates, if it does."""
    pool = fleet.pool_of(host)
    if pool is None or pool.coordinator != host or len(fleet.members(pool.id)) < 2:
        return None
    return pool


def everything(hosts: Sequence[str] | None = None) -> Reading:
    """All that plans of maintenances look at, servers and moves of these hosts only, if any."""
    return reading(JOURNAL, AGGREGATES, SERVICES, HOSTS, SERVERS, MIGRATIONS, hosts=hosts)
