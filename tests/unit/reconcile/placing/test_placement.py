# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where servers fit."""

from __future__ import annotations

from typing import Any

import pytest
from unit.fleets import GIB, fleet, host, network, server, storage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    ComputeService,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.placing.placement import (
    closed_to_guests,
    equipment,
    older,
    place,
)


def pool_of(**free: int) -> Any:
    """A fleet of one pool with hosts of that many GiB free."""
    return fleet([host(n, "p", memory_free=g * GIB) for n, g in free.items()])


PLACEMENTS: list[tuple[str, dict[str, int], list[int], dict[str, str], list[str]]] = [
    # title, free GiB by host, GiB of each server, where each goes, those left over
    ("roomiest first", {"a": 10, "b": 20}, [4], {"s0": "b"}, []),
    ("spread", {"a": 20, "b": 20}, [8, 8], {"s0": "a", "s1": "b"}, []),
    ("biggest first", {"a": 8, "b": 6}, [6, 8], {"s1": "a", "s0": "b"}, []),
    (
        "packed where spreading leaves one over",
        {"a": 6, "b": 4},
        [4, 3, 3],
        {"s0": "b", "s1": "a", "s2": "a"},
        [],
    ),
    ("nothing fits", {"a": 2, "b": 3}, [4], {}, ["s0"]),
    ("exactly full", {"a": 4}, [4], {"s0": "a"}, []),
]


@pytest.mark.parametrize(
    ("free", "sizes", "chosen", "unplaced"),
    [row[1:] for row in PLACEMENTS],
    ids=[row[0] for row in PLACEMENTS],
)
def test_place(
    free: dict[str, int],
    sizes: list[int],
    chosen: dict[str, str],
    unplaced: list[str],
) -> None:
    servers = [server(f"s{i}", "src", memory=g * GIB) for i, g in enumerate(sizes)]
    placed = place(pool_of(**free), servers, {s.id: list(free) for s in servers})
    assert {k.removeprefix("uuid-"): v for k, v in placed.chosen.items()} == chosen
    assert [s.name for s in placed.unplaced] == unplaced
    for name, gib in free.items():
        used = sum(s.memory for s in servers if placed.chosen.get(s.id) == name)
        assert placed.free[name] == gib * GIB - used >= 0


def test_the_most_constrained_server_gets_its_only_host() -> None:
    """Spreading alone would give the only host that c can use to the bigger ones."""
    big = server("big", "src", memory=6 * GIB)
    pinned = server("pinned", "src", memory=5 * GIB)
    placed = place(pool_of(a=9, b=8), [big, pinned], {big.id: ["a", "b"], pinned.id: ["a"]})
    assert placed.chosen == {big.id: "b", pinned.id: "a"}


def test_group_members_are_kept_apart() -> None:
    pair = [server(f"db{i}", "src", groups=("db",)) for i in (1, 2)]
    there = server("db3", "a", groups=("db",))
    known = fleet([host(n, "p") for n in "abc"], servers=[there])
    placed = place(known, pair, {s.id: ["a", "b", "c"] for s in pair})
    assert sorted(placed.chosen.values()) == ["b", "c"]


def test_group_members_meet_only_if_not_enforced_and_only_where_they_must() -> None:
    members = [server(f"db{i}", "src", groups=("db",)) for i in (1, 2)]
    known = fleet([host("a", "p"), host("b", "p")], servers=[server("db3", "a", groups=("db",))])
    options = {s.id: ["a", "b"] for s in members}
    assert [s.name for s in place(known, members, options).unplaced] == ["db2"]
    relaxed = place(known, members, options, enforce_groups=False)
    assert relaxed.chosen[members[0].id] == "b"
    assert relaxed.unplaced == []


CLOSED: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    ("in service", {}, {}, None),
    ("down", {"live": False}, {}, "is down"),
    ("disabled", {"enabled": False}, {}, "is disabled"),
    ("service disabled", {}, {"status": "disabled"}, "has its compute service disabled"),
    ("forced down", {}, {"forced_down": True}, "is forced down"),
    (
        "marked by XenCenter",
        {"other_config": {"MAINTENANCE_MODE": "true"}},
        {},
        "is in maintenance mode",
    ),
    ("evacuating", {"operations": ("evacuate",)}, {}, "is busy with evacuate"),
    ("taking guests", {"operations": ("vm_migrate",)}, {}, None),
]


@pytest.mark.parametrize(
    ("fields", "service", "reason"), [r[1:] for r in CLOSED], ids=[r[0] for r in CLOSED]
)
def test_closed_to_guests(
    fields: dict[str, Any], service: dict[str, Any], reason: str | None
) -> None:
    one = host("a", **fields)
    known = fleet([one], services=[ComputeService(host="a", **service)])
    assert closed_to_guests(known, one) == reason


def test_a_host_in_maintenance_is_closed() -> None:
    one = host("a")
    known = fleet([one], maintenances=[Maintenance(host="a", name="m", phase="in_maintenance")])
    assert closed_to_guests(known, one) == "is in maintenance"
    over = fleet([one], maintenances=[Maintenance(host="a", name="m", phase="done")])
    assert closed_to_guests(over, one) is None


MISFITS: list[tuple[str, dict[str, Any], str | None, str]] = [
    ("fits", {"storage": frozenset({"uuid-nfs"}), "networks": frozenset({"uuid-lan-p"})}, None, ""),
    (
        "local disk",
        {"storage": frozenset({"uuid-local"})},
        "SR local is not attached",
        "Move its disk",
    ),
    ("CD", {"storage": frozenset({"uuid-isos"})}, "SR isos is not attached", "Eject its CD"),
    ("unplugged", {"storage": frozenset({"uuid-half"})}, "SR half is not attached", "Plug the SR"),
    ("unknown SR", {"storage": frozenset({"gone"})}, "SR gone is not attached", "Move its disk"),
    ("network", {"networks": frozenset({"uuid-dmz-p"})}, "network dmz is missing", "Connect"),
    ("too many CPUs", {"vcpus": 17}, "only 16 CPUs for its 17", "fewer virtual CPUs"),
]


@pytest.mark.parametrize(
    ("fields", "reason", "remedy"), [r[1:] for r in MISFITS], ids=[r[0] for r in MISFITS]
)
def test_misfit(fields: dict[str, Any], reason: str | None, remedy: str) -> None:
    a, b = host("a", "p"), host("b", "p")
    known = fleet(
        [a, b],
        storages=[
            storage("nfs", "p", {"a", "b"}),
            storage("half", "p", {"a"}),
            storage("local", "p", {"a"}, shared=False),
            storage("isos", "p", {"a"}, shared=False, content_type="iso"),
        ],
        networks=[network("lan", "p", {"a", "b"}), network("dmz", "p", {"a"})],
    )
    lacking = equipment(known)(server("s", "a", **fields), b)
    assert (lacking and lacking.reason) == reason
    assert lacking is None or remedy in lacking.remedy


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        ("3.2.0", "3.2.1", True),
        ("3.10.0", "3.9.0", False),
        ("3.2.0", "3.2.0", False),
        ("", "3.2", False),
    ],
)
def test_older(mine: str, other: str, expected: bool) -> None:
    a = host("a", software={"platform_version": mine})
    b = host("b", software={"platform_version": other})
    assert older(a, b) is expected
