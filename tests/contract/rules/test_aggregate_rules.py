# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Compute API's rules on aggregates, rows 1 to 21, through the modules, on both control planes."""

from __future__ import annotations

import pytest
from contract.rules.control import Control
from contract.rules.keeping import judge
from contract.rules.nova_control import NovaControl

pytestmark = pytest.mark.memory

LONG = "x" * 256


def id_of(value: str) -> str:
    """Short and printable."""
    return f"{len(value)} characters" if value in ("", LONG) else ascii(value)[1:-1]


@pytest.mark.parametrize("name", ["", LONG, " prod", "prod ", "pr\nod"], ids=id_of)
def test_row_01_aggregate_name(control: Control, name: str) -> None:
    control.refused(400, "the name has", "aggregate", name=name)


def test_row_01_update_trims_the_name(control: Control) -> None:
    control.given("aggregate", name="prod")
    control.done("aggregate", name="prod", new_name=" live ")
    assert list(control.aggregates()) == ["live"]
    control.refused(400, "the name has", "aggregate", name="live", new_name=LONG)


def test_row_02_aggregate_name_is_unique(control: Control) -> None:
    control.given("aggregate", name="prod")
    control.given("aggregate", name="live")
    control.refused(
        409, "an aggregate named live already exists", "aggregate", name="prod", new_name="live"
    )
    control.kept("aggregate", name="prod", new_name="prod")
    control.kept("aggregate", name="prod")


def test_row_03_unknown_aggregate(control: Control) -> None:
    control.given("aggregate", name="prod")
    for state in ("present", "absent"):
        control.refused(
            404,
            "aggregate live: it does not exist; there are prod",
            "aggregate_host",
            aggregate="live",
            hosts=[control.spare1],
            state=state,
        )


@pytest.mark.parametrize("zone", [LONG, "a:b", " a", "a ", "a\tb"], ids=id_of)
def test_row_04_zone_name(control: Control, zone: str) -> None:
    control.refused(400, "availability zone", "aggregate", name="prod", availability_zone=zone)
    control.given("aggregate", name="prod", availability_zone="a")
    control.refused(400, "availability zone", "aggregate", name="prod", availability_zone=zone)


def test_row_05_zone_is_never_unset(control: Control) -> None:
    control.given("aggregate", name="prod", availability_zone="a")
    control.refused(400, "cannot be removed", "aggregate", name="prod", availability_zone="")
    for value in ("", None):
        metadata = {"availability_zone": value}
        control.refused(400, "cannot be removed", "aggregate", name="prod", metadata=metadata)
    control.done("aggregate", name="prod", metadata={"ssd": "true"}, purge_metadata=True)
    assert control.metadata("prod") == {"availability_zone": "a", "ssd": "true"}


@pytest.mark.parametrize("key", ["", LONG, "a/b", "ä", "a\n"], ids=id_of)
def test_row_06_metadata_key(control: Control, key: str) -> None:
    control.refused(400, "metadata key", "aggregate", name="prod", metadata={key: "1"})


def test_row_06_metadata_value_and_merge(control: Control) -> None:
    control.given("aggregate", name="prod", metadata={"a": "1", "b": "x" * 255, "c d:e_f.g-": "2"})
    control.refused(400, "256 characters", "aggregate", name="prod", metadata={"a": LONG})
    control.kept("aggregate", name="prod", metadata={"nothing": None})
    control.done("aggregate", name="prod", metadata={"a": "3", "b": None, "n": ""})
    assert control.metadata("prod") == {"a": "3", "c d:e_f.g-": "2", "n": ""}


def test_row_07_zone_inside_metadata_is_the_zone(control: Control) -> None:
    for zone in (LONG, "a:b", " a"):
        metadata = {"availability_zone": zone}
        control.refused(400, "availability zone", "aggregate", name="prod", metadata=metadata)
    created = control.done("aggregate", name="prod", metadata={"availability_zone": "a"})
    assert created["aggregate"]["availability_zone"] == "a"
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
    control.given("aggregate", name="prod", availability_zone="a", hosts=[control.spare1])
    control.given("aggregate", name="ssd", availability_zone="a", hosts=[control.spare1])
    control.refused(
        400,
        f"{control.spare1} is in availability zone a",
        "aggregate",
        name="ssd",
        availability_zone="b",
    )
    control.given("aggregate", name="plain", hosts=[control.spare1])
    control.refused(
        400,
        f"{control.spare1} is in availability zone a",
        "aggregate",
        name="plain",
        metadata={"availability_zone": "b"},
    )


