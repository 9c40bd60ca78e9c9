# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that end while a host answers, and answers that are whole but not XenAPI's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from contract.xapi.relay import CUTS, FOREIGN, Form, Relay, chunked, unstated
from contract.xapi.sites import PASSWORD, Simulate, finish, loners, pool_of
from simulators.client import Client, until
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet import (
    XenFleet,
    connect,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.args import ActionArgs
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    BackendError,
    UnavailableError,
)

READS = ["event.from", "VM.get_all_records_where"]

cut = pytest.mark.parametrize("form", CUTS.values(), ids=CUTS)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """The URL of a host with a running server."""
    with Simulator(pool_of(1, {"name": "web"})) as sim:
        yield sim.hosts["xen1"]


@pytest.fixture
def relay(host: str) -> Iterator[Relay]:
    """Before the host."""
    with Relay(host) as running:
        yield running


@pytest.fixture
def pausing(host: str) -> Iterator[None]:
    """For tests that pause the server; it goes on running afterwards."""
    yield
    api = Client(host, password=PASSWORD)
    vm = api.vm("web")
    until(lambda: "unpause" in api("VM.get_allowed_operations", vm))
    api("VM.unpause", vm)


@pytest.fixture
def fleet(relay: Relay) -> Iterator[XenFleet]:
    """Connected through the relay, and not read yet."""
    with connect([relay.url], "root", PASSWORD, timeout=10, grace=2) as connected:
        yield connected
        relay.heal()


def web(fleet: XenFleet) -> ActionArgs:
    return ActionArgs(id=fleet.read().servers[0].id)


@cut
@pytest.mark.parametrize("method", READS)
def test_a_read_that_is_cut_is_repeated(
    relay: Relay, fleet: XenFleet, form: Form, method: str
) -> None:
    relay.order(form, method)
    assert [s.name for s in fleet.read().servers] == ["web"]
    assert relay.calls.count(method) == 2


@cut
def test_what_has_changed_is_read_across_an_answer_that_is_cut(
    relay: Relay, fleet: XenFleet, form: Form
) -> None:
    before = fleet.read().hosts[0]
    (fleet.hosts.disable if before.enabled else fleet.hosts.enable)(before.name)
    relay.calls.clear()
    relay.order(form, "event.from")
    assert fleet.read().hosts[0].enabled is not before.enabled
    assert relay.calls == ["event.from", "event.from"]


@cut
@pytest.mark.parametrize("method", READS)
def test_a_host_that_keeps_cutting_is_unreachable_for_now(
    relay: Relay, fleet: XenFleet, form: Form, method: str
) -> None:
    """It is asked once more, and both again after a new login."""
    relay.order(form, method, times=4)
    with pytest.raises(UnavailableError, match=f"the connection broke during {method}"):
        fleet.read()
    assert relay.calls.count(method) == 4
    assert [s.name for s in fleet.read().servers] == ["web"]


@cut
def test_a_login_that_is_cut_is_repeated(relay: Relay, form: Form) -> None:
    relay.order(form, "session.login_with_password")
    with connect([relay.url], "root", PASSWORD) as fleet:
        assert [s.name for s in fleet.read().servers] == ["web"]
    relay.order(form, "session.login_with_password", times=2)
    with pytest.raises(UnavailableError, match="broke during login_with_password"):
        connect([relay.url], "root", PASSWORD)


@cut
@pytest.mark.usefixtures("pausing")
def test_an_action_whose_answer_is_cut_is_not_repeated(
    relay: Relay, fleet: XenFleet, form: Form
) -> None:
    args = web(fleet)
    relay.order(form, "Async.VM.pause")
    with pytest.raises(UnavailableError, match="may have been carried out") as caught:
        fleet.servers.start_action("pause", args)
    assert "the connection broke during Async.VM.pause" in caught.value.cause
    assert relay.calls.count("Async.VM.pause") == 1


@cut
def test_a_change_whose_answer_is_cut_is_not_repeated(
    relay: Relay, fleet: XenFleet, form: Form
) -> None:
    name = fleet.read().hosts[0].name
    fleet.hosts.enable(name)
    relay.order(form, "host.disable")
    with pytest.raises(UnavailableError, match="may have been carried out"):
        fleet.hosts.disable(name)
    assert relay.calls.count("host.disable") == 1
    assert fleet.read().hosts[0].enabled is False


@cut
@pytest.mark.usefixtures("pausing")
def test_a_task_is_followed_across_answers_that_are_cut(
    relay: Relay, fleet: XenFleet, form: Form
) -> None:
    handle = fleet.servers.start_action("pause", web(fleet))
    relay.order(form, "task.get_all_records_where", times=2)
    relay.order(form, "event.from", times=2)
    relay.order(form, "task.destroy")
    assert finish(fleet.servers, handle).error is None
    assert relay.calls.count("Async.VM.pause") == 1
    assert fleet.read().servers[0].vm_state == "paused"


@cut
def test_a_logout_that_is_cut_is_no_error(relay: Relay, fleet: XenFleet, form: Form) -> None:
    relay.order(form, "session.logout")
    fleet.close()
    assert relay.calls.count("session.logout") == 1


@pytest.mark.parametrize("action", ["drop_after", "drop_midway"])
def test_tls_that_ends_without_notice_is_a_cut_too(
    simulate: Simulate, tmp_path: Path, action: str
) -> None:
    sim = simulate(loners(1, tls=True))
    ca = tmp_path / "ca.pem"
    ca.write_bytes(sim.get("/ca.pem"))
    endpoint = urlsplit(sim.hosts["xen1"]).netloc
    fault = {"action": action, "method": "event.from"}
    with connect([endpoint], "root", PASSWORD, ca_cert=str(ca)) as fleet:
        sim.post("/faults", fault)
        assert len(fleet.read().hosts) == 1
        sim.post("/faults", {**fault, "times": 4})
        with pytest.raises(UnavailableError, match=r"broke during event\.from"):
            fleet.read()


@pytest.mark.parametrize("form", [unstated, chunked])
def test_answers_without_a_stated_length_are_read(
    relay: Relay, fleet: XenFleet, form: Form
) -> None:
    relay.order(form, times=9)
    assert [s.name for s in fleet.read().servers] == ["web"]
    assert len(relay.calls) == len(set(relay.calls))


@pytest.mark.parametrize("form", FOREIGN.values(), ids=FOREIGN)
def test_a_whole_answer_of_something_else_is_reported_with_its_remedy(
    relay: Relay, form: Form
) -> None:
    relay.order(form, times=9)
    with pytest.raises(BackendError, match="is not XenAPI's") as caught:
        connect([relay.url], "root", PASSWORD)
    assert caught.type is BackendError
    assert "Check that the address and port" in caught.value.remedy
    assert relay.calls == ["session.login_with_password"]
