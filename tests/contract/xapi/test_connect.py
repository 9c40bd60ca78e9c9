# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in: credentials, certificates, supporters, hosts that are down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from contract.xapi.sites import (
    PASSWORD,
    Connect,
    Plain,
    Simulate,
    eventually,
    loners,
    mark,
    methods,
    pool_of,
    site,
)
from simulators.launch import Simulator

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet import connect
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    AuthError,
    BackendError,
    ConfigError,
    FleetError,
    UnavailableError,
)


def netloc(sim: Simulator, name: str) -> str:
    return urlsplit(sim.hosts[name]).netloc


def shown(error: FleetError) -> str:
    """Everything that a user may get to see of an error."""
    return f"{error} {error!r} {json.dumps(error.to_dict())}"


def test_a_wrong_password_is_reported_with_endpoint_and_user_but_never_shown(
    simulate: Simulate,
) -> None:
    sim = simulate(loners(1))
    with pytest.raises(AuthError) as caught:
        connect([sim.hosts["xen1"]], "root", "not-the-Password")
    assert sim.hosts["xen1"] in caught.value.message
    assert "root" in caught.value.cause
    assert "not-the-Password" not in shown(caught.value)


def test_one_host_with_another_password_fails_all_and_leaves_no_session(simulate: Simulate) -> None:
    sim = simulate(loners(3))
    sim.post("/tweak", {"host": "xen2", "machine": {"password": "another"}})
    with pytest.raises(AuthError) as caught:
        connect(list(sim.hosts.values()), "root", PASSWORD)
    assert sim.hosts["xen2"] in caught.value.what
    assert PASSWORD not in shown(caught.value)
    calls = methods(sim, ok=True)
    assert calls.count("session.login_with_password") == 2
    assert calls.count("session.logout") == 2


def test_a_supporter_alone_is_refused_and_its_coordinator_gets_no_credentials(
    simulate: Simulate,
) -> None:
    sim = simulate(pool_of(2))
    with pytest.raises(ConfigError) as caught:
        connect([sim.hosts["xen2"]], "root", PASSWORD)
    coordinator = urlsplit(sim.hosts["xen1"]).hostname
    assert sim.hosts["xen2"] in caught.value.what
    assert str(coordinator) in caught.value.cause
    assert str(coordinator) in caught.value.remedy
    assert methods(sim, host="xen1") == []


@pytest.mark.parametrize("more", [{}, {"one_address": "127.0.0.1"}], ids=["addresses", "ports"])
def test_supporters_are_covered_by_their_coordinator(
    simulate: Simulate, fleet_of: Connect, more: dict[str, str]
) -> None:
    sim = simulate(pool_of(3, **more))
    fleet = fleet_of(sim)
    view = fleet.read()
    assert {h.name for h in view.hosts} == {"xen1", "xen2", "xen3"}
    assert len(view.pools) == 1
    assert view.unreachable == {}
    before = mark(sim)
    fleet.read()
    assert methods(sim, before, method="session.login_with_password") == [], (
        "supporters asked again"
    )


def test_the_coordinator_alone_is_enough(simulate: Simulate, fleet_of: Connect) -> None:
    view = fleet_of(simulate(pool_of(3)), "xen1").read()
    assert len(view.hosts) == 3
    assert view.unreachable == {}


def test_a_host_given_twice_counts_once(simulate: Simulate) -> None:
    sim = simulate(loners(1, one_address="127.0.0.1"))
    url = sim.hosts["xen1"]
    with connect([url, url.replace("127.0.0.1", "localhost")], "root", PASSWORD) as fleet:
        view = fleet.read()
    assert [h.name for h in view.hosts] == ["xen1"]
    assert len(view.pools) == 1


def test_a_dead_host_is_reported_and_the_rest_is_read(
    simulate: Simulate, fleet_of: Connect
) -> None:
    sim = simulate(loners(3))
    sim.post("/faults", {"action": "kill", "target": "xen2"})
    view = fleet_of(sim).read()
    assert [h.name for h in view.hosts] == ["xen1", "xen3"]
    assert list(view.unreachable) == [sim.hosts["xen2"]]
    assert "refused" in view.unreachable[sim.hosts["xen2"]]


def test_a_booting_host_is_unreachable_for_now(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(2))
    fault = {"action": "error", "method": "session.login_with_password", "host": "xen2"}
    sim.post("/faults", {**fault, "times": 2, "error": ["HOST_STILL_BOOTING"]})
    fleet = fleet_of(sim)
    assert list(fleet.read().unreachable) == [sim.hosts["xen2"]]
    view = fleet.read()
    assert view.unreachable == {}
    assert len(view.hosts) == 2


def test_no_host_answering_lists_each_with_its_reason(simulate: Simulate) -> None:
    sim = simulate(loners(1))
    sim.post("/faults", {"action": "kill", "target": "xen1"})
    endpoints = [sim.hosts["xen1"], "http://no-such-host.invalid"]
    with pytest.raises(UnavailableError) as caught:
        connect(endpoints, "root", PASSWORD)
    assert f"{endpoints[0]}: the connection is refused" in caught.value.cause
    assert f"{endpoints[1]}: the host name cannot be resolved" in caught.value.cause


def test_a_host_that_never_answers_is_given_up(simulate: Simulate) -> None:
    sim = simulate(loners(2, factor=1))
    login = {"action": "delay", "method": "session.login_with_password", "host": "xen2"}
    sim.post("/faults", {**login, "seconds": 4, "times": 9})
    with connect(list(sim.hosts.values()), "root", PASSWORD, timeout=1) as fleet:
        view = fleet.read()
    assert [h.name for h in view.hosts] == ["xen1"]
    assert view.unreachable == {sim.hosts["xen2"]: "no answer to login_with_password in time"}


