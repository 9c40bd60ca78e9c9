# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""XenAPI records as values of the model. Pure: no call is made from here.

Over XML-RPC integers arrive as text, sets as lists, times as DateTime with the text
20260821T02:00:23Z.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from ..._core.errors import ConfigError
from ..._core.model import Host, Network, Pool, Server, Storage, XenView
from .marks import marks
from .read import NULL, PoolRecords, Rows
from .server import server

Named = TypeVar("Named", Host, Network, Pool, Server, Storage)

CLEAR_TEXT = "password"
"""Keys of a PBD's device_config with this in their name hold a secret, in clear text with some
drivers.
"""


def view(pools: Sequence[PoolRecords], unreachable: Mapping[str, str]) -> XenView:
    """All pools as one. ConfigError if two hosts have the same name."""
    hosts = [host for records in pools for host in _hosts(records)]
    _check_names(hosts, {r.pool_id: r.connection.endpoint.text for r in pools})
    return XenView(
        hosts=_ordered(hosts),
        pools=_ordered(_pool(records) for records in pools),
        servers=_ordered(s for records in pools for s in _servers(records)),
        storages=_ordered(s for records in pools for s in _storages(records)),
        networks=_ordered(n for records in pools for n in _networks(records)),
        unreachable=dict(unreachable),
    )


def _ordered(items: Iterable[Named]) -> tuple[Named, ...]:
    """By name, so that results and plans do not depend on the order of XAPI's answers."""
    return tuple(sorted(items, key=lambda item: (item.name, item.id)))


def distinct(pools: Iterable[PoolRecords]) -> list[PoolRecords]:
    """Without pools read twice, and without the own pool of a host that has just joined another.

    For about ten seconds between the success of pool.join and the restart of its toolstack, a
    joiner still answers as the coordinator of a pool of its own, whose guests and disks the new
    pool lists as well.
    """
    once = {records.pool_id: records for records in reversed(list(pools))}
    kept = list(reversed(once.values()))
    supporters = {
        host["uuid"]
        for records in kept
        for ref, host in records.rows["host"].items()
        if ref != records.pool["master"]
    }
    return [r for r in kept if r.coordinator.get("uuid") not in supporters]


def _check_names(hosts: Sequence[Host], endpoints: Mapping[str, str]) -> None:
    by_name: dict[str, Host] = {}
    for host in hosts:
        other = by_name.setdefault(host.name, host)
        if other is not host:
            where = [f"{h.id} at {h.address} (asked {endpoints[h.pool_id]})" for h in (other, host)]
            raise ConfigError(
                f"host {host.name}",
                f"two hosts have this name: {' and '.join(where)}",
                "Rename one of them (xe host-param-set name-label)",
            )


# --- hosts and pools ------------------------------------------------------------------------------------------------


def _hosts(records: PoolRecords) -> list[Host]:
    used = _memory_used(records.rows["VM"])
    pifs = _by(records.rows["PIF"], "host")
    return [
        _host(records, ref, row, used.get(ref, 0), pifs.get(ref, []))
        for ref, row in records.rows["host"].items()
    ]


def _host(
    records: PoolRecords, ref: str, row: dict[str, Any], used: int, pifs: list[dict[str, Any]]
) -> Host:
    metrics = records.rows["host_metrics"].get(row["metrics"], {})
    total = int(metrics.get("memory_total", 0))
    version = f"{row['API_version_major']}.{row['API_version_minor']}"
    return Host(
        id=row["uuid"],
        name=row["name_label"],
        pool_id=records.pool_id,
        address=row["address"],
        live=bool(metrics.get("live", False)),
        enabled=row["enabled"],
        memory_total=total,
        memory_free=max(0, total - int(row.get("memory_overhead", 0)) - used),
        cpus=int(row["cpu_info"].get("cpu_count", 0)),
        cpu_vendor=row["cpu_info"].get("vendor", ""),
        software={**row["software_version"], "api_version": version},
        other_config=row["other_config"],
        operations=tuple(sorted(row["current_operations"].values())),
        edition=row.get("edition", ""),
        pending_guidances=tuple(row.get("pending_guidances", ())),
        booted_at=_booted_at(row["other_config"].get("boot_time", "")),
        bonds=sum(1 for p in pifs if p["bond_master_of"]),
        vlans=sum(1 for p in pifs if int(p["VLAN"]) >= 0 and not p["management"]),
        tunnels=sum(1 for p in pifs if p.get("tunnel_access_PIF_of")),
        management_vlan=next((str(p["VLAN"]) for p in pifs if p["management"]), "-1"),
        external_auth=row.get("external_auth_type", ""),
        joining=records.joining and ref == records.pool["master"],
    )


