# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""FleetErrors for failures between here and a host, before XenAPI could answer."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import xmlrpc.client

from ..._core.errors import BackendError, ConfigError, FleetError, UnavailableError

CERTIFICATE_REMEDY = (
    "Give the CA's certificate as ca_cert, or set validate_certs to false if you accept that"
    " anyone on the network between could read the password"
)

_VERIFY_CAUSES = {
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate chain ends in a self-signed certificate that is not trusted here",
    20: "its certificate's issuer is not trusted here",
    21: "its certificate's issuer is not trusted here",
    62: "its certificate is for another host name",
    64: "its certificate is for another address",
}
"""By OpenSSL's X509_V_ERR number (openssl/x509_vfy.h)."""

_LOST = (
    ConnectionResetError,
    ConnectionAbortedError,
    BrokenPipeError,
    http.client.IncompleteRead,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)

_ROOT = b"<methodResponse"
_PROLOGUE = re.compile(rb"\s*(<\?[^>]*(>|$))?\s*")


def transport_error(endpoint: str, method: str, exc: Exception) -> FleetError:
    """The FleetError for an exception of the transport; ``method`` is the call in progress."""
    what = f"XenAPI at {endpoint}"
    if isinstance(exc, ssl.SSLCertVerificationError):
        cause = _VERIFY_CAUSES.get(
            exc.verify_code, f"its certificate is refused ({exc.verify_message})"
        )
        return ConfigError(what, cause, CERTIFICATE_REMEDY, endpoint=endpoint)
    if isinstance(exc, (OSError, http.client.HTTPException)):
        return UnavailableError(
            what, _connection_cause(method, exc), _remedy(method, exc), endpoint=endpoint
        )
    # A toolstack that is restarting answers HTTP 500; the library makes faults of ETIMEDOUT (504)
    # and of sessions that end again and again (500).
    code = getattr(exc, "errcode", None) or getattr(exc, "faultCode", None)
    if isinstance(exc, xmlrpc.client.Error) and isinstance(code, int) and code >= 500:
        cause = f"HTTP {code} instead of an answer to {method}"
        return UnavailableError(what, cause, "Try again later", endpoint=endpoint)
    return BackendError(
        what,
        f"the answer to {method} is not XenAPI's ({type(exc).__name__}{f' {code}' if code else ''})",
        "Check that the address and port are those of a XenServer or XCP-ng host",
        endpoint=endpoint,
    )


def _connection_cause(method: str, exc: Exception) -> str:
    if isinstance(exc, socket.gaierror):
        return f"the host name cannot be resolved ({exc.strerror})"
    if isinstance(exc, ConnectionRefusedError):
        return "the connection is refused"
    if isinstance(exc, TimeoutError):
        return f"no answer to {method} in time"
    if lost(exc):
        return f"the connection broke during {method}"
    if isinstance(exc, ssl.SSLError):
        return f"TLS failed ({exc})"
    if isinstance(exc, OSError):
        return f"{exc.strerror or exc}"
    return f"a broken HTTP answer to {method} ({type(exc).__name__})"


def _remedy(method: str, exc: Exception) -> str:
    if (lost(exc) or isinstance(exc, TimeoutError)) and not harmless(method):
        return "The call may have been carried out; run again to find out"
    return "Check that the host is up and its toolstack runs, then run again"


def harmless(method: str) -> bool:
    """Whether a call changes nothing, so that it may be repeated."""
    return method == "event.from" or method.rpartition(".")[2].startswith(("get_", "login_"))


def lost(exc: Exception) -> bool:
    """Whether the connection ended before the answer did: what was asked may or may not have been
    done.
    """
    if isinstance(exc, http.client.BadStatusLine):  # RemoteDisconnected is one, too
        return not str(exc).endswith("\n")
    return isinstance(exc, _LOST)


def cut_off(body: bytes) -> bool:
    """Whether a body whose length was not stated is XAPI's, but not all of it."""
    root = _PROLOGUE.sub(b"", body, count=1)
    begun = root.startswith(_ROOT) or _ROOT.startswith(root)
    return begun and not body.rstrip().endswith(b"</methodResponse>")
