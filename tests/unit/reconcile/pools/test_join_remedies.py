# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every set of blockers of joins: each remedy, done, removes its blocker and no other
comes instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.fleets import fleet, host, pool, server, storage

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import PlanRefused
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    Aggregate,
    Fleet,
    Host,
    Maintenance,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._reconcile.pools.membership import (
    MembershipWanted,
    plan_membership,
)

FAULTS: tuple[dict[str, Any], ...] = (
    {},
    {"live": False},
    {"operations": ("evacuate",)},
    {"pending_guidances": ("reboot_host",)},
    {"software": {"platform_version": "3.1.0"}},
    {"software": {"network_backend": "bridge"}},
    {"bonds": 1},
    {"vlans": 2},
    {"tunnels": 1},
    {"management_vlan": "7"},
    {"external_auth": "AD"},
    {"edition": "free"},
)
SAME: dict[str, Any] = {
    "software": {"platform_version": "3.2.0", "network_backend": "openvswitch"},
    "edition": "xcp-ng",
}
NAMES = ("xen2", "xen3")


@st.composite
def sites(draw: st.DrawFn) -> Fleet:
    """Pool alpha of xen1, and two joiners, each with some of the faults; a zone for one of them."""
    pools = [pool("pa", "xen1", name="alpha", tls_verification=draw(st.booleans()))]
    hosts = [host("xen1", "pa", **SAME)]
    for name in NAMES:
        fields = {**SAME}
        for fault in draw(st.lists(st.sampled_from(FAULTS), max_size=3)):
            fields.update(fault)
        hosts.append(host(name, **fields))
        pools.append(pool(f"pool-{name}", name, ha_enabled=draw(st.booleans())))
    guests = [
        server(draw(st.sampled_from(["web", "db"])), on, f"pool-{name}")
        for name in NAMES
        for on in [draw(st.sampled_from([name, None]))]
        if draw(st.booleans())
    ]
    zoned = Aggregate("racks", {"availability_zone": "za"}, draw(st.sampled_from([(), ("xen2",)])))
    return fleet(
        hosts,
        [zoned],
        pools=pools,
        servers=[replace(g, id=f"{g.id}-{i}") for i, g in enumerate(guests)],
        storages=[
            storage("nfs", f"pool-{n}", {n}) for n in NAMES if draw(st.sampled_from([0, 0, 1]))
        ],
        maintenances=[Maintenance(n, "m", "in_maintenance") for n in NAMES if draw(st.booleans())],
    )


Doing = Callable[[Fleet, MembershipWanted, str], tuple[Fleet, MembershipWanted]]


def on_host(**fields: Any) -> Doing:
    def change(one: Host, name: str) -> Host:
        return replace(one, **fields) if one.name == name else one

    return lambda known, wanted, name: (
        replace(known, hosts=tuple(change(h, name) for h in known.hosts)),
        wanted,
    )


def on_pool(**fields: Any) -> Doing:
    return lambda known, wanted, name: (
        replace(
            known,
            pools=tuple(replace(p, **fields) if p.coordinator == name else p for p in known.pools),
        ),
        wanted,
    )


def without(section: str, mine: Callable[[Any, str], bool]) -> Doing:
    return lambda known, wanted, name: (
        replace(known, **{section: tuple(x for x in getattr(known, section) if not mine(x, name))}),
        wanted,
    )


def asking(**options: Any) -> Doing:
    return lambda known, wanted, _name: (known, replace(wanted, **options))


def shut_down(known: Fleet, wanted: MembershipWanted, name: str) -> tuple[Fleet, MembershipWanted]:
    off = {"status": "SHUTOFF", "vm_state": "stopped", "power_state": "Halted", "host": None}
    return replace(
        known,
        servers=tuple(
            replace(s, **off) if s.pool_id == f"pool-{name}" else s for s in known.servers
        ),
    ), wanted


def renamed(known: Fleet, wanted: MembershipWanted, _name: str) -> tuple[Fleet, MembershipWanted]:
    return replace(known, servers=tuple(replace(s, name=s.id) for s in known.servers)), wanted


WORDS: Mapping[str, Doing] = {
    r"Start it, and check that its toolstack runs": on_host(live=True),
    r"Wait until that has ended": on_host(operations=()),
    r"Finish it first: host_maintenance with state in_service": without(
        "maintenances", lambda m, name: m.host == name
    ),
    r"Do what it asks for \(usually a reboot\)": on_host(pending_guidances=()),
    r"Update the older of the two to the same release": on_host(software=SAME["software"]),
    r"Set the same backend on both \(xe-switch-network-backend\)": on_host(
        software=SAME["software"]
    ),
    r"Remove them; a join copies those of the pool": on_host(bonds=0, vlans=0, tunnels=0),
    r"Put both on the same VLAN": on_host(management_vlan="-1"),
    r"Enable the same on it|disable it on both": on_host(external_auth=""),
    r"Apply the pool's edition to it \(xe host-apply-edition\)": on_host(edition=SAME["edition"]),
    r"Disable HA on it": on_pool(ha_enabled=False),
    r"Forget them on it \(xe sr-forget\)": without(
        "storages", lambda s, name: s.pool_id == f"pool-{name}"
    ),
    r"Shut them down for the join": shut_down,
    r"move them to another host": without(
        "servers", lambda s, name: s.pool_id == f"pool-{name}" and s.host == name
    ),
    r"Rename one of them": renamed,
    r"set allow_duplicate_servers": asking(allow_duplicate_servers=True),
    r"Set enable_tls_verification to true, which enables it on the host before the join": asking(
        enable_tls_verification=True
    ),
    r"run xe pool-enable-tls-verification as root on .*": on_pool(tls_verification=True),
    r"Move its servers to other hosts first": without("servers", lambda s, name: s.host == name),
    r"set allow_zone_change to true .*": asking(allow_zone_change=True),
    r"Remove it from aggregate racks first": without("aggregates", lambda a, _name: bool(a.name)),
}


def blockers(known: Fleet, wanted: MembershipWanted) -> list[tuple[str, str, str]]:
    try:
        plan_membership(known, wanted)
    except PlanRefused as refused:
        verdicts = refused.details["verdicts"]
        return [(v["subject"], v["reason"], v["remedy"]) for v in verdicts if v["remedy"]]
    return []


def done(
    known: Fleet, wanted: MembershipWanted, blocker: tuple[str, str, str], way: int
) -> tuple[Fleet, MembershipWanted]:
    ways = blocker[2].split(", or ")
    clause = ways[way % len(ways)]
    for words, doing in WORDS.items():
        if re.fullmatch(words, clause):
            return doing(known, wanted, blocker[0])
    raise AssertionError(f"nobody knows how to: {clause}")


@settings(max_examples=80, deadline=None)
@given(sites(), st.integers(0, 1), st.sampled_from([None, "za", "zb"]))
def test_every_remedy_removes_its_blocker(known: Fleet, way: int, zone: str | None) -> None:
    wanted = MembershipWanted(
        NAMES, pool="alpha", state="joinable", into_aggregate="prod" if zone else None, zone=zone
    )
    for _turn in range(40):
        found = blockers(known, wanted)
        if not found:
            return
        known, wanted = done(known, wanted, found[0], way)
        left = blockers(known, wanted)
        assert found[0][:2] not in [one[:2] for one in left]
    raise AssertionError(found)