def _booted_at(seconds: str) -> str | None:
    """Seconds since 1970 as OCaml writes a float; 0 where the host could not find it out
    (dbsync_slave.ml).
    """
    with suppress(ValueError, OverflowError):
        if float(seconds) > 0:
            return datetime.fromtimestamp(float(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None


def _memory_used(vms: Rows) -> dict[str, int]:
    """What guests and control domains take of each host, scheduled ones too (memory_check.ml)."""
    used: dict[str, int] = {}
    for vm in vms.values():
        for ref in {vm["resident_on"], vm["scheduled_to_be_resident_on"]} - {NULL}:
            share = int(vm["memory_dynamic_min"]) + int(vm["memory_overhead"])
            used[ref] = used.get(ref, 0) + share
    return used


def _pool(records: PoolRecords) -> Pool:
    row = records.pool
    default = records.rows["SR"].get(row["default_SR"])
    return Pool(
        id=row["uuid"],
        name=row["name_label"],
        coordinator=records.coordinator.get("name_label", ""),
        description=row["name_description"],
        default_sr=default["uuid"] if default else None,
        ha_enabled=row["ha_enabled"],
        tls_verification=row.get("tls_verification_enabled", False),
        other_config=row["other_config"],
        tags=tuple(row["tags"]),
        endpoint=records.connection.endpoint.text,
    )


# --- storage and networks -------------------------------------------------------------------------------------------


def _storages(records: PoolRecords) -> list[Storage]:
    pbds = _by(records.rows["PBD"], "SR")
    return [_storage(records, row, pbds.get(ref, [])) for ref, row in records.rows["SR"].items()]


def _storage(records: PoolRecords, row: dict[str, Any], pbds: list[dict[str, Any]]) -> Storage:
    first = sorted(pbds, key=lambda p: p["host"] != records.pool["master"])[:1]
    config = first[0]["device_config"] if first else {}
    return Storage(
        id=row["uuid"],
        name=row["name_label"],
        pool_id=records.pool_id,
        type=row["type"],
        content_type=row["content_type"],
        shared=row["shared"],
        tools=row.get("is_tools_sr", False),
        size=int(row["physical_size"]),
        used=int(row["physical_utilisation"]),
        description=row["name_description"],
        device_config={k: v for k, v in config.items() if CLEAR_TEXT not in k.lower()},
        attached=records.host_names(p["host"] for p in pbds if p["currently_attached"]),
        known_to=records.host_names(p["host"] for p in pbds),
    )


def _networks(records: PoolRecords) -> list[Network]:
    pifs = _by(records.rows["PIF"], "network")
    return [
        Network(
            id=row["uuid"],
            name=row["name_label"],
            pool_id=records.pool_id,
            hosts=records.host_names(p["host"] for p in pifs.get(ref, [])),
        )
        for ref, row in records.rows["network"].items()
    ]


def _by(rows: Rows, column: str) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows.values():
        grouped.setdefault(row[column], []).append(row)
    return grouped


# --- servers --------------------------------------------------------------------------------------------------------


def _servers(records: PoolRecords) -> list[Server]:
    rows = records.rows
    attached = {
        ref: {p["host"] for p in pbds if p["currently_attached"]}
        for ref, pbds in _by(rows["PBD"], "SR").items()
    }
    vbds, vifs = _by(rows["VBD"], "VM"), _by(rows["VIF"], "VM")
    sriov = _sriov_networks(rows["PIF"])
    return [
        server(records, vm, vbds.get(ref, []), vifs.get(ref, []), attached, sriov)
        for ref, vm in rows["VM"].items()
        if not (vm["is_control_domain"] or vm["is_a_snapshot"] or vm["is_a_template"])
        and "server" not in marks(vm)
    ]


def _sriov_networks(pifs: Rows) -> frozenset[str]:
    """Networks on virtual functions. A VLAN on one has the same device; some other VLANs do, too."""
    cards = {(p["host"], p["device"]) for p in pifs.values() if p.get("sriov_logical_PIF_of")}
    return frozenset(
        p["network"]
        for p in pifs.values()
        if p.get("sriov_logical_PIF_of")
        or (int(p["VLAN"]) >= 0 and (p["host"], p["device"]) in cards)
    )
