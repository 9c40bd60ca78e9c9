# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random sites: one pool with zones, aggregates, migration groups and items, storage and networks on
some hosts, hosts out of service; servers in any state with wishes, groups and marks.

What may be where is said here once more, in the plainest words, and asks nothing of the collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from unit.fleets import GIB, fleet, host, network, pool, storage
from unit.guests import guest

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import (
    MIGRATION_GROUP,
    ZONE_KEY,
    Aggregate,
    ComputeService,
    ExtraSpec,
    Fleet,
    Host,
    Maintenance,
    Server,
)

NAMES = [f"q{i}" for i in range(1, 6)]
ZONES = ("zone-a", "zone-b")
RACKS = ("g0", "g1", "g2")
WITHIN = st.sampled_from([None, None, "zone", "aggregate", "pool", "g0", "g1"])

WISHES: Mapping[ExtraSpec, tuple[Callable[[str], bool], str]] = {
    # what a server wants of aggregates: whether a value will do, and one that does
    ExtraSpec("ssd", "true"): (lambda value: value == "true", "true"),
    ExtraSpec("ssd", "s!= true"): (lambda value: value != "true", "nvme"),
    ExtraSpec("gen", ">= 4"): (lambda value: int(value) >= 4, "5"),
    ExtraSpec("gen", "<or> 3 <or> 9"): (lambda value: value in ("3", "9"), "9"),
}
SHARED, LOCAL, ISOS, LAN = "uuid-nfs", "uuid-local", "uuid-isos", "uuid-lan-p"


def some(draw: st.DrawFn, names: Sequence[str]) -> set[str]:
    chosen = draw(st.integers(0, 2 ** len(names) - 1))
    return {n for i, n in enumerate(names) if chosen >> i & 1}


def _aggregates(draw: st.DrawFn) -> list[Aggregate]:
    zone_of = {n: draw(st.sampled_from([*ZONES, "zone-a", None])) for n in NAMES}
    zones = [Aggregate(z, {ZONE_KEY: z}, tuple(n for n in NAMES if zone_of[n] == z)) for z in ZONES]
    items = st.sampled_from(
        [{}, {}, {MIGRATION_GROUP: "true"}, {MIGRATION_GROUP: "no"}, {"ssd": "true"}]
    )
    more = st.sampled_from([{}, {}, {"gen": "3"}, {"gen": "5, 7"}, {"ssd": "false"}])
    racks = [
        Aggregate(g, {**draw(items), **draw(more)}, tuple(sorted(some(draw, NAMES)))) for g in RACKS
    ]
    return [*zones, *racks]


KINDS: tuple[dict[str, Any], ...] = ({}, {}, {}, {}, {"cpus": 4}, {"enabled": False})
"""Of hosts."""


def _host(draw: st.DrawFn, name: str) -> Host:
    version = draw(st.sampled_from(["3.2.0", "3.2.0", "3.3.0"]))
    fields = {} if name == "q1" else draw(st.sampled_from(KINDS))
    free = draw(st.integers(0, 24)) * GIB
    return host(name, "p", memory_free=free, software={"platform_version": version}, **fields)


def _server(draw: st.DrawFn, number: int, fields: Mapping[str, Any]) -> Server:
    """Servers of q1 have its local disk at times."""
    on = fields.get("on", draw(st.sampled_from(["q1", "q1", "q2", "q3"])))
    disks = st.sampled_from([(), (), (), (SHARED,), (ISOS,), (LOCAL,) if on == "q1" else ()])
    size = draw(st.integers(1, 9)) * GIB
    return guest(
        f"w{number}",
        **{
            "on": on,
            "memory": size,
            "memory_max": size,
            "vcpus": draw(st.sampled_from([1, 1, 1, 8])),
            "storage": frozenset(draw(disks)),
            "networks": frozenset(draw(st.sampled_from([(), (), (), (LAN,)]))),
            "groups": draw(st.sampled_from([(), (), ("db",), ("web",)])),
            "extra_specs": draw(st.sampled_from([(), (), (), (), *((w,) for w in WISHES)])),
            **fields,
        },
    )


