# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark on a guest that was shut down for its host's join to a pool."""

from __future__ import annotations

from typing import Any

from contract.xapi.sites import Connect, Plain, Simulate, eventually, finish, loners
from contract.xapi.test_pools import pool_id_of, read, ready
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet import XenFleet
from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Server

VM = {"name": "nova-compute", "where": "xen2", "storage": "local"}


def one(fleet: XenFleet, name: str = "nova-compute") -> Server:
    return next(s for s in read(fleet).servers if s.name == name)


def our_keys(sim: Simulator, name: str = "nova-compute") -> set[str]:
    config = sim.get("/state")["vms"][name]["other_config"]
    return {key for key in config if key.startswith("xenfleet:")}


def act(fleet: XenFleet, action: str, server: Server, host: str | None = None) -> None:
    handle = fleet.servers.start_action(action, ActionArgs(id=server.id, host=host))
    assert finish(fleet.servers, handle).error is None


def noted(fleet: XenFleet) -> Server:
    """As a run is killed that has shut it down."""
    view = fleet.read()
    host = next(h for h in view.hosts if h.name == "xen2")
    server = one(fleet)
    fleet.pools.note_stopped(server.id, host.id)
    assert one(fleet).stopped_for_join is None, "it runs"
    act(fleet, "stop", server)
    return server


def test_it_names_the_host_until_it_is_taken_away(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(2, VM))
    fleet = fleet_of(sim)
    server = noted(fleet)
    assert one(fleet).stopped_for_join == "xen2"
    fleet.pools.note_stopped(server.id, None)
    assert one(fleet).stopped_for_join is None
    assert our_keys(sim) == set()
    fleet.pools.note_stopped(server.id, None)


def test_it_goes_into_the_pool_with_the_guest(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(2, VM))
    fleet = fleet_of(sim)
    server = noted(fleet)
    pool_id = pool_id_of(read(fleet), "xen1")
    assert finish(fleet.pools, fleet.pools.start_join("xen2", pool_id)).error is None
    eventually(lambda: ready(fleet, "xen2", pool_id))
    after = one(fleet)
    assert (after.id, after.pool_id, after.stopped_for_join) == (server.id, pool_id, "xen2")
    act(fleet, "start", after, "xen2")
    assert one(fleet).stopped_for_join is None, "though the mark is still there"


def test_it_means_nothing_once_somebody_has_started_it(
    simulate: Simulate, fleet_of: Connect
) -> None:
    """Whoever stops it later does so for a reason of his own."""
    fleet = fleet_of(simulate(loners(2, VM)))
    server = noted(fleet)
    act(fleet, "start", server, "xen2")
    act(fleet, "stop", server)
    assert one(fleet).power_state == "Halted"
    assert one(fleet).stopped_for_join is None


def test_a_copy_is_not_marked(simulate: Simulate, fleet_of: Connect, plain: Plain) -> None:
    """Nor do the marks that a copy has come with count once it is marked itself."""
    sim = simulate(loners(2, VM))
    fleet = fleet_of(sim)
    noted(fleet)
    api: Any = plain(sim, "xen2")
    copy = api.VM.clone(api.VM.get_by_name_label("nova-compute")[0], "copy")
    api.VM.add_to_other_config(copy, "xenfleet:vm_state", "shelved")
    assert one(fleet, "copy").stopped_for_join is None
    fleet.pools.note_stopped(one(fleet, "copy").id, read(fleet).hosts[0].id)
    assert our_keys(sim, "copy") == {"xenfleet:id", "xenfleet:join"}


def test_other_marks_stay(simulate: Simulate, fleet_of: Connect, plain: Plain) -> None:
    sim = simulate(loners(2, VM))
    fleet = fleet_of(sim)
    api: Any = plain(sim, "xen2")
    ref = api.VM.get_by_name_label("nova-compute")[0]
    api.VM.add_to_other_config(ref, "xenfleet:id", api.VM.get_uuid(ref))
    api.VM.add_to_other_config(ref, "xenfleet:vm_state", "error")
    server = one(fleet)
    fleet.pools.note_stopped(server.id, read(fleet).hosts[0].id)
    assert our_keys(sim) == {"xenfleet:id", "xenfleet:vm_state", "xenfleet:join"}
    fleet.pools.note_stopped(server.id, None)
    assert our_keys(sim) == {"xenfleet:id", "xenfleet:vm_state"}
