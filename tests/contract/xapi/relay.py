# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP server before a simulated host, which answers as ordered and cuts the connection."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

Form = Callable[[bytes], bytes]
"""What goes over the wire in place of an answer with this body."""

_STATUS = b"HTTP/1.1 200 OK\r\n"


def stated(body: bytes, length: int | None = None) -> bytes:
    """An answer whose length is stated."""
    return _STATUS + b"Content-Length: %d\r\n\r\n%s" % (length or len(body), body)


def unstated(body: bytes) -> bytes:
    """An answer that goes to the end of the connection."""
    return _STATUS + b"Connection: close\r\n\r\n" + body


def chunked(body: bytes, length: int | None = None, end: bytes = b"\r\n0\r\n\r\n") -> bytes:
    """An answer in one chunk."""
    chunk = b"%x\r\n%s%s" % (length or len(body), body, end)
    return _STATUS + b"Transfer-Encoding: chunked\r\n\r\n" + chunk


CUTS: dict[str, Form] = {
    "before the answer": lambda body: b"",
    "in the status line": lambda body: _STATUS[:11],
    "after the status line": lambda body: _STATUS,
    "in a header": lambda body: _STATUS + b"Content-Le",
    "in a stated length": lambda body: _STATUS + b"Content-Length: 1",
    "before a body of stated length": lambda body: stated(b"", len(body)),
    "in a body of stated length": lambda body: stated(body[: len(body) // 2], len(body)),
    "at the end of a body of stated length": lambda body: stated(body[:-1], len(body)),
    "before a body of unstated length": lambda body: unstated(b""),
    "in a body of unstated length": lambda body: unstated(body[: len(body) // 2]),
    "at the end of a body of unstated length": lambda body: unstated(body[:-1]),
    "before the first chunk": lambda body: chunked(b"", end=b"")[:-3],
    "in a chunk": lambda body: chunked(body[: len(body) // 2], len(body), end=b""),
    "after a chunk": lambda body: chunked(body[: len(body) // 2], end=b"\r\n"),
    "before the last chunk": lambda body: chunked(body, end=b"\r\n"),
    "in the page of a failure": lambda body: stated(b"<html>", 99).replace(b"200 OK", b"500 X"),
}
"""Where a connection can be cut."""

PAGE = b"<html><body>Welcome<br>"

FOREIGN: dict[str, Form] = {
    "a page": lambda body: stated(PAGE),
    "a page of unstated length": lambda body: unstated(PAGE),
    "a page in chunks": lambda body: chunked(PAGE),
    "plain text": lambda body: unstated(b"OK"),
    "an empty body": lambda body: _STATUS + b"Content-Length: 0\r\n\r\n",
    "an empty body in chunks": lambda body: chunked(b"", end=b"\r\n"),
    "broken XML": lambda body: stated(body[: len(body) // 2]),
    "another answer": lambda body: stated(b"<methodResponse></methodResponse>"),
    "nothing found": lambda body: stated(PAGE).replace(b"200 OK", b"404 X"),
}
"""Whole answers that are not XenAPI's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Relay

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        match = re.search(rb"<methodName>(.*?)</methodName>", request)
        method = match[1].decode() if match else ""
        body = self.server.ask(request)
        form = self.server.form(method)
        self.close_connection = form is not None
        self.wfile.write(form(body) if form else stated(body))

    def log_message(self, format: str, *args: object) -> None:
        """Tests look at ``calls``."""


class Relay(ThreadingHTTPServer):
    """Stands before the host of a URL. ``calls`` are the methods called, in order."""

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.calls: list[str] = []
        self._behind = urlsplit(url).netloc
        self._orders: list[tuple[str, Form]] = []

    def order(self, form: Form, method: str = ".*", times: int = 1) -> None:
        """Answer the next calls of the methods that match in this form, and cut."""
        self._orders += [(method, form)] * times

    def heal(self) -> None:
        """Answer as the host does."""
        self._orders.clear()

    def form(self, method: str) -> Form | None:
        self.calls.append(method)
        for order in self._orders:
            if re.fullmatch(order[0], method):
                self._orders.remove(order)
                return order[1]
        return None

    def ask(self, request: bytes) -> bytes:
        """The body of the host's own answer."""
        connection = http.client.HTTPConnection(self._behind, timeout=10)
        try:
            connection.request("POST", "/", request)
            return connection.getresponse().read()
        finally:
            connection.close()

    def __enter__(self) -> Relay:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self.server_close()
