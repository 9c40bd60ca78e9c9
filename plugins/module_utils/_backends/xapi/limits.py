# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What XenAPI has nothing for, and what it needs besides. Plain data."""

from __future__ import annotations

from collections.abc import Mapping

from ..._core.traits import Limit

UNSUPPORTED: Mapping[str, Limit] = {
    "action change_password": Limit(
        "XenAPI has no call that changes a guest's password",
        "Change it from inside, over SSH or the console",
    ),
    "action trigger_crash_dump": Limit(
        "XAPI does not implement VM.send_sysrq",
        "Trigger it from inside, or on the host with xl trigger",
    ),
    "action live_migrate_force_complete": Limit(
        "XenAPI has no call that forces a migration to complete",
        "Wait for it, or abort it; pausing the guest is refused while it moves",
    ),
    "option flavor": Limit("XenAPI has no flavors", "Give vcpus and memory_mb"),
    "option flavors": Limit(
        "XenAPI has no flavors; there, servers want something of aggregates by tags and metadata",
        "Leave it out, and look at tags and metadata in server_info",
    ),
    "option admin_password": Limit(
        "XenAPI can't change the password inside a guest", "Leave it out"
    ),
    "option availability_zone": Limit("XenAPI can't place a server by zone", "Name a host"),
    "option cold_migrate": Limit(
        "a stopped server of a Xen pool is on no host, so there is none for it to leave",
        "Leave it out",
    ),
    "option console_type": Limit(
        "XAPI has the consoles that a guest has, of either type", "Leave it out"
    ),
    "filter flavor": Limit(
        "XenAPI has no flavors", "Leave it out, and choose by memory_mb and vcpus of the result"
    ),
    "filter user_id": Limit(
        "XAPI does not know who made a server", "Leave it out, or tag servers and filter by tags"
    ),
    "filter reservation_id": Limit(
        "XAPI keeps no record of which servers were made together",
        "Leave it out, or tag servers and filter by tags",
    ),
}

NEEDED: Mapping[tuple[str, str], Limit] = {
    ("rescue", "image"): Limit("rescue needs a template to boot from on XAPI", "Name one"),
}
