# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for values, as the Compute API's schemas state them.

Sources: nova/api/validation/parameter_types.py, nova/api/openstack/compute/schemas/aggregates.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..._core.errors import InvalidError
from ..._core.model import ZONE_KEY

LONGEST = 255
METADATA_KEY = re.compile(r"[a-zA-Z0-9-_:. ]{1,255}")
HOST_NAME = re.compile(r"[a-zA-Z0-9-._]{1,255}")


def check_name(subject: str, name: str) -> None:
    """1 to 255 printable characters without surrounding blanks."""
    _check_text(subject, "the name", name)


def check_zone(subject: str, zone: str) -> None:
    """As a name, and without ":", which separates zone and host in a server's create request."""
    if zone == "":
        raise InvalidError(
            subject,
            "an availability zone cannot be removed from an aggregate, nor be empty",
            "Leave it as it is, set another zone, or delete the aggregate and create it again",
        )
    _check_text(subject, f"availability zone {zone!r}", zone)
    if ":" in zone:
        raise InvalidError(
            subject,
            f"availability zone {zone!r} contains ':', which separates zone and host in requests",
            "Choose a zone name without ':'",
        )


def check_metadata(subject: str, changes: Mapping[str, str | None]) -> None:
    """Keys and values as stored by Nova; the zone's key is held to the zone's own rules, which
    Nova's set_metadata forgets.
    """
    for key, value in changes.items():
        if not METADATA_KEY.fullmatch(key):
            raise InvalidError(
                subject,
                f"metadata key {key!r} is not 1 to {LONGEST} of letters, digits, '-', '_', ':', "
                "'.' and blanks",
                "Rename the key",
            )
        if key == ZONE_KEY:
            check_zone(subject, value or "")
        elif value is not None and len(value) > LONGEST:
            raise InvalidError(
                subject,
                f"the value of metadata key {key} has {len(value)} characters",
                f"Shorten it to {LONGEST}",
            )


def check_host_name(subject: str, host: str) -> None:
    if not HOST_NAME.fullmatch(host):
        raise InvalidError(
            subject,
            f"host name {host!r} is not 1 to {LONGEST} of letters, digits, '-', '.' and '_'",
            "Give the host a name of those characters",
        )


def _check_text(subject: str, what: str, text: str) -> None:
    if not 1 <= len(text) <= LONGEST:
        raise InvalidError(
            subject, f"{what} has {len(text)} characters", f"Use 1 to {LONGEST} of them"
        )
    if not text.isprintable():
        raise InvalidError(subject, f"{what} has unprintable characters", "Leave them out")
    if text != text.strip():
        raise InvalidError(subject, f"{what} has surrounding blanks", "Leave them out")
