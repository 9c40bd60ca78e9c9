# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every target in targets/ is a list of tasks that real ansible-playbook runs against a site of its own.

A target may have a ``site.yml`` for the simulator (by default three fresh hosts) and ``vars.yml``. Its
tasks find the inspect endpoint in ``inspect``, the hosts' addresses in ``sites``, and the store's file in
``store_path``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from harness.playbooks import ROOT, Playbooks
from simulators.launch import Simulator

TARGETS = Path(__file__).parent / "targets"
NAMES = sorted(p.parent.parent.name for p in TARGETS.glob("*/tasks/main.yml"))


@pytest.mark.parametrize("name", NAMES)
def test_target(name: str, tmp_path: Path) -> None:
    target = TARGETS / name
    own_site = target / "site.yml"
    own_vars = target / "vars.yml"
    variables = yaml.safe_load(own_vars.read_text(encoding="utf-8")) if own_vars.exists() else {}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": variables,
        "tasks": [{"ansible.builtin.include_tasks": str(target / "tasks" / "main.yml")}],
    }
    with Simulator(own_site if own_site.exists() else "demo") as site:
        books = Playbooks(site, tmp_path)
        run = books.run(
            [play],
            inspect=site.inspect,
            sites=site.hosts,
            store_path=str(books.store),
            collection_root=str(ROOT),
        )
    assert run.status == 0, run.output
