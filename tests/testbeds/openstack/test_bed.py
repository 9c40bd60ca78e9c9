# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed's commands on a bed that is up, the request log, and putting a cloud back."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from testbeds.openstack import faults
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed
from testbeds.openstack.commands import bed_py
from testbeds.openstack.layout import BedError
from testbeds.openstack.services import every_name

pytestmark = pytest.mark.nova


def pids(bed: Bed) -> dict[str, int | None]:
    return {name: bed.processes.pid(name) for name in every_name(bed.layout)}


def cloud(bed: Bed) -> dict[str, Any]:
    """All that tests may leave traces in, by names: uuids of the initial things stay."""
    api = bed.api
    services = bed.services().values()
    everyone = "all_tenants=1&deleted=true&status=SOFT_DELETED"
    return {
        "services": {s["host"]: (s["status"], s["state"], s["forced_down"]) for s in services},
        "servers": api("GET", "/servers?all_tenants=1")["servers"],
        "softly deleted": api("GET", f"/servers?{everyone}")["servers"],
        "aggregates": api("GET", "/os-aggregates")["aggregates"],
        "groups": api("GET", "/os-server-groups?all_projects=1")["server_groups"],
        "migrations": api("GET", "/os-migrations")["migrations"],
        "flavors": [flavor["name"] for flavor in api("GET", "/flavors")["flavors"]],
        "images": {i["name"] for i in api("GET", "/images", service="glance")["images"]},
        "guests": {host: guests(bed, host) for host in bed.hosts},
        "faults": faults.read(bed.layout),
        "running": [name for name, pid in pids(bed).items() if pid],
    }


def guests(bed: Bed, host: str) -> list[str]:
    """Servers that the host itself knows."""
    kept = bed.layout.state / host / "guests.json"
    return [*json.loads(kept.read_text(encoding="utf-8"))] if kept.exists() else []


def test_up_leaves_a_bed_that_is_up_alone(bed: Bed) -> None:
    before = pids(bed)
    code, said = bed_py("up", "--root", bed.layout.root, *settings(bed))
    assert (code, pids(bed)) == (0, before)
    assert "already up" in said


def test_up_with_other_settings_is_refused(bed: Bed) -> None:
    before = pids(bed)
    code, said = bed_py("up", "--root", bed.layout.root, *settings(bed), "--computes=2")
    assert (code, pids(bed)) == (1, before)
    assert "other settings" in said


def settings(bed: Bed) -> list[str]:
    given = vars(bed.layout.settings).items()
    return [f"--{name.replace('_', '-')}={value}" for name, value in given if name != "debug"]


def test_status_tells_what_runs(bed: Bed) -> None:
    assert bed_py("status", "--root", bed.layout.root)[0] == 0
    bed.kill("compute3")
    code, said = bed_py("status", "--root", bed.layout.root)
    assert code == 3
    assert "compute3 NOT RUNNING" in " ".join(said.split())


def test_a_killed_host_is_down_and_comes_back_with_its_guests(bed: Bed) -> None:
    (server,) = bed.servers({"stays": "compute2"}).values()
    bed.kill("compute2")
    began = time.monotonic()
    bed.wait_service("compute2", "down")
    # Nova reads the clock of a heartbeat in whole seconds.
    assert time.monotonic() - began < bed.layout.settings.service_down_time + 2
    bed.start("compute2")
    bed.wait_service("compute2", "up")
    assert guests(bed, "compute2") == [server]
    bed.action(server, "os-stop", status="SHUTOFF")


def test_an_unknown_process_is_refused(bed: Bed) -> None:
    for command in ("kill", "start"):
        code, said = bed_py(command, "compute9", "--root", bed.layout.root)
        assert code == 1
        assert "compute9" in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"fial": {}},
        {"fail": {"spwan": "text"}},
        {"delay": {"live_migration": 1}},
        {"hosts": {"compute9": {}}},
        {"hosts": {"compute1": {"fail": {"spwan": "text"}}}},
    ],
    ids=str,
)
def test_a_fault_without_effect_is_refused(bed: Bed, wrong: dict[str, Any]) -> None:
    with pytest.raises(BedError, match=r"no such|nothing"):
        faults.write(bed.layout, wrong)
    assert faults.read(bed.layout) == {}


def test_the_request_log_has_each_request_and_none_of_the_observer(bed: Bed) -> None:
    with bed.requests() as made, bed.keystone_requests() as signed_in:
        bed.openstack("aggregate", "create", "counted")
        bed.openstack("aggregate", "add", "host", "counted", "compute1")
        bed.api("GET", "/os-aggregates")
    written = [(r.method, r.path, r.action, r.status) for r in made if r.method != "GET"]
    number = bed.api("GET", "/os-aggregates")["aggregates"][0]["id"]
    assert written == [
        ("POST", "/v2.1/os-aggregates", None, 200),
        ("POST", f"/v2.1/os-aggregates/{number}/action", "add_host", 200),
    ]
    assert all(request.request_id for request in made if request.path != "/v2.1")
    sdk = [r for r in signed_in if r.user_agent.startswith("openstacksdk")]
    assert [r.status for r in sdk if r.path == "/v3/auth/tokens"] == [201, 201]
    with bed.requests() as refused, pytest.raises(RuntimeError, match="counted"):
        bed.openstack("aggregate", "create", "counted")
    assert [r.status for r in refused if r.method == "POST"] == [409]


