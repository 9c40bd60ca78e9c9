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
    "option allow_zone_change": Limit(
        "Nova itself refuses to change the zone of a host that has servers (from 29.0.2 and 30.0 on), "
        "since they may be bound to it",
        "Leave it out, and move the servers to other hosts first",
    ),
    "option network": Limit(
        "Nova does not let its users choose the network of a migration",
        "Leave it out, and set live_migration_inbound_addr in nova.conf of the hosts",
    ),
    "option within": Limit(
        "Nova's scheduler chooses hosts by its own rules: its filters, and the zones that servers are "
        "pinned to",
        "Leave it out, and name a host, or set the AggregateInstanceExtraSpecsFilter and flavors up",
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

FILTERS = frozenset({"project_id", "user_id", "reservation_id", "image", "flavor"})
"""Filters of the list of servers that compare exactly, or can be made to (queries.py)."""

SORT_KEYS = frozenset({"created_at", "display_name", "project_id", "user_id", "uuid", "vm_state"})
"""What every server has. By any other key, pages after the first lack servers without a value: SQL
finds none of them greater or less than the marker's (oslo_db/sqlalchemy/utils.py paginate_query).
"""
