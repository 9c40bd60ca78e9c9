# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses of a server, as every answer about it has them (nova/api/openstack/common.py get_networks_for_instance)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.access import FIXED, Address


def addresses(item: Mapping[str, Any]) -> tuple[Address, ...]:
    networks: Mapping[str, Any] = item.get("addresses") or {}
    return tuple(
        Address(
            address=one["addr"],
            version=int(one["version"]),
            network=network,
            mac=one.get("OS-EXT-IPS-MAC:mac_addr"),
            type=one.get("OS-EXT-IPS:type") or FIXED,
        )
        for network, found in networks.items()
        for one in found
    )
