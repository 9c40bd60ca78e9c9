# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Aggregates by id, the rule that only disabled hosts may leave, and warnings, on both control planes.

Nova has none of these rules itself, so that there are no verdicts to compare.
"""

from __future__ import annotations

from typing import Any

import pytest
from contract.rules.control import Control, Result

pytestmark = pytest.mark.memory


def refused(control: Control, status: int, text: str, module: str, **params: Any) -> None:
    """In check mode, too, and nothing is changed."""
    before = control.everything()
    for check_mode in (True, False):
        result = control.run(module, check_mode=check_mode, **params)
        assert result.get("failed"), f"not refused: {result}"
        assert result["error"]["status"] == status, result["msg"]
        assert text in result["msg"]
        assert result["error"]["remedy"]
    assert control.everything() == before


def given(control: Control, name: str, **params: Any) -> Result:
    aggregate: Result = control.given("aggregate", name=name, **params)["aggregate"]
    return aggregate


# --- ids ------------------------------------------------------------------------------------------


def test_an_aggregate_is_found_by_its_id(control: Control) -> None:
    prod = given(control, "prod", hosts=[control.spare1])
    word = str(prod["id"])
    shown = control.given("aggregate_info", name=word)["aggregates"]
    assert [one["name"] for one in shown] == ["prod"]
    joined = control.given("aggregate_host", aggregate=word, hosts=[control.spare2])
    assert joined["changed"]
    assert joined["aggregate"]["id"] == prod["id"]
    assert control.members("prod") == sorted([control.spare1, control.spare2])
    update = control.given("rolling_update_info", name="2026-11", aggregate=word)
    assert sorted(turn["host"] for turn in update["hosts"]) == control.members("prod")
    for module in ("server_info", "consolidation_info"):
        params = {"name": "less"} if module == "consolidation_info" else {}
        assert not control.given(module, aggregate=word, **params).get("failed")
    action = {"action": "stop", "filters": {"aggregate": word}}
    assert control.given("server_action", **action)["servers"] == []


def test_a_name_that_is_the_id_of_another_is_a_name(control: Control) -> None:
    prod = given(control, "prod")
    word = str(prod["id"])
    for check_mode in (True, False):
        result = control.run(
            "aggregate", name=word, metadata={"ssd": "true"}, check_mode=check_mode
        )
        assert result["changed"]
        (warning,) = control.warnings
        assert "this name is the id of aggregate prod" in warning
    assert control.metadata("prod") == {}
    assert control.metadata(word) == {"ssd": "true"}
    assert not control.given("aggregate", name=word, metadata={"ssd": "true"})["changed"]
    assert control.warnings == []
    (shown,) = control.given("aggregate_info", name=word)["aggregates"]
    assert shown["name"] == word
    control.given("aggregate_host", aggregate=word, hosts=[control.spare1])
    assert (control.members("prod"), control.members(word)) == ([], [control.spare1])


def test_a_second_deletion_by_a_number_leaves_the_aggregate_with_that_id(control: Control) -> None:
    prod = given(control, "prod")
    word = str(prod["id"])
    given(control, word)
    absent = {"name": word, "state": "absent"}
    assert control.given("aggregate", **absent)["changed"]
    assert not control.given("aggregate", **absent)["changed"]
    (warning,) = control.warnings
    assert "prod, is left alone" in warning
    assert list(control.aggregates()) == ["prod"]


def test_an_aggregate_is_managed_by_its_id(control: Control) -> None:
    prod = given(control, "prod", hosts=[control.spare1])
    other = given(control, "other")
    wanted = {"id": prod["id"], "new_name": "live", "metadata": {"ssd": "true"}}
    predicted = control.run("aggregate", check_mode=True, **wanted)["aggregate"]
    changed = control.given("aggregate", **wanted)["aggregate"]
    assert (changed["name"], changed["metadata"]) == ("live", {"ssd": "true"})
    assert {**predicted, "updated_at": changed["updated_at"]} == changed
    assert not control.given("aggregate", **wanted)["changed"]
    assert sorted(control.aggregates()) == ["live", "other"]
    control.given("aggregate", id=other["id"], new_name=str(prod["id"]))
    assert "is the id of aggregate live" in control.warnings[0]
    gone = {"id": prod["id"], "state": "absent", "remove_hosts": True}
    assert control.given("aggregate", **gone)["changed"]
    assert not control.given("aggregate", **gone)["changed"]
    assert list(control.aggregates()) == [str(prod["id"])]


def test_an_id_that_nothing_has_makes_no_aggregate(control: Control) -> None:
    refused(control, 404, "aggregate with id 999999: it does not exist", "aggregate", id=999999)


# --- leaving --------------------------------------------------------------------------------------


def test_only_a_disabled_host_may_leave_where_a_task_asks_for_that(control: Control) -> None:
    one, other = control.spare1, control.spare2
    given(control, "prod", hosts=[one, other])
    text = "with must_be_disabled only a disabled host may leave aggregate prod"
    leave = {"aggregate": "prod", "hosts": [one], "state": "absent", "must_be_disabled": True}
    refused(control, 409, f"host {one}: {text}", "aggregate_host", **leave)
    both = f"hosts {one} and {other}: {text}"
    refused(control, 409, both, "aggregate", name="prod", hosts=[], must_be_disabled=True)
    absent = {"name": "prod", "state": "absent", "remove_hosts": True, "must_be_disabled": True}
    refused(control, 409, both, "aggregate", **absent)
    control.given("compute_service", hosts=[one], status="disabled")
    assert control.given("aggregate_host", **leave)["changed"]
    assert not control.given("aggregate_host", **leave)["changed"]
    assert control.members("prod") == [other]
    refused(control, 409, f"host {other}: {text}", "aggregate", **absent)
    control.given("compute_service", hosts=[other], status="disabled")
    assert control.given("aggregate", **absent)["changed"]
    assert control.aggregates() == {}


def test_staying_and_joining_need_no_disabled_host(control: Control) -> None:
    one, other = control.spare1, control.spare2
    given(control, "prod", hosts=[one])
    grow = {"name": "prod", "hosts": [one, other], "must_be_disabled": True}
    assert control.given("aggregate", **grow)["changed"]
    join = {"aggregate": "prod", "hosts": [one, other], "must_be_disabled": True}
    assert not control.given("aggregate_host", **join)["changed"]


# --- metadata and zones ---------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "kind"), [(["a"], "list"), ({"a": 1}, "dictionary")])
def test_metadata_that_is_no_string_is_refused(control: Control, value: Any, kind: str) -> None:
    text = f"option metadata: the value of rack is a {kind}"
    refused(control, 400, text, "aggregate", name="prod", metadata={"ssd": "1", "rack": value})


def test_numbers_and_booleans_among_metadata_are_text(control: Control) -> None:
    metadata = {"ssd": True, "hdd": False, "rack": 12, "load": 1.5}
    given(control, "prod", metadata=metadata)
    expected = {"ssd": "true", "hdd": "false", "rack": "12", "load": "1.5"}
    assert control.metadata("prod") == expected
    assert not control.given("aggregate", name="prod", metadata=metadata)["changed"]


def test_a_zone_named_like_the_default_one_is_warned_of(control: Control) -> None:
    wanted = {"name": "prod", "availability_zone": "nova"}
    for check_mode in (True, False, False):
        assert not control.run("aggregate", check_mode=check_mode, **wanted).get("failed")
        (warning,) = control.warnings
        assert warning.startswith("aggregate prod: its availability zone nova is named like the")
    given(control, "west", availability_zone="west")
    assert control.warnings == []
    control.given("aggregate", name="west", metadata={"availability_zone": "nova"})
    assert len(control.warnings) == 1


@pytest.mark.parametrize("zone", ["ho:me", " home", "ho\tme"])
def test_a_default_zone_that_could_be_no_zone_is_refused(control: Control, zone: str) -> None:
    for module in ("aggregate_info", "compute_service_info"):
        result = control.run(module, default_availability_zone=zone)
        assert result.get("failed"), "not refused"
        assert result["error"]["status"] == 400
        assert result["msg"].startswith("option default_availability_zone: availability zone ")
