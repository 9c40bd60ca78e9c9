# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extra specs against the metadata of aggregates: the operators of Nova's documents, and hosts."""

from __future__ import annotations

from typing import Any

import pytest
from unit.fleets import fleet, host, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    ExtraSpec,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.placing.extra_specs import (
    OPERATORS,
    heeded,
    matches,
    unmet,
    values,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.placing.steering import (
    Steering,
)

TABLE: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    # operator of https://docs.openstack.org/nova/latest/configuration/extra-specs.html:
    # values and what is wanted of them, first where they match, then where they don't
    "=": ([("5", "= 5"), ("6", "= 5"), ("1e3", "= 999.5")], [("4.9", "= 5"), ("five", "= 5")]),
    "==": ([("5", "== 5"), ("5.0", "== 5")], [("6", "== 5"), ("", "== 0"), ("5", "== five")]),
    "!=": ([("6", "!= 5")], [("5.0", "!= 5"), ("five", "!= 5")]),
    ">=": ([("5", ">= 5"), ("10", ">= 5")], [("4", ">= 5"), ("many", ">= 5")]),
    "<=": ([("5", "<= 5"), ("-1", "<= 5")], [("10", "<= 5"), ("few", "<= 5")]),
    "s==": ([("2.1.0", "s== 2.1.0")], [("2.1", "s== 2.1.0"), ("5.0", "s== 5")]),
    "s!=": ([("5.0", "s!= 5")], [("ssd", "s!= ssd")]),
    "s>=": ([("b", "s>= a"), ("a", "s>= a"), ("9", "s>= 10")], [("10", "s>= 9")]),
    "s>": ([("b", "s> a")], [("a", "s> a"), ("10", "s> 9")]),
    "s<=": ([("a", "s<= b"), ("a", "s<= a"), ("10", "s<= 9")], [("9", "s<= 10")]),
    "s<": ([("a", "s< b")], [("a", "s< a"), ("9", "s< 10")]),
    "<in>": ([("gcc-12", "<in> gcc"), ("gcc", "<in> gcc clang")], [("clang", "<in> gcc")]),
    "<all-in>": (
        [("aes mmx sse", "<all-in> aes mmx"), ("aesmmx", "<all-in> mmx")],
        [("aes sse", "<all-in> aes mmx")],
    ),
    "<or>": (
        [("fpu", "<or> fpu <or> gpu"), ("gpu", "<or> fpu <or> gpu"), ("gpu", "<or> gpu <or>")],
        [("fpu2", "<or> fpu <or> gpu"), ("<or>", "<or> fpu <or> gpu"), ("fpu gpu", "<or> fpu")],
    ),
    "none": (
        [("true", "true"), ("", ""), ("a b", "a b"), ("> 5", "> 5"), ("=5", "=5"), (" a", " a")],
        [("True", "true"), ("true", " true"), ("6", "> 5"), ("6", "=5")],
    ),
    "an operator alone": ([], [(v, op) for op in OPERATORS for v in ("", "5", op)]),
}
ROWS = [
    pytest.param(value, wanted, expected, id=f"{name}: {value!r} {wanted!r}")
    for name, (good, bad) in TABLE.items()
    for expected, pairs in ((True, good), (False, bad))
    for value, wanted in pairs
]


def test_every_operator_has_a_row() -> None:
    assert set(TABLE) == {*OPERATORS, "none", "an operator alone"}


@pytest.mark.parametrize(("value", "wanted", "expected"), ROWS)
def test_operators(value: str, wanted: str, expected: bool) -> None:
    assert matches(value, wanted) is expected


FAST = Aggregate("fast", {"ssd": "true", "gen": "3"}, ("xen1", "xen2"))
RACK = Aggregate("rack", {"gen": "5, 7", "availability_zone": "a"}, ("xen2",))


def test_values_are_those_of_all_aggregates_and_of_lists() -> None:
    assert values([FAST, RACK], "gen") == {"3", "5", "7"}
    assert values([FAST, RACK], "gpu") == frozenset()
    assert values([Aggregate("a", {"note": ""})], "note") == {""}


@pytest.mark.parametrize(
    ("specs", "lacking"),
    [
        ({}, []),
        ({"ssd": "true"}, []),
        ({"gen": "3"}, []),
        ({"gen": ">= 6"}, []),
        ({"gen": "== 4", "ssd": "false"}, ["gen", "ssd"]),
        ({"gpu": "s!= none"}, ["gpu"]),
        ({"availability_zone": "a", "gpu": ""}, ["gpu"]),
    ],
)
def test_one_value_that_matches_is_enough_and_none_is_too_few(
    specs: dict[str, str], lacking: list[str]
) -> None:
    wanted = [ExtraSpec(*item) for item in specs.items()]
    assert [spec.key for spec in unmet([FAST, RACK], wanted)] == lacking


def test_the_filter_looks_at_its_scope_and_at_what_has_none() -> None:
    specs = {
        "aggregate_instance_extra_specs:ssd": "true",
        "aggregate_instance_extra_specs:a:b": "1",
        "gen": "3",
        "hw:cpu_policy": "dedicated",
        "aggregate_instance_extra_specs": "1",
    }
    assert heeded(specs) == (
        ("ssd", "true"),
        ("a:b", "1"),
        ("gen", "3"),
        ("aggregate_instance_extra_specs", "1"),
    )


# --- servers on hosts ---------------------------------------------------------------------------


def against(name: str, *wanted: tuple[str, str]) -> Any:
    """What is against a server on this host."""
    known = fleet([host(n, "p") for n in ("xen1", "xen2", "xen3")], [FAST, RACK])
    found = known.host(name)
    assert found is not None
    specs = tuple(ExtraSpec(*one) for one in wanted)
    return Steering(known).unwanted(server("web1", "xen3", "p", extra_specs=specs), found)


def test_a_server_goes_where_all_that_it_wants_is() -> None:
    assert against("xen3") is None
    assert against("xen2", ("ssd", "true"), ("gen", ">= 6")) is None
    lacking = against("xen1", ("ssd", "true"), ("gen", ">= 6"))
    assert lacking.of_host == "has no aggregate with the wanted gen=>= 6"
    assert lacking.remedy == (
        "Set gen in the metadata of an aggregate of the host, or take the tag or item aggregate:KEY "
        "from the server"
    )


def test_what_contradicts_itself_is_nowhere() -> None:
    lacking = against("xen1", ("ssd", "true"), ("ssd", "false"))
    assert lacking.of_host == "has no aggregate with the wanted ssd=false"
