# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backend's pure parts: addresses, error codes, transport errors, server states."""

from __future__ import annotations

import http.client
import socket
import ssl
import xmlrpc.client

import pytest

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.endpoint import (
    parse_endpoint,
    split_address,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.failures import (
    CAUSES,
    KINDS,
    UNREADY,
    failure,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.server import status
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.transport_errors import (
    cut_off,
    transport_error,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    AuthError,
    BackendError,
    ConfigError,
    ConflictError,
    FleetError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    StartingError,
    UnavailableError,
    UnsupportedError,
)

# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("xen1.example.com", "https://xen1.example.com/"),
        (" xen1:8443 ", "https://xen1:8443/"),
        ("192.0.2.7", "https://192.0.2.7/"),
        ("https://xen1/", "https://xen1/"),
        ("http://xen1:80", "http://xen1:80/"),
        ("2001:db8::1", "https://[2001:db8::1]/"),
        ("[2001:db8::1]:443", "https://[2001:db8::1]:443/"),
    ],
)
def test_addresses_are_read(text: str, url: str) -> None:
    assert parse_endpoint(text).url == url


@pytest.mark.parametrize(
    "text", ["", "https://", "ftp://xen1", "xen1/api", "root@xen1", "xen1:port", "https://u:p@xen1"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_endpoint(text)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("192.0.2.7", ("192.0.2.7", None)),
        ("192.0.2.7:8080", ("192.0.2.7", 8080)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("", ("", None)),
    ],
)
def test_a_hosts_own_address_is_split(address: str, parts: tuple[str, int | None]) -> None:
    assert split_address(address) == parts


@pytest.mark.parametrize(
    ("endpoint", "address", "same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7:8443", "192.0.2.7", True),
        ("192.0.2.7:8443", "192.0.2.7:8443", True),
        ("192.0.2.7:8443", "192.0.2.7:8444", False),
        ("192.0.2.7", "192.0.2.70", False),
        ("localhost", "127.0.0.1", True),
        ("192.0.2.7", "", False),
    ],
)
def test_whether_an_endpoint_serves_an_address(endpoint: str, address: str, same: bool) -> None:
    assert parse_endpoint(endpoint).serves(address) is same


# --- error codes ----------------------------------------------------------------------------------

NAMES = {"OpaqueRef:vm": "server web", "OpaqueRef:h": "host xen2", "OpaqueRef:sr": "SR vault"}


def error_of(code: str, *params: str) -> FleetError:
    return failure(code, params, "attempt", lambda text: NAMES.get(text, text))


@pytest.mark.parametrize(
    ("code", "params", "kind", "cause"),
    [
        ("HOST_DISABLED", ["OpaqueRef:h"], ConflictError, "host xen2 is disabled"),
        ("HOST_OFFLINE", ["OpaqueRef:h"], UnavailableError, "host xen2 is offline"),
        (
            "VM_BAD_POWER_STATE",
            ["OpaqueRef:vm", "paused, running", "halted"],
            ConflictError,
            "its power state is halted, but this operation requires paused, running",
        ),
        (
            "VM_REQUIRES_SR",
            ["OpaqueRef:vm", "OpaqueRef:sr"],
            ConflictError,
            "SR vault is not attached on the host",
        ),
        (
            "VM_REQUIRES_GPU",
            ["OpaqueRef:vm", "OpaqueRef:g"],
            ConflictError,
            "no GPU for it is free",
        ),
        (
            "OTHER_OPERATION_IN_PROGRESS",
            ["VM", "OpaqueRef:vm", "pool_migrate", "OpaqueRef:t"],
            ConflictError,
            "server web is busy with pool_migrate",
        ),
        (
            "OPERATION_BLOCKED",
            ["OpaqueRef:vm", "pinned"],
            ConflictError,
            "server web has this operation among its blocked_operations: pinned",
        ),
        ("OPERATION_NOT_ALLOWED", ["VM resident on host"], ConflictError, "VM resident on host"),
        ("RBAC_PERMISSION_DENIED", ["pool.join", "x"], ForbiddenError, "permission pool.join"),
        ("SESSION_AUTHENTICATION_FAILED", ["root", "x"], AuthError, "user root"),
        ("NOT_IMPLEMENTED", ["VM.send_sysrq"], UnsupportedError, "VM.send_sysrq"),
        ("MESSAGE_METHOD_UNKNOWN", ["VM_group.get_all"], UnsupportedError, "VM_group.get_all"),
        ("HANDLE_INVALID", ["host", "OpaqueRef:x"], NotFoundError, "the host is gone"),
        ("INVALID_VALUE", ["order must be non-negative", "-1"], InvalidError, "-1"),
        ("INVALID_VALUE", ["whatever"], InvalidError, "whatever"),
        (
            "HOST_NOT_ENOUGH_FREE_MEMORY",
            ["4294967296", "1048576"],
            ConflictError,
            "4 GiB needed, 1 MiB free",
        ),
        ("HOST_NOT_ENOUGH_FREE_MEMORY", ["1", "0"], ConflictError, "1 B needed, 0 B free"),
        ("HOST_NOT_ENOUGH_FREE_MEMORY", ["OpaqueRef:vm"], ConflictError, "for server web"),
        ("SR_BACKEND_FAILURE_73", ["", "mount error", ""], BackendError, "mount error"),
        ("HA_FAILED_TO_FORM_LIVESET", [], ConflictError, "HA_FAILED_TO_FORM_LIVESET"),
        ("HA_ENABLE_IN_PROGRESS", [], ConflictError, "HA_ENABLE_IN_PROGRESS"),
        ("SYNC_UPDATES_IN_PROGRESS", [], ConflictError, "SYNC_UPDATES_IN_PROGRESS"),
        ("SOMETHING_NEW", ["a", "b"], BackendError, "SOMETHING_NEW (a, b)"),
        ("SOMETHING_NEW", [], BackendError, "XAPI answered SOMETHING_NEW"),
        ("HOST_STILL_BOOTING", [], StartingError, "still starting"),
    ],
)
def test_codes_are_reported_in_words(
    code: str, params: list[str], kind: type[FleetError], cause: str
) -> None:
    error = error_of(code, *params)
    assert error.__class__ is kind
    assert cause in error.cause
    assert error.details["code"] == code


