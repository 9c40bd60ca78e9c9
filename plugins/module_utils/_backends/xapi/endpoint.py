# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse addresses of hosts, and compare those that operators give with those that hosts report."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from ..._core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a host's XenAPI is served. ``text`` is what the operator wrote; https unless http was
    written out.
    """

    text: str
    scheme: str
    host: str
    port: int | None

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}/"

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def serves(self, address: str) -> bool:
        """Whether ``address``, which a host gave as its own or its coordinator's, is reached
        through this endpoint.
        """
        host, port = split_address(address)
        if port is not None and port != self.port:
            return False
        return bool(host) and (host == self.host or bool(resolved(host) & resolved(self.host)))


def parse_endpoint(text: str) -> Endpoint:
    """A host name, an address, either with a port, or a URL without path and user. ConfigError
    otherwise.
    """
    text = text.strip()
    bare = text if "://" in text else f"https://{_bracketed(text)}"
    try:
        parts = urlsplit(bare)
        port = parts.port
    except ValueError as exc:
        raise _unreadable(text, str(exc)) from exc
    if parts.scheme not in ("https", "http"):
        raise _unreadable(text, f"scheme {parts.scheme} is not https or http")
    if not parts.hostname or parts.username is not None or parts.path.strip("/") or parts.query:
        raise _unreadable(text, "it is not a host name or address with an optional port")
    return Endpoint(text, parts.scheme, parts.hostname, port)


def split_address(address: str) -> tuple[str, int | None]:
    """``(host, port)`` of "host", "host:port", "[v6]:port" or a bare IPv6 address."""
    parts = urlsplit(f"//{_bracketed(address.strip())}")
    try:
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None


@lru_cache(maxsize=1024)
def resolved(host: str) -> frozenset[str]:
    """The addresses a name stands for, itself included; only itself if it cannot be resolved."""
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset({host})
    return frozenset({host, *(str(item[4][0]) for item in answers)})


def _bracketed(text: str) -> str:
    return f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text


def _unreadable(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"host address {text!r}", why, "Write it as xen1.example.com or https://192.0.2.1:443"
    )
