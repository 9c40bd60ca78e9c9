# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of a rolling update, how far it is, and what is in the way of any host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.clouds import cloud, guest, service
from unit.fleets import fleet, host, pool, server

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    InvalidError,
    NotFoundError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    Fleet,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.maintenance.rolling_update import (
    RollingUpdateWanted,
    plan_rolling_update,
    refusal,
    rolling_update_summary,
)

NAMES = ("xen1", "xen2", "xen3")
WANTED = RollingUpdateWanted("nov", ("xen3", "xen2", "xen1"))


def pooled(*servers: Any, changes: dict[str, dict[str, Any]] | None = None, **more: Any) -> Fleet:
    """xen2 coordinates."""
    hosts = [host(n, "p", **(changes or {}).get(n, {})) for n in NAMES]
    return fleet(hosts, pools=[pool("p", "xen2", name="prod")], servers=list(servers), **more)


def record(name: str, phase: str, **fields: Any) -> Maintenance:
    return Maintenance(name, "nov", phase, **fields)


def todo(known: Fleet, **wanted: Any) -> list[tuple[str, str]]:
    return [(t.host, t.todo) for t in plan_rolling_update(known, replace(WANTED, **wanted)).turns]


def blockers(known: Fleet, **wanted: Any) -> list[str]:
    return [str(v) for v in plan_rolling_update(known, replace(WANTED, **wanted)).blockers]


def test_the_coordinator_comes_first_and_the_others_as_they_are_given() -> None:
    update = plan_rolling_update(pooled(), WANTED)
    assert [(t.number, t.host, t.coordinator) for t in update.turns] == [
        (1, "xen2", True),
        (2, "xen3", False),
        (3, "xen1", False),
    ]
    assert {t.todo for t in update.turns} == {"maintenance"}
    assert update.verdicts == ()
    assert refusal(update, "nov") is None


def test_a_lone_host_is_no_coordinator_and_hosts_may_be_those_of_an_aggregate() -> None:
    lone = [host("b"), host("a")]
    known = fleet(lone, aggregates=[Aggregate("rack", hosts=("b", "a"))])
    update = plan_rolling_update(known, RollingUpdateWanted("nov", aggregate="rack"))
    assert [(t.host, t.coordinator) for t in update.turns] == [("b", False), ("a", False)]


def test_a_second_run_goes_on_where_the_first_one_stopped() -> None:
    journal = [
        record("xen2", "done", id=1, finished_at="2026-11-21T04:00:00Z"),
        record("xen3", "in_maintenance", id=2),
    ]
    update = plan_rolling_update(pooled(maintenances=journal), WANTED)
    assert [(t.host, t.phase, t.todo) for t in update.turns] == [
        ("xen2", "done", "check"),
        ("xen3", "in_maintenance", "maintenance"),
        ("xen1", None, "maintenance"),
    ]
    assert rolling_update_summary(update, "nov").splitlines() == [
        "rolling update nov: 1 of 3 hosts done",
        "  1  xen2  coordinator  done",
        "  2  xen3               in_maintenance",
        "  3  xen1               not begun",
    ]


def test_only_the_host_finished_last_is_looked_at_again() -> None:
    journal = [
        record("xen1", "done", id=3, finished_at="2026-11-21T06:00:00Z"),
        record("xen2", "done", id=1, finished_at="2026-11-21T04:00:00Z"),
        record("xen3", "done", id=2, finished_at="2026-11-21T05:00:00Z"),
    ]
    assert todo(pooled(maintenances=journal)) == [
        ("xen2", "nothing"),
        ("xen3", "nothing"),
        ("xen1", "check"),
    ]


def test_what_is_in_the_way_of_any_host_is_reported_at_once() -> None:
    known = pooled(
        server("web", "xen1", status="PAUSED", power_state="Paused"),
        changes={"xen3": {"live": False}},
        maintenances=[Maintenance("xen2", "fan", "in_maintenance")],
    )
    update = plan_rolling_update(known, replace(WANTED, hosts=(*NAMES, "xen9")))
    message = refusal(update, "nov") or ""
    assert len(update.blockers) == 4
    for text in (
        "rolling update nov of 4 hosts: it can't begin or continue",
        "host xen1: it can't be emptied: web: is paused",
        "host xen2: maintenance 'fan' of it is open",
        "host xen3: it is down",
        "host xen9: it is unknown to every coordinator that answered",
        "Nothing was changed; remove the 4 blockers and run again",
    ):
        assert text in message
    assert message.count("Nothing was changed") == 1


def test_done_hosts_are_in_nobodys_way() -> None:
    known = pooled(
        changes={"xen3": {"live": False}},
        maintenances=[record("xen3", "done", id=1, finished_at="2026-11-21T04:00:00Z")],
    )
    assert blockers(known) == []


def test_a_rebooting_host_in_maintenance_is_no_blocker() -> None:
    known = pooled(
        changes={"xen2": {"live": False}}, maintenances=[record("xen2", "in_maintenance", id=1)]
    )
    assert blockers(known) == []


def test_a_coordinator_that_is_left_out_is_warned_about() -> None:
    update = plan_rolling_update(pooled(), replace(WANTED, hosts=("xen1",)))
    assert [(v.subject, v.decision) for v in update.verdicts] == [("xen2", "warn")]


def test_on_a_cloud() -> None:
    known = cloud(guest("a"), services=(service("c2", state="down"),))
    wanted = {"hosts": ("c1", "c2", "c3")}
    assert [h for h, _todo in todo(known, **wanted)] == ["c1", "c2", "c3"]
    assert len(blockers(known, **wanted)) == 1
    assert blockers(known, hosts=("c1", "c3"), network="storage") == [
        "option network: Nova does not let its users choose the network of a migration. Leave it "
        "out, and set live_migration_inbound_addr in nova.conf of the hosts"
    ]


def test_no_hosts_and_no_such_aggregate() -> None:
    with pytest.raises(InvalidError, match="it has no hosts"):
        todo(pooled(), hosts=())
    with pytest.raises(NotFoundError, match="aggregate rack"):
        todo(pooled(), hosts=None, aggregate="rack")
