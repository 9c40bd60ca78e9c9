# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS in front of APIs, since uWSGI's wheel knows none: one process, with a certificate of its own.

Called with the file to write the certificate to, then LISTEN:TARGET ports. The certificate is
self-signed, for the address and no name, and so serves as the authority to trust, too.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import os
import ssl
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ADDRESS = "127.0.0.1"


def make_certificate(file: Path) -> Path:
    """Write a certificate for a month, and its key beside it; the key's path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "OpenStack testbed")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address(ADDRESS))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = file.with_suffix(".key")
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(key.private_bytes(pem, form, plain))
    file.write_bytes(certificate.public_bytes(pem))
    return secret


async def relay(target: int, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
    """One request (the APIs close after each) and its answer."""
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        request_line = await client.readuntil(b"\r\n")
        service, forth = await asyncio.open_connection(ADDRESS, target)
        # By this the service knows to call itself https in its answers.
        forth.write(request_line + b"X-Forwarded-Proto: https\r\n")
        sending = asyncio.create_task(pump(client, forth))
        await pump(service, back)
        sending.cancel()
        forth.close()
    back.close()


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()


async def serve(certificate: Path, pairs: list[str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, make_certificate(certificate))
    for pair in pairs:
        listen, target = (int(port) for port in pair.split(":"))
        await asyncio.start_server(partial(relay, target), ADDRESS, listen, ssl=context)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2:]))
