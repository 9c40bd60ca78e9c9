# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh cloud holds besides its hosts: flavors, images, a network."""

from __future__ import annotations

from testbeds.openstack.api import Api

# Name: MiB, virtual CPUs, GiB. A host has 16 GiB, of which Nova keeps 512 MiB for the host itself, and
# 16 CPUs: two servers of m1.large fill it, one of m1.huge fits nowhere.
FLAVORS = {
    "m1.nano": (64, 1, 1),
    "m1.micro": (128, 1, 2),
    "m1.tiny": (512, 2, 4),
    "m1.large": (6144, 4, 8),
    "m1.huge": (32768, 4, 8),
}
# Made by inside/seed.py; they differ in size.
IMAGES = ("cirros", "cirros-rescue")
NETWORK = "private"


def make_flavors(api: Api) -> None:
    """Their ids are 1, 2, ... in the order of the table."""
    for number, (name, (ram, cpus, disk)) in enumerate(FLAVORS.items(), 1):
        flavor = {"id": str(number), "name": name, "ram": ram, "vcpus": cpus, "disk": disk}
        api("POST", "/flavors", {"flavor": flavor})


def make_network(api: Api) -> None:
    network = {"name": NETWORK, "shared": True}
    made = api("POST", "/networks", {"network": network}, service="neutron")["network"]
    subnet = {
        "name": NETWORK,
        "network_id": made["id"],
        "ip_version": 4,
        "cidr": "198.51.100.0/24",
        "enable_dhcp": False,
    }
    api("POST", "/subnets", {"subnet": subnet}, service="neutron")
