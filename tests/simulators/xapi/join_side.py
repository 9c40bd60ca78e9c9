# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sides of a join as the checks see them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .database import Row
from .schema import words
from .world import Machine

Error = list[str] | None


@dataclass(frozen=True)
class Side:
    """One side of a join: its coordinator's host row, its pool row, and the tables the checks look at."""

    host: str
    host_row: Row
    pool_row: Row
    tables: dict[str, dict[str, Row]] = field(default_factory=dict)

    def rows(self, cls: str) -> list[Row]:
        return list(self.tables[cls].values())

    @property
    def version(self) -> dict[str, str]:
        return self.host_row["software_version"]

    @property
    def brand(self) -> str | None:
        return self.version.get("product_brand") or self.version.get("platform_name")

    @property
    def management(self) -> Row | None:
        return next(
            (p for p in self.rows("PIF") if p["management"] and p["host"] == self.host), None
        )


TABLES = words(
    "host VM SR PIF Bond tunnel network_sriov VLAN network pool_update Certificate SM Cluster "
    "Cluster_host"
)


def side_of(machine: Machine) -> Side:
    """A copy of what a coordinator knows; the caller holds its pool's lock."""
    db = machine.pool.db
    tables = {cls: {ref: dict(row) for ref, row in db.tables[cls].items()} for cls in TABLES}
    return Side(
        machine.ref, tables["host"][machine.ref], dict(db.row("pool", machine.pool.ref)), tables
    )
