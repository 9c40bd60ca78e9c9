# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""server_action live_migrate on a real Nova, looked at by plain REST."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import Playbooks, Run
from testbeds.openstack.client import Bed

pytestmark = pytest.mark.nova

NAMES = ("nm-run", "nm-paused")


class Cloud:
    """One ACTIVE and one PAUSED server on compute1."""

    def __init__(self, bed: Bed, books: Playbooks) -> None:
        self.bed = bed
        self.books = books
        self.servers = bed.servers(dict.fromkeys(NAMES, "compute1"))
        bed.action(self.servers["nm-paused"], "pause", status="PAUSED")

    def act(self, action: str = "live_migrate", *options: str, **given: Any) -> Run:
        asked = {"action": action, "servers": [*NAMES], **given}
        return self.books.tasks(
            {"name": "act", "xenfleet.compute.server_action": asked}, options=options
        )

    def places(self) -> dict[str, tuple[str, str]]:
        shown = {name: self.bed.server(uuid) for name, uuid in self.servers.items()}
        return {n: (s["OS-EXT-SRV-ATTR:host"], s["status"]) for n, s in shown.items()}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    bed = Bed.required()
    where = {**bed.cloud_env(), "XENFLEET_CONTROL_PLANE": "nova"}
    try:
        yield Cloud(bed, Playbooks(None, tmp_path, **where))
    finally:
        bed.clean()


def test_to_the_schedulers_choice_and_to_a_host(cloud: Cloud) -> None:
    planned = cloud.act("live_migrate", "--check")
    assert planned.actions == [
        f"live-migrate {name} from compute1 to a host of the scheduler's choice" for name in NAMES
    ]
    assert [s["host"] for s in planned.result("act")["servers"]] == ["", ""]
    assert {host for host, _status in cloud.places().values()} == {"compute1"}

    chosen = cloud.act()
    assert chosen.status == 0, chosen.output
    assert chosen.actions == planned.actions
    places = cloud.places()
    assert "compute1" not in {host for host, _status in places.values()}
    assert {name: status for name, (_host, status) in places.items()} == {
        "nm-run": "ACTIVE",
        "nm-paused": "PAUSED",
    }
    hosts = {s["name"]: s["host"] for s in chosen.result("act")["servers"]}
    assert hosts == {name: host for name, (host, _status) in places.items()}

    home = cloud.act(host="compute1")
    assert home.status == 0, home.output
    assert {host for host, _status in cloud.places().values()} == {"compute1"}
    again = cloud.act(host="compute1")
    assert (again.status, again.changed) == (0, 0), again.output


def test_what_nova_would_refuse_later_is_reported_at_once(cloud: Cloud) -> None:
    service = cloud.bed.services()["compute2"]["id"]
    cloud.bed.api("PUT", f"/os-services/{service}", {"status": "disabled"})
    refused = {
        "compute2": (409, "target host compute2: it has its compute service disabled"),
        "compute9": (400, "target host compute9: Nova knows no such host"),
    }
    for host, (status, text) in refused.items():
        failed = cloud.act(host=host).failure()
        assert failed["error"]["status"] == status
        assert failed["msg"].startswith(text)
    forced = cloud.act("stop", force=True).failure()
    assert (forced["error"]["status"], forced["msg"].split(":")[0]) == (501, "option force")
    assert [cloud.bed.migrations(uuid) for uuid in cloud.servers.values()] == [[], []]
    assert cloud.places() == {"nm-run": ("compute1", "ACTIVE"), "nm-paused": ("compute1", "PAUSED")}
