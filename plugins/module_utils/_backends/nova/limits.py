# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that the Compute API has nothing for. Plain data."""

from __future__ import annotations

from collections.abc import Mapping

from ..._core.traits import Limit

UNSUPPORTED: Mapping[str, Limit] = {
    "option force": Limit(
        "Nova decides how a server is stopped: it cuts the power once the guest has had the time "
        "that os_shutdown_timeout of its image grants",
        "Leave it out",
    ),
    "option vcpus": Limit("Nova sizes servers by flavor", "Name a flavor"),
    "option memory_mb": Limit("Nova sizes servers by flavor", "Name a flavor"),
    "option soft": Limit("on Nova, reclaim_instance_interval decides this", "Leave it out"),
    "option network": Limit(
        "Nova does not let its users choose the network of a migration",
        "Leave it out, and set live_migration_inbound_addr in nova.conf of the hosts",
    ),
    "option wait_for_reboot": Limit(
        "the Compute API does not tell when a host was started",
        "Let your tasks wait for the restart (ansible.builtin.reboot does), and leave it out; the "
        "return then waits until the compute service is up",
    ),
    "option anti_affinity": Limit(
        "Nova's scheduler always follows the policies of server groups",
        "Leave it out; for a group that may meet use the policy soft-anti-affinity",
    ),
}
