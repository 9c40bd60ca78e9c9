# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""server_info finds the same servers by the same filters on both control planes, and on Nova those
that its own list finds. One scene a control plane, set up once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from contract.rules.conftest import NOVA
from contract.rules.control import Control
from contract.rules.filter_cases import CASES, GONE, LATE, SERVERS, STATUSES, Case
from contract.rules.filter_scenes import Scene, nova_scene, xapi_scene


@pytest.fixture(scope="module", params=["xapi", NOVA])
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    store = tmp_path_factory.mktemp("filters") / "store.db"
    if request.param == "xapi":
        with xapi_scene(store) as opened:
            yield opened
    else:
        yield nova_scene(request.getfixturevalue("bed"), store)


def listed(scene: Scene, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the scene; other tests have deleted servers, too."""
    servers = scene.control.given("server_info", **scene.filled(filters))["servers"]
    return [one for one in servers if one["id"] in scene.names]


def test_the_scene_is_what_the_cases_are_about(scene: Scene) -> None:
    assert scene.statuses() == STATUSES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_filters_find(scene: Scene, case: Case) -> None:
    assert [one["name"] for one in listed(scene, case.filters)] == sorted(case.names)
    own = scene.own_list(case)
    assert own is None or own == case.names | case.coarser


def test_projects(scene: Scene) -> None:
    """XAPI has none."""
    projects = {one["project_id"] for one in listed(scene, {})}
    assert (projects == {None}) == (scene.control.plane == "xapi")
    for project in projects - {None}:
        assert len(listed(scene, {"project_id": project})) == len(SERVERS - GONE)
    assert listed(scene, {"project_id": "f" * 32}) == []


def test_times_and_state_of_a_deleted_server(scene: Scene) -> None:
    (server,) = listed(scene, {"deleted": True, "name": "^gone2$"})
    assert (server["status"], server["vm_state"], server["power_state"]) == (
        "DELETED",
        "deleted",
        0,
    )
    assert (server["task_state"], server["metadata"], server["tags"]) == (None, {}, [])
    assert server["host"] == scene.host("idle")
    assert server["updated_at"] >= scene.since
    assert server["terminated_at"] >= scene.since
    assert server["launched_at"] < server["terminated_at"]


def test_every_server_shows_when_it_changed(scene: Scene) -> None:
    times = {
        one["name"]: one["updated_at"] for one in listed(scene, {"changes_since": "2001-01-01"})
    }
    assert times.keys() == SERVERS
    assert {name for name, time in times.items() if time >= scene.since} == LATE


def test_lock_and_fault_are_reported(scene: Scene) -> None:
    by_name = {one["name"]: one for one in listed(scene, {})}
    locks = {name: (one["locked"], one["locked_reason"]) for name, one in by_name.items()}
    assert locks.pop("vault1") == (True, "audit")
    assert set(locks.values()) == {(False, None)}
    assert {name for name, one in by_name.items() if one["terminated_at"]} == set()


WRONG = {
    "a pattern": ({"name": "web[1"}, "option name: 'web[1' is no regular expression"),
    "a status": ({"status": "STOPPED"}, "'STOPPED' is no server status. Use one of ACTIVE"),
    "a vm_state": ({"vm_state": "SHUTOFF"}, "'SHUTOFF' is no vm_state. Use one of active"),
    "a task_state": ({"task_state": "powering_off"}, "'powering_off' is no task_state"),
    "a time": ({"changes_since": "yesterday"}, "Write it as 2026-01-31T12:00:00Z"),
    "an aggregate": ({"aggregate": "rakcs"}, "aggregate rakcs: it does not exist; there are racks"),
}


@pytest.mark.parametrize(("filters", "text"), WRONG.values(), ids=WRONG)
def test_what_no_server_could_match_is_refused(
    scene: Scene, filters: dict[str, Any], text: str
) -> None:
    result = scene.control.run("server_info", **filters)
    assert result["failed"]
    assert result["error"]["status"] == 400
    assert text in result["msg"]


def test_times_may_have_any_offset(scene: Scene) -> None:
    moment = datetime.fromisoformat(scene.since)
    shifted = moment.astimezone(timezone(timedelta(hours=2))).isoformat()
    assert shifted.endswith("+02:00")
    assert {one["name"] for one in listed(scene, {"changes_since": shifted})} == LATE


def test_one_reading(scene: Scene) -> None:
    """Whatever the filters; XAPI answers the first one of a session in three calls."""
    filters = {"changes_since": "2001-01-01", "name": "web", "tags": ["web"]}
    assert scene.requests_of(lambda control: info(control, filters)) <= scene.one_reading


def info(control: Control, filters: dict[str, Any]) -> None:
    names = [one["name"] for one in control.given("server_info", **filters)["servers"]]
    assert all(re.search("web", name) for name in names)
