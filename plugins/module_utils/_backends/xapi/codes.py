# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""XenAPI error code → kind of error, cause, remedy: the codes that any call may answer.

``{0[N]}`` is the N-th parameter, references already replaced by names. A key may carry the number of
parameters (``CODE/1``), end in ``*`` for a family, or be ``*`` for every code without a row. Codes
and parameters: ocaml/xapi-consts/api_errors.ml and the places that raise them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Meaning: TypeAlias = tuple[str, str, str]
"""Kind of error, cause, remedy."""

WAIT = "Wait until it has ended and run again"
LOG = "Check /var/log/xensource.log on the coordinator"
AGAIN = "Check that the host is up and its toolstack runs, then run again"

GENERAL: Mapping[str, Meaning] = {
    "*": ("backend", "XAPI answered {code} ({all})", LOG),
    "*/0": ("backend", "XAPI answered {code}", LOG),
    "*_IN_PROGRESS": (
        "conflict",
        "XAPI answered {code}: another operation of the pool is in progress",
        WAIT,
    ),
    "INTERNAL_ERROR": ("backend", "XAPI failed inside: {0[0]}", LOG),
    "SESSION_AUTHENTICATION_FAILED": (
        "auth",
        "the credentials of user {0[0]} are refused",
        "Check username and password",
    ),
    "SESSION_AUTHORIZATION_FAILED": (
        "auth",
        "user {0[0]} may not log in",
        "Give the user a role in the pool",
    ),
    "SESSION_INVALID": (
        "unavailable",
        "the session has ended, as after a restart of the toolstack",
        "Run again",
    ),
    "RBAC_PERMISSION_DENIED": (
        "forbidden",
        "the account lacks permission {0[0]}",
        "Use an account with role pool-admin",
    ),
    "HOST_IS_SLAVE": (
        "unavailable",
        "the host is a supporter, its coordinator is {0[0]}",
        "Give the coordinator's address, or run again if the coordinator was just changed",
    ),
    "HANDLE_INVALID": (
        "missing",
        "the {0[0]} is gone ({0[1]})",
        "Run again to work with the present state",
    ),
    "UUID_INVALID": (
        "missing",
        "there is no {0[0]} with uuid {0[1]}",
        "Run again to work with the present state",
    ),
    "INVALID_VALUE": ("invalid", "value {0[1]} of {0[0]} is not allowed", "Correct it"),
    "INVALID_VALUE/1": ("invalid", "a value is not allowed: {0[0]}", "Correct it"),
    "VALUE_NOT_SUPPORTED": (
        "invalid",
        "value {0[1]} of {0[0]} is not supported: {0[2]}",
        "Correct it",
    ),
    "MAP_DUPLICATE_KEY": (
        "conflict",
        "key {0[3]} of {0[1]} was set by someone else meanwhile",
        "Run again",
    ),
    "MESSAGE_METHOD_UNKNOWN": (
        "unsupported",
        "this XAPI has no call {0[0]}",
        "It needs a newer release of the hypervisor",
    ),
    "MESSAGE_REMOVED": (
        "unsupported",
        "this XAPI no longer has the call",
        "It needs another release of the hypervisor",
    ),
    "MESSAGE_PARAMETER_COUNT_MISMATCH": (
        "unsupported",
        "this XAPI takes {0[1]} parameters for {0[0]}, not {0[2]}",
        "It needs another release of the hypervisor",
    ),
    "NOT_IMPLEMENTED": ("unsupported", "XAPI does not implement {0[0]}", ""),
    "LICENCE_RESTRICTION": (
        "unsupported",
        "the licence does not cover {0[0]}",
        "Assign a licence that does",
    ),
    "LICENCE_RESTRICTION/0": (
        "unsupported",
        "the licence does not cover this",
        "Assign a licence that does",
    ),
    "V6D_FAILURE": (
        "backend",
        "the licence daemon failed: {all}",
        "Check the service v6d on the host",
    ),
    "OPERATION_NOT_ALLOWED": ("conflict", "{0[0]}", "Remove the cause and run again"),
    "OPERATION_BLOCKED": (
        "conflict",
        "{0[0]} has this operation among its blocked_operations: {0[1]}",
        "Remove the entry if it is no longer needed",
    ),
    "OTHER_OPERATION_IN_PROGRESS": ("conflict", "{0[1]} is busy with {0[2]}", WAIT),
    "TASK_CANCELLED": ("conflict", "the task was cancelled", "Run again"),
    "TOO_MANY_PENDING_TASKS": (
        "unavailable",
        "too many calls wait on the coordinator",
        "Run again later",
    ),
    "NOT_SUPPORTED_DURING_UPGRADE": (
        "conflict",
        "a rolling upgrade or update is in progress",
        "Finish it and run again",
    ),
    "POOL_SECRET_ROTATION_PENDING": ("conflict", "the pool's secret is being changed", WAIT),
}

EMERGENCY: Mapping[str, Meaning] = {
    "HOST_STILL_BOOTING": (
        "starting",
        "the toolstack is still starting",
        "Run again when it is up",
    ),
    "HOST_HAS_NO_MANAGEMENT_IP": (
        "unavailable",
        "the management interface has no address",
        "Configure it on the host's console",
    ),
    "HOST_UNKNOWN_TO_MASTER": (
        "unavailable",
        "the host considers itself a member of a pool that does not list it",
        "Join it again, or reset its pool state on its console",
    ),
    "HOST_MASTER_CANNOT_TALK_BACK": (
        "unavailable",
        "the coordinator cannot reach the host at {0[0]}",
        "Check the management network",
    ),
    "HOST_ITS_OWN_SLAVE": (
        "unavailable",
        "the host is configured as a supporter of itself",
        "Repair /etc/xensource/pool.conf on it",
    ),
    "HOST_BROKEN": (
        "unavailable",
        "the host's configuration is broken",
        "Check it on its console",
    ),
    "HOST_XAPI_VERSION_HIGHER_THAN_COORDINATOR": (
        "unavailable",
        "its toolstack ({0[0]}) is newer than the coordinator's",
        "Update the coordinator first",
    ),
}
