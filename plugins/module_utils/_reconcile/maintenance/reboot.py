# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host that comes back into service has to be seen restarting first.

A restart that was asked for outside of XAPI shows in nothing until the host goes (shutdown -r +1), so
that only the user can tell, with ``wait_for_reboot``. What XAPI knows of is waited for anyway.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..._core.errors import ConflictError
from ..._core.model import Host, Maintenance
from ..._core.plan import Step
from ..hosts.verbs import RebootArgs, await_reboot, rebooted
from .wanted import MaintenanceWanted

PENDING = "reboot_host"
"""In host.pending_guidances: an update is complete only after a restart, and XAPI enables the host
only then (HOST_PENDING_MANDATORY_GUIDANCE_NOT_EMPTY).
"""


def check_told(host: Host, wanted: MaintenanceWanted) -> None:
    """ConflictError if a restart of the host could not be seen."""
    if wanted.wait_for_reboot == "true" and host.booted_at is None:
        raise _untold(host, "when it was started")


def reboot_awaited(host: Host, current: Maintenance, wanted: MaintenanceWanted) -> Iterator[Step]:
    """The wait for its restart, unless that has been seen. ConflictError if it can't be."""
    since = current.booted_at
    if since is None:
        if wanted.wait_for_reboot == "true":
            raise _untold(host, "when it was started before the maintenance")
        return
    pending = wanted.wait_for_reboot == "auto" and PENDING in host.pending_guidances
    if not (pending or wanted.wait_for_reboot == "true") or rebooted(since, host.booted_at):
        return
    why = "an update waits for it" if pending else "wait_for_reboot is true"
    yield await_reboot(host.name, RebootArgs(since=since), why=why)


def _untold(host: Host, what: str) -> ConflictError:
    return ConflictError(
        f"host {host.name}",
        f"wait_for_reboot is true, and it is not known {what} (other_config:boot_time)",
        "Make sure yourself that it has restarted, and set wait_for_reboot to false",
    )
