# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the store notes of changes on Xen hosts, where XAPI itself keeps nothing of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.rules.filter_scenes import SITE
from contract.rules.xapi_control import XapiControl
from simulators.client import Client
from simulators.launch import Simulator

NAMES = ("web1", "web2", "web3")
HERE = {
    **SITE,
    "vms": [{"name": name, "memory": "256 MiB", "where": "xen1"} for name in NAMES],
}
UPDATES = "select server_uuid, updated_at from xenfleet_server_updates"


@pytest.fixture
def xapi(tmp_path: Path) -> Iterator[XapiControl]:
    with Simulator(HERE) as site:
        yield XapiControl(site, tmp_path / "store.db")


@pytest.fixture
def plain(xapi: XapiControl) -> Client:
    return Client(xapi.site.hosts["xen1"])


def found(xapi: XapiControl, **filters: Any) -> list[str]:
    servers = xapi.given("server_info", **filters)["servers"]
    return [one["name"] for one in servers]


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def test_reading_and_planning_note_nothing(xapi: XapiControl) -> None:
    xapi.given("server_info", changes_since="2001-01-01")
    xapi.given("server_action", servers=["web1"], action="start")
    assert not xapi.run("server_action", servers=["web1"], action="stop", check_mode=True).get(
        "failed"
    )
    assert not xapi.store.exists()


def test_what_others_delete_leaves_nothing(xapi: XapiControl, plain: Client) -> None:
    xapi.given("server_action", servers=["web1"], action="stop")
    plain("VM.destroy", plain.vm("web1"))
    assert found(xapi, deleted=True) == []
    assert found(xapi, changes_since="2001-01-01") == ["web2", "web3"]


def test_what_others_start_has_changed(xapi: XapiControl, plain: Client) -> None:
    plain("VM.hard_shutdown", plain.vm("web1"))
    time.sleep(2)
    since = now()
    assert found(xapi, changes_since=since) == []
    plain("VM.start", plain.vm("web1"), False, False)
    assert found(xapi, changes_since=since) == ["web1"]


def test_a_deletion_that_failed_and_one_whose_end_nobody_saw(
    xapi: XapiControl, plain: Client
) -> None:
    xapi.site.post(
        "/faults", {"action": "error", "method": "VM.destroy", "error": ["INTERNAL_ERROR", "x"]}
    )
    assert xapi.run("server_action", servers=["web1"], action="delete")["failed"]
    assert "web1" in xapi.site.get("/state")["vms"]
    assert found(xapi, deleted=True) == []
    assert found(xapi, status="ERROR", changes_since="2001-01-01") == ["web1"]

    ref = plain.vm("web1")
    if plain("VM.get_power_state", ref) != "Halted":
        plain("VM.hard_shutdown", ref)
    plain("VM.destroy", ref)
    (gone,) = xapi.given("server_info", deleted=True)["servers"]
    assert (gone["name"], gone["status"], gone["host"]) == ("web1", "DELETED", "xen1")
    assert gone["terminated_at"] == gone["updated_at"]


def test_a_silent_pool_has_deleted_nothing(xapi: XapiControl) -> None:
    """Nobody knows what became of a deletion that was begun there."""
    xapi.given("server_action", servers=["web1", "web2"], action="delete")
    xapi.sql("update xenfleet_deleted_servers set deleted_at = null where server = 'web2'")
    assert found(xapi, deleted=True) == ["web1", "web2"]
    xapi.sql("update xenfleet_deleted_servers set pool_uuid = 'elsewhere'")
    assert found(xapi, deleted=True) == ["web1"]


def test_one_that_was_brought_back_is_not_deleted(xapi: XapiControl) -> None:
    """From an export, say, under the same uuid."""
    uuid = xapi.guest("web1")["uuid"]
    xapi.given("server_action", servers=["web1", "web2"], action="delete")
    other = xapi.guest("web3")["uuid"]
    xapi.sql(
        "update xenfleet_deleted_servers set server_uuid = ? where server_uuid = ?", other, uuid
    )
    assert found(xapi, deleted=True) == ["web2"]
    assert found(xapi, id=other) == ["web3"]


def test_nothing_is_begun_that_cannot_be_noted(xapi: XapiControl) -> None:
    xapi.given("server_action", servers=["web2"], action="pause")
    xapi.store.chmod(0o666)
    for action in ("delete", "stop", "lock"):
        result = xapi.run("server_action", servers=["web1"], action=action)
        assert result["failed"]
        assert result["error"]["code"] == "store"
    xapi.store.chmod(0o600)
    xapi.sql(
        "create trigger full before insert on xenfleet_server_updates begin select raise(abort, 'full'); end"
    )
    before = xapi.site.get("/journal?mutating=1")
    for action in ("delete", "stop", "lock"):
        result = xapi.run("server_action", servers=["web1"], action=action)
        assert result["failed"]
        assert "full" in result["msg"]
    assert xapi.site.get("/journal?mutating=1") == before
    assert xapi.guest("web1")["power_state"] == "Running"
    assert xapi.sql("select server from xenfleet_deleted_servers") == []


def test_an_action_is_noted_at_its_beginning_and_at_its_end(xapi: XapiControl) -> None:
    uuid = xapi.guest("web1")["uuid"]
    xapi.given("server_action", servers=["web1"], action="suspend", wait=False)
    (begun,) = xapi.sql(UPDATES)
    assert begun["server_uuid"] == uuid
    xapi.site.post("/tweak", {"settings": {"suspend_s": 2.0}})
    before = now()
    xapi.given("server_action", servers=["web2"], action="suspend")
    noted = {row["server_uuid"]: row["updated_at"] for row in xapi.sql(UPDATES)}
    assert noted.pop(uuid) == begun["updated_at"]
    (ended,) = noted.values()
    assert ended > before
    times = [one["updated_at"] for one in xapi.given("server_info")["servers"]]
    assert times[:2] == [begun["updated_at"], ended]
