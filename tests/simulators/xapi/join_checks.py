# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a host from joining a pool: pure checks over what both sides show, in XAPI's order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .database import Database, Row
from .world import Machine

Error = list[str] | None


@dataclass(frozen=True)
class Side:
    """One side of a join: its coordinator's host row, its pool row, and the tables the checks look at."""

    host: str
    host_row: Row
    pool_row: Row
    tables: dict[str, dict[str, Row]] = field(default_factory=dict)

    def rows(self, cls: str) -> list[Row]:
        return list(self.tables[cls].values())

    @property
    def version(self) -> dict[str, str]:
        return self.host_row["software_version"]

    @property
    def brand(self) -> str | None:
        return self.version.get("product_brand") or self.version.get("platform_name")

    @property
    def management(self) -> Row | None:
        return next(
            (p for p in self.rows("PIF") if p["management"] and p["host"] == self.host), None
        )


TABLES = (
    "host VM SR PIF Bond tunnel network_sriov VLAN network pool_update Certificate SM Cluster Cluster_host"
).split()


def side_of(machine: Machine) -> Side:
    """A copy of what a coordinator knows; the caller holds its pool's lock."""
    db: Database = machine.pool.db
    tables = {cls: {ref: dict(row) for ref, row in db.tables[cls].items()} for cls in TABLES}
    return Side(
        machine.ref, tables["host"][machine.ref], dict(db.row("pool", machine.pool.ref)), tables
    )


def pool_size(joiner: Side, target: Side) -> Error:
    restricted = joiner.pool_row["restrictions"].get("restrict_pool_size") == "true"
    return (
        ["LICENCE_RESTRICTION", "Pool_size"]
        if restricted and len(target.tables["host"]) >= 3
        else None
    )


def management_interface(joiner: Side, target: Side) -> Error:
    return None if joiner.management else ["HOST_STILL_BOOTING"]


def ha_here(joiner: Side, target: Side) -> Error:
    return ["HA_IS_ENABLED"] if joiner.pool_row["ha_enabled"] else None


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
    """A clustered target needs its network untagged, or on the management interface, and one address of the joiner on it."""
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


def ha_there(joiner: Side, target: Side) -> Error:
    return ["HA_IS_ENABLED"] if target.pool_row["ha_enabled"] else None


def itself(joiner: Side, target: Side) -> Error:
    if joiner.host_row["uuid"] != target.host_row["uuid"]:
        return None
    alone = len(joiner.tables["host"]) == 1
    return [
        "OPERATION_NOT_ALLOWED",
        "Host cannot become slave of itself" if alone else "Host is already part of a pool",
    ]


def coordinates_others(joiner: Side, target: Side) -> Error:
    return (
        ["JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS"] if len(joiner.tables["host"]) > 1 else None
    )


def running_vms(joiner: Side, target: Side) -> Error:
    running = any(
        v["power_state"] == "Running" and not v["is_control_domain"] for v in joiner.rows("VM")
    )
    return ["JOINING_HOST_CANNOT_HAVE_RUNNING_VMS"] if running else None


def busy_vms(joiner: Side, target: Side) -> Error:
    busy = any(v["current_operations"] for v in joiner.rows("VM"))
    return ["JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS"] if busy else None


def guidance(joiner: Side, target: Side) -> Error:
    pending = next((s.host for s in (joiner, target) if s.host_row["pending_guidances"]), None)
    return ["HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY", pending] if pending else None


def compatible(joiner: Side, target: Side) -> Error:
    same = (joiner.version.get("platform_version"), joiner.brand) == (
        target.version.get("platform_version"),
        target.brand,
    )
    return None if same else ["HOSTS_NOT_COMPATIBLE"]


def homogeneous(joiner: Side, target: Side) -> Error:
    """The only check that pool.join_force leaves out."""
    for key in ("xapi", "git_id"):
        if joiner.version.get(key) != target.version.get(key):
            return ["HOSTS_NOT_HOMOGENEOUS", "Software version differs"]
    if joiner.host_row["cpu_info"].get("vendor") != target.pool_row["cpu_info"].get("vendor"):
        return ["HOSTS_NOT_HOMOGENEOUS", "CPUs differ"]
    return None


def shared_srs(joiner: Side, target: Side) -> Error:
    shared = any(s["shared"] and not s["is_tools_sr"] for s in joiner.rows("SR"))
    return ["JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS"] if shared else None


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