JOIN_CHECKS = [
    "LICENCE_RESTRICTION",
    "HOST_STILL_BOOTING",
    "HA_IS_ENABLED",
    "CLUSTERING_ENABLED",
    "OPERATION_NOT_ALLOWED",
    "POOL_JOINING_POOL_CANNOT_ENABLE_CLUSTERING_ON_VLAN_NETWORK",
    "POOL_JOINING_HOST_MUST_HAVE_ONLY_ONE_IP_ON_CLUSTERING_NETWORK",
    "JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS",
    "JOINING_HOST_CANNOT_HAVE_RUNNING_VMS",
    "JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS",
    "HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY",
    "HOSTS_NOT_COMPATIBLE",
    "HOSTS_NOT_HOMOGENEOUS",
    "JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS",
    "POOL_JOINING_HOST_HAS_BONDS",
    "POOL_JOINING_HOST_HAS_TUNNELS",
    "POOL_JOINING_HOST_HAS_NETWORK_SRIOVS",
    "POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS",
    "POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH",
    "POOL_JOINING_EXTERNAL_AUTH_MISMATCH",
    "LICENSE_HOST_POOL_MISMATCH",
    "V6D_FAILURE",
    "POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION",
    "POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA",
    "POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH",
    "POOL_JOINING_HOST_CA_CERTIFICATES_CONFLICT",
    "POOL_JOINING_HOST_TRUSTED_CERTIFICATES_CONFLICT",
    "NOT_SUPPORTED_DURING_UPGRADE",
    "POOL_JOINING_SM_FEATURES_INCOMPATIBLE",
    "POOL_JOINING_MASTER_CERTIFICATE_NOT_IN_POOL_BUNDLE",
    "JOINING_HOST_CONNECTION_FAILED",
    "JOINING_HOST_SERVICE_FAILED",
    "SESSION_AUTHENTICATION_FAILED",
    "HOST_IS_SLAVE",
]


@pytest.mark.parametrize("code", JOIN_CHECKS)
def test_every_check_of_a_join_has_its_own_words_and_a_remedy(code: str) -> None:
    error = error_of(code, "a", "b", "c")
    assert code in CAUSES
    assert error.remedy
    assert "XAPI answered" not in error.cause


def test_every_row_can_be_reported_with_any_number_of_parameters() -> None:
    for key, (kind, _cause, _remedy) in CAUSES.items():
        code = key.split("/")[0]
        for count in range(5):
            error = error_of(code, *["x"] * count)
            assert error.message
            assert "{" not in error.message, key
        assert kind in KINDS


def test_emergency_codes_are_all_unavailable() -> None:
    for code in UNREADY:
        assert isinstance(error_of(code, "x"), UnavailableError)


# --- transport ------------------------------------------------------------------------------------


def _refused_certificate(code: int, text: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, text)
    error.verify_code, error.verify_message = code, text
    return error


