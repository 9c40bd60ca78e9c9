# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the migration record of a request, which Nova does not name in the record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..._core.model import Migration
from .api import Api
from .migrations import newest

RECORDS = 50
"""So many of the newest are looked at."""
SKEW = timedelta(seconds=60)
"""How far the clocks of a cloud's machines may be apart."""
STALE_S = 5.0
"""Age of a list of records that is taken for the present one."""


@dataclass(frozen=True)
class Baseline:
    """The records that there were before a request: those among the newest, and all that are older."""

    known: frozenset[str]
    newest: datetime | None

    def is_new(self, record: Migration) -> bool:
        if record.uuid in self.known:
            return False
        return self.newest is None or _created(record) >= self.newest - SKEW


class MigrationRecords:
    """Reads records, and remembers the newest of them."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._baseline = Baseline(frozenset(), None)
        self._read_at: float | None = None
        self._moved: set[str] = set()

    def before(self, server_id: str) -> Baseline:
        """What there is before a move of this server. Read once for moves that start one soon after
        the other, but again for a server that has been moved with this object.
        """
        now = time.monotonic()
        old = self._read_at is None or now - self._read_at > STALE_S
        if old or server_id in self._moved:
            self.newest(RECORDS)
        self._moved.add(server_id)
        return self._baseline

    def newest(self, limit: int) -> list[Migration]:
        records = newest(self._api, limit)
        known = frozenset(record.uuid for record in records if record.uuid)
        self._baseline = Baseline(known, max(map(_created, records), default=None))
        self._read_at = time.monotonic()
        return records

    def of_server(self, server_id: str) -> list[Migration]:
        return newest(self._api, RECORDS, server_id)


def find(
    records: Sequence[Migration],
    server_id: str,
    *,
    uuid: str | None,
    kinds: frozenset[str],
    baseline: Baseline | None,
) -> Migration | None:
    """The record of that uuid; while it is not known, the newest of the server's that is new and of
    these types.
    """
    mine = (r for r in records if r.server_id == server_id)
    if uuid is not None:
        return next((r for r in mine if r.uuid == uuid), None)
    if baseline is None:
        return None
    return next((r for r in mine if r.type in kinds and baseline.is_new(r)), None)


def _created(record: Migration) -> datetime:
    return datetime.fromisoformat(record.created_at or "1970-01-01T00:00:00")