def test_two_hosts_of_one_name_are_refused(
    simulate: Simulate, fleet_of: Connect, plain: Plain
) -> None:
    sim = simulate(loners(2))
    api = plain(sim, "xen2")
    api.host.set_name_label(api.host.get_all()[0], "xen1")
    with pytest.raises(ConfigError) as caught:
        fleet_of(sim).read()
    for name in ("xen1", "xen2"):
        true = sim.get("/state")["hosts"][name]
        assert true["uuid"] in caught.value.cause
        assert true["address"] in caught.value.cause


def test_close_ends_every_session(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(3))
    fleet = fleet_of(sim)
    fleet.read()
    fleet.close()
    fleet.close()
    assert methods(sim, ok=True).count("session.logout") == 3


def test_close_does_not_mind_a_dead_host(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(2))
    fleet = fleet_of(sim)
    sim.post("/faults", {"action": "kill", "target": "xen1"})
    fleet.close()
    assert methods(sim, ok=True).count("session.logout") == 1


def test_sessions_that_a_restart_ended_are_replaced(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(loners(1))
    fleet = fleet_of(sim)
    before = fleet.read().hosts[0]
    sim.post("/faults", {"action": "restart_toolstack", "target": "xen1"})

    def restarted() -> bool:
        try:
            host = fleet.read().hosts[0]
            return host.other_config["agent_start_time"] != before.other_config["agent_start_time"]
        except UnavailableError:
            return False

    eventually(restarted)
    assert fleet.read().hosts[0].id == before.id


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    return tmp_path / "ca.pem"


def test_a_certificate_of_an_unknown_issuer_is_refused_before_the_password_is_sent(
    simulate: Simulate,
) -> None:
    sim = simulate(loners(1, tls=True))
    with pytest.raises(ConfigError) as caught:
        connect([netloc(sim, "xen1")], "root", PASSWORD)
    assert netloc(sim, "xen1") in caught.value.what
    assert "certificate" in caught.value.cause
    assert "ca_cert" in caught.value.remedy
    assert "validate_certs" in caught.value.remedy
    assert methods(sim) == []


def test_a_self_signed_certificate_is_refused(simulate: Simulate) -> None:
    sim = simulate(loners(1, tls="self-signed"))
    with pytest.raises(ConfigError, match="certificate"):
        connect([netloc(sim, "xen1")], "root", PASSWORD)


def test_https_is_spoken_unless_http_was_written(simulate: Simulate, ca: Path) -> None:
    sim = simulate(loners(2, tls=True))
    ca.write_bytes(sim.get("/ca.pem"))
    bare = [netloc(sim, name) for name in sim.hosts]
    with connect(bare, "root", PASSWORD, ca_cert=str(ca)) as fleet:
        assert len(fleet.read().hosts) == 2


def test_a_certificate_for_another_name_is_refused(simulate: Simulate, ca: Path) -> None:
    sim = simulate(loners(1, tls=True, one_address="127.0.0.1"))
    ca.write_bytes(sim.get("/ca.pem"))
    other = netloc(sim, "xen1").replace("127.0.0.1", "localhost")
    with pytest.raises(ConfigError, match="another host name"):
        connect([other], "root", PASSWORD, ca_cert=str(ca))


def test_verification_can_be_given_up_knowingly(simulate: Simulate) -> None:
    sim = simulate(loners(1, tls="self-signed"))
    with connect([netloc(sim, "xen1")], "root", PASSWORD, validate_certs=False) as fleet:
        assert len(fleet.read().hosts) == 1


def test_a_missing_ca_file_is_reported() -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        connect(["xen1"], "root", PASSWORD, ca_cert="/nonexistent/ca.pem")


def test_a_ca_file_that_is_none_is_reported(ca: Path) -> None:
    ca.write_text("no certificate", encoding="utf-8")
    with pytest.raises(ConfigError, match="PEM"):
        connect(["xen1"], "root", PASSWORD, ca_cert=str(ca))


def test_no_address_at_all_is_reported() -> None:
    with pytest.raises(ConfigError, match="no host address"):
        connect([], "root", PASSWORD)


def test_something_else_on_the_port_is_reported(simulate: Simulate) -> None:
    sim = simulate(loners(1))
    with pytest.raises(BackendError, match="is not XenAPI's"):
        connect([sim.inspect], "root", PASSWORD)


# --- the library ----------------------------------------------------------------------------------


def test_without_the_library_the_error_says_how_to_install_it() -> None:
    program = (
        "import sys; sys.modules['XenAPI'] = None\n"
        "from ansible_collections.xenfleet.compute.plugins.module_utils._backends.xapi.fleet"
        " import connect\n"
        "from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors"
        " import MissingLibraryError\n"
        "try:\n    connect(['xen1'], 'root', 'x')\n"
        "except MissingLibraryError as exc:\n    print(exc)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
    )
    assert "python -m pip install XenAPI" in run.stdout


def test_sessions_bear_our_name(simulate: Simulate, fleet_of: Connect) -> None:
    sim = simulate(site({"name": "xen1"}))
    fleet_of(sim)
    logins = [e for e in sim.get("/journal") if e["method"] == "session.login_with_password"]
    assert [e["args"][-1] for e in logins] == ["xenfleet.compute"]
