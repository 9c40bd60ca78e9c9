# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a host from joining a pool: interfaces, VLANs, clusters."""

from __future__ import annotations

from .join_side import Error, Side


def clustered(joiner: Side, target: Side) -> Error:
    return next(
        (
            ["CLUSTERING_ENABLED", ref]
            for ref, row in joiner.tables["Cluster_host"].items()
            if row["enabled"]
        ),
        None,
    )


def cluster_network(joiner: Side, target: Side) -> Error:
    """A clustered target's network is untagged or managing, and the joiner has one address on it."""
    if not any(c["pool_auto_join"] for c in target.rows("Cluster")):
        return None
    pifs = [
        target.tables["PIF"].get(h["PIF"])
        for h in target.rows("Cluster_host")
        if h["host"] == target.host
    ]
    for pif in filter(None, pifs):
        if pif["VLAN"] != -1 and not pif["management"]:
            return ["POOL_JOINING_POOL_CANNOT_ENABLE_CLUSTERING_ON_VLAN_NETWORK", str(pif["VLAN"])]
        bridge = target.tables["network"][pif["network"]]["bridge"]
        mine = [
            p
            for p in joiner.rows("PIF")
            if p["IP"] and joiner.tables["network"][p["network"]]["bridge"] == bridge
        ]
        if len(mine) != 1:
            return ["POOL_JOINING_HOST_MUST_HAVE_ONLY_ONE_IP_ON_CLUSTERING_NETWORK"]
    return None


def interfaces(joiner: Side, target: Side) -> Error:
    for cls, code in (
        ("Bond", "HAS_BONDS"),
        ("tunnel", "HAS_TUNNELS"),
        ("network_sriov", "HAS_NETWORK_SRIOVS"),
    ):
        if joiner.tables[cls]:
            return [f"POOL_JOINING_HOST_{code}"]
    return None


def vlans(joiner: Side, target: Side) -> Error:
    for vlan in joiner.rows("VLAN"):
        if not joiner.tables["PIF"].get(vlan["untagged_PIF"], {}).get("management"):
            return ["POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS"]
    return None


def management_vlan(joiner: Side, target: Side) -> Error:
    tags = [str(s.management["VLAN"]) if s.management else "-1" for s in (joiner, target)]
    return (
        None if tags[0] == tags[1] else ["POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH", *tags]
    )


def network_backend(joiner: Side, target: Side) -> Error:
    backends = [s.version.get("network_backend") for s in (joiner, target)]
    if backends[0] != backends[1]:
        return ["OPERATION_NOT_ALLOWED", "Network backends differ"]
    controllers = [s.pool_row["vswitch_controller"] for s in (joiner, target)]
    differ = backends[0] == "openvswitch" and controllers[0] and controllers[0] != controllers[1]
    return ["OPERATION_NOT_ALLOWED", "SDN controller differs"] if differ else None


def address_type(joiner: Side, target: Side) -> Error:
    types = [s.management["primary_address_type"] if s.management else "" for s in (joiner, target)]
    return (
        None if types[0] == types[1] else ["OPERATION_NOT_ALLOWED", "Primary address type differs"]
    )


def purposes(joiner: Side, target: Side) -> Error:
    """Networks for NBD on one side and for insecure NBD on the other don't go together."""
    used = [{p for n in s.rows("network") for p in n["purpose"]} for s in (joiner, target)]
    clash = ("nbd" in used[0] and "insecure_nbd" in used[1]) or (
        "insecure_nbd" in used[0] and "nbd" in used[1]
    )
    return (
        ["OPERATION_NOT_ALLOWED", "Incompatible network purposes: nbd and insecure_nbd"]
        if clash
        else None
    )
