# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that follow from others are as ``make format`` writes them, and say what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import generate
import pytest
import returns
from unit.fleets import fleet, host, pool, server, storage
from unit.steps import step

from ansible_collections.xenfleet.compute.plugins.module_utils._core.model import Aggregate
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.compute_views import (
    hypervisor_view,
    service_views,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.pool_views import (
    pool_view,
    storage_view,
)
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.server_filters import FILTERS
from ansible_collections.xenfleet.compute.plugins.module_utils._glue.views import aggregate_view
from ansible_collections.xenfleet.compute.plugins.modules import server_info

FLEET = fleet(
    [host("xen1", "p1")],
    pools=[pool("p1", "xen1")],
    servers=[server("web1", "xen1")],
    storages=[storage("nfs1", "p1", {"xen1"})],
)
VIEWS: dict[str, Any] = {
    "aggregate.aggregate": aggregate_view(Aggregate(id=1, uuid="u", name="production")),
    "compute_service.services": service_views(FLEET, ["xen1"])[0],
    "hypervisor_info.hypervisors": hypervisor_view(FLEET, FLEET.hosts[0], with_servers=True),
    "server_info.servers": server_info.view(FLEET, FLEET.servers[0], with_consoles=True),
    "xen_pool.pool": pool_view(FLEET, FLEET.pools[0]),
    "xen_sr.sr": {**(storage_view(FLEET.storages[0]) or {}), "default": True},
}


def edit(path: Path, pattern: str, replacement: str) -> None:
    text, number = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), count=1)
    assert number == 1
    path.write_text(text, encoding="utf-8")


def test_everything_is_as_it_would_be_written() -> None:
    assert generate.stale() == [], "run make format"


def test_edits_by_hand_are_undone(copy: Path) -> None:
    edits = {
        "plugins/action/aggregate.py": ("module = aggregate", "module = None"),
        "plugins/modules/server_action.py": ("have none of these tags", "have these tags"),
        "plugins/modules/xen_sr.py": ("Its size in bytes", "Its size in GiB"),
        "meta/runtime.yml": ("  nova:\n    - aggregate\n", "  nova:\n"),
    }
    for path, change in edits.items():
        edit(copy / path, *change)
    assert generate.stale(copy) == [*edits]
    generate.write(copy)
    assert generate.stale(copy) == []
    assert [(copy / one).read_text() for one in edits] == [
        (generate.ROOT / one).read_text() for one in edits
    ]


def test_files_of_a_module_that_is_gone_are_removed(copy: Path) -> None:
    (copy / "plugins/modules/xen_sr.py").unlink()
    edit(copy / "docs/returns.yml", r"(?s)\n  xen_sr:\n.*", "")
    generate.write(copy)
    assert not (copy / "plugins/action/xen_sr.py").exists()
    assert "xen_sr" not in (copy / "meta/runtime.yml").read_text()


@pytest.mark.parametrize(
    ("path", "pattern", "replacement", "message"),
    [
        ("docs/returns.yml", r"(?s)\n  xen_sr:\n.*", "", "has nothing for the module xen_sr"),
        ("docs/returns.yml", "\n  xen_sr:", "\n  xen_storage:", "do not exist: .'xen_storage'"),
        ("docs/returns.yml", r"4398046511104\]", r"null]", "xen_sr.sr.size needs a type"),
        ("plugins/modules/xen_sr.py", "RETURN = r", "RETURNS = r", "xen_sr.py has no RETURN"),
    ],
)
def test_what_is_missing_is_named(
    copy: Path, path: str, pattern: str, replacement: str, message: str
) -> None:
    edit(copy / path, pattern, replacement)
    with pytest.raises(SystemExit, match=message):
        generate.write(copy)


@pytest.mark.parametrize("path", VIEWS)
def test_what_a_view_shows_is_documented(path: str) -> None:
    module, key = path.split(".")
    documented = returns.full(path, returns.read(generate.ROOT)[module][key])["contains"]
    assert documented.keys() == VIEWS[path].keys()


def test_samples_of_steps_are_the_steps_own_words() -> None:
    results = returns.read(generate.ROOT).values()
    shown = [one for result in results for one in result.get("actions", {}).get("sample", ())]
    steps = [step(one["verb"], one["subject"], one["args"], one["why"]) for one in shown]
    assert [one.to_dict() for one in steps] == shown


def test_filters_of_servers_are_documented() -> None:
    fragment = generate.ROOT / "plugins/doc_fragments/server_filters.py"
    options = generate.documentation(fragment.read_text(encoding="utf-8"))["options"]
    action = generate.ROOT / "plugins/modules/server_action.py"
    filters = generate.documentation(action.read_text(encoding="utf-8"))["options"]["filters"]
    assert [*options] == [*filters["suboptions"]] == [*FILTERS]
