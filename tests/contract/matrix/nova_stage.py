# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix on a real Nova."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

import pytest
from contract.matrix.cells import STATES, Cell
from contract.matrix.nova_cast import Cast
from contract.matrix.stage import Result, Stage
from contract.rules.control import Control
from contract.rules.nova_control import NovaControl
from testbeds.openstack.api import OBSERVER
from testbeds.openstack.client import Bed

OPTIONS: Mapping[str, Result] = {
    "rebuild": {"image": "cirros"},
    "resize": {"flavor": "m1.tiny"},
    "create_image": {"image_name": "monday"},
    "create_backup": {"image_name": "monday", "backup_type": "daily", "rotation": 1},
    "change_password": {"admin_password": "Pa55word"},
    "evacuate": {"power_on": True},
    "reset_state": {"vm_state": "error"},
}
LOOKED_AT = (
    "vm_state",
    "task_state",
    "power_state",
    "host",
    "node",
    "locked",
    "locked_by",
    "launched_at",
    "deleted",
    "image_ref",
    "instance_type_id",
)
SERVER = re.compile(r"/servers/([0-9a-f-]{36})")


class TokenControl(NovaControl):
    """One token for all runs: to give and to check a new one takes longer than most of them."""

    def __init__(self, bed: Bed, store: Path) -> None:
        super().__init__(bed, store)
        clouds = store.with_name("clouds.yaml")
        nova, glance = bed.layout.url("nova-api"), bed.layout.url("glance")
        cloud = {
            "auth_type": "admin_token",
            "auth": {"endpoint": nova, "token": bed.admin.log_in()},
            # Such a token comes without a catalogue.
            "image_endpoint_override": glance,
            "region_name": "RegionOne",
        }
        # All JSON is YAML.
        clouds.write_text(json.dumps({"clouds": {"matrix": cloud}}), encoding="utf-8")
        self.environment = pytest.MonkeyPatch()
        self.environment.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))

    def connection(self) -> Result:
        return {"control_plane": "nova", "cloud": "matrix", "store": str(self.store)}

    def run(self, module: str, /, *, check_mode: bool = False, **params: Any) -> Result:
        """The server in a request shows whose it is: others are made at the same time."""
        return Control.run(self, module, check_mode=check_mode, **params)


class NovaStage(Stage):
    """Servers are looked at with plain requests and in the database."""

    plane = "nova"
    shows: ClassVar[frozenset[str]] = frozenset(STATES)
    side_by_side: ClassVar[int] = 6

    def __init__(self, bed: Bed, store: Path) -> None:
        control = TokenControl(bed, store)
        super().__init__(control)
        self.environment = control.environment
        self.bed = bed
        self.cast = Cast(bed)
        self.log = bed.layout.log / "nova-api.requests"
        self.read_to = self.log.stat().st_size
        self.unasked: list[tuple[str, str]] = []
        self.reading = Lock()

    def prepare(self, cells: Collection[Cell]) -> None:
        self.cast.prepare(cells)

    def close(self) -> None:
        self.environment.undo()
        self.bed.clean()

    # Running

    def params(self, cell: Cell) -> Result:
        return dict(OPTIONS.get(cell.action, {}))

    @contextmanager
    def during(self, cell: Cell) -> Iterator[None]:
        """The next cells find the server unlocked."""
        yield
        if cell.action == "lock" and cell.starts:
            self.bed.action(self.server(cell), "unlock")

    def foreseen(self, cell: Cell, outcome: str) -> str:
        """Whether deletion is soft depends on a setting that the API does not show."""
        deleted = cell.action == "delete" and outcome.startswith("done ")
        return "done DELETED" if deleted else outcome

    def chain(self, cell: Cell) -> str:
        return self.server(cell)

    # Looking

    def server(self, cell: Cell) -> str:
        return self.cast.server(cell)

    def state(self, uuid: str) -> Any:
        (row,) = self.cast.rows(LOOKED_AT, f"uuid = '{uuid}'")
        return dict(zip(LOOKED_AT, row, strict=True))

    def status(self, uuid: str) -> str:
        return self.cast.status(uuid)

    def mutations(self, uuid: str) -> list[str]:
        """Requests to Nova's API that name this server, or none."""
        with self.reading:
            self._read()
            mine = [pair for pair in self.unasked if pair[0] in ("", uuid)]
            self.unasked = [pair for pair in self.unasked if pair not in mine]
        return [request for _uuid, request in mine]

    def _read(self) -> None:
        with self.log.open("rb") as file:
            file.seek(self.read_to)
            whole, newline, _rest = file.read().rpartition(b"\n")
        self.read_to += len(whole + newline)
        for line in map(json.loads, whole.splitlines()):
            if line["method"] != "GET" and line["user_agent"] != OBSERVER:
                named = SERVER.search(line["path"])
                request = f"{line['method']} {line['path']} {line['action'] or ''}".strip()
                self.unasked.append((named[1] if named else "", request))
