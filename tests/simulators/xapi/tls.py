# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server certificates for hosts, made afresh at every start."""

from __future__ import annotations

import ssl
from typing import Any


class Certificates:
    """`mode` is false (plain HTTP), true (one CA signs all) or "self-signed" (as fresh hosts are)."""

    def __init__(self, mode: bool | str) -> None:
        if mode not in (False, True, "self-signed"):
            raise ValueError(f"tls must be false, true or self-signed, not {mode!r}")
        self.mode = mode
        self.ca: Any = None
        self.ca_pem: bytes | None = None
        if mode is True:
            import trustme

            self.ca = trustme.CA()
            self.ca_pem = self.ca.cert_pem.bytes()

    def context(self, *names: str) -> ssl.SSLContext | None:
        """A server context for a host with these addresses and names; None without TLS."""
        if not self.mode:
            return None
        import trustme

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.ca is not None:
            self.ca.issue_cert(*names).configure_cert(context)
        else:  # the certificate of a CA is its own issuer
            own = trustme.CA()
            with own.private_key_pem.tempfile() as key, own.cert_pem.tempfile() as certificate:
                context.load_cert_chain(certificate, key)
        return context
