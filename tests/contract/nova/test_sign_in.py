# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in to a real Keystone: every way in, and every way to fail."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from contract.nova.acting import auth
from testbeds.openstack.client import CLOUD, Bed

from ansible_collections.xenfleet.compute.plugins.module_utils._backends.nova.cloud import connect
from ansible_collections.xenfleet.compute.plugins.module_utils._core.errors import (
    AuthError,
    ConfigError,
    FleetError,
    ForbiddenError,
    UnavailableError,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import CloudView
from ansible_collections.xenfleet.compute.plugins.module_utils._core.reading import (
    AGGREGATES,
    SERVERS,
    SERVICES,
    reading,
)

pytestmark = pytest.mark.nova
SECRET = "n0t-the-passw0rd"
Env = Callable[..., None]


@pytest.fixture(autouse=True)
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Env:
    """Nothing from outside: no variable, no file."""
    import os

    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "none.yaml"))
    monkeypatch.chdir(tmp_path)

    def given(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return given


def read(section: str = SERVICES, **options: Any) -> CloudView:
    cloud = connect(options)
    with closing(cloud):
        return cloud.read(reading(section))


def refused(kind: type[FleetError], section: str = SERVICES, **options: Any) -> FleetError:
    """Without a secret in the message, and with a remedy."""
    with pytest.raises(FleetError) as caught:
        read(section, **options)
    error = caught.value
    assert error.__class__ is kind, error.message
    assert error.remedy
    assert SECRET not in error.message + str(error.to_dict())
    return error


# --- ways in --------------------------------------------------------------------------------------


def test_cloud_of_a_file(bed: Bed, env: Env) -> None:
    env(OS_CLIENT_CONFIG_FILE=str(bed.clouds_file))
    assert {one.host for one in read(cloud=CLOUD).services} == {*bed.hosts}


def test_cloud_named_by_the_environment(bed: Bed, env: Env) -> None:
    env(OS_CLIENT_CONFIG_FILE=str(bed.clouds_file), OS_CLOUD=CLOUD)
    assert len(read().services) == len(bed.hosts)


def test_auth_option(bed: Bed) -> None:
    cloud = read(auth=auth(bed), region_name="RegionOne", interface="internal")
    assert len(cloud.services) == len(bed.hosts)


def test_environment_alone(bed: Bed, env: Env) -> None:
    env(**{f"OS_{name.upper()}": value for name, value in auth(bed).items()})
    assert len(read().services) == len(bed.hosts)


def test_signing_in_costs_four_requests(bed: Bed) -> None:
    """Keystone's versions, a token, Nova's versions; then the first that was meant."""
    with bed.keystone_requests() as asked, bed.requests() as answered:
        read(auth=auth(bed), region_name="RegionOne")
    ours = [one for one in asked if one.method != "GET" or one.path.rstrip("/") == "/v3"]
    assert [(one.method, one.path.rstrip("/")) for one in ours] == [
        ("GET", "/v3"),
        ("POST", "/v3/auth/tokens"),
    ]
    assert [one.path.rstrip("/") for one in answered] == ["/v2.1", "/v2.1/os-services"]


# --- ways to fail ---------------------------------------------------------------------------------


def test_wrong_password(bed: Bed) -> None:
    refused(AuthError, auth={**auth(bed), "password": SECRET})


def test_wrong_password_over_a_files_cloud(bed: Bed, env: Env) -> None:
    env(OS_CLIENT_CONFIG_FILE=str(bed.clouds_file))
    refused(AuthError, cloud=CLOUD, auth={"password": SECRET})


def test_no_password(bed: Bed) -> None:
    given = {name: value for name, value in auth(bed).items() if name != "password"}
    assert "password" in refused(ConfigError, auth=given).cause


def test_no_project(bed: Bed) -> None:
    given = {name: value for name, value in auth(bed).items() if "project" not in name}
    assert "project_name" in refused(ConfigError, auth=given).remedy


def test_nothing_given() -> None:
    assert "clouds.yaml" in refused(ConfigError).remedy


def test_unknown_cloud(bed: Bed, env: Env) -> None:
    env(OS_CLIENT_CONFIG_FILE=str(bed.clouds_file))
    error = refused(ConfigError, cloud="elsewhere")
    assert "elsewhere was not found" in error.cause
    assert "OS_CLIENT_CONFIG_FILE" in error.remedy


def test_file_that_is_not_yaml(tmp_path: Path, env: Env) -> None:
    broken = tmp_path / "clouds.yaml"
    broken.write_text(f"clouds:\n  here:\n    auth: {{password: '{SECRET}, username: a}}\n")
    env(OS_CLIENT_CONFIG_FILE=str(broken))
    assert "not valid YAML" in refused(ConfigError, cloud="here").remedy


def test_unknown_region(bed: Bed) -> None:
    refused(ConfigError, auth=auth(bed), region_name="Mars")


def test_endpoint_that_the_catalogue_lacks(bed: Bed) -> None:
    error = refused(ConfigError, auth=auth(bed), interface="bogus", region_name="RegionOne")
    assert "interface" in error.remedy


def test_unknown_auth_type(bed: Bed) -> None:
    assert "nonsense" in refused(ConfigError, auth=auth(bed), auth_type="nonsense").cause


def test_auth_that_the_type_does_not_take(bed: Bed) -> None:
    given = {**auth(bed), "token": SECRET}
    refused(ConfigError, auth=given, auth_type="v3token")


def test_certificate_authorities_that_are_not_there(bed: Bed) -> None:
    given = {**auth(bed), "auth_url": bed.auth_url.replace("http:", "https:")}
    assert "ca_cert" in refused(ConfigError, auth=given, ca_cert="/none.pem").remedy


@pytest.mark.parametrize("section", [SERVICES, AGGREGATES, SERVERS])
def test_account_without_the_right(bed: Bed, section: str) -> None:
    error = refused(ForbiddenError, section, auth=auth(bed, "demo", "demo"))
    assert error.details["http_status"] == 403


def test_address_that_nobody_listens_at(bed: Bed) -> None:
    begun = time.monotonic()
    error = refused(UnavailableError, auth={**auth(bed), "auth_url": "http://127.0.0.1:9/v3"})
    assert error.cause.endswith("Connection refused")
    assert time.monotonic() - begun < 5


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v3"


def test_address_that_never_answers(bed: Bed, deaf: str) -> None:
    """Versions and token are waited for one after the other."""
    begun = time.monotonic()
    error = refused(UnavailableError, auth={**auth(bed), "auth_url": deaf}, api_timeout=1)
    assert "timed out" in error.cause
    assert time.monotonic() - begun < 5


def test_nothing_is_written_to_stderr(bed: Bed, capfd: pytest.CaptureFixture[str]) -> None:
    refused(UnavailableError, auth={**auth(bed), "auth_url": "http://127.0.0.1:9/v3"})
    assert capfd.readouterr().err == ""
