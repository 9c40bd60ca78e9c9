# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evacuation from a host that is declared dead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.nova.acting import Acting, host
from testbeds.openstack.client import Bed

from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import InvalidError

pytestmark = pytest.mark.nova


@pytest.fixture
def dead(bed: Bed, boot: Any) -> Iterator[dict[str, str]]:
    """Two servers of a host that is down; it comes back and forgets them, as Nova demands before it
    is taken for up again.
    """
    servers: dict[str, str] = boot({"left1": "compute4", "left2": "compute4"})
    path = f"/os-services/{bed.services()['compute4']['id']}"
    bed.kill("compute4")
    bed.api("PUT", path, {"forced_down": True})
    yield servers
    bed.start("compute4")
    bed.api("PUT", path, {"forced_down": False})
    bed.wait_service("compute4", "up")


def test_evacuation_leaves_servers_stopped_or_running_again(
    bed: Bed, acting: Acting, dead: dict[str, str]
) -> None:
    """Since 2.95 Nova leaves them stopped, so that nobody starts a guest whose disk may be damaged."""
    stopped = acting.done("evacuate", dead["left1"], target="compute2")
    running = acting.done("evacuate", dead["left2"], start=True)
    after = [bed.server(uuid) for uuid in dead.values()]
    assert [one["status"] for one in after] == ["SHUTOFF", "ACTIVE"]
    assert [stopped.target, running.target] == [host(one) for one in after]
    assert host(after[0]) == "compute2"
    records = [bed.migrations(uuid)[-1] for uuid in dead.values()]
    assert [(one["migration_type"], one["status"]) for one in records] == [
        ("evacuation", "done")
    ] * 2


def test_evacuation_from_a_host_that_lives_is_refused(acting: Acting, server: str) -> None:
    with pytest.raises(InvalidError, match="still in use"):
        acting.start("evacuate", server)
