# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's pure decisions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ansible_collections.xenfleet.compute.tests.simulators.xapi import (
    events,
    host_rules,
    journal,
    migrate,
    placement,
    site_values,
    values,
    vm_rules,
    where,
    wire,
)
from ansible_collections.xenfleet.compute.tests.simulators.xapi.errors import Failure

MIB = 1024**2
ROWS: list[dict[str, Any]] = [
    {"name__label": "a", "power_state": "Halted", "is_a_template": True},
    {"name__label": "b", "power_state": "Running", "is_a_template": False},
    {"name__label": 'it\'s "c"', "power_state": "Running", "is_a_template": True},
]


def select(text: str) -> list[int]:
    test = where.compile_expression(text, set(ROWS[0]))
    return [n for n, row in enumerate(ROWS) if test(row.__getitem__)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("true", [0, 1, 2]),
        ('field "name__label" = "a"', [0]),
        ("field 'name__label'='b'", [1]),
        ('field "power_state"="Running" and field "is_a_template"="true"', [2]),
        ('field "power_state"="Halted" or field "is_a_template"="false"', [0, 1]),
        ('(false or true) and field "name__label"="b"', [1]),
        ('not field "name__label"="a" and field "power_state"="Halted"', [1, 2]),
    ],
)
def test_where_selects(text: str, found: list[int]) -> None:
    assert select(text) == found


@pytest.mark.parametrize("text", ["", "name_label=x", 'field "power_state"=', "true true", "(true"])
def test_where_refuses_what_it_cannot_parse(text: str) -> None:
    with pytest.raises(Failure) as caught:
        select(text)
    assert caught.value.details[:2] == ["INVALID_VALUE", text]


def test_where_names_an_unknown_column() -> None:
    with pytest.raises(Failure) as caught:
        select('field "name_label"="a"')
    assert caught.value.details == ["INTERNAL_ERROR", "missing field", "name_label", ""]


@pytest.mark.parametrize(
    ("kind", "given", "result"),
    [
        ("int", "12", 12),
        ("float", 3, 3.0),
        ("enum vm_power_state", "halted", "Halted"),
        ("string set", ["a"], ["a"]),
        ("(string -> int) map", {"a": "1"}, {"a": 1}),
    ],
)
def test_values_are_converted(kind: str, given: Any, result: Any) -> None:
    assert values.unmarshal(kind, given) == result


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("int", "x"),
        ("bool", "true"),
        ("string", 5),
        ("string set", "a"),
        ("enum vm_power_state", "odd"),
        ("VM ref", None),
    ],
)
def test_wrong_types_are_internal_errors(kind: str, given: Any) -> None:
    with pytest.raises(Failure) as caught:
        values.unmarshal(kind, given)
    assert caught.value.details[0] == "INTERNAL_ERROR"


def test_a_running_vm_may_move_and_a_halted_one_start() -> None:
    running = set(vm_rules.allowed_operations(vm_rules.VmView("v", "Running")))
    halted = set(vm_rules.allowed_operations(vm_rules.VmView("v", "Halted")))
    assert {"pool_migrate", "clean_shutdown", "suspend"} <= running - halted
    assert {"start", "start_on", "destroy", "clone"} <= halted - running


@pytest.mark.parametrize(
    ("view", "op", "error"),
    [
        ({"blocked": {"start": "no"}}, "start", ["OPERATION_BLOCKED", "v", "no"]),
        (
            {"is_template": True, "blocked": {"start": "no"}},
            "start",
            ["OPERATION_BLOCKED", "v", "no"],
        ),
        ({"is_template": True}, "pause", ["VM_BAD_POWER_STATE", "v", "running", "halted"]),
        ({"is_template": True}, "start", ["VM_IS_TEMPLATE", "v", "start"]),
        (
            {"operations": {"t": "clone"}},
            "start",
            ["OTHER_OPERATION_IN_PROGRESS", "VM", "v", "clone", "t"],
        ),
        ({"operations": {"t": "clone"}}, "clone", None),
        ({"is_snapshot": True, "is_template": True}, "start", ["VM_IS_SNAPSHOT", "v", "start"]),
    ],
)
def test_checks_come_in_order(view: dict[str, Any], op: str, error: list[str] | None) -> None:
    assert vm_rules.refusal(vm_rules.VmView("v", "Halted", **view), op) == error


def test_force_passes_a_missing_agent_but_not_a_pci_device() -> None:
    agentless = vm_rules.VmView("v", "Running", lacks_features=True)
    assert vm_rules.refusal(agentless, "pool_migrate") == ["VM_LACKS_FEATURE", "v"]
    assert vm_rules.refusal(agentless, "pool_migrate", force=True) is None
    bound = vm_rules.VmView("v", "Running", has_pci=True)
    assert vm_rules.refusal(bound, "pool_migrate", force=True) == ["VM_HAS_PCI_ATTACHED", "v"]


