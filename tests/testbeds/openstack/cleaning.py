# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a cloud back to what it was after ``up``, whatever a test has left."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from testbeds.openstack import faults
from testbeds.openstack.api import ApiError
from testbeds.openstack.layout import INFRASTRUCTURE, SERVICES, BedError
from testbeds.openstack.lifecycle import usable
from testbeds.openstack.stock import FLAVORS, IMAGES

if TYPE_CHECKING:
    from testbeds.openstack.client import Bed

# Migrations that nothing happens to any more; "finished" waits to be confirmed, or for its server's end.
ENDED = ("completed", "confirmed", "reverted", "error", "failed", "cancelled", "done", "finished")
UNHEARD = ("accepted", "pre-migrating", "done")
WITHIN_S = 60


def clean(bed: Bed) -> None:
    """See Bed.clean. BedError if for a minute nothing of what is left goes."""
    faults.write(bed.layout, {})
    revive(bed)
    enable_services(bed)
    # Without faults what is under way ends within moments, unless its host was killed; the record of
    # a migration goes with its server.
    wait(bed, "migrations in progress", in_progress, patience=20)
    delete_servers(bed)
    delete_aggregates(bed)
    for group in bed.api("GET", "/os-server-groups?all_projects=1")["server_groups"]:
        bed.api("DELETE", f"/os-server-groups/{group['id']}")
    for flavor in bed.api("GET", "/flavors?is_public=None")["flavors"]:
        if flavor["name"] not in FLAVORS:
            bed.api("DELETE", f"/flavors/{flavor['id']}")
    for image in bed.api("GET", "/images?limit=1000", service="glance")["images"]:
        if image["name"] not in IMAGES:
            bed.api("DELETE", f"/images/{image['id']}", service="glance")


def revive(bed: Bed) -> None:
    """Every process runs. A host that servers were evacuated from forgets them when it starts, and
    Nova takes no force-down off before; one whose service was deleted comes back when it starts.
    """
    for name in (*INFRASTRUCTURE, *SERVICES):
        if not bed.processes.pid(name):
            bed.start(name)
    gone = {*bed.hosts} - {*bed.services()}
    dead = {host for host in bed.hosts if not bed.processes.pid(host)} - gone
    unaware = {record["source_compute"] for record in evacuations(bed)} - dead - gone
    for host in unaware:
        bed.stop(host)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bed.start, dead | unaware))
        list(pool.map(bed.register, gone))


def evacuations(bed: Bed) -> list[Any]:
    """Those that their source has not heard of yet."""
    found = bed.api("GET", "/os-migrations?migration_type=evacuation")["migrations"]
    return [record for record in found if record["status"] in UNHEARD]


def enable_services(bed: Bed) -> None:
    for service in bed.services().values():
        if service["forced_down"] or service["status"] != "enabled":
            wanted = {"forced_down": False, "status": "enabled"}
            bed.api("PUT", f"/os-services/{service['id']}", wanted)
    wait(bed, "hosts that are not usable", lambda bed: not usable(bed.admin, bed.hosts))


def in_progress(bed: Bed) -> list[Any]:
    found = bed.api("GET", "/os-migrations")["migrations"]
    return [migration for migration in found if migration["status"] not in ENDED]


def leftover(bed: Bed) -> list[Any]:
    """All servers of all projects, those softly deleted among them."""

    def listed(more: str = "") -> list[Any]:
        servers: list[Any] = bed.api("GET", f"/servers/detail?all_tenants=1{more}")["servers"]
        return servers

    # Nova counts the softly deleted among the deleted, when listing, and among those some that were
    # on no host and so are gone. One that is DELETED elsewhere still counts as its host's for a moment.
    softly = [s for s in listed("&deleted=true&status=SOFT_DELETED") if s["status"] != "DELETED"]
    return listed() + softly


def delete_servers(bed: Bed) -> None:
    def delete(server: dict[str, Any]) -> bool:
        if server["status"] == "DELETED":
            return True
        try:
            if server["OS-EXT-STS:task_state"]:
                # Nova deletes none with a task, and one whose host was killed may keep it for ever.
                bed.action(server["id"], "os-resetState", {"state": "active"})
            bed.action(server["id"], "forceDelete")
        except ApiError as exc:
            # Before it deletes a resized server Nova has its first host confirm, and does not wait
            # for one that is busy.
            if exc.status == 500:
                return False
            # Gone meanwhile.
            if exc.status != 404:
                raise
        return True

    with ThreadPoolExecutor(4) as pool:
        for _attempt in range(3):
            if all(list(pool.map(delete, leftover(bed)))):
                break
    wait(bed, "servers", leftover)


def delete_aggregates(bed: Bed) -> None:
    for aggregate in bed.api("GET", "/os-aggregates")["aggregates"]:
        path = f"/os-aggregates/{aggregate['id']}"
        for host in aggregate["hosts"]:
            bed.api("POST", f"{path}/action", {"remove_host": {"host": host}})
        bed.api("DELETE", path)


def wait(bed: Bed, what: str, probe: Any, patience: float = 0) -> None:
    """Until ``probe`` finds nothing, as long as it finds fewer things now and then; with ``patience``,
    give up quietly after so many seconds.
    """
    fewest, end = None, 0.0
    while left := probe(bed):
        number = len(left) if isinstance(left, list) else 1
        if fewest is None or number < fewest:
            fewest, end = number, time.monotonic() + (patience or WITHIN_S)
        if time.monotonic() > end:
            if patience:
                return
            raise BedError(f"{what} left after {WITHIN_S} s of cleaning: {left}")
        time.sleep(0.2)
