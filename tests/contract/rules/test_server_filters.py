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


def test_what_xapi_keeps_no_record_of(scene: Scene) -> None:
    """Refused there, with what to do instead; on Nova each finds the server by what it shows."""
    web1 = next(one for one in listed(scene, {}) if one["name"] == "web1")
    for name in ("user_id", "reservation_id", "flavor"):
        if scene.control.plane == "xapi":
            assert web1[name] is None
            result = scene.control.run("server_info", **{name: "some"})
            assert result["error"]["code"] == "unsupported"
            assert result["msg"].startswith(f"filter {name}: X")
            assert "Leave it out" in result["msg"]
        else:
            assert web1 in listed(scene, {name: web1[name]})
            assert listed(scene, {name: web1[name], "status": "DELETED", "host": "x"}) == []


def test_images(scene: Scene) -> None:
    """By name, and on Nova by id, too, which is what a server shows."""
    images = {one["name"]: one["image"] for one in listed(scene, {})}
    name = "cirros" if scene.control.plane == "nova" else "debian"
    found = {one["name"] for one in listed(scene, {"image": name})}
    assert found == {one for one, image in images.items() if image == images["web1"]}
    assert images["web1"] is not None
    assert {one["name"] for one in listed(scene, {"image": images["web1"]})} == found
    assert "web1" in found


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


def ids(scene: Scene, params: dict[str, Any]) -> list[str]:
    """All, in the order of the result."""
    servers = scene.control.given("server_info", **scene.filled(params))["servers"]
    return [one["id"] for one in servers]


NOBODY = "00000000-0000-4000-8000-000000000000"
SORTS: dict[str, dict[str, Any]] = {
    "by name": {},
    "the newest first": {"sort_key": ["created_at"]},
    "by host, of which some have none": {"sort_key": ["host"], "sort_dir": ["desc"]},
    "by several": {"sort_key": ["power_state", "display_name"], "sort_dir": ["asc", "desc"]},
    "with a filter": {"tags": ["web"], "sort_key": ["uuid"], "sort_dir": ["asc"]},
}
WRONG = {
    "a pattern": ({"name": "web[1"}, "option name: 'web[1' is no regular expression"),
    "a status": ({"status": "STOPPED"}, "'STOPPED' is no server status. Use one of ACTIVE"),
    "a vm_state": ({"vm_state": "SHUTOFF"}, "'SHUTOFF' is no vm_state. Use one of active"),
    "a task_state": ({"task_state": "powering_off"}, "'powering_off' is no task_state"),
    "an address": ({"ip": "10.0.0.1["}, "option ip: '10.0.0.1[' is no regular expression"),
    "an address of the other kind": ({"ip": "2001:db8::1"}, "is no IPv4 address"),
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


@pytest.mark.parametrize("sort", SORTS.values(), ids=SORTS)
def test_pages_one_after_another_are_the_whole_list(scene: Scene, sort: dict[str, Any]) -> None:
    whole = ids(scene, sort)
    found, page = [], ids(scene, {**sort, "limit": 4})
    while page:
        assert len(page) <= 4
        found += page
        page = ids(scene, {**sort, "limit": 4, "marker": found[-1]})
    assert found == whole
    assert len(set(found)) == len(found)


def test_sorted_as_nova_sorts(scene: Scene) -> None:
    """By the state that is shown, backwards, and those alike by name."""
    wanted = {"sort_key": ["vm_state", "display_name"], "sort_dir": ["desc", "asc"]}
    states = {one["name"]: one["vm_state"] for one in listed(scene, wanted)}
    by_name = sorted(states)
    assert list(states) == sorted(by_name, key=lambda name: states[name], reverse=True)
    own = scene.own_order("sort_key=vm_state&sort_dir=desc&sort_key=display_name&sort_dir=asc")
    assert own in (None, list(states))


def test_a_page_of_those_that_match(scene: Scene) -> None:
    """The marker need not be one of them."""
    paused = {"status": "PAUSED", "sort_key": ["display_name"], "sort_dir": ["asc"]}
    assert [one["name"] for one in listed(scene, {**paused, "limit": 1})] == ["late1"]
    after = {**paused, "limit": 9, "marker": "<late1>"}
    assert [one["name"] for one in listed(scene, after)] == ["web10"]
    assert listed(scene, {**paused, "marker": "<web2>"}) == []


def test_a_page_needs_no_more_requests(scene: Scene) -> None:
    def page(control: Control) -> None:
        assert len(control.given("server_info", limit=2)["servers"]) == 2

    assert scene.requests_of(page) <= scene.one_reading


def test_pages_of_hypervisors(scene: Scene) -> None:
    def page(**params: Any) -> list[str]:
        found = scene.control.given("hypervisor_info", **params)["hypervisors"]
        return [one["id"] for one in found]

    whole = page(limit=1000)
    assert sorted(whole) == sorted(page())
    first = page(limit=1)
    assert first == whole[:1]
    assert page(limit=1000, marker=first[0]) == whole[1:]
    assert page(limit=1, marker=first[0]) == whole[1:2]
    part = scene.control.idle[-2:]
    assert len(page(limit=1, hypervisor_hostname_pattern=part)) == 1


BEYOND = {
    "a limit of servers": ("server_info", {"limit": 0}, "option limit: 0 is less than one"),
    "a limit of hosts": ("hypervisor_info", {"limit": -1}, "option limit: -1 is less than one"),
    "a marker of servers": ("server_info", {"marker": NOBODY}, NOBODY),
    "a marker of hosts": ("hypervisor_info", {"marker": NOBODY}, NOBODY),
    "directions": (
        "server_info",
        {"sort_key": ["host"], "sort_dir": ["asc", "desc"]},
        "option sort_dir: there are 2 directions for 1 sort keys",
    ),
}


@pytest.mark.parametrize(("module", "params", "text"), BEYOND.values(), ids=BEYOND)
def test_pages_that_there_are_none_of(
    scene: Scene, module: str, params: dict[str, Any], text: str
) -> None:
    result = scene.control.run(module, **params)
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
