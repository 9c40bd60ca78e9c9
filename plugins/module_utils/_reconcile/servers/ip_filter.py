# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choose servers by their addresses.

Nova's own filter depends on its cloud: a regular expression that the address begins with, or with
Neutron's extension ip-substring-filtering a text anywhere in it (nova/compute/api.py get_all,
_ip_filter). Either finds those that have a whole address, and others besides.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from ..._core.access import FIXED
from ..._core.errors import InvalidError
from ..._core.model import Server


def one_address(text: str | None) -> str | None:
    """A text that is a whole address, as it is written normally; None for a regular expression."""
    try:
        return None if text is None else str(ip_address(text))
    except ValueError:
        return None


def check_ip(option: str, text: str | None, version: int) -> None:
    """InvalidError for what is no regular expression, and for an address of the other version."""
    whole = one_address(text)
    if whole is not None and ip_address(whole).version != version:
        other = "ip6" if option == "ip" else "ip"
        raise InvalidError(
            f"option {option}", f"{text} is no IPv{version} address", f"Use the option {other}"
        )
    try:
        re.compile(text or "")
    except re.error as exc:
        raise InvalidError(
            f"option {option}",
            f"{text!r} is no regular expression: {exc}",
            "Give an address, or what addresses begin with, with a backslash before each dot",
        ) from exc


def has_address(server: Server, text: str | None, version: int) -> bool:
    """Whether one of its fixed addresses is that one, or begins with that regular expression."""
    if text is None:
        return True
    pattern = re.compile(text)
    whole = one_address(text)
    return any(
        one.address == whole if whole else pattern.match(one.address)
        for one in server.addresses
        if one.version == version and one.type == FIXED
    )