def test_clean_puts_back_a_wrecked_cloud(bed: Bed) -> None:
    bed.clean()
    before = cloud(bed)
    wreck(bed)
    assert cloud(bed) != before
    bed.clean()
    assert cloud(bed) == before


def wreck(bed: Bed) -> None:
    """A bit of everything: an evacuation, a dead host, a migration under way, servers in each state."""
    names = ("soft", "locked", "resized", "snapped", "moving")
    made = bed.servers(dict.fromkeys(names, "compute1"))
    made |= bed.servers({"theirs": "compute3"}, project="demo")
    evacuated = bed.servers({"evacuated": "compute2"})["evacuated"]
    bed.api("DELETE", f"/servers/{made['soft']}")
    bed.action(made["locked"], "lock", {})
    bed.action(made["resized"], "resize", {"flavorRef": "2"}, "VERIFY_RESIZE")
    bed.action(made["snapped"], "createImage", {"name": "snapshot"})
    aggregate = bed.api("POST", "/os-aggregates", {"aggregate": {"name": "a"}})["aggregate"]["id"]
    bed.api("POST", f"/os-aggregates/{aggregate}/action", {"add_host": {"host": "compute4"}})
    group = {"name": "g", "policy": "affinity"}
    bed.api("POST", "/os-server-groups", {"server_group": group}, project="demo")
    flavor = {"name": "mine", "ram": 64, "vcpus": 1, "disk": 1}
    bed.api("POST", "/flavors", {"flavor": flavor})
    put = {"forced_down": True, "status": "disabled", "disabled_reason": "test"}
    bed.kill("compute2")
    bed.api("PUT", f"/os-services/{bed.services()['compute2']['id']}", put)
    bed.action(evacuated, "evacuate", {"host": "compute3"}, "SHUTOFF")
    bed.kill("compute4")
    faults.write(bed.layout, {"live_migration_seconds": 600})
    to = {"host": "compute3", "block_migration": "auto"}
    bed.action(made["moving"], "os-migrateLive", to)


def test_clean_brings_a_deleted_service_back(bed: Bed) -> None:
    bed.api("DELETE", f"/os-services/{bed.services()['compute3']['id']}")
    bed.clean()
    bed.servers({"there": "compute3"})


def test_others_may_do_less(bed: Bed) -> None:
    ours = bed.servers({"ours": None})["ours"]
    theirs = bed.servers({"theirs": None}, project="demo")["theirs"]
    everything = bed.api("GET", "/servers?all_tenants=1")["servers"]
    assert {server["id"] for server in everything} == {ours, theirs}
    member = bed.api("GET", "/servers", project="demo", user="demo")["servers"]
    assert [server["id"] for server in member] == [theirs]
    reader = bed.api("GET", "/servers", user="reader")["servers"]
    assert [server["id"] for server in reader] == [ours]
    for user, project in (("demo", "demo"), ("reader", "admin")):
        with pytest.raises(ApiError, match="403"):
            bed.api("GET", "/os-aggregates", project=project, user=user)


def test_the_clouds_file_signs_each_user_in(bed: Bed) -> None:
    seen = {
        cloud: bed.openstack("token", "issue", cloud=cloud).get("project_id")
        for cloud in ("xenfleet", "xenfleet-system", "xenfleet-demo", "xenfleet-reader")
    }
    assert seen["xenfleet"] == seen["xenfleet-reader"] != seen["xenfleet-demo"]
    assert seen["xenfleet-system"] is None


def test_tls_is_trusted_by_its_authority_alone(bed: Bed) -> None:
    with bed.requests() as made:
        assert bed.openstack("aggregate", "list", cloud="xenfleet-tls") == []
    assert ("GET", "/v2.1/os-aggregates") in [(r.method, r.path) for r in made]
    bare = ["--os-cacert", "", "--os-auth-url", bed.layout.tls_url("keystone")]
    with pytest.raises(RuntimeError, match="CERTIFICATE_VERIFY_FAILED"):
        bed.openstack(*bare, "aggregate", "list")


def test_flavors_fill_hosts_as_said(bed: Bed) -> None:
    bed.servers({"one": "compute1", "two": "compute1"}, flavor="m1.large")
    with pytest.raises(BedError, match="No valid host"):
        bed.servers({"three": "compute1"}, flavor="m1.large")
    with pytest.raises(BedError, match="No valid host"):
        bed.servers({"nowhere": None}, flavor="m1.huge")
