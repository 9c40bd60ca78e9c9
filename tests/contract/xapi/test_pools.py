# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools: settings, storage, members joining and leaving, the coordinator's part."""

from __future__ import annotations

from typing import Any

import pytest
from contract.xapi.sites import (
    PASSWORD,
    Connect,
    Plain,
    Simulate,
    eventually,
    finish,
    loners,
    mark,
    methods,
    pool_of,
    site,
)
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet import XenFleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    AuthError,
    BackendError,
    ConfigError,
    ConflictError,
    InvalidError,
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import XenView

NFS = {
    "name": "vault",
    "description": "on the filer",
    "type": "nfs",
    "content_type": "user",
    "device_config": {"server": "192.0.2.9", "serverpath": "/vault"},
}


def read(fleet: XenFleet) -> XenView:
    """As a waiting caller does: toolstacks restart meanwhile."""
    return eventually(lambda: _or_none(fleet))


def _or_none(fleet: XenFleet) -> XenView | None:
    try:
        return fleet.read()
    except UnavailableError:
        return None


def pool_id_of(view: XenView, host: str) -> str:
    return next(h.pool_id for h in view.hosts if h.name == host)


def ready(fleet: XenFleet, host: str, pool_id: str) -> bool:
    member = next((h for h in read(fleet).hosts if h.name == host), None)
    return bool(member and member.pool_id == pool_id and member.live and member.enabled)


def true_pool(sim: Simulator, host: str) -> Any:
    return next((p for p in sim.get("/state")["pools"] if host in p["hosts"]), None)


# --- the pool's own record ------------------------------------------------------------------------


def test_name_description_and_tags(simulate: Simulate, fleet_of: Connect, plain: Plain) -> None:
    sim = simulate(loners(1))
    fleet = fleet_of(sim)
    pool_id = fleet.read().pools[0].id
    fleet.pools.set_name(pool_id, "prod")
    fleet.pools.set_description(pool_id, "the one that matters")
    fleet.pools.set_tags(pool_id, ["a", "b", "a"])
    record = next(iter(plain(sim).pool.get_all_records().values()))
    assert record["name_label"] == "prod"
    assert record["name_description"] == "the one that matters"
    assert sorted(record["tags"]) == ["a", "b"]


@pytest.mark.parametrize("kind", ["pool", "host"])
def test_other_config_is_merged(
    simulate: Simulate, fleet_of: Connect, plain: Plain, kind: str
) -> None:
    sim = simulate(loners(1))
    api = plain(sim)
    objects = getattr(api, kind)
    ref = objects.get_all()[0]
    for key in ("kept", "changed", "dropped"):
        objects.add_to_other_config(ref, key, "old")
    before = objects.get_other_config(ref)
    fleet = fleet_of(sim)
    view = fleet.read()
    changes = {"changed": "new", "dropped": None, "absent": None, "added": "x"}
    if kind == "pool":
        fleet.pools.set_other_config(view.pools[0].id, changes)
    else:
        fleet.hosts.set_other_config("xen1", changes)
    del before["dropped"]
    assert objects.get_other_config(ref) == {**before, "changed": "new", "added": "x"}


def test_an_unknown_pool_or_host_is_reported(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(1))
    fleet = fleet_of(sim)
    fleet.read()
    with pytest.raises(NotFoundError, match="pool 42"):
        fleet.pools.set_name("42", "x")
    with pytest.raises(NotFoundError, match="host xen9"):
        fleet.hosts.disable("xen9")
    assert methods(sim, mutating=True) == []