def test_row_09_zone_change_under_servers(control: Control) -> None:
    control.given("aggregate", name="prod", hosts=[control.busy])
    for zone in ("a", "nova"):
        control.refused(
            400,
            f"host {control.busy} has servers (web1)",
            "aggregate",
            name="prod",
            availability_zone=zone,
        )
    control.given("aggregate", name="east", availability_zone="e")
    host = control.inhabit("east")
    control.kept("aggregate", name="east", availability_zone="e")
    control.refused(
        400, f"host {host} has servers", "aggregate", name="east", availability_zone="b"
    )


def test_row_09_zone_change_with_servers(control: Control) -> None:
    control.given("aggregate", name="prod", hosts=[control.busy])
    zoned = {"name": "prod", "availability_zone": "a", "allow_zone_change": True}
    result = control.differs("a zone for a host with servers", "aggregate", **zoned)
    moved = not result.get("failed")
    assert control.metadata("prod") == ({"availability_zone": "a"} if moved else {})


@pytest.mark.nova
def test_row_09_softly_deleted_server(request: pytest.FixtureRequest, nova: NovaControl) -> None:
    with_softly_deleted_server(nova, nova.spare1)
    zoned = {"name": "plain", "availability_zone": "a"}
    nova.failed(400, "Nova answers 400", "aggregate", **zoned)
    assert nova.metadata("plain") == {}
    judge(request, nova)


@pytest.mark.nova
def test_row_13_softly_deleted_server(request: pytest.FixtureRequest, nova: NovaControl) -> None:
    with_softly_deleted_server(nova, nova.spare1)
    joining = {"aggregate": "prod", "hosts": [nova.spare1]}
    nova.failed(409, "Nova answers 409", "aggregate_host", **joining)
    assert nova.members("prod") == []
    judge(request, nova)


def with_softly_deleted_server(nova: NovaControl, host: str) -> None:
    """It may be restored, so that its host may not change zones; the list of a host's servers leaves
    it out, and so Nova's own refusal is the one that is reported.
    """
    (uuid,) = nova.bed.servers({"web2": host}).values()
    nova.bed.api("DELETE", f"/servers/{uuid}")
    nova.bed.wait_server(uuid, "SOFT_DELETED")
    nova.given("aggregate", name="plain", hosts=[host])
    nova.given("aggregate", name="prod", availability_zone="a")


@pytest.mark.parametrize("host", ["", "a b", LONG, "a/b", "ä"], ids=id_of)
def test_row_10_host_name(control: Control, host: str) -> None:
    control.given("aggregate", name="prod")
    control.refused(400, "host name", "aggregate_host", aggregate="prod", hosts=[host])


@pytest.mark.parametrize("spelt", ["unknown", "upper", "title"])
def test_row_11_host_without_service(control: Control, spelt: str) -> None:
    host = {"upper": control.busy.upper(), "title": control.spare1.title()}.get(spelt, "xen9")
    control.given("aggregate", name="prod", hosts=[control.spare1])
    for state in ("present", "absent"):
        control.refused(
            404,
            f"host {host}: no compute service",
            "aggregate_host",
            aggregate="prod",
            hosts=[control.spare2, host],
            state=state,
        )


def test_row_12_host_in_another_zone(control: Control) -> None:
    control.given("aggregate", name="east", availability_zone="e", hosts=[control.spare1])
    control.given("aggregate", name="west", availability_zone="w")
    control.refused(
        409,
        "it is in availability zone e through aggregate east",
        "aggregate_host",
        aggregate="west",
        hosts=[control.spare2, control.spare1],
    )


def test_row_13_entering_a_zone_with_servers(control: Control) -> None:
    """The default zone is none that an aggregate gives, so that even one of its name is another."""
    control.given("aggregate", name="east", availability_zone="e")
    control.refused(
        409,
        "from the default availability zone to e while it has servers (web1)",
        "aggregate_host",
        aggregate="east",
        hosts=[control.busy],
    )
    control.done("aggregate", name="plain", hosts=[control.busy])
    control.given("aggregate", name="default", availability_zone="nova")
    control.refused(
        409,
        "from the default availability zone to nova while it has servers (web1)",
        "aggregate_host",
        aggregate="default",
        hosts=[control.busy],
    )


