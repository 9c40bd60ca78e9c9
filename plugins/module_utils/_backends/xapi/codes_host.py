# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""XenAPI error codes of hosts and of pool.join; the columns are those of codes.py."""

from __future__ import annotations

from collections.abc import Mapping

from .codes import AGAIN, WAIT, Meaning

HOSTS: Mapping[str, Meaning] = {
    "HOST_OFFLINE": (
        "unavailable",
        "{0[0]} is offline",
        "Bring it back and run again; if it is lost, evacuate its servers first",
    ),
    "HOST_NOT_LIVE": ("unavailable", "the host is not live", AGAIN),
    "CANNOT_CONTACT_HOST": ("unavailable", "the coordinator cannot reach {0[0]}", AGAIN),
    "HOST_DISABLED": ("conflict", "{0[0]} is disabled", "Enable it or choose another host"),
    "HOST_DISABLED_INDEFINITELY": (
        "conflict",
        "{0[0]} was disabled permanently",
        "Enable it with xe host-enable",
    ),
    "HOST_DISABLED_UNTIL_REBOOT": (
        "conflict",
        "{0[0]} is disabled until it has rebooted",
        "Reboot it",
    ),
    "HOST_NOT_DISABLED": ("conflict", "the host is not disabled", "Disable it first"),
    "HOST_IS_LIVE": ("conflict", "{0[0]} is live", "Shut it down first"),
    "HOST_IN_USE": ("conflict", "{0[0]} is in use by {0[1]} {0[2]}", "Remove that first"),
    "HOST_HAS_RESIDENT_VMS": ("conflict", "{0[0]} has resident guests", "Move or stop them first"),
    "HOST_EVACUATE_IN_PROGRESS": ("conflict", "{0[0]} is being evacuated", WAIT),
    "HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY": (
        "conflict",
        "{0[0]} has mandatory guidance pending from an update",
        "Do what it asks for (reboot, toolstack restart) and run again",
    ),
    "HOST_NOT_ENOUGH_FREE_MEMORY": (
        "conflict",
        "not enough free memory: {0[0]} needed, {0[1]} free",
        "Free memory or choose another host",
    ),
    "HOST_NOT_ENOUGH_FREE_MEMORY/1": (
        "conflict",
        "no host has enough free memory for {0[0]}",
        "Free memory on another host",
    ),
    "HOST_NOT_ENOUGH_PCPUS": (
        "conflict",
        "{0[0]} vCPUs are more than the host's {0[1]} CPUs",
        "Choose another host",
    ),
    "HOST_CANNOT_ATTACH_NETWORK": (
        "conflict",
        "{0[0]} cannot attach {0[1]}",
        "Connect the host to the network",
    ),
    "NO_HOSTS_AVAILABLE": (
        "conflict",
        "no host can take it: none is enabled with enough free memory and its storage and networks",
        "Enable a host, free memory, or check SRs and networks",
    ),
    "CANNOT_EVACUATE_HOST": (
        "conflict",
        "guests prevent evacuation: {0[0]}",
        "Move or stop them first",
    ),
    "HA_IS_ENABLED": (
        "conflict",
        "high availability is enabled",
        "Disable it (xe pool-ha-disable) and run again",
    ),
    "HA_NOT_ENABLED": ("conflict", "high availability is not enabled", ""),
    "HA_ABORT_NEW_MASTER": (
        "conflict",
        "a member refused the new coordinator: {0[0]}",
        "Make every member reachable and run again",
    ),
    "HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN": (
        "conflict",
        "it would break the failover plan of high availability",
        "Lower ha_host_failures_to_tolerate or disable high availability",
    ),
    "HA_*": (
        "conflict",
        "high availability forbids it ({code}: {all})",
        "Disable it (xe pool-ha-disable) and run again",
    ),
    "XEN_INCOMPATIBLE": (
        "conflict",
        "the toolstack's version does not match the running Xen",
        "Reboot the host",
    ),
    "CLUSTERED_SR_DEGRADED": ("conflict", "{0[0]} is degraded", "Repair the cluster first"),
}

