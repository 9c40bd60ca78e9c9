# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every contract of .importlinter notices the import that it is there to forbid.

The contracts run on a copy of the tree, once as it is and once for each planted import, so that a
contract that names a package that no longer exists, or matches nothing, does not pass as kept.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLANTED = [
    ("layers", "plugins/module_utils/_core/model.py", "from .._reconcile import apply"),
    ("layers", "plugins/module_utils/_reconcile/apply.py", "from .._backends.xapi import session"),
    ("layers", "plugins/module_utils/_backends/store/store.py", "from ..._glue import task"),
    ("layers", "plugins/module_utils/_glue/task.py", "from ...modules import aggregate"),
    ("backends", "plugins/module_utils/_backends/store/store.py", "from ..xapi import session"),
    ("libraries", "plugins/modules/aggregate.py", "import XenAPI"),
    ("libraries", "plugins/module_utils/_glue/task.py", "import sqlalchemy"),
    ("libraries", "plugins/module_utils/_reconcile/apply.py", "import openstack"),
    ("ansible", "plugins/module_utils/_core/plan.py", "import ansible.module_utils.basic"),
    ("ansible", "plugins/module_utils/_backends/store/store.py", "from ansible import constants"),
    (
        "simulators",
        "tests/simulators/xapi/clock.py",
        "from ansible_collections.xenfleet.compute.plugins.module_utils._core import wait",
    ),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    collection = tmp_path_factory.mktemp("tree") / "ansible_collections/xenfleet/compute"
    for part in ("plugins", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "output")
        shutil.copytree(ROOT / part, collection / part, ignore=ignored)
    shutil.copy(ROOT / ".importlinter", collection.parents[2])
    return collection


def broken_contracts(collection: Path) -> set[str]:
    """Run lint-imports on the tree; the contracts that it reports as broken."""
    top = collection.parents[2]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"],
        cwd=top,
        env={**os.environ, "PYTHONPATH": str(top), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    settings = configparser.ConfigParser()
    settings.read(top / ".importlinter")
    names = {
        section.rpartition(":")[2]: settings[section]["name"]
        for section in settings.sections()
        if section.startswith("importlinter:contract:")
    }
    reported = set(done.stdout.splitlines())
    broken = {contract for contract, name in names.items() if f"{name} BROKEN" in reported}
    assert bool(broken) == bool(done.returncode), done.stdout
    return broken


def test_the_tree_keeps_all_contracts(tree: Path) -> None:
    assert broken_contracts(tree) == set()


@pytest.mark.parametrize(("contract", "path", "line"), PLANTED)
def test_a_planted_import_is_noticed(tree: Path, contract: str, path: str, line: str) -> None:
    file = tree / path
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(f"{before}\n{line}\n", encoding="utf-8")
        assert contract in broken_contracts(tree)
    finally:
        file.write_text(before, encoding="utf-8")
