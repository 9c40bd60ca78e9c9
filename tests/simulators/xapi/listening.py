# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and ports for the machines of a site."""

from __future__ import annotations

import socket
from typing import Any

from .dispatch import handle
from .server import Endpoint
from .site_values import BadSite
from .tls import Certificates
from .world import Machine, World


def listen(world: World, site: dict[str, Any], certificates: Certificates) -> None:
    """One port for all on addresses of their own, or one address for all and a port each."""
    machines = list(world.machines.values())
    if one := site.get("one_address"):
        for machine in machines:
            machine.endpoint = endpoint(machine, one, 0, certificates)
            machine.address = f"{machine.endpoint.address}:{machine.endpoint.port}"
        return
    port = int(site.get("port", 0))
    for n, machine in enumerate(machines):
        machine.address = nth_address(site.get("address", "127.77.0.0"), n)
        if port and in_use(machine.address, port):
            raise BadSite(f"{machine.address} port {port} is in use; give another port, or 0")
    if not any(bind(machines, port, certificates) for _attempt in range(20)):
        raise BadSite("no port is free on all addresses")


def bind(machines: list[Machine], port: int, certificates: Certificates) -> bool:
    """Reserve one port (0: the first free one) on every machine's address; False if some address lacks it."""
    try:
        for machine in machines:
            machine.endpoint = endpoint(machine, machine.address, port, certificates)
            port = machine.endpoint.port
    except OSError:
        for machine in machines:
            if machine.endpoint:
                machine.endpoint.close()
                machine.endpoint = None
    return all(machine.endpoint for machine in machines)


def nth_address(base: str, n: int) -> str:
    """The n-th host address (from 0) after a base like 127.77.0.0."""
    a, b, c, d = (int(p) for p in base.split("."))
    number = (a << 24) + (b << 16) + (c << 8) + d + 1 + n
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def in_use(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((address, port)) == 0


def endpoint(machine: Machine, address: str, port: int, certificates: Certificates) -> Endpoint:
    return Endpoint(
        address,
        port,
        lambda method, params: handle(machine, method, params),
        certificates.context(address, machine.name),
    )
