# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which availability zones there are, which are available, and what is in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.fleets import fleet, host

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    CloudView,
    ComputeService,
    Fleet,
    Zone,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.plan import project_all
from ansible_collections.xenfleet.compute.plugins.module_utils._planes.assemble import (
    assemble_cloud,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.aggregates.verbs import (
    AddHostArgs,
    add_host,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.services.verbs import (
    DisableArgs,
    disable,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.services.zones import (
    zones,
)


def aggregate(name: str, zone: str | None, *hosts: str) -> Aggregate:
    return Aggregate(name, {"availability_zone": zone} if zone else {}, hosts)


EAST = aggregate("a", "east", "xen2")


def service(name: str, zone: str = "east", **fields: str) -> ComputeService:
    return ComputeService(name, **{"zone": zone, **fields})


def two(*aggregates: Aggregate, services: tuple[ComputeService, ...] = ()) -> Fleet:
    hosts = [host("xen1"), host("xen2")]
    return fleet(hosts, aggregates=list(aggregates), services=list(services))


def shown(known: Fleet) -> dict[str, tuple[bool, list[str]]]:
    return {z.name: (z.available, [s.host for s in z.services]) for z in zones(known)}


DISABLED = service("xen2", status="disabled")
CASES: dict[str, tuple[Fleet, dict[str, tuple[bool, list[str]]]]] = {
    "nothing is known": (Fleet(), {}),
    "all in the default zone": (two(), {"nova": (True, ["xen1", "xen2"])}),
    "aggregates without a zone": (
        two(aggregate("ssd", None, "xen1")),
        {"nova": (True, ["xen1", "xen2"])},
    ),
    "a zone beside the default one": (
        two(EAST),
        {"east": (True, ["xen2"]), "nova": (True, ["xen1"])},
    ),
    "a zone without hosts is none": (
        two(aggregate("a", "east")),
        {"nova": (True, ["xen1", "xen2"])},
    ),
    "nor is the default one without hosts": (
        two(aggregate("a", "east", "xen1", "xen2")),
        {"east": (True, ["xen1", "xen2"])},
    ),
    "one zone of two aggregates": (
        two(EAST, aggregate("b", "east", "xen1", "xen2")),
        {"east": (True, ["xen1", "xen2"])},
    ),
    "its only host disabled": (
        two(EAST, services=(DISABLED,)),
        {"east": (False, []), "nova": (True, ["xen1"])},
    ),
    "one of its hosts disabled": (
        two(aggregate("a", "east", "xen1", "xen2"), services=(DISABLED,)),
        {"east": (True, ["xen1"])},
    ),
    "its only host down": (
        two(EAST, services=(service("xen2", state="down"),)),
        {"east": (True, ["xen2"]), "nova": (True, ["xen1"])},
    ),
}


@pytest.mark.parametrize(("known", "expected"), CASES.values(), ids=CASES)
def test_zones_follow_from_services(
    known: Fleet, expected: dict[str, tuple[bool, list[str]]]
) -> None:
    assert shown(known) == expected


def test_zones_follow_what_is_predicted() -> None:
    steps = (
        add_host("a", AddHostArgs(host="xen2", host_id=None)),
        disable("xen2", DisableArgs(host_id=None, reason=None)),
    )
    known = project_all(two(aggregate("a", "east")), steps)
    assert shown(known) == {"east": (False, []), "nova": (True, ["xen1"])}


def test_what_nova_reports_stands() -> None:
    reported = (Zone("east", available=False), Zone("nova", available=True))
    assert zones(replace(two(EAST), zones=reported)) == reported
    assert zones(replace(two(EAST), zones=())) == ()


INTERNAL = Zone("internal", True, (service("ctl", "internal", binary="nova-conductor"),))


@pytest.mark.parametrize(
    ("zone", "default"),
    [
        (Zone("west", True, (service("c1", "west"),)), "west"),
        (Zone("east", True, (service("xen2"),)), "nova"),
        (Zone("west", False), "nova"),
    ],
)
def test_novas_default_zone_is_that_of_hosts_outside_of_zoned_aggregates(
    zone: Zone, default: str
) -> None:
    view = CloudView(aggregates=(EAST,), zones=(INTERNAL, zone))
    assert assemble_cloud(view, (), None).default_zone == default
