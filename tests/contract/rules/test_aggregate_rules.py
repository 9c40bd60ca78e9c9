# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Compute API's rules on aggregates, rows 1 to 21, through the modules."""

from __future__ import annotations

import pytest
from contract.rules.control import Control

LONG = "x" * 256


@pytest.mark.parametrize("name", ["", LONG, " prod", "prod ", "pr\nod"])
def test_row_01_aggregate_name(control: Control, name: str) -> None:
    control.refused(400, "the name has", "aggregate", name=name)


def test_row_01_update_trims_the_name(control: Control) -> None:
    control.done("aggregate", name="prod")
    control.done("aggregate", name="prod", new_name=" live ")
    assert control.sql("select name from xenfleet_aggregates") == [{"name": "live"}]
    control.refused(400, "the name has", "aggregate", name="live", new_name=LONG)


def test_row_02_aggregate_name_is_unique(control: Control) -> None:
    control.done("aggregate", name="prod")
    control.done("aggregate", name="live")
    control.refused(
        409, "an aggregate named live already exists", "aggregate", name="prod", new_name="live"
    )
    control.kept("aggregate", name="prod", new_name="prod")
    control.kept("aggregate", name="prod")


def test_row_03_unknown_aggregate(control: Control) -> None:
    control.done("aggregate", name="prod")
    for state in ("present", "absent"):
        control.refused(
            404,
            "aggregate live: it does not exist; there are prod",
            "aggregate_host",
            aggregate="live",
            hosts=["lone1"],
            state=state,
        )


@pytest.mark.parametrize("zone", [LONG, "a:b", " a", "a ", "a\tb"])
def test_row_04_zone_name(control: Control, zone: str) -> None:
    control.refused(400, "availability zone", "aggregate", name="prod", availability_zone=zone)
    control.done("aggregate", name="prod", availability_zone="a")
    control.refused(400, "availability zone", "aggregate", name="prod", availability_zone=zone)


def test_row_05_zone_is_never_unset(control: Control) -> None:
    control.done("aggregate", name="prod", availability_zone="a")
    control.refused(400, "cannot be removed", "aggregate", name="prod", availability_zone="")
    for value in ("", None):
        metadata = {"availability_zone": value}
        control.refused(400, "cannot be removed", "aggregate", name="prod", metadata=metadata)
    control.done("aggregate", name="prod", metadata={"ssd": "true"}, purge_metadata=True)
    assert control.metadata("prod") == {"availability_zone": "a", "ssd": "true"}


@pytest.mark.parametrize("key", ["", LONG, "a/b", "ä", "a\n"])
def test_row_06_metadata_key(control: Control, key: str) -> None:
    control.refused(400, "metadata key", "aggregate", name="prod", metadata={key: "1"})


def test_row_06_metadata_value_and_merge(control: Control) -> None:
    control.done("aggregate", name="prod", metadata={"a": "1", "b": "x" * 255, "c d:e_f.g-": "2"})
    control.refused(400, "256 characters", "aggregate", name="prod", metadata={"a": LONG})
    control.kept("aggregate", name="prod", metadata={"nothing": None})
    control.done("aggregate", name="prod", metadata={"a": "3", "b": None, "n": ""})
    assert control.metadata("prod") == {"a": "3", "c d:e_f.g-": "2", "n": ""}


def test_row_07_zone_inside_metadata_is_the_zone(control: Control) -> None:
    for zone in (LONG, "a:b", " a"):
        metadata = {"availability_zone": zone}
        control.refused(400, "availability zone", "aggregate", name="prod", metadata=metadata)
    made = control.done("aggregate", name="prod", metadata={"availability_zone": "a"})
    assert made["aggregate"]["availability_zone"] == "a"
    control.kept("aggregate", name="prod", availability_zone="a")
    control.refused(
        400,
        "Give the zone once",
        "aggregate",
        name="prod",
        availability_zone="b",
        metadata={"availability_zone": "a"},
    )


def test_row_08_zone_change_against_another_aggregate(control: Control) -> None:
    control.done("aggregate", name="prod", availability_zone="a", hosts=["lone1"])
    control.done("aggregate", name="ssd", availability_zone="a", hosts=["lone1"])
    control.refused(
        400, "lone1 is in availability zone a", "aggregate", name="ssd", availability_zone="b"
    )
    control.done("aggregate", name="plain", hosts=["lone1"])
    control.refused(
        400,
        "lone1 is in availability zone a",
        "aggregate",
        name="plain",
        metadata={"availability_zone": "b"},
    )


def test_row_09_zone_change_under_servers(control: Control) -> None:
    control.done("aggregate", name="prod", hosts=["xen1"])
    control.refused(
        400, "host xen1 has servers (web1)", "aggregate", name="prod", availability_zone="a"
    )
    in_default = {"availability_zone": "a", "default_availability_zone": "a"}
    control.done("aggregate", name="east", hosts=["xen1"], **in_default)
    control.kept("aggregate", name="east", **in_default)
    control.refused(
        400, "host xen1 has servers (web1)", "aggregate", name="east", availability_zone="b"
    )


