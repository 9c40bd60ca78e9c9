# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide's play from an aggregate to a server on its hosts, as it stands there."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness.playbooks import ROOT, Playbooks
from testbeds.openstack.client import CLOUD, Bed

pytestmark = pytest.mark.nova

GUIDE = ROOT / "docs/docsite/rst/guide_nova.rst"
TITLE = "Servers of a flavor run on the hosts of an aggregate"
BLOCK = ".. code-block:: yaml\n\n"


@pytest.fixture
def play() -> list[dict[str, Any]]:
    """The only code block with this title."""
    blocks = GUIDE.read_text(encoding="utf-8").split(BLOCK)[1:]
    (block,) = (one for one in blocks if TITLE in one.partition("\n")[0])
    lines = block.splitlines(keepends=True)
    ends = [n for n, line in enumerate(lines) if line.strip() and not line.startswith(" ")]
    loaded: list[dict[str, Any]] = yaml.safe_load(textwrap.dedent("".join(lines[: ends[0]])))
    return loaded


@pytest.fixture
def mycloud(bed: Bed, tmp_path: Path) -> str:
    """The bed by the name that the guide has for a cloud."""
    clouds = yaml.safe_load(bed.clouds_file.read_text(encoding="utf-8"))["clouds"]
    path = tmp_path / "clouds.yaml"
    path.write_text(yaml.safe_dump({"clouds": {"mycloud": clouds[CLOUD]}}), encoding="utf-8")
    return str(path)


def test_from_an_aggregate_to_a_server(
    play: list[dict[str, Any]], bed: Bed, books: Playbooks, mycloud: str
) -> None:
    """Without its flavor the scheduler would choose one of the hosts that have more memory free."""
    bed.servers({"filler1": "compute1", "filler2": "compute2"}, flavor="m1.large")
    books.environment |= {"OS_CLIENT_CONFIG_FILE": mycloud}
    del books.environment["OS_CLOUD"]
    done = books.run(play)
    assert done.status == 0, done.output
    (aggregate,) = done.result("Read which flavors are meant for the aggregate")["aggregates"]
    assert [one["name"] for one in aggregate["flavors"]] == ["fast.small"]
    (server,) = bed.api("GET", "/servers/detail?all_tenants=1&name=^web1$")["servers"]
    assert server["flavor"]["original_name"] == "fast.small"
    assert server["OS-EXT-SRV-ATTR:host"] in ("compute1", "compute2")
