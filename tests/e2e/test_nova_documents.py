# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snippets of the guides that are about OpenStack do what their pages say, on a real Nova. The clouds have
the names of the pages; hosts of the pages are hosts of this cloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.documents import Desk, commands, snippets
from harness.playbooks import Playbooks
from simulators.launch import Simulator
from testbeds.openstack.client import Bed

pytestmark = pytest.mark.nova

GUIDES = "docs/docsite/rst"
CLOUDS = ("mycloud", "production")
WORK = "- ansible.builtin.debug: {msg: 'worked on {{ host_maintenance_host }}'}\n"


@pytest.fixture
def bed() -> Iterator[Bed]:
    testbed = Bed.required()
    try:
        yield testbed
    finally:
        testbed.clean()


def desk(bed: Bed, folder: Path, replaced: dict[str, str], site: Simulator | None = None) -> Desk:
    known = yaml.safe_load(bed.clouds_file.read_text(encoding="utf-8"))["clouds"]
    mine = known[bed.cloud_env()["OS_CLOUD"]]
    clouds = folder / "clouds.yaml"
    clouds.write_text(yaml.safe_dump({"clouds": dict.fromkeys(CLOUDS, mine)}), encoding="utf-8")
    environment = dict(Playbooks(site, folder).environment)
    for name in ("ANSIBLE_CALLBACKS_ENABLED", "XENFLEET_CONTROL_PLANE"):
        environment.pop(name, None)
    environment["OS_CLIENT_CONFIG_FILE"] = str(clouds)
    user = Desk(folder, environment, replaced)
    user.write("group_vars/all.yml", "vaulted_password: secret\n")
    user.write("update.yml", WORK)
    return user


def text(page: str, number: int) -> str:
    return snippets(page)[number - 1].text


def actions(bed: Bed, server: str) -> list[str]:
    path = f"/servers/{server}/os-instance-actions"
    return [a["action"] for a in bed.api("GET", path)["instanceActions"]]


def test_role_host_maintenance(bed: Bed, tmp_path: Path) -> None:
    server = bed.servers({"nd-one": "compute1"})["nd-one"]
    store = "postgresql://xenfleet@db.example.com/xenfleet"
    user = desk(bed, tmp_path, {"compute7": "compute1", store: str(tmp_path / "store.db")})
    user.write("maintenance.yml", text("roles/host_maintenance/README.md", 2))
    assert "worked on compute1" in user.playbook("maintenance.yml")
    assert actions(bed, server).count("live-migration") == 2


def test_guide_host_maintenance(bed: Bed, tmp_path: Path) -> None:
    server = bed.servers({"nd-two": "compute1"})["nd-two"]
    user = desk(bed, tmp_path, {"compute7": "compute1"})
    user.shell(commands(text(f"{GUIDES}/guide_host_maintenance.rst", 3)))
    assert actions(bed, server).count("live-migration") == 2


def test_guide_pool_create(bed: Bed, tmp_path: Path) -> None:
    fresh: dict[str, Any] = {"clock": {"factor": 30}, "hosts": [{"name": "compute", "count": 3}]}
    with Simulator(fresh) as site:
        hosts = {f"xen{n}": f"compute{n}" for n in (1, 2, 3)}
        addresses = {f"xen{n}.example.com": site.hosts[f"compute{n}"] for n in (1, 2, 3)}
        user = desk(bed, tmp_path, {**addresses, **hosts}, site)
        user.write("site.yml", text(f"{GUIDES}/guide_pool_create.rst", 4))
        user.shell(commands(text(f"{GUIDES}/guide_pool_create.rst", 2)))
        assert [pool["hosts"] for pool in site.get("/state")["pools"]] == [sorted(hosts.values())]
    (aggregate,) = bed.api("GET", "/os-aggregates")["aggregates"]
    assert aggregate["metadata"]["operational_state"] == "active"


def test_guide_nova(bed: Bed, tmp_path: Path) -> None:
    user = desk(bed, tmp_path, {})
    user.write("aggregate.yml", text(f"{GUIDES}/guide_nova.rst", 1))
    user.playbook("aggregate.yml")
    (aggregate,) = bed.api("GET", "/os-aggregates")["aggregates"]
    assert (aggregate["name"], aggregate["hosts"]) == ("fast", ["compute1", "compute2"])
