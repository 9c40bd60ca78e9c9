# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook pool_create from fresh hosts to a pool: predicted, done, repeated, killed, refused.

What came of a run is read from the simulator's inspect endpoint and from the store by SQL.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness.playbooks import ROOT, Playbooks
from simulators.launch import Simulator

PLAYBOOK = ROOT / "playbooks" / "pool_create.yml"
FRESH: dict[str, Any] = {"clock": {"factor": 30}, "hosts": [{"name": "xen", "count": 3}]}
WANTED: dict[str, Any] = {
    "pool_create_aggregate": "alpha",
    "pool_create_availability_zone": "zone-a",
    "pool_create_hosts": ["xen1", "xen2", "xen3"],
    "pool_create_storage": {
        "name": "nfs1",
        "type": "nfs",
        "device_config": {"server": "nas.example.com", "serverpath": "/srv/xen"},
    },
}
HOSTS = {"xen1": True, "xen2": True, "xen3": True}
DONE: dict[str, Any] = {
    "pools": [
        {
            "name": "alpha",
            "coordinator": "xen1",
            "hosts": ["xen1", "xen2", "xen3"],
            "default_SR": "nfs1",
            "shared": {"nfs1": HOSTS},
        }
    ],
    "in service": HOSTS,
    "members": ["xen1", "xen2", "xen3"],
    "metadata": {
        "availability_zone": "zone-a",
        "hypervisor_pool": "true",
        "operational_state": "active",
        "master_compute": "xen1",
        "xen1": "uuid of xen1",
        "xen2": "uuid of xen2",
        "xen3": "uuid of xen3",
    },
}
"""The end state of an undisturbed run, as ``end_state`` shows it."""


def query(store: Path, statement: str) -> list[tuple[Any, ...]]:
    if not store.exists():
        return []
    # A run that was killed while it wrote leaves a journal, which is rolled back before the first reading.
    with closing(sqlite3.connect(f"file:{store}?mode=rw", uri=True)) as connection:
        table = connection.execute("select 1 from sqlite_master where name = 'xenfleet_locks'")
        return connection.execute(statement).fetchall() if table.fetchone() else []


def end_state(site: Simulator, store: Path) -> dict[str, Any]:
    """Pools, hosts and the aggregate alpha, with uuids replaced by whose they are."""
    state = site.get("/state")
    owners = {host["uuid"]: f"uuid of {name}" for name, host in state["hosts"].items()}
    kept = ("name", "coordinator", "hosts", "default_SR")
    metadata = query(store, "select key, value from xenfleet_aggregate_metadata")
    return {
        "pools": [
            {
                **{k: pool[k] for k in kept},
                "shared": {s["name"]: s["pbds"] for s in pool["srs"] if s["shared"]},
            }
            for pool in state["pools"]
        ],
        "in service": {n: h["live"] and h["enabled"] for n, h in state["hosts"].items()},
        "members": [
            name
            for (name,) in query(
                store,
                "select h.name from xenfleet_aggregate_hosts m "
                "join xenfleet_hosts h on h.uuid = m.host_uuid order by m.id",
            )
        ],
        "metadata": {key: owners.get(value, value) for key, value in metadata},
    }


def operational_state(store: Path) -> list[tuple[Any, ...]]:
    return query(
        store,
        "select value from xenfleet_aggregate_metadata where key = 'operational_state'",
    )


def joins(site: Simulator) -> list[dict[str, Any]]:
    return [e for e in site.get("/journal?mutating=1") if e["method"].endswith("pool.join")]


def test_predicted_done_and_repeated(tmp_path: Path) -> None:
    with Simulator(FRESH) as site:
        books = Playbooks(site, tmp_path)

        predicted = books.run(PLAYBOOK, "--check", "--diff", **WANTED)
        assert predicted.status == 0, predicted.output
        assert books.mutating_calls() == []
        assert operational_state(books.store) == []

        real = books.run(PLAYBOOK, **WANTED)
        assert real.status == 0, real.output
        assert real.actions == predicted.actions
        assert all(text in predicted.output for text in predicted.actions)
        assert end_state(site, books.store) == DONE
        assert "Pool alpha: active, coordinated by xen1, zone zone-a" in real.output
        states = re.findall(r"operational_state=(\w+)", "\n".join(real.actions))
        assert states == ["created", "changing", "active"]

        before = books.mutating_calls()
        kinds = ["SR.create", "pool.set_default_SR", "pool.join"]
        order = [m.removeprefix("Async.") for m in before]
        assert [m for m in order if m in kinds] == [*kinds, "pool.join"], "storage comes first"
        again = books.run(PLAYBOOK, **WANTED)
        assert (again.status, again.changed, again.actions) == (0, 0, [])
        assert books.mutating_calls() == before


