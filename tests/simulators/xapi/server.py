# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP(S) servers: one per host, which can go away and come back on the same address and port."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from . import wire
from .errors import CutOff, Dropped, Failure

MAX_BODY = 300 * 1024
Handle = Callable[[str, list[Any]], Any]


class Handler(BaseHTTPRequestHandler):
    """One connection: keeps it alive and answers call after call."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Listener

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(30)
            self.request.do_handshake()
            self.request.settimeout(None)
        super().setup()
        self.server.connections.add(self.request)

    def finish(self) -> None:
        self.server.connections.discard(self.request)
        super().finish()

    def do_OPTIONS(self) -> None:
        self.reply(200, b"", "text/plain")

    def do_GET(self) -> None:
        self.reply(404, b"<html><body>not found</body></html>", "text/html")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if length > MAX_BODY:
            self.close_connection = True
            self.reply(413, b"<html><body>request too large</body></html>", "text/html")
            return
        body = self.rfile.read(length)
        json_rpc = self.path.split("?")[0].rstrip("/") == "/jsonrpc"
        try:
            request = wire.read_json(body) if json_rpc else wire.read_xml(body)
        except wire.Malformed as exc:
            self.reply(500, f"<html><body>{exc}</body></html>".encode(), "text/html")
            return
        outcome: Any
        midway = False
        try:
            outcome = self.server.handle(request.method, request.params)
        except Failure as exc:
            outcome = exc
        except CutOff as exc:
            outcome, midway = exc.value, True
        except Dropped:
            self.close_connection = True
            return
        if json_rpc:
            self.reply(200, wire.answer_json(request, outcome), "application/json", midway)
        else:
            self.reply(200, wire.answer_xml(outcome), "text/xml", midway)

    def reply(self, status: int, body: bytes, kind: str, midway: bool = False) -> None:
        """`midway`: cut the connection in the middle of the body."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if midway:
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """The journal lists what was called; an access log would only double it."""


class Listener(ThreadingTCPServer):
    """The listening socket and its connections, from up to down."""

    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True
    allow_reuse_port = True

    def __init__(
        self, address: tuple[str, int], handle: Handle, tls: ssl.SSLContext | None
    ) -> None:
        self.handle, self.tls = handle, tls
        self.connections: set[socket.socket] = set()
        self.closing = False
        super().__init__(address, Handler)

    def serve(self) -> None:
        """Accept connections until closed; blocks, as many idle hosts must not cost polling."""
        while not self.closing:
            try:
                request, peer = self.get_request()
            except OSError:
                continue
            self.process_request(request, peer)

    def close(self) -> None:
        self.closing = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[Any, Any]:
        sock, peer = super().get_request()
        if self.tls:
            sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, peer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up, or whose connection a power cut took, are nothing to report."""

    def drop_connections(self) -> None:
        for sock in list(self.connections):
            with suppress(OSError):  # the client was faster
                sock.shutdown(socket.SHUT_RDWR)


class Endpoint:
    """An address and port that stay reserved while nobody listens on them (connections are then refused)."""

    def __init__(
        self, address: str, port: int, handle: Handle, tls: ssl.SSLContext | None = None
    ) -> None:
        self.handle, self.tls = handle, tls
        self.reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.reserved.bind((address, port))
        self.address, self.port = self.reserved.getsockname()
        self.listener: Listener | None = None
        self.guard = threading.Lock()

    def up(self) -> None:
        with self.guard:
            if self.listener is None:
                self.listener = Listener((self.address, self.port), self.handle, self.tls)
                threading.Thread(target=self.listener.serve, daemon=True).start()

    def down(self) -> None:
        """Refuse connections and cut those that exist."""
        with self.guard:
            if self.listener is not None:
                self.listener.close()
                self.listener.drop_connections()
                self.listener = None

    def close(self) -> None:
        self.down()
        self.reserved.close()
