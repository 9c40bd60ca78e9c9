# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a host from joining a pool: pure checks over what both sides show, in XAPI's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .join_networks import (
    address_type,
    cluster_network,
    clustered,
    interfaces,
    management_vlan,
    network_backend,
    purposes,
    vlans,
)
from .join_side import Error, Side


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
    pool_size,
    management_interface,
    ha_here,
    clustered,
    cluster_network,
    ha_there,
    itself,
    coordinates_others,
    running_vms,
    busy_vms,
    guidance,
    compatible,
    homogeneous,
    shared_srs,
    interfaces,
    vlans,
    management_vlan,
    external_auth,
    editions,
    network_backend,
    api_version,
    db_schema,
    updates,
    address_type,
    purposes,
    tls_verification,
    certificates,
    upgrading,
    storage_managers,
)


def refusal(joiner: Side, target: Side, force: bool) -> Error:
    """The first check that fails, as an ErrorDescription."""
    for check in CHECKS:
        if force and check is homogeneous:
            continue
        if error := check(joiner, target):
            return error
    return None