def test_a_default_sr_that_supporters_cannot_use_is_a_warning(tmp_path: Path) -> None:
    with Simulator(FRESH) as site:
        books = Playbooks(site, tmp_path)
        shared = books.run(PLAYBOOK, "--check", **WANTED)
        assert "default SR" not in shared.output
        none = books.run(PLAYBOOK, "--check", **{**WANTED, "pool_create_storage": {}})
        (warning,) = none.result("The hosts of the aggregate are one pool")["warnings"]
        assert re.match(r"pool alpha: it has no default SR.*xen_pool with default_sr", warning)


@pytest.mark.full
def test_hosts_are_added_later_side_by_side(tmp_path: Path) -> None:
    names = [f"xen{n}" for n in range(1, 6)]
    with Simulator({"clock": {"factor": 10}, "hosts": [{"name": "xen", "count": 5}]}) as site:
        books = Playbooks(site, tmp_path)
        assert books.run(PLAYBOOK, **{**WANTED, "pool_create_hosts": ["xen1"]}).status == 0
        wanted = {**WANTED, "pool_create_hosts": names, "pool_create_max_parallel": 4}
        run = books.run(PLAYBOOK, **wanted)
        assert run.status == 0, run.output
        (pool,) = site.get("/state")["pools"]
        assert sorted(pool["hosts"]) == names
        assert [a for a in run.actions if a.startswith("join")] == [
            f"join host {name} to pool alpha" for name in names[1:]
        ]
        spans = [e["t"] for e in joins(site)]
        assert max(spans) - min(spans) < 25, "all were asked before the first could be ready"


# --- killed -----------------------------------------------------------------------------------------


def asked_to_join(site: Simulator, _books: Playbooks) -> bool:
    return len(joins(site)) > 0


def listed_but_not_live(site: Simulator, _books: Playbooks) -> bool:
    state = site.get("/state")
    return any(len(p["hosts"]) == 2 for p in state["pools"]) and not state["hosts"]["xen2"]["live"]


def storage_made(site: Simulator, books: Playbooks) -> bool:
    return any(m.endswith("SR.create") for m in books.mutating_calls())


MOMENTS = [
    pytest.param(storage_made, "created", id="as the SR is made", marks=pytest.mark.full),
    pytest.param(
        asked_to_join, "changing", id="as the first join is asked for", marks=pytest.mark.full
    ),
    pytest.param(listed_but_not_live, "changing", id="after the call, before the host is back"),
]


@pytest.mark.parametrize(("moment", "state"), MOMENTS)
def test_killed_and_run_again(
    moment: Callable[[Simulator, Playbooks], bool], state: str, tmp_path: Path
) -> None:
    with Simulator(FRESH) as site:
        books = Playbooks(site, tmp_path)
        books.run_until_killed(PLAYBOOK, lambda: moment(site, books), **WANTED)
        assert end_state(site, books.store) != DONE
        assert operational_state(books.store) == [(state,)]

        resumed = books.run(PLAYBOOK, **WANTED)
        assert resumed.status == 0, resumed.output
        assert end_state(site, books.store) == DONE

        again = books.run(PLAYBOOK, **WANTED)
        assert (again.status, again.changed) == (0, 0), again.output


# --- failed midway ----------------------------------------------------------------------------------


@pytest.mark.full
def test_a_join_that_fails_leaves_error_and_is_resumed(tmp_path: Path) -> None:
    code = ["JOINING_HOST_SERVICE_FAILED"]
    fault = {"action": "error", "method": "pool.join", "nth": 2, "error": code}
    with Simulator(FRESH) as site:
        books = Playbooks(site, tmp_path)
        site.post("/faults", fault)
        failed = books.run(PLAYBOOK, **WANTED)
        assert failed.status == 2, failed.output
        result = failed.failure()
        assert result["error"]["code"] == "interrupted"
        assert "join host xen3 to pool alpha" in result["msg"]
        assert "2 of 4 steps were completed" in result["msg"]
        remaining = [s["text"] for s in result["error"]["details"]["remaining"]]
        assert [text.split("=")[0] for text in remaining] == [
            "set metadata of aggregate alpha: operational_state"
        ]
        done = [s["text"] for s in result["error"]["details"]["done"]]
        assert done[-1] == "set metadata of aggregate alpha: operational_state=error"
        assert operational_state(books.store) == [("error",)]

        resumed = books.run(PLAYBOOK, **WANTED)
        assert resumed.status == 0, resumed.output
        assert end_state(site, books.store) == DONE