def test_a_host_that_is_shutting_down_takes_no_guests() -> None:
    assert host_rules.host_operations(False, True, {"shutdown"}, "") == [
        "enable",
        "evacuate",
        "shutdown",
        "vm_start",
    ]
    assert host_rules.host_conflict("vm_migrate", {"t": "evacuate"}, "h") == [
        "OTHER_OPERATION_IN_PROGRESS",
        "host",
        "h",
        "evacuate",
        "t",
    ]
    assert host_rules.host_conflict("vm_migrate", {"t": "vm_migrate"}, "h") is None


def test_overhead_is_what_xapi_reckons() -> None:
    assert placement.overhead(2, 1024**4) == 1108106805248 - 1024**4


def test_packing_fills_the_roomiest_and_says_what_is_left() -> None:
    none: dict[str, set[str]] = {v: set() for v in "abc"}
    empty: dict[str, Counter[str]] = {"x": Counter(), "y": Counter()}
    assert placement.pack({"a": 5, "b": 4, "c": 3}, {"x": 6, "y": 5}, none, empty) == {
        "a": "x",
        "b": "y",
        "c": None,
    }


def test_packing_keeps_a_group_apart() -> None:
    groups = {"a": {"g"}, "b": {"g"}}
    members = {"big": Counter({"g": 1}), "small": Counter[str](), "tiny": Counter[str]()}
    assert placement.pack(
        {"a": 2, "b": 1}, {"big": 100, "small": 3, "tiny": 2}, groups, members
    ) == {"a": "small", "b": "tiny"}


def test_an_idle_guest_needs_one_long_round() -> None:
    sent, left = migrate.rounds(1024 * MIB, 0, 100 * MIB)
    assert (sent, left) == ([1024 * MIB], 0)


def test_rounds_shrink_with_the_dirty_rate() -> None:
    sent, left = migrate.rounds(1000 * MIB, 20 * MIB, 100 * MIB)
    assert sent == pytest.approx([1000 * MIB, 200 * MIB, 40 * MIB, 8 * MIB, 1.6 * MIB])
    assert left == pytest.approx(0.32 * MIB)


def test_a_guest_that_writes_faster_than_the_link_pauses_for_all_its_memory() -> None:
    sent, left = migrate.rounds(1000 * MIB, 200 * MIB, 100 * MIB)
    assert sent == [1000 * MIB]
    assert left == 1000 * MIB


@pytest.mark.parametrize(
    ("text", "amount"),
    [("64 GiB", 64 * 1024**3), ("512M", 512 * MIB), (1024, 1024), ("1.5k", 1536)],
)
def test_sizes(text: Any, amount: int) -> None:
    assert site_values.size(text) == amount


def test_the_journal_hides_secrets_and_sessions() -> None:
    shown = journal.shown_args(
        "Async.pool.join", ["OpaqueRef:session", "10.0.0.1", "root", "hunter2"]
    )
    assert shown == ["10.0.0.1", "root", journal.MASK]
    shown = journal.shown_args(
        "SR.create",
        ["s", "h", {"server": "x", "password": "hunter2"}, "0", "n", "", "nfs", "", True, {}],
    )
    assert shown[1] == {"server": "x", "password": journal.MASK}
    assert journal.shown_args("session.login_with_password", ["root", "hunter2"]) == [
        "root",
        journal.MASK,
    ]


@pytest.mark.parametrize(
    ("method", "mutating"),
    [
        ("VM.get_record", False),
        ("session.login_with_password", False),
        ("event.from", False),
        ("host.assert_can_evacuate", False),
        ("Async.VM.pool_migrate", True),
        ("VM.add_to_other_config", True),
    ],
)
def test_what_counts_as_mutating(method: str, mutating: bool) -> None:
    assert journal.is_mutating(method) is mutating


def test_event_tokens() -> None:
    assert events.parse_token(events.make_token(17)) == 17
    assert events.parse_token("") == 0
    with pytest.raises(Failure):
        events.parse_token("17")


def test_ints_travel_as_text_and_counts_as_numbers() -> None:
    assert (
        wire.xml_text({"a": 5})
        == "<value><struct><member><name>a</name><value>5</value></member></struct></value>"
    )
    assert wire.xml_text(wire.SmallInt(5)) == "<value><i4>5</i4></value>"
    assert wire.xml_text("a<\x01b") == "<value>a&lt;b</value>"
    assert wire.xml_text(None) == "<value></value>"
