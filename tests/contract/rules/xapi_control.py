# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control plane xapi: a store in SQLite, looked at as SQL, and simulated hosts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from contract.rules.control import Control, Result
from simulators.client import Client
from simulators.launch import Simulator

FLEET: dict[str, Any] = {
    "clock": {"factor": 50},
    "login_delay": 0,
    "link_gbit": 2,
    "hosts": [
        {"name": "xen", "count": 2, "memory": "64 GiB", "pool": "fleet"},
        {"name": "lone", "count": 2, "memory": "64 GiB"},
    ],
    "pools": {"fleet": {"srs": [{"name": "shared", "default": True}]}},
    "vms": [{"name": "web1", "memory": "2 GiB", "where": "xen1"}],
}
"""xen1 has a server, xen2 none; lone1 and lone2 stand alone and have none."""
SERVERS: dict[str, Any] = {
    "clock": {"factor": 50},
    "login_delay": 0,
    "link_gbit": 2,
    "hosts": [
        {"name": "xen", "count": 3, "memory": "64 GiB", "pool": "fleet"},
        {"name": "lone", "memory": "64 GiB"},
    ],
    "pools": {
        "fleet": {
            "srs": [{"name": "shared", "default": True}],
            "networks": [{"name": "inside"}],
        }
    },
    "vms": [
        {"name": "web1", "memory": "1 GiB", "where": "xen1"},
        {"name": "big", "memory": "40 GiB", "where": "xen1"},
        {"name": "filler", "memory": "40 GiB", "where": "xen3"},
        {"name": "scratch", "memory": "1 GiB", "storage": "local", "where": "xen1"},
        {"name": "private", "memory": "1 GiB", "network": "inside", "where": "xen1"},
        {"name": "twin", "memory": "1 GiB", "where": "xen1"},
        {"name": "twin", "memory": "1 GiB", "where": "xen2"},
    ],
}
"""With servers that can't go everywhere."""
STATES = {"Running": "active", "Halted": "stopped", "Paused": "paused", "Suspended": "suspended"}


class XapiControl(Control):
    """One store and one site."""

    plane = "xapi"
    busy, idle, spare1, spare2 = "xen1", "xen2", "lone1", "lone2"

    def __init__(self, site: Simulator, store: Path) -> None:
        super().__init__()
        self.site = site
        self.store = store

    def connection(self) -> Result:
        return {
            "endpoints": list(self.site.hosts.values()),
            "password": "secret",
            "store": str(self.store),
        }

    def everything(self) -> tuple[list[str], list[Any], dict[str, Any]]:
        """All rows of the store, all calls so far that changed a host, and where all guests are."""
        guests = self.site.get("/state")["vms"]
        return self.rows(), self.site.get("/journal?mutating=1"), guests

    def rows(self) -> list[str]:
        """As SQL; none while there is no store."""
        if not self.store.exists():
            return []
        with closing(sqlite3.connect(self.store)) as connection:
            return list(connection.iterdump())

    def sql(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Read from the store, or write to it behind the collection's back."""
        with closing(sqlite3.connect(self.store)) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(statement, values)]
            connection.commit()
            return rows

    def aggregates(self) -> dict[str, Result]:
        if not self.store.exists():
            return {}
        return {
            row["name"]: {"hosts": self._hosts(row["id"]), "metadata": self._items(row["id"])}
            for row in self.sql("select id, name from xenfleet_aggregates")
        }

    def _hosts(self, aggregate_id: int) -> list[str]:
        rows = self.sql(
            "select h.name from xenfleet_aggregate_hosts m"
            " join xenfleet_hosts h on h.uuid = m.host_uuid where m.aggregate_id = ? order by 1",
            aggregate_id,
        )
        return [row["name"] for row in rows]

    def _items(self, aggregate_id: int) -> dict[str, str]:
        rows = self.sql(
            "select key, value from xenfleet_aggregate_metadata where aggregate_id = ?",
            aggregate_id,
        )
        return {row["key"]: row["value"] for row in rows}

    def service(self, host: str) -> Result | None:
        rows = self.sql(
            "select disabled, disabled_reason, forced_down from xenfleet_services s"
            " join xenfleet_hosts h on h.uuid = s.host_uuid where h.name = ?",
            host,
        )
        if not rows:
            return None
        status = "disabled" if rows[0]["disabled"] else "enabled"
        forced = bool(rows[0]["forced_down"])
        reason = rows[0]["disabled_reason"]
        return {"status": status, "disabled_reason": reason, "forced_down": forced}

    def guest(self, name: str) -> Result:
        state: Result = self.site.get("/state")["vms"][name]
        return state

    def server(self, name: str) -> Result:
        guest = self.guest(name)
        state = STATES[guest["power_state"]]
        return {"id": guest["uuid"], "host": guest["host"], "vm_state": state}

    def inhabit(self, aggregate: str) -> str:
        """xen1, by a row in the store, which must have heard of it."""
        self.given("aggregate", name="once", hosts=[self.busy])
        self.given("aggregate", name="once", state="absent", remove_hosts=True)
        self.sql(
            "insert into xenfleet_aggregate_hosts (aggregate_id, host_uuid)"
            " select a.id, h.uuid from xenfleet_aggregates a, xenfleet_hosts h"
            " where a.name = ? and h.name = 'xen1'",
            aggregate,
        )
        assert self.members(aggregate) == ["xen1"]
        return "xen1"

    def evacuate(self, host: str) -> None:
        self.given("compute_service", hosts=[host], forced_down=True)
        self.migration(host, self.busy, "evacuation", "done")

    def forget_evacuations(self, host: str) -> None:
        self.sql("update xenfleet_migrations set status = 'completed' where source = ?", host)

    def move_away_for_now(self, host: str) -> None:
        self.given("compute_service", hosts=[host], status="disabled")
        self.migration(host, self.idle, "migration", "finished")

    def twins(self) -> list[str]:
        guests = self.site.get("/state")["vms"]
        return [guest["uuid"] for key, guest in guests.items() if "twin" in key]

    def wanting(self, key: str, value: str) -> str:
        api = Client(self.site.hosts[self.busy])
        api("VM.add_tags", api.vm("web1"), f"aggregate:{key}={value}")
        return "web1"

    @contextmanager
    def slow_move(self) -> Iterator[str]:
        yield "big"

    @contextmanager
    def failing_moves(self) -> Iterator[None]:
        """Once."""
        self._fault("VM.pool_migrate", "INTERNAL_ERROR", "migration failed")
        yield

    @contextmanager
    def stranger(self) -> Iterator[None]:
        """XAPI's roles decide; the simulator has none, so that the refusal itself is ordered."""
        self._fault(
            "VM.pause", "RBAC_PERMISSION_DENIED", "VM.pause", "No permission in user session"
        )
        yield

    def _fault(self, method: str, *error: str) -> None:
        self.site.post("/faults", {"action": "error", "method": method, "error": list(error)})

    def migration(self, source: str, target: str, kind: str, status: str) -> None:
        """A move on record, as another run left it."""
        self.sql(
            "insert into xenfleet_migrations (type, status, server_uuid, server, source, target,"
            " memory, created_at, updated_at) values (?, ?, 'uuid-web1', 'web1', ?, ?, 0, ?, ?)",
            kind,
            status,
            source,
            target,
            *["2026-11-21T04:00:00Z"] * 2,
        )