@pytest.mark.full
def test_a_connection_that_breaks_after_the_call(tmp_path: Path) -> None:
    """The joiner joins all the same; the second run finds it there."""
    with Simulator(FRESH) as site:
        books = Playbooks(site, tmp_path)
        site.post("/faults", {"action": "drop_after", "method": "pool.join"})
        failed = books.run(PLAYBOOK, **WANTED)
        assert failed.status == 2, failed.output
        assert "The call may have been carried out" in failed.failure()["msg"]
        assert operational_state(books.store) == [("error",)]

        resumed = books.run(PLAYBOOK, **WANTED)
        assert resumed.status == 0, resumed.output
        assert end_state(site, books.store) == DONE
        assert len(joins(site)) == 2


# --- and back ---------------------------------------------------------------------------------------


def member(**options: Any) -> dict[str, Any]:
    named = {} if "pool" in options else {"aggregate": "alpha"}
    return {"xenfleet.compute.xen_pool_member": {**named, **options}}


def leaves(host: str, **options: Any) -> dict[str, Any]:
    named = {"aggregate": "alpha", "host": host, "state": "absent"}
    return {"xenfleet.compute.aggregate_host": {**named, **options}}


def metadata(books: Playbooks) -> dict[str, str]:
    return dict(query(books.store, "select key, value from xenfleet_aggregate_metadata"))


@pytest.mark.full
def test_hosts_leave_and_the_coordinator_goes_last(tmp_path: Path) -> None:
    leave = {"state": "absent", "wipe_local_storage": True}
    with Simulator(FRESH) as site:
        books = Playbooks(site, tmp_path)
        assert books.run(PLAYBOOK, **WANTED, pool_create_max_parallel=2).status == 0

        stays = books.tasks(member(host="xen1", **leave))
        assert "it is the coordinator, and xen2 and xen3 would stay" in stays.failure()["msg"]

        parted = books.tasks(leaves("xen3"))
        assert "xen3 is a member of the Xen pool that it is" in parted.failure()["msg"]
        assert "xen_pool_member, aggregate alpha and state absent" in parted.failure()["msg"]

        one = books.tasks(member(host="xen3", pool="alpha", **leave))
        assert one.status == 0, one.output
        assert sorted(p["hosts"] for p in site.get("/state")["pools"]) == [
            ["xen1", "xen2"],
            ["xen3"],
        ]
        assert "xen3" not in metadata(books)
        assert end_state(site, books.store)["members"] == ["xen1", "xen2"]
        assert metadata(books)["operational_state"] == "active"

        hand_over = {"xenfleet.compute.xen_pool": {"name": "alpha", "coordinator": "xen2"}}
        assert books.tasks(hand_over).status == 0
        assert metadata(books)["master_compute"] == "xen2"

        back = books.run(PLAYBOOK, **WANTED)
        assert "xen3: TLS verification is off on it, on in the pool" in back.failure()["msg"]

        assert "Set enable_tls_verification to true" in back.failure()["msg"]
        back = books.run(PLAYBOOK, **WANTED, pool_create_enable_tls_verification=True)
        assert back.status == 0, back.output
        assert "enable TLS verification on host xen3" in back.actions
        assert end_state(site, books.store)["in service"] == HOSTS
        assert sorted(end_state(site, books.store)["members"]) == ["xen1", "xen2", "xen3"]
        assert "xen3" in metadata(books)

        rest = books.tasks(member(hosts=["xen1", "xen2", "xen3"], **leave))
        assert rest.status == 0, rest.output
        assert sorted(p["hosts"] for p in site.get("/state")["pools"]) == [
            ["xen1"],
            ["xen2"],
            ["xen3"],
        ]
        assert metadata(books) == {
            "availability_zone": "zone-a",
            "hypervisor_pool": "true",
            "operational_state": "created",
        }
        assert end_state(site, books.store)["members"] == []
        again = books.tasks(member(hosts=["xen1", "xen2", "xen3"], **leave))
        assert (again.status, again.changed) == (0, 0)


