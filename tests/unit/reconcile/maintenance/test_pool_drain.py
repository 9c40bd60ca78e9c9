# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What empties a host, and every reason why it can't be emptied."""

from __future__ import annotations

from typing import Any

import pytest
from unit.fleets import GIB, fleet, host, network, server, storage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Fleet, Host
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.emptied import (
    Emptied,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.pool_drain import (
    empty,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.wanted import (
    MaintenanceWanted,
)

XEN1 = host("xen1", "p")


def pool(*servers: Any, others: list[Host] | None = None, **sections: Any) -> Fleet:
    hosts = [XEN1, *(others if others is not None else [host("xen2", "p"), host("xen3", "p")])]
    return fleet(hosts, servers=list(servers), **sections)


def drain(known: Fleet, source: Host, **options: Any) -> Emptied:
    return empty(known, source, MaintenanceWanted(source.name, **options))


def blockers(known: Fleet, **options: Any) -> list[str]:
    return [str(v) for v in drain(known, XEN1, **options).blockers]


def moves(known: Fleet, **options: Any) -> list[str]:
    steps = drain(known, XEN1, **options).steps
    return [str(s).removeprefix("live-migrate ").replace(" from xen1", "") for s in steps]


def test_biggest_first_spread_over_the_others() -> None:
    known = pool(
        server("small", "xen1", memory=2 * GIB),
        server("big", "xen1", memory=8 * GIB),
        server("middle", "xen1", memory=4 * GIB),
        server("elsewhere", "xen2"),
    )
    assert moves(known) == ["big to xen2", "middle to xen3", "small to xen3"]
    assert [str(v) for v in drain(known, XEN1).verdicts] == [
        "xen2: has 52.0 GiB of memory left for servers afterwards",
        "xen3: has 54.0 GiB of memory left for servers afterwards",
    ]


def test_servers_that_do_not_run_stay() -> None:
    asleep = server(
        "asleep", "xen1", status="SUSPENDED", vm_state="suspended", power_state="Suspended"
    )
    off = server("off", "xen1", status="SHUTOFF", vm_state="stopped", power_state="Halted")
    drained = drain(pool(asleep, off, others=[]), XEN1)
    assert drained.steps == ()
    assert drained.blockers == ()
    assert [str(v) for v in drained.verdicts] == [
        "asleep: is SUSPENDED and stays as it is",
        "off: is SHUTOFF and stays as it is",
    ]


def test_an_empty_host_needs_no_target() -> None:
    assert drain(pool(others=[]), XEN1).blockers == ()


BLOCKED: list[tuple[str, dict[str, Any], str, str]] = [
    ("busy", {"task_state": "rebooting"}, "is busy: its task_state is rebooting", "Wait until"),
    (
        "paused",
        {"power_state": "Paused", "status": "PAUSED", "vm_state": "paused"},
        "is paused, and only a running server can be moved",
        "Unpause it",
    ),
    (
        "rescued",
        {"status": "RESCUE", "vm_state": "rescued", "allowed": frozenset()},
        "is RESCUE, and the VM that it is rescued from can't be moved",
        "Bring it back (server_action: unrescue, or reboot_hard if it is in ERROR), or delete it",
    ),
    (
        "locked by its owner",
        {"blocked": {"pool_migrate": "licence dongle"}},
        "has pool_migrate among its blocked_operations (licence dongle)",
        "Remove that block",
    ),
    (
        "not movable",
        {"allowed": frozenset({"hard_shutdown"})},
        "does not allow pool_migrate (no guest tools, or a device passed through)",
        "Install the guest tools",
    ),
    (
        "CD",
        {"storage": frozenset({"uuid-isos"})},
        "no host can take it: SR isos is not attached on xen2 and xen3",
        "Eject its CD",
    ),
    (
        "the host's own",
        {"storage": frozenset({"uuid-own"}), "metadata": {"nova_compute": "true"}},
        "it is the VM in which the host's nova-compute runs, and no host can take it: "
        "SR own is not attached on xen2 and xen3",
        "Move its disk to a shared SR, or stop the server",
    ),
    (
        "different reasons",
        {"storage": frozenset({"uuid-half"}), "networks": frozenset({"uuid-dmz-p"})},
        "no host can take it: network dmz is missing on xen2; SR half is not attached on xen3",
        "Connect the network there. Plug the SR there (xen_sr), or stop the server",
    ),
    (
        "too big",
        {"memory": 61 * GIB},
        "no capacity: it needs 61.0 GiB of memory, and once the others are placed, these have left: "
        "xen2 60.0 GiB and xen3 60.0 GiB",
        "Stop or shrink",
    ),
]


@pytest.mark.parametrize(
    ("fields", "reason", "remedy"), [r[1:] for r in BLOCKED], ids=[r[0] for r in BLOCKED]
)
def test_blocker(fields: dict[str, Any], reason: str, remedy: str) -> None:
    known = pool(
        server("s", "xen1", **fields),
        storages=[
            storage("isos", "p", {"xen1"}, shared=False, content_type="iso"),
            storage("half", "p", {"xen1", "xen2"}),
            storage("own", "p", {"xen1"}, shared=False),
        ],
        networks=[network("dmz", "p", {"xen1", "xen3"})],
    )
    (blocker,) = drain(known, XEN1).blockers
    assert blocker.subject == "s"
    assert blocker.reason == reason
    assert remedy in blocker.remedy


def test_all_blockers_are_reported_together() -> None:
    known = pool(
        server("paused", "xen1", power_state="Paused"),
        server("busy", "xen1", task_state="suspending"),
        server("huge", "xen1", memory=100 * GIB),
        server("fine", "xen1"),
    )
    assert sorted(b.subject for b in drain(known, XEN1).blockers) == ["busy", "huge", "paused"]


CLOSED: list[tuple[str, list[Host], str]] = [
    ("alone", [], "no other host accepts servers: it has no other"),
    (
        "none in service",
        [host("xen2", "p", enabled=False), host("xen3", "p", live=False)],
        "no other host accepts servers: xen2 is disabled and xen3 is down",
    ),
    (
        "older version",
        [host("xen2", "p", software={"platform_version": "3.1"})],
        "no other host accepts servers: xen2 runs an older version than xen1",
    ),
    (
        "another pool",
        [host("xen2", "q")],
        "no other host accepts servers: it has no other",
    ),
]


@pytest.mark.parametrize(("others", "reason"), [r[1:] for r in CLOSED], ids=[r[0] for r in CLOSED])
def test_no_target(others: list[Host], reason: str) -> None:
    source = host("xen1", "p", software={"platform_version": "3.2"})
    known = fleet([source, *others], servers=[server("s", "xen1")])
    (blocker,) = drain(known, source).blockers
    assert blocker.reason == reason


def test_a_closed_host_is_left_out_and_reported() -> None:
    known = pool(server("s", "xen1"), others=[host("xen2", "p", enabled=False), host("xen3", "p")])
    assert moves(known) == ["s to xen3"]
    assert "xen2: accepts no servers: it is disabled" in [
        str(v) for v in drain(known, XEN1).verdicts
    ]


def test_anti_affinity_blocks_unless_relaxed() -> None:
    members = [server(f"db{i}", f"xen{i}", groups=("db",)) for i in (1, 2, 3)]
    known = pool(*members)
    assert blockers(known) == [
        "db1: anti-affinity: every host with room for it (xen2 and xen3) has a server of group db. "
        "Add a host, take it out of the group, or relax anti_affinity for this maintenance"
    ]
    relaxed = drain(known, XEN1, enforce_groups=False)
    assert relaxed.blockers == ()
    assert [str(s) for s in relaxed.steps] == ["live-migrate db1 from xen1 to xen2"]
    assert [str(v) for v in relaxed.verdicts if v.decision == "warn"] == [
        "db1: shares xen2 with db2 of its anti-affinity group until the servers return"
    ]


def test_anti_affinity_chooses_the_host_without_a_peer() -> None:
    known = pool(
        server("db1", "xen1", groups=("db",)),
        server("db2", "xen2", groups=("db",)),
        others=[host("xen2", "p", memory_free=60 * GIB), host("xen3", "p", memory_free=4 * GIB)],
    )
    assert moves(known) == ["db1 to xen3"]


@pytest.mark.parametrize(("status", "vm_state"), [("RESCUE", "rescued"), ("ERROR", "error")])
def test_the_rescue_vm_of_a_server_stays(status: str, vm_state: str) -> None:
    known = pool(server("web1", "xen1", status=status, vm_state=vm_state, stand_in=True))
    (blocker,) = blockers(known)
    assert f"web1: is {status}, and the VM that it is rescued from can't be moved" in blocker
    assert "unrescue" in blocker
