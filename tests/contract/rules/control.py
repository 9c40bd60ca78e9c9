# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs modules' bodies on a real store and simulated hosts, and sees what they changed."""

from __future__ import annotations

import importlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import NullReporter
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.runner import execute

MODULES = "ansible_collections.xenfleet.compute.plugins.modules"
Result = dict[str, Any]


class Control:
    """One store and one site. Results are those that playbooks get."""

    def __init__(self, site: Simulator, store: Path) -> None:
        self.site = site
        self.store = store

    def run(self, module: str, /, **params: Any) -> Result:
        """The result of a module's body, failed or not."""
        found = importlib.import_module(f"{MODULES}.{module}")
        connection = {
            "endpoints": list(self.site.hosts.values()),
            "password": "secret",
            "store": str(self.store),
        }
        validator = ArgumentSpecValidator(found.SPEC.argument_spec(), **found.SPEC.rules())
        validated = validator.validate({**connection, **params})
        assert not validated.error_messages, validated.error_messages
        return execute(
            found.run, validated.validated_parameters, check_mode=False, reporter=NullReporter()
        )

    def done(self, module: str, /, **params: Any) -> Result:
        """The result of a task that succeeds."""
        result = self.run(module, **params)
        assert not result.get("failed"), result["msg"]
        return result

    def kept(self, module: str, /, **params: Any) -> Result:
        """The result of a task that succeeds and changes nothing."""
        before = self.everything()
        result = self.done(module, **params)
        assert not result["changed"], result["actions"]
        assert self.everything() == before
        return result

    def refused(self, status: int, text: str, module: str, /, **params: Any) -> Result:
        """The error of a task that is refused with this number and text, and changes nothing."""
        before = self.everything()
        result = self.run(module, **params)
        assert result.get("failed"), f"not refused: {result}"
        assert result["error"]["status"] == status, result["msg"]
        assert text in result["msg"]
        assert result["error"]["remedy"]
        assert not result["changed"]
        assert self.everything() == before
        error: Result = result["error"]
        return error

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
            found = [dict(row) for row in connection.execute(statement, values)]
            connection.commit()
            return found

    def members(self, aggregate: str) -> list[str]:
        found = self.sql(
            "select h.name from xenfleet_aggregate_hosts m"
            " join xenfleet_hosts h on h.uuid = m.host_uuid"
            " join xenfleet_aggregates a on a.id = m.aggregate_id where a.name = ? order by 1",
            aggregate,
        )
        return [row["name"] for row in found]

    def metadata(self, aggregate: str) -> dict[str, str]:
        found = self.sql(
            "select key, value from xenfleet_aggregate_metadata m"
            " join xenfleet_aggregates a on a.id = m.aggregate_id where a.name = ?",
            aggregate,
        )
        return {row["key"]: row["value"] for row in found}

    def service(self, host: str) -> dict[str, Any] | None:
        found = self.sql(
            "select disabled, disabled_reason, forced_down from xenfleet_services s"
            " join xenfleet_hosts h on h.uuid = s.host_uuid where h.name = ?",
            host,
        )
        return found[0] if found else None

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

    def guest(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.site.get("/state")["vms"][name]
        return found