def test_row_13_entering_a_zone_together_with_servers(control: Control) -> None:
    control.given("aggregate", name="east", availability_zone="e")
    entering = {"aggregate": "east", "hosts": [control.busy], "allow_zone_change": True}
    result = control.differs("servers enter a zone with their host", "aggregate_host", **entering)
    assert control.members("east") == ([] if result.get("failed") else [control.busy])


def test_row_14_member_already(control: Control) -> None:
    control.given("aggregate", name="prod", hosts=[control.spare1])
    control.kept("aggregate_host", aggregate="prod", hosts=[control.spare1])


def test_row_15_leaving_a_zone_with_servers(control: Control) -> None:
    control.given("aggregate", name="east", availability_zone="e")
    host = control.inhabit("east")
    control.refused(
        409,
        "from availability zone e to the default one while it has servers",
        "aggregate_host",
        aggregate="east",
        hosts=[host],
        state="absent",
    )
    control.refused(
        409,
        "from availability zone e to the default one",
        "aggregate",
        name="east",
        hosts=[control.spare1],
    )
    control.done("aggregate", name="also", availability_zone="e", hosts=[host])
    control.done("aggregate_host", aggregate="east", hosts=[host], state="absent")
    assert (control.members("east"), control.members("also")) == ([], [host])


def test_row_16_no_member(control: Control) -> None:
    control.given("aggregate", name="prod", hosts=[control.spare1])
    control.kept("aggregate_host", aggregate="prod", hosts=[control.spare2], state="absent")


def test_row_17_aggregate_with_hosts(control: Control) -> None:
    control.given("aggregate", name="prod", hosts=[control.spare1])
    control.refused(400, "it is not empty", "aggregate", name="prod", state="absent")
    control.done("aggregate", name="prod", hosts=[])
    control.done("aggregate", name="prod", state="absent")
    assert control.aggregates() == {}


def test_row_18_many_aggregates_one_zone(control: Control) -> None:
    control.done("aggregate", name="a", availability_zone="east", hosts=[control.spare1])
    control.done("aggregate", name="b", availability_zone="east", hosts=[control.spare1])
    control.done("aggregate", name="c", hosts=[control.spare1])
    services = control.given("compute_service_info")["services"]
    zones = {s["host"]: s["zone"] for s in services}
    hosts = (control.busy, control.idle, control.spare1, control.spare2)
    control.saw(
        "zones of busy, idle, spare1, spare2",
        [zones[host] for host in hosts],
        ["nova", "nova", "east", "nova"],
    )


STATES = ["created", "changing", "active", "error", "dismissed"]


@pytest.mark.parametrize("state", STATES)
def test_row_21_pool_state(control: Control, state: str) -> None:
    control.given("aggregate", name="prod", hosts=[control.spare1])
    metadata = {"hypervisor_pool": "true", "operational_state": state}
    control.given("aggregate", name="prod", metadata=metadata)
    one, other = control.spare1, control.spare2
    add = {"aggregate": "prod", "hosts": [other]}
    remove = {"aggregate": "prod", "hosts": [one], "state": "absent"}
    text = f"while its pool is in operational_state {state}"
    if state in ("changing", "error", "dismissed"):
        control.refused(409, f"host {other} cannot be added {text}", "aggregate_host", **add)
    else:
        control.done("aggregate_host", **add)
    if state in ("created", "changing", "dismissed"):
        control.refused(409, f"host {one} cannot be removed {text}", "aggregate_host", **remove)
    else:
        control.done("aggregate_host", **remove)


def test_row_21_member_of_the_pool(control: Control) -> None:
    """One that was made, as its records say."""
    pool = {"hypervisor_pool": "true", "operational_state": "active"}
    made = {**pool, "master_compute": control.spare1, control.spare1: "uuid"}
    hosts = [control.spare1, control.spare2]
    control.given("aggregate", name="prod", hosts=hosts, metadata=made)
    alone = {"aggregate": "prod", "hosts": [control.spare1], "state": "absent"}
    text = f"{control.spare1} is a member of the Xen pool that it is"
    control.refused(409, text, "aggregate_host", **alone)
    control.refused(409, text, "aggregate", name="prod", hosts=[control.spare2])
    control.done("aggregate_host", **alone, keep_in_pool=True)
    assert control.members("prod") == [control.spare2]
    assert control.metadata("prod") == {**pool, "master_compute": control.spare1}