def test_hosts_are_disabled_and_enabled(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(pool_of(2))
    fleet = fleet_of(sim)
    fleet.read()
    fleet.hosts.disable("xen2")
    assert sim.get("/state")["hosts"]["xen2"]["enabled"] is False
    fleet.hosts.disable("xen2")
    fleet.hosts.enable("xen2")
    assert sim.get("/state")["hosts"]["xen2"]["enabled"] is True


def test_disabling_a_dead_supporter_says_that_it_is_offline(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(pool_of(2, times={"heartbeat_s": 5}))
    fleet = fleet_of(sim)
    sim.post("/faults", {"action": "kill", "target": "xen2"})
    eventually(lambda: not next(h for h in fleet.read().hosts if h.name == "xen2").live)
    with pytest.raises(UnavailableError, match="disable host xen2: host xen2 is offline"):
        fleet.hosts.disable("xen2")


# --- storage --------------------------------------------------------------------------------------


def test_a_shared_sr_is_made_plugged_everywhere_and_made_the_default(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    sim = simulate(site({"name": "xen", "count": 2, "pool": "fleet"}))
    fleet = fleet_of(sim)
    pool = fleet.read().pools[0]
    assert pool.default_sr is None
    sr_id = fleet.pools.create_sr(pool.id, NFS)
    api = plain(sim)
    ref = api.SR.get_by_uuid(sr_id)
    record = api.SR.get_record(ref)
    assert (record["name_label"], record["name_description"]) == ("vault", "on the filer")
    assert (record["type"], record["content_type"], record["shared"]) == ("nfs", "user", True)
    pbds = [p for p in api.PBD.get_all_records().values() if p["SR"] == ref]
    assert len(pbds) == 2
    assert all(p["currently_attached"] for p in pbds)
    assert all(p["device_config"]["serverpath"] == "/vault" for p in pbds)
    fleet.pools.set_default_sr(pool.id, sr_id)
    record = next(iter(api.pool.get_all_records().values()))
    for field in ("default_SR", "suspend_image_SR", "crash_dump_SR"):
        assert record[field] == ref


def test_an_unknown_sr_cannot_become_the_default(simulate: Simulate, fleet_of: Connect) -> None:
    """XAPI itself takes any reference there."""
    sim = simulate(loners(1))
    fleet = fleet_of(sim)
    with pytest.raises(NotFoundError, match="SR 4711"):
        fleet.pools.set_default_sr(fleet.read().pools[0].id, "4711")
    assert methods(sim, mutating=True) == []


def test_a_failing_storage_driver_is_reported(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(1))
    fleet = fleet_of(sim)
    failure = ["SR_BACKEND_FAILURE_73", "", "NFS mount error [opterr=mount failed]", ""]
    sim.post("/faults", {"action": "error", "method": "SR.create", "error": failure})
    with pytest.raises(BackendError, match="mount failed") as caught:
        fleet.pools.create_sr(fleet.read().pools[0].id, NFS)
    assert "create SR vault" in caught.value.what
    assert caught.value.details["code"] == "SR_BACKEND_FAILURE_73"


def test_an_unplugged_sr_is_plugged(simulate: Simulate, fleet_of: Connect, plain: Plain) -> None:
    sim = simulate(pool_of(2))
    api = plain(sim)
    host, sr = api.host.get_by_name_label("xen2")[0], api.SR.get_by_name_label("shared")[0]
    pbd = next(
        r for r, p in api.PBD.get_all_records().items() if (p["host"], p["SR"]) == (host, sr)
    )
    fleet = fleet_of(sim)
    api.PBD.unplug(pbd)
    shared = next(s for s in fleet.read().storages if s.name == "shared")
    fleet.pools.plug(shared.id, "xen2")
    assert api.PBD.get_currently_attached(pbd) is True
    api.PBD.unplug(pbd)
    api.PBD.destroy(pbd)
    fleet.read()
    fleet.pools.plug(shared.id, "xen2")
    plugged = next(
        p for p in api.PBD.get_all_records().values() if (p["host"], p["SR"]) == (host, sr)
    )
    assert plugged["currently_attached"] is True
    assert plugged["device_config"]["serverpath"] == "/shared"


# --- joining --------------------------------------------------------------------------------------


def test_a_host_joins_and_becomes_ready(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(
        loners(3, {"name": "old", "state": "halted", "storage": "local", "where": "xen2"})
    )
    fleet = fleet_of(sim)
    view = fleet.read()
    pool_id = pool_id_of(view, "xen1")
    uuids = {h.name: h.id for h in view.hosts}
    handle = fleet.pools.start_join("xen2", pool_id)
    views: list[XenView] = []

    def joined() -> bool:
        state = fleet.pools.poll([handle])[0]
        assert state.error is None
        views.append(read(fleet))
        return state.done

    eventually(joined)

    def back() -> bool:
        views.append(read(fleet))
        return ready(fleet, "xen2", pool_id)

    eventually(back)
    for view in views:
        names = [h.name for h in view.hosts]
        assert len(names) == len(set(names))
        assert {"xen1", "xen3"} <= set(names), "others are read as ever"
        assert [s.name for s in view.servers].count("old") <= 1
    assert true_pool(sim, "xen2")["hosts"] == ["xen1", "xen2"]
    view = read(fleet)
    assert {h.name: h.id for h in view.hosts} == uuids
    assert view.unreachable == {}
    assert next(s for s in view.servers if s.name == "old").host == "xen2"


def test_the_password_is_nowhere_in_what_a_join_leaves(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(loners(2))
    fleet = fleet_of(sim)
    handle = fleet.pools.start_join("xen2", pool_id_of(fleet.read(), "xen1"))
    assert PASSWORD not in repr(handle)
    assert PASSWORD not in repr(vars(handle))
    assert PASSWORD not in repr(sim.get("/journal"))


def test_a_join_under_way_shows_as_joining(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(2, factor=5))
    fleet = fleet_of(sim)
    pool_id = pool_id_of(fleet.read(), "xen1")
    fleet.pools.start_join("xen2", pool_id)
    other = fleet_of(sim)
    states = {h.name: h.joining for h in other.read().hosts}
    assert states == {"xen1": False, "xen2": True}
    eventually(lambda: pool_id_of(read(other), "xen2") == pool_id)


@pytest.mark.parametrize("more", [{}, {"one_address": "127.0.0.1"}], ids=["addresses", "ports"])
def test_an_abandoned_join_is_found_done_by_the_next_run(
    simulate: Simulate, fleet_of: Connect, more: dict[str, str]
) -> None:
    """The first run is killed after the call: its handle, its sessions are gone, nothing was logged out."""
    sim = simulate(loners(2, **more))
    first = fleet_of(sim)
    pool_id = pool_id_of(first.read(), "xen1")
    first.pools.start_join("xen2", pool_id)
    second = fleet_of(sim)
    eventually(lambda: ready(second, "xen2", pool_id))
    assert true_pool(sim, "xen2")["hosts"] == ["xen1", "xen2"]
    assert methods(sim).count("Async.pool.join") == 1


def test_polling_late_finds_the_join_done(simulate: Simulate, fleet_of: Connect) -> None:
    """The joiner has restarted and forgotten the task; the coordinator's list of hosts shows the join."""
    sim = simulate(loners(2))
    fleet = fleet_of(sim)
    pool_id = pool_id_of(fleet.read(), "xen1")
    handle = fleet.pools.start_join("xen2", pool_id)
    other = fleet_of(sim, "xen1")
    eventually(lambda: ready(other, "xen2", pool_id))
    state = finish(fleet.pools, handle)
    assert state.error is None


def test_hosts_join_side_by_side(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(4))
    fleet = fleet_of(sim)
    pool_id = pool_id_of(fleet.read(), "xen1")
    handles = [fleet.pools.start_join(h, pool_id) for h in ("xen2", "xen3", "xen4")]
    eventually(lambda: all(s.done and not s.error for s in fleet.pools.poll(handles)), 30)
    eventually(lambda: all(ready(fleet, h, pool_id) for h in ("xen2", "xen3", "xen4")), 30)
    assert sorted(true_pool(sim, "xen4")["hosts"]) == ["xen1", "xen2", "xen3", "xen4"]


def test_a_refused_join_says_why_and_changes_nothing(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(2, {"name": "busy", "storage": "local", "where": "xen2"}))
    fleet = fleet_of(sim)
    pool_id = pool_id_of(fleet.read(), "xen1")
    error = finish(fleet.pools, fleet.pools.start_join("xen2", pool_id)).error
    assert isinstance(error, ConflictError)
    assert "host xen2" in error.what
    assert error.cause == "guests run on the host"
    assert error.remedy
    assert true_pool(sim, "xen2")["hosts"] == ["xen2"]


def test_a_coordinator_with_another_password_refuses_the_joiner(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(loners(2))
    fleet = fleet_of(sim)
    pool_id = pool_id_of(fleet.read(), "xen1")
    sim.post("/tweak", {"host": "xen1", "machine": {"password": "changed"}})
    error = finish(fleet.pools, fleet.pools.start_join("xen2", pool_id)).error
    assert isinstance(error, AuthError)
    assert PASSWORD not in str(error.to_dict())


# --- ejecting, coordinator ------------------------------------------------------------------------


def test_an_ejected_host_comes_back_alone(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(pool_of(3))
    fleet = fleet_of(sim)
    view = fleet.read()
    pool_id = pool_id_of(view, "xen1")
    before = {h.name: h.id for h in view.hosts}
    handle = fleet.pools.start_eject("xen3", pool_id)
    assert finish(fleet.pools, handle).error is None
    assert "xen3" not in {h.name for h in read(fleet).hosts if h.pool_id == pool_id}

    def back() -> bool:
        hosts = {h.name: (h.id, h.pool_id) for h in read(fleet).hosts}
        return "xen3" in hosts and hosts["xen3"][1] != pool_id

    eventually(back, 30)
    assert {h.name: h.id for h in read(fleet).hosts} == before
    assert true_pool(sim, "xen1")["hosts"] == ["xen1", "xen2"]


def test_a_host_that_verifies_no_certificates_joins_once_it_does(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    """As one that was ejected. The host's own session enables it, from outside."""
    sim = simulate(
        site({"name": "xen1"}, {"name": "xen2", "tls_verification": False}),
    )
    fleet = fleet_of(sim)
    view = fleet.read()
    target, own = pool_id_of(view, "xen1"), pool_id_of(view, "xen2")
    refused = finish(fleet.pools, fleet.pools.start_join("xen2", target)).error
    assert refused is not None
    assert "TLS verification is on at one side only" in refused.message
    fleet.pools.enable_tls_verification(own)
    api = plain(sim, "xen2")
    (record,) = api.pool.get_all_records().values()
    assert record["tls_verification_enabled"] is True
    assert finish(fleet.pools, fleet.pools.start_join("xen2", target)).error is None


def test_a_host_with_guests_is_not_ejected(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(pool_of(2, {"name": "web", "where": "xen2"}))
    fleet = fleet_of(sim)
    handle = fleet.pools.start_eject("xen2", fleet.read().pools[0].id)
    error = finish(fleet.pools, handle).error
    assert isinstance(error, ConflictError)
    assert "host xen2" in error.what
    assert "resident" in error.cause


def test_the_coordinators_part_is_handed_over(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(pool_of(3, {"name": "web", "count": 3}))
    fleet = fleet_of(sim)
    pool_id = fleet.read().pools[0].id
    fleet.pools.designate_coordinator(pool_id, "xen2")
    eventually(lambda: [p.coordinator for p in read(fleet).pools] == ["xen2"], 30)
    eventually(lambda: all(h.live and h.enabled for h in read(fleet).hosts), 30)
    view = read(fleet)
    assert [p.id for p in view.pools] == [pool_id]
    assert len(view.hosts) == 3
    assert view.unreachable == {}
    assert true_pool(sim, "xen1")["coordinator"] == "xen2"
    assert {v["power_state"] for v in sim.get("/state")["vms"].values()} == {"Running"}
    fleet.pools.set_name(pool_id, "after")
    assert true_pool(sim, "xen1")["name"] == "after"


def test_nobody_becomes_coordinator_whose_address_was_not_given(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(pool_of(2))
    fleet = fleet_of(sim, "xen1")
    with pytest.raises(ConfigError, match="not among those given"):
        fleet.pools.designate_coordinator(fleet.read().pools[0].id, "xen2")
    assert methods(sim, mutating=True) == []


def test_an_action_after_the_coordinator_changed_behind_our_back(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    sim = simulate(pool_of(2))
    fleet = fleet_of(sim)
    pool_id = fleet.read().pools[0].id
    api = plain(sim)
    api.pool.designate_new_master(api.host.get_by_name_label("xen2")[0])
    eventually(lambda: true_pool(sim, "xen1")["coordinator"] == "xen2", 30)
    before = mark(sim)

    def named() -> bool:
        try:
            fleet.pools.set_name(pool_id, "renamed")
        except UnavailableError:
            return False
        return True

    eventually(named, 30)
    assert true_pool(sim, "xen1")["name"] == "renamed"
    assert methods(sim, before, ok=True).count("pool.set_name_label") == 1


def test_a_release_without_the_call_is_reported(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(1))
    fleet = fleet_of(sim)
    fleet.read()
    for code, kind in (
        ("MESSAGE_METHOD_UNKNOWN", UnsupportedError),
        ("INVALID_VALUE", InvalidError),
    ):
        sim.post("/faults", {"action": "error", "method": "host.disable", "error": [code, "x"]})
        with pytest.raises(kind):
            fleet.hosts.disable("xen1")