# --- refused ----------------------------------------------------------------------------------------


def site_with(*hosts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"clock": {"factor": 30}, "hosts": list(hosts), **more}


FRESH_HOST = {"name": "xen", "count": 3}
REFUSALS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a joiner runs a guest": (
        site_with(FRESH_HOST, vms=[{"name": "web", "where": "xen3", "storage": "local"}]),
        ["xen3: 1 running VM: web", "Shut them down"],
    ),
    "a guest's name exists twice": (
        site_with(
            FRESH_HOST,
            vms=[
                {"name": "web", "where": "xen1", "storage": "local"},
                {"name": "web", "where": "xen2", "storage": "local", "state": "halted"},
            ],
        ),
        ["xen2: duplicate VM name: web exists here and in pool of xen1", "Rename one of them"],
    ),
    "a joiner is in another pool": (
        site_with(
            {"name": "xen1"},
            {"name": "xen2", "pool": "other"},
            {"name": "xen3", "pool": "other"},
            pools={"other": {}},
        ),
        [
            "xen2: it is the coordinator of other hosts: xen3",
            "xen3: it is a member of another pool, other",
            "Eject it from that first",
        ],
    ),
    "everything at once": (
        site_with(
            {"name": "xen1"},
            {"name": "xen2", "vendor": "AuthenticAMD"},
            {"name": "xen3", "versions": {"platform_version": "3.3.0"}},
            vms=[{"name": "web", "where": "xen2", "storage": "local"}],
        ),
        [
            "xen2: 1 running VM: web",
            "xen2: its CPU vendor is AuthenticAMD, the pool's is GenuineIntel",
            "xen3: its platform version is 3.3.0",
            "Nothing was changed",
        ],
    ),
}


@pytest.mark.parametrize(("description", "texts"), REFUSALS.values(), ids=REFUSALS)
def test_refused_before_anything_is_changed(
    description: dict[str, Any], texts: list[str], tmp_path: Path
) -> None:
    with Simulator(description) as site:
        books = Playbooks(site, tmp_path)
        refused = books.run(PLAYBOOK, **WANTED)
        assert refused.status == 2, refused.output
        result = refused.failure()
        assert result["error"]["code"] == "plan_refused"
        for text in texts:
            assert text in result["msg"]
        assert all(v["remedy"] for v in result["error"]["details"]["verdicts"])
        assert books.mutating_calls() == []
        assert query(books.store, "select * from xenfleet_aggregates") == []


def test_storage_without_a_name_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with Simulator(site_with({"name": "xen1"})) as site:
        books = Playbooks(site, tmp_path)
        refused = books.run(PLAYBOOK, **{**WANTED, "pool_create_storage": {"type": "nfs"}})
        assert "it has no name" in refused.failure()["msg"]
        assert books.mutating_calls() == []
        assert query(books.store, "select * from xenfleet_aggregates") == []


# --- hosts that have guests -------------------------------------------------------------------------


def local(name: str, where: str, state: str = "running") -> dict[str, Any]:
    memory = "2 GiB"
    return {"name": name, "memory": memory, "where": where, "storage": "local", "state": state}


INHABITED = site_with(
    FRESH_HOST,
    vms=[
        local("keep", "xen1"),
        local("off1", "xen1", "halted"),
        local("off2", "xen2", "halted"),
        local("off3", "xen3", "halted"),
    ],
)


def where(site: Simulator) -> dict[str, tuple[str, str | None]]:
    return {n: (v["power_state"], v["host"]) for n, v in site.get("/state")["vms"].items()}


def words(text: str) -> str:
    """Without line breaks, which depend on the terminal."""
    return " ".join(text.split())