@pytest.mark.parametrize("host", ["", "a b", LONG, "a/b", "ä"])
def test_row_10_host_name(control: Control, host: str) -> None:
    control.done("aggregate", name="prod")
    control.refused(400, "host name", "aggregate_host", aggregate="prod", hosts=[host])


@pytest.mark.parametrize("host", ["xen9", "XEN1", "Lone1"])
def test_row_11_host_without_service(control: Control, host: str) -> None:
    control.done("aggregate", name="prod", hosts=["lone1"])
    for state in ("present", "absent"):
        control.refused(
            404,
            f"host {host}: no compute service",
            "aggregate_host",
            aggregate="prod",
            hosts=["lone2", host],
            state=state,
        )


def test_row_12_host_in_another_zone(control: Control) -> None:
    control.done("aggregate", name="east", availability_zone="e", hosts=["lone1"])
    control.done("aggregate", name="west", availability_zone="w")
    control.refused(
        409,
        "it is in availability zone e through aggregate east",
        "aggregate_host",
        aggregate="west",
        hosts=["lone2", "lone1"],
    )


def test_row_13_entering_a_zone_with_servers(control: Control) -> None:
    control.done("aggregate", name="east", availability_zone="e")
    control.refused(
        409,
        "from availability zone nova to e while it has servers (web1)",
        "aggregate_host",
        aggregate="east",
        hosts=["xen1"],
    )
    control.done("aggregate", name="plain", hosts=["xen1"])
    control.done("aggregate", name="default", availability_zone="nova", hosts=["xen1"])
    assert control.members("default") == ["xen1"]


def test_row_14_member_already(control: Control) -> None:
    control.done("aggregate", name="prod", hosts=["lone1"])
    control.kept("aggregate_host", aggregate="prod", hosts=["lone1"])


def test_row_15_leaving_a_zone_with_servers(control: Control) -> None:
    in_default = {"default_availability_zone": "e"}
    control.done("aggregate", name="east", availability_zone="e", hosts=["xen1"], **in_default)
    control.refused(
        409,
        "from availability zone e to nova while it has servers (web1)",
        "aggregate_host",
        aggregate="east",
        hosts=["xen1"],
        state="absent",
    )
    control.refused(
        409, "from availability zone e to nova", "aggregate", name="east", hosts=["lone1"]
    )
    control.done("aggregate", name="also", availability_zone="e", hosts=["xen1"])
    control.done("aggregate_host", aggregate="east", hosts=["xen1"], state="absent")
    assert (control.members("east"), control.members("also")) == ([], ["xen1"])


def test_row_16_no_member(control: Control) -> None:
    control.done("aggregate", name="prod", hosts=["lone1"])
    control.kept("aggregate_host", aggregate="prod", hosts=["lone2"], state="absent")


def test_row_17_aggregate_with_hosts(control: Control) -> None:
    control.done("aggregate", name="prod", hosts=["lone1"])
    control.refused(400, "it is not empty", "aggregate", name="prod", state="absent")
    control.done("aggregate", name="prod", hosts=[])
    control.done("aggregate", name="prod", state="absent")
    assert control.sql("select * from xenfleet_aggregates") == []


def test_row_18_many_aggregates_one_zone(control: Control) -> None:
    control.done("aggregate", name="a", availability_zone="east", hosts=["lone1"])
    control.done("aggregate", name="b", availability_zone="east", hosts=["lone1"])
    control.done("aggregate", name="c", hosts=["lone1"])
    found = control.done("compute_service_info")["services"]
    assert {s["host"]: s["zone"] for s in found} == {
        "lone1": "east",
        "lone2": "nova",
        "xen1": "nova",
        "xen2": "nova",
    }


STATES = ["created", "changing", "active", "error", "dismissed"]


@pytest.mark.parametrize("state", STATES)
def test_row_21_pool_state(control: Control, state: str) -> None:
    control.done("aggregate", name="prod", hosts=["lone1"])
    metadata = {"hypervisor_pool": "true", "operational_state": state}
    control.done("aggregate", name="prod", metadata=metadata)
    add = {"aggregate": "prod", "hosts": ["lone2"]}
    remove = {"aggregate": "prod", "hosts": ["lone1"], "state": "absent"}
    text = f"while its pool is in operational_state {state}"
    if state in ("changing", "error", "dismissed"):
        control.refused(409, f"host lone2 cannot be added {text}", "aggregate_host", **add)
    else:
        control.done("aggregate_host", **add)
    if state in ("created", "changing", "dismissed"):
        control.refused(409, f"host lone1 cannot be removed {text}", "aggregate_host", **remove)
    else:
        control.done("aggregate_host", **remove)