JOIN: Mapping[str, Meaning] = {
    "JOINING_HOST_CONNECTION_FAILED": (
        "unavailable",
        "the host cannot reach the pool's coordinator",
        "Check the network between them",
    ),
    "JOINING_HOST_SERVICE_FAILED": (
        "unavailable",
        "the pool's coordinator does not answer the host properly",
        "Check its toolstack",
    ),
    "JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS": (
        "conflict",
        "the host coordinates other hosts",
        "Eject those from its pool first",
    ),
    "JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS": (
        "conflict",
        "the host has a shared SR",
        "Forget it on the host (xe sr-forget)",
    ),
    "JOINING_HOST_CANNOT_HAVE_RUNNING_VMS": (
        "conflict",
        "guests run on the host",
        "Stop or suspend them first",
    ),
    "JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS": (
        "conflict",
        "operations run on guests of the host",
        WAIT,
    ),
    "HOSTS_NOT_COMPATIBLE": (
        "conflict",
        "product or platform version differs from the pool's",
        "Install the pool's version on the host",
    ),
    "HOSTS_NOT_HOMOGENEOUS": (
        "conflict",
        "host and pool differ: {0[0]}",
        "Bring the host to the pool's software and hardware level",
    ),
    "LICENSE_HOST_POOL_MISMATCH": (
        "conflict",
        "the licence edition differs from the pool's: {all}",
        "Assign the pool's edition to the host",
    ),
    "CLUSTERING_ENABLED": ("conflict", "clustering is enabled on the host", "Disable it first"),
    "POOL_JOINING_EXTERNAL_AUTH_MISMATCH": (
        "conflict",
        "external authentication differs from the pool's",
        "Configure the same on both",
    ),
    "POOL_JOINING_HOST_HAS_BONDS": (
        "conflict",
        "the host has bonds",
        "Remove them; the pool's are made on it after joining",
    ),
    "POOL_JOINING_HOST_HAS_TUNNELS": ("conflict", "the host has tunnels", "Remove them"),
    "POOL_JOINING_HOST_HAS_NETWORK_SRIOVS": (
        "conflict",
        "the host has SR-IOV networks",
        "Remove them",
    ),
    "POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS": (
        "conflict",
        "the host has VLANs besides the management one",
        "Remove them; the pool's are made on it after joining",
    ),
    "POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH": (
        "conflict",
        "the management VLAN is {0[0]}, the pool's {0[1]}",
        "Use the same VLAN on both",
    ),
    "POOL_JOINING_HOST_MUST_HAVE_ONLY_ONE_IP_ON_CLUSTERING_NETWORK": (
        "conflict",
        "the host has not exactly one address on the cluster network",
        "Give it exactly one",
    ),
    "POOL_JOINING_POOL_CANNOT_ENABLE_CLUSTERING_ON_VLAN_NETWORK": (
        "conflict",
        "the pool's cluster network is VLAN {0[0]}",
        "Turn off pool_auto_join of the cluster or move it",
    ),
    "POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION": (
        "conflict",
        "the API version is {0[0]}, the pool's {0[1]}",
        "Bring both to the same updates",
    ),
    "POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA": (
        "conflict",
        "the database schema is {0[0]}, the pool's {0[1]}",
        "Bring both to the same updates",
    ),
    "POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH": (
        "conflict",
        "TLS verification is on at one side only",
        "Run xe pool-enable-tls-verification on the side without it",
    ),
    "POOL_JOINING_HOST_CA_CERTIFICATES_CONFLICT": (
        "conflict",
        "CA certificates of the same name differ: {all}",
        "Remove them on one side",
    ),
    "POOL_JOINING_HOST_TRUSTED_CERTIFICATES_CONFLICT": (
        "conflict",
        "a certificate is trusted for different purposes on both sides",
        "Remove it on one side",
    ),
    "POOL_JOINING_MASTER_CERTIFICATE_NOT_IN_POOL_BUNDLE": (
        "conflict",
        "the coordinator's certificate is missing from the pool's bundle",
        "Run xe pool-enable-tls-verification again, or reset the certificate",
    ),
    "POOL_JOINING_SM_FEATURES_INCOMPATIBLE": (
        "conflict",
        "a storage driver of the pool is missing on the host or older there",
        "Bring both to the same updates",
    ),
}