def test_guests_keep_their_hosts_out_of_a_zone_unless_that_is_accepted(tmp_path: Path) -> None:
    with Simulator(INHABITED) as site:
        books = Playbooks(site, tmp_path)
        before = where(site)
        refused = books.run(PLAYBOOK, **WANTED)
        assert refused.status == 2, refused.output
        result = refused.failure()
        assert "while it has servers (keep); off1, not running, would go along" in result["msg"]
        assert "would go along are off2 on xen2 and off3 on xen3" in result["msg"]
        verdicts = result["error"]["details"]["verdicts"]
        assert [v["subject"] for v in verdicts] == ["xen1"]
        assert "allow_zone_change" in verdicts[0]["remedy"]
        assert books.mutating_calls() == []
        assert query(books.store, "select * from xenfleet_aggregates") == []

        accepted = {**WANTED, "pool_create_allow_zone_change": True}
        predicted = books.run(PLAYBOOK, "--check", "--diff", **accepted)
        assert predicted.status == 0, predicted.output
        assert "with its servers keep and off1 (not running)" in predicted.output
        real = books.run(PLAYBOOK, **accepted)
        assert real.status == 0, real.output
        assert real.actions == predicted.actions
        warning = (
            "host xen1: availability zone of keep and off1 (not running) changes from the default"
        )
        assert warning in words(real.output)
        assert end_state(site, books.store) == DONE
        assert where(site) == before

        again = books.run(PLAYBOOK, **WANTED)
        assert (again.status, again.changed) == (0, 0), again.output


def test_blockers_of_joins_and_of_the_zone_are_reported_at_once(tmp_path: Path) -> None:
    guests = [local("keep", "xen1"), local("web", "xen3")]
    with Simulator(site_with(FRESH_HOST, vms=guests)) as site:
        books = Playbooks(site, tmp_path)
        refused = books.run(PLAYBOOK, **WANTED)
        verdicts = refused.failure()["error"]["details"]["verdicts"]
        found = [(v["subject"], v["reason"].split(" ")[0]) for v in verdicts]
        assert found == [("xen3", "1"), ("xen1", "changing"), ("xen3", "changing")]
        assert books.mutating_calls() == []


def test_a_pool_with_guests_is_taken_into_an_aggregate_and_a_zone(tmp_path: Path) -> None:
    description = site_with(
        {"name": "xen", "count": 3, "pool": "old"},
        pools={"old": {"srs": [{"name": "nfs1", "default": True}]}},
        vms=[
            local("one", "xen1"),
            {"name": "two", "where": "xen2"},
            local("off", "xen3", "halted"),
        ],
    )
    with Simulator(description) as site:
        books = Playbooks(site, tmp_path)
        before = where(site)
        wanted = {k: v for k, v in WANTED.items() if k != "pool_create_storage"}
        refused = books.run(PLAYBOOK, **wanted)
        verdicts = refused.failure()["error"]["details"]["verdicts"]
        assert [v["subject"] for v in verdicts] == ["xen1", "xen2"]
        assert query(books.store, "select * from xenfleet_aggregates") == []

        real = books.run(PLAYBOOK, **wanted, pool_create_allow_zone_change=True)
        assert real.status == 0, real.output
        assert end_state(site, books.store) == DONE
        assert where(site) == before
        assert [m for m in books.mutating_calls() if "VM." in m or "host." in m] == []
        again = books.run(PLAYBOOK, **wanted)
        assert (again.status, again.changed) == (0, 0), again.output


def test_a_halted_guest_on_local_storage_does_not_keep_its_host_out_of_a_zone(
    tmp_path: Path,
) -> None:
    guests = [local("idle", "xen1", "halted")]
    with Simulator(site_with({"name": "xen", "count": 1}, vms=guests)) as site:
        books = Playbooks(site, tmp_path)
        zoned = {"name": "z", "availability_zone": "zone-a", "hosts": ["xen1"]}
        run = books.tasks({"xenfleet.compute.aggregate": zoned})
        assert run.status == 0, run.output
        assert "availability zone of idle (not running) changes" in words(run.output)
        assert end_state(site, books.store)["members"] == ["xen1"]
        assert metadata(books) == {"availability_zone": "zone-a"}


def test_a_host_that_is_down(tmp_path: Path) -> None:
    with Simulator(FRESH) as site:
        books = Playbooks(site, tmp_path)
        site.post("/faults", {"action": "kill", "target": "xen3"})
        refused = books.run(PLAYBOOK, **WANTED)
        assert refused.status == 2, refused.output
        message = refused.failure()["msg"]
        assert "xen3: it is unknown to every coordinator that answered" in message
        assert site.hosts["xen3"] in message
        assert books.mutating_calls() == []