@pytest.mark.parametrize(
    ("exc", "kind", "cause"),
    [
        (_refused_certificate(10, "expired"), ConfigError, "its certificate has expired"),
        (_refused_certificate(18, "x"), ConfigError, "its certificate is self-signed"),
        (_refused_certificate(62, "x"), ConfigError, "another host name"),
        (_refused_certificate(66, "EE key too small"), ConfigError, "EE key too small"),
        (ConnectionRefusedError(111, "refused"), UnavailableError, "the connection is refused"),
        (TimeoutError("timed out"), UnavailableError, "no answer to VM.start in time"),
        (socket.gaierror(-2, "not known"), UnavailableError, "cannot be resolved (not known)"),
        (OSError(113, "No route to host"), UnavailableError, "No route to host"),
        (ConnectionResetError(104, "reset"), UnavailableError, "broke during VM.start"),
        (http.client.RemoteDisconnected("x"), UnavailableError, "broke during VM.start"),
        (http.client.BadStatusLine("x\r\n"), UnavailableError, "broken HTTP answer"),
        (http.client.BadStatusLine("HTTP/1.1 2"), UnavailableError, "broke during VM.start"),
        (http.client.IncompleteRead(b"x"), UnavailableError, "broke during VM.start"),
        (ssl.SSLZeroReturnError(6, "closed"), UnavailableError, "broke during VM.start"),
        (ssl.SSLEOFError(8, "EOF occurred"), UnavailableError, "broke during VM.start"),
        (ssl.SSLError(1, "wrong version number"), UnavailableError, "TLS failed"),
        (xmlrpc.client.ProtocolError("u", 500, "x", {}), UnavailableError, "HTTP 500"),
        (xmlrpc.client.ProtocolError("u", 404, "x", {}), BackendError, "not XenAPI's"),
        (xmlrpc.client.Fault(504, "The connection timed out"), UnavailableError, "HTTP 504"),
        (TypeError("x"), BackendError, "not XenAPI's"),
    ],
)
def test_transport_errors_are_reported_in_words(
    exc: Exception, kind: type[FleetError], cause: str
) -> None:
    error = transport_error("xen1", "VM.start", exc)
    assert error.__class__ is kind
    assert "xen1" in error.what
    assert cause in error.cause


@pytest.mark.parametrize("prologue", ["", "<?xml version='1.0'?>", '\n<?xml version="1.0"?>\n'])
def test_a_body_is_cut_off_wherever_it_ends_early(prologue: str) -> None:
    whole = f"{prologue}<methodResponse><value>é>\n</value></methodResponse>".encode()
    assert all(cut_off(whole[:end]) for end in range(len(whole)))
    assert not cut_off(whole)
    assert not cut_off(whole + b"\r\n")


@pytest.mark.parametrize(
    "body", [b"OK", b"<html><p>x", b"<!DOCTYPE html><html>", b'<?xml version="1.0"?><html>', b"{"]
)
def test_a_body_of_something_else_is_not_cut_off(body: bytes) -> None:
    assert not cut_off(body)


@pytest.mark.parametrize(("method", "open_end"), [("VM.start", True), ("VM.get_record", False)])
def test_only_a_lost_change_may_have_been_carried_out(method: str, open_end: bool) -> None:
    error = transport_error("xen1", method, ConnectionResetError(104, "reset"))
    assert ("may have been carried out" in error.remedy) is open_end


# --- servers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("power_state", "operations", "shown"),
    [
        ("Running", [], ("active", None, "ACTIVE")),
        ("Halted", [], ("stopped", None, "SHUTOFF")),
        ("Paused", [], ("paused", None, "PAUSED")),
        ("Suspended", [], ("suspended", None, "SUSPENDED")),
        ("Unknown", [], ("unknown", None, "UNKNOWN")),
        ("Running", ["pool_migrate"], ("active", "migrating", "MIGRATING")),
        ("Running", ["clean_reboot"], ("active", "rebooting", "REBOOT")),
        ("Running", ["hard_reboot"], ("active", "rebooting_hard", "HARD_REBOOT")),
        ("Paused", ["hard_reboot"], ("paused", "rebooting_hard", "PAUSED")),
        ("Running", ["clean_shutdown"], ("active", "powering-off", "ACTIVE")),
        ("Halted", ["start"], ("stopped", "powering-on", "SHUTOFF")),
        ("Running", ["start_on"], ("active", "powering-on", "ACTIVE")),
        ("Running", ["suspend"], ("active", "suspending", "ACTIVE")),
        ("Suspended", ["resume"], ("suspended", "resuming", "SUSPENDED")),
        ("Running", ["metadata_export"], ("active", None, "ACTIVE")),
        ("Running", ["snapshot", "migrate_send"], ("active", "migrating", "MIGRATING")),
    ],
)
def test_states_are_novas(
    power_state: str, operations: list[str], shown: tuple[str, str | None, str]
) -> None:
    assert status(power_state, operations) == shown
