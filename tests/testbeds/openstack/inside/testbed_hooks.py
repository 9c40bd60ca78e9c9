# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of what the hosts' virt driver can be made to do slowly, or not at all."""

from __future__ import annotations

# Methods of Nova's virt driver (nova/virt/driver.py): "fail" and "delay" know them.
HOOKS = (
    "check_can_live_migrate_destination",
    "check_can_live_migrate_source",
    "confirm_migration",
    "destroy",
    "finish_migration",
    "finish_revert_migration",
    "get_console_output",
    "live_migration_abort",
    "live_migration_force_complete",
    "migrate_disk_and_power_off",
    "pause",
    "power_off",
    "power_on",
    "pre_live_migration",
    "reboot",
    "rescue",
    "resume",
    "set_admin_password",
    "snapshot",
    "spawn",
    "suspend",
    "trigger_crash_dump",
    "unpause",
    "unrescue",
)
# "fail" only: the copying breaks and is rolled back (the server stays where it was, ACTIVE), or
# breaks too late for that (the server goes to ERROR). It lasts "live_migration_seconds".
LIVE_MIGRATION = ("live_migration", "live_migration_late")
