# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cloud for all; each file boots the servers it needs and takes them away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from contract.nova.acting import Acting, signed_in
from testbeds.openstack.api import ApiError
from testbeds.openstack.client import Bed

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.api import Api

Boot = Callable[[Mapping[str, str | None]], dict[str, str]]
SETTLE = {
    "PAUSED": "unpause",
    "SUSPENDED": "resume",
    "SHUTOFF": "os-start",
    "RESCUE": "unrescue",
    "VERIFY_RESIZE": "confirmResize",
    "SHELVED": "unshelve",
    "SHELVED_OFFLOADED": "unshelve",
    "SOFT_DELETED": "restore",
}
"""What brings a server back to ACTIVE."""


@pytest.fixture(scope="session")
def bed() -> Bed:
    return Bed.required()


@pytest.fixture(scope="session")
def api(bed: Bed) -> Iterator[Api]:
    signed = signed_in(bed)
    yield signed
    signed.close()


@pytest.fixture
def acting(bed: Bed, api: Api) -> Acting:
    return Acting(bed, api)


@pytest.fixture(scope="module")
def boot(bed: Bed) -> Iterator[Boot]:
    """Boots servers, names to hosts, that are gone after the file's tests."""
    uuids: list[str] = []

    def boot(on: Mapping[str, str | None]) -> dict[str, str]:
        booted = bed.servers(on)
        uuids.extend(booted.values())
        return booted

    yield boot
    for uuid in uuids:
        remove(bed, uuid)


@pytest.fixture(scope="module")
def shared(bed: Bed, boot: Boot) -> str:
    """A server for actions that leave it usable."""
    return boot({"acted-on": "compute1"})["acted-on"]


@pytest.fixture
def server(bed: Bed, shared: str) -> str:
    """The shared one, ACTIVE."""
    settle(bed, shared)
    return shared


def settle(bed: Bed, uuid: str) -> None:
    status = bed.server(uuid)["status"]
    if status == "ERROR":
        bed.action(uuid, "os-resetState", {"state": "active"})
        bed.action(uuid, "reboot", {"type": "HARD"}, status="ACTIVE")
    elif status != "ACTIVE":
        bed.action(uuid, SETTLE[status], status="ACTIVE")


def remove(bed: Bed, uuid: str) -> None:
    try:
        bed.action(uuid, "forceDelete")
    except ApiError as exc:
        # A test has done it before.
        if exc.status != 404:
            raise