def external_auth(joiner: Side, target: Side) -> Error:
    auths = [
        (s.host_row["external_auth_type"], s.host_row["external_auth_service_name"].lower())
        for s in (joiner, target)
    ]
    return None if auths[0] == auths[1] else ["POOL_JOINING_EXTERNAL_AUTH_MISMATCH"]


def editions(joiner: Side, target: Side) -> Error:
    if joiner.host_row["edition"] == target.host_row["edition"]:
        return None
    text = f"host edition {joiner.host_row['edition']} differs from pool edition {target.host_row['edition']}"
    return ["LICENSE_HOST_POOL_MISMATCH", text]


def network_backend(joiner: Side, target: Side) -> Error:
    backends = [s.version.get("network_backend") for s in (joiner, target)]
    if backends[0] != backends[1]:
        return ["OPERATION_NOT_ALLOWED", "Network backends differ"]
    controllers = [s.pool_row["vswitch_controller"] for s in (joiner, target)]
    differ = backends[0] == "openvswitch" and controllers[0] and controllers[0] != controllers[1]
    return ["OPERATION_NOT_ALLOWED", "SDN controller differs"] if differ else None


def api_version(joiner: Side, target: Side) -> Error:
    versions = [
        f"{s.host_row['API_version_major']}.{s.host_row['API_version_minor']}"
        for s in (joiner, target)
    ]
    return (
        None
        if versions[0] == versions[1]
        else ["POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION", *versions]
    )


def db_schema(joiner: Side, target: Side) -> Error:
    versions = [s.version.get("db_schema", "") for s in (joiner, target)]
    same = versions[0] and versions[0] == versions[1]
    return None if same else ["POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA", *versions]


def updates(joiner: Side, target: Side) -> Error:
    applied = [
        sorted(u["uuid"] for u in s.rows("pool_update") if u["enforce_homogeneity"])
        for s in (joiner, target)
    ]
    if applied[0] == applied[1]:
        return None
    names = [s.host_row["name_label"] for s in (joiner, target)]
    return [
        "HOSTS_NOT_HOMOGENEOUS",
        f"Updates on local host {names[0]} and pool host {names[1]} differ",
    ]


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


def tls_verification(joiner: Side, target: Side) -> Error:
    same = (
        joiner.pool_row["tls_verification_enabled"] == target.pool_row["tls_verification_enabled"]
    )
    return None if same else ["POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH"]


def certificates(joiner: Side, target: Side) -> Error:
    theirs = {c["name"]: c["fingerprint"] for c in target.rows("Certificate") if c["type"] == "ca"}
    clash = [
        c["name"]
        for c in joiner.rows("Certificate")
        if c["type"] == "ca" and theirs.get(c["name"], c["fingerprint"]) != c["fingerprint"]
    ]
    return ["POOL_JOINING_HOST_CA_CERTIFICATES_CONFLICT", *clash] if clash else None


def upgrading(joiner: Side, target: Side) -> Error:
    busy = any(
        "apply_updates" in s.host_row["current_operations"].values() for s in (joiner, target)
    )
    return ["NOT_SUPPORTED_DURING_UPGRADE"] if busy else None


def storage_managers(joiner: Side, target: Side) -> Error:
    """Every SM of the pool must exist on the joiner with features at least as new."""
    mine: dict[str, tuple[str, dict[str, Any]]] = {
        row["type"]: (ref, row["features"]) for ref, row in joiner.tables["SM"].items()
    }
    for ref, row in target.tables["SM"].items():
        own, features = mine.get(row["type"], ("", {}))
        if not own or any(int(features.get(k, -1)) < int(v) for k, v in row["features"].items()):
            return ["POOL_JOINING_SM_FEATURES_INCOMPATIBLE", ref, own]
    return None


CHECKS: tuple[Callable[[Side, Side], Error], ...] = (
    pool_size, management_interface, ha_here, clustered, cluster_network, ha_there, itself, coordinates_others, running_vms, busy_vms,
    guidance, compatible, homogeneous, shared_srs, interfaces, vlans, management_vlan, external_auth, editions, network_backend,
    api_version, db_schema, updates, address_type, purposes, tls_verification, certificates, upgrading, storage_managers,
)  # fmt: skip


def refusal(joiner: Side, target: Side, force: bool) -> Error:
    """The first check that fails, as an ErrorDescription."""
    for check in CHECKS:
        if force and check is homogeneous:
            continue
        if error := check(joiner, target):
            return error
    return None