@st.composite
def sites(draw: st.DrawFn, fields: Mapping[str, Any] | None = None, down: bool = False) -> Fleet:
    """``fields`` are those of each server; ``down``: their host q1 has failed."""
    hosts = [_host(draw, n) for n in NAMES]
    out, busy = (draw(st.sampled_from([None, None, *NAMES[1:]])) for _way in range(2))
    services = [ComputeService(out, host_id=f"uuid-{out}", status="disabled")] if out else []
    others = [Maintenance(busy, "other", "in_maintenance")] if busy else []
    if down:
        hosts[0] = replace(hosts[0], live=False)
        services.append(ComputeService("q1", state="down", forced_down=True))
    return fleet(
        hosts,
        _aggregates(draw),
        services,
        [pool("p", "q5", name="prod")],
        servers=[_server(draw, i, fields or {}) for i in range(draw(st.integers(1, 4)))],
        storages=[
            storage("nfs", "p", {"q1", *some(draw, NAMES)}),
            storage("local", "p", {"q1"}, shared=False),
            storage("isos", "p", {"q1", *some(draw, NAMES)}, shared=False, content_type="iso"),
        ],
        networks=[network("lan", "p", {"q1", *some(draw, NAMES)})],
        maintenances=others,
    )


# --- the rules once more --------------------------------------------------------------------------


def bound_groups(known: Fleet, name: str) -> set[str]:
    return {
        a.name
        for a in known.aggregates
        if name in a.hosts and a.metadata.get(MIGRATION_GROUP) == "true"
    }


def parted(known: Fleet, source: str, target: str) -> bool:
    here, there = bound_groups(known, source), bound_groups(known, target)
    return source != target and bool(here or there) and not here & there


def within_bounds(
    known: Fleet, source: str, target: str, within: str | None, *, named: bool = False
) -> bool:
    """Zone, aggregates and migration groups. ``named``: the target was asked for by name."""
    if source == target:
        return True
    if parted(known, source, target):
        return False
    if within == "pool":
        return True
    if within not in (None, "zone", "aggregate"):
        one = known.aggregate(within or "")
        return one is not None and target in one.hosts
    common = [a for a in known.aggregates if {source, target} <= set(a.hosts)]
    zone_kept = known.zone_of(source) == known.zone_of(target)
    free = named and not known.zones_of(source)
    return (zone_kept or free) and (within != "aggregate" or bool(common))


def fulfils(known: Fleet, server: Server, target: str) -> bool:
    """Whether the aggregates of the host have all that the server wants."""
    items = [a.metadata for a in known.aggregates if target in a.hosts]
    return all(
        any(
            WISHES[spec][0](value.strip())
            for item in items
            for value in item.get(spec.key, "").split(",")
            if spec.key in item
        )
        for spec in server.extra_specs
    )


def equipped(known: Fleet, server: Server, target: str) -> bool:
    one = known.host(target)
    disks = [known.storage(uuid) for uuid in server.storage]
    lans = [n for n in known.networks if n.id in server.networks]
    return (
        one is not None
        and all(d is not None and target in d.attached for d in disks)
        and all(target in n.hosts for n in lans)
        and server.vcpus <= one.cpus
    )


def in_service(known: Fleet, target: str) -> bool:
    one, service = known.host(target), known.service(target)
    return (
        one is not None
        and one.live
        and one.enabled
        and known.open_maintenance(target) is None
        and service is not None
        and service.status == "enabled"
        and not service.forced_down
    )


def faults(
    known: Fleet, server: Server, target: str, within: str | None, *, named: bool = False
) -> Iterator[str]:
    """What is wrong with a host that is new to the server."""
    source = server.host or server.shelved_from
    if source and not within_bounds(known, source, target, within, named=named):
        yield "out of its bounds"
    if not source and within not in (None, "zone", "aggregate", "pool"):
        one = known.aggregate(within)
        if one is None or target not in one.hosts:
            yield "outside the aggregate that was asked for"
    if not fulfils(known, server, target):
        yield "without what it wants"
    if not equipped(known, server, target):
        yield "without its equipment"
    if not in_service(known, target):
        yield "out of service"
