# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server actions through the port, and the cloud without it."""

from __future__ import annotations

import time
from typing import Any

from testbeds.openstack.client import Bed, until
from testbeds.openstack.layout import PASSWORD

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.api import (
    Api,
    sign_in,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.servers import (
    ActionHandle,
    NovaServers,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import FleetError
from ansible_collections.xenfleet.compute.plugins.module_utils._core.ports import JobState


def auth(bed: Bed, user: str = "admin", project: str = "admin") -> dict[str, Any]:
    return {
        "auth_url": bed.auth_url,
        "username": user,
        "password": PASSWORD,
        "project_name": project,
        "user_domain_id": "default",
        "project_domain_id": "default",
    }


def signed_in(bed: Bed, user: str = "admin", project: str = "admin") -> Api:
    return sign_in({"auth": auth(bed, user, project), "region_name": "RegionOne"})


class Acting:
    """Starts actions of the port and follows them to their end."""

    def __init__(self, bed: Bed, api: Api) -> None:
        self.bed = bed
        self.api = api
        self.port = NovaServers(api)

    def start(self, action: str, server: str, **args: Any) -> ActionHandle:
        return self.port.start_action(action, ActionArgs(id=server, **args))

    def ended(self, handle: ActionHandle, within: float = 40) -> JobState:
        end = time.monotonic() + within
        while not (state := self.port.poll([handle])[0]).done:
            assert time.monotonic() < end, f"{handle.action} still under way: {state}"
            time.sleep(0.1)
        return state

    def done(self, action: str, server: str, **args: Any) -> JobState:
        """The end of an action that succeeds; the server then has no task left."""
        state = self.ended(self.start(action, server, **args))
        assert state.error is None, str(state.error)
        return state

    def failed(self, action: str, server: str, **args: Any) -> FleetError:
        """The error of an action that is accepted and fails later."""
        state = self.ended(self.start(action, server, **args))
        assert state.error is not None, "it did not fail"
        return state.error

    def running(self, server: str) -> ActionHandle:
        """A live migration that is past its preparations; the bed has to be slow at it."""
        handle = self.start("live_migrate", server)
        until("running", lambda: "running" in [m["status"] for m in self.bed.migrations(server)])
        return handle


def host(server: dict[str, Any]) -> Any:
    return server["OS-EXT-SRV-ATTR:host"]


def images_called(bed: Bed, name: str) -> list[dict[str, Any]]:
    images: list[dict[str, Any]] = bed.api("GET", f"/images?name={name}", service="glance")[
        "images"
    ]
    return images


def discard(bed: Bed, name: str) -> None:
    for image in images_called(bed, name):
        bed.api("DELETE", f"/images/{image['id']}", service="glance")
