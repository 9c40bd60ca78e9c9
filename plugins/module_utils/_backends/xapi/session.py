# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One session with one coordinator, over a transport with verified TLS and bounded waiting."""

from __future__ import annotations

import http.client
import select
import ssl
import threading
import traceback
import xmlrpc.client
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from ..._core.errors import ConfigError, MissingLibraryError
from .endpoint import Endpoint
from .transport_errors import cut_off, harmless, lost, transport_error

_IMPORT_TRACE = ""
try:
    import XenAPI
except ImportError:
    XenAPI = None
    _IMPORT_TRACE = traceback.format_exc()

ORIGINATOR = "xenfleet.compute"
"""Names our sessions to XAPI, which limits their number per originator (xapi_session.ml)."""

CONNECT_TIMEOUT = 10.0
"""Seconds for a connection to come about; a live host accepts at once, a dead one must not hold a read up for long."""

SLOW = 900.0
"""Seconds for calls that a storage driver or a whole pool works on."""

HIDDEN = "********"


class Refused(Exception):
    """XAPI's failure: a code and its parameters, the password struck out of them.

    Who knows the object that the call was about turns it into a FleetError.
    """

    def __init__(self, code: str, params: Sequence[str]) -> None:
        self.code = code
        self.params = tuple(params)
        super().__init__(code, *params)


@dataclass(frozen=True)
class Access:
    """How to log in and to reach hosts. ``context`` None is for plain http only."""

    username: str
    password: str = field(repr=False)
    context: ssl.SSLContext
    timeout: float = 30.0

    @classmethod
    def make(
        cls,
        username: str,
        password: str,
        *,
        validate_certs: bool,
        ca_cert: str | None,
        timeout: float,
    ) -> Access:
        """ConfigError for a CA file that cannot be used, MissingLibraryError without XenAPI."""
        if XenAPI is None:
            raise MissingLibraryError("XenAPI", _IMPORT_TRACE)
        return cls(username, password, _tls(validate_certs, ca_cert), timeout)


def _tls(validate_certs: bool, ca_cert: str | None) -> ssl.SSLContext:
    if ca_cert is not None and not Path(ca_cert).exists():
        raise ConfigError(
            f"ca_cert {ca_cert}", "there is no such file", "Give a PEM file with CA certificates"
        )
    try:
        context = ssl.create_default_context(cafile=ca_cert)
    except (ssl.SSLError, OSError) as exc:
        raise ConfigError(
            f"ca_cert {ca_cert}", f"cannot be read as certificates ({exc})", "Give a PEM file"
        ) from exc
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _Transport(xmlrpc.client.Transport):
    """Keeps one connection. Never repeats a request by itself: the one lost may have been carried out."""

    accept_gzip_encoding = False  # parse_response does not decompress

    def __init__(self, endpoint: Endpoint, access: Access) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._access = access
        self.timeout = access.timeout

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        kept = self._connection[1]
        if kept is None or kept.sock is None or _dropped(kept):
            self.close()
            kept = self._open()
            self._connection = host, kept
        kept.sock.settimeout(self.timeout)
        return kept

    def _open(self) -> http.client.HTTPConnection:
        where = self._endpoint
        wait = min(CONNECT_TIMEOUT, self._access.timeout)
        connection: http.client.HTTPConnection
        if where.scheme == "https":
            connection = http.client.HTTPSConnection(
                where.host, where.port, timeout=wait, context=self._access.context
            )
        else:
            connection = http.client.HTTPConnection(where.host, where.port, timeout=wait)
        connection.connect()
        return connection

    def request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:
        try:
            return self.single_request(host, handler, request_body, verbose)
        except xmlrpc.client.ProtocolError:
            self.close()  # the page that came with it may be unread
            raise

    def parse_response(self, response: Any) -> Any:
        """Read in parts, a body that ends before its stated length would pass for all of it; read
        at once, it raises IncompleteRead.
        """
        delimited = response.chunked or response.length is not None
        body = response.read()
        if not delimited and cut_off(body):
            raise http.client.IncompleteRead(body)
        parser, unmarshaller = self.getparser()
        parser.feed(body)
        parser.close()
        return unmarshaller.close()


def _dropped(connection: http.client.HTTPConnection) -> bool:
    """An idle connection that is readable has been closed by the other side."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


class Connection:
    """A session on one endpoint. The library logs in again by itself when XAPI has forgotten the session."""

    def __init__(self, endpoint: Endpoint, access: Access) -> None:
        self.endpoint = endpoint
        self._access = access
        self._transport = _Transport(endpoint, access)
        self._session = XenAPI.Session(endpoint.url, transport=self._transport)
        self._lock = threading.Lock()

    def login(self) -> None:
        """Raises Refused, UnavailableError or ConfigError (certificate)."""
        access = self._access
        self.call("login_with_password", access.username, access.password, "1.0", ORIGINATOR)

    def call(self, method: str, *params: Any, timeout: float | None = None) -> Any:
        """The value that XAPI answers.

        Reading calls are repeated once if the connection breaks; others never are.
        """
        reading = harmless(method)
        with self._lock:
            self._transport.timeout = timeout or self._access.timeout
            try:
                return self._call(method, params)
            except TROUBLES as exc:
                if not (reading and lost(exc)):
                    raise transport_error(self.endpoint.text, method, exc) from exc
            try:
                return self._call(method, params)
            except TROUBLES as exc:
                raise transport_error(self.endpoint.text, method, exc) from exc

    def _call(self, method: str, params: Sequence[Any]) -> Any:
        try:
            return self._session.xenapi_request(method, tuple(params))
        except XenAPI.Failure as exc:
            code, *rest = exc.details or ["INTERNAL_ERROR"]
            raise Refused(code, [self._clean(str(part)) for part in rest]) from None

    def _clean(self, text: str) -> str:
        secret = self._access.password
        return text.replace(secret, HIDDEN) if len(secret) > 3 else text

    def records(self, kind: str, where: str) -> dict[str, dict[str, Any]]:
        """Records of a class that an expression selects, by reference."""
        records: dict[str, dict[str, Any]] = self.call(f"{kind}.get_all_records_where", where)
        return records

    @property
    def session(self) -> str | None:
        """The reference of the present session; it changes with every login."""
        ref: str | None = self._session.handle
        return ref

    @property
    def credentials(self) -> tuple[str, str]:
        """For pool.join, which takes them as arguments."""
        return self._access.username, self._access.password

    def logout(self) -> None:
        """End the session; a host that does not answer has none to end."""
        try:
            if self.session is not None:
                self._transport.timeout = min(CONNECT_TIMEOUT, self._access.timeout)
                self._session.xenapi_request("session.logout", ())
        except (XenAPI.Failure, *TROUBLES):
            pass
        finally:
            self._transport.close()


TROUBLES: tuple[type[Exception], ...] = (
    OSError,
    http.client.HTTPException,
    xmlrpc.client.Error,
    ExpatError,
    TypeError,  # the library, on an answer that is no XenAPI envelope
)
