# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every contract of .importlinter notices the import that it is there to forbid.

The contracts run once, on a copy of the tree with all forbidden imports planted, so that a contract
that names a package that no longer exists, or matches nothing, does not pass as kept. What they
report must be due to the planted imports alone.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.xenfleet.compute"
UTILS = "plugins.module_utils"
PLANTED = [
    ("layers", f"{UTILS}._core.model", f"{UTILS}._reconcile.engine.apply"),
    ("layers", f"{UTILS}._reconcile.engine.apply", f"{UTILS}._backends.xapi.session"),
    ("layers", f"{UTILS}._reconcile.servers.plan", f"{UTILS}._planes.assemble"),
    ("layers", f"{UTILS}._backends.store.store", f"{UTILS}._planes.planes"),
    ("layers", f"{UTILS}._planes.planes", f"{UTILS}._glue.task"),
    ("layers", f"{UTILS}._glue.task", "plugins.modules.aggregate"),
    ("subjects", f"{UTILS}._reconcile.common.lookup", f"{UTILS}._reconcile.placing.placement"),
    ("subjects", f"{UTILS}._reconcile.placing.placement", f"{UTILS}._reconcile.engine.apply"),
    ("subjects", f"{UTILS}._reconcile.engine.apply", f"{UTILS}._reconcile.hosts.verbs"),
    ("subjects", f"{UTILS}._reconcile.hosts.verbs", f"{UTILS}._reconcile.maintenance.enter"),
    ("subjects", f"{UTILS}._reconcile.maintenance.enter", f"{UTILS}._reconcile.servers.plan"),
    ("subjects", f"{UTILS}._reconcile.servers.plan", f"{UTILS}._reconcile.pools.storage"),
    ("subjects", f"{UTILS}._reconcile.servers.plan", f"{UTILS}._reconcile.verbs"),
    ("subjects", f"{UTILS}._reconcile.pools.storage", f"{UTILS}._reconcile.services.plan"),
    ("subjects", f"{UTILS}._reconcile.services.plan", f"{UTILS}._reconcile.aggregates.plan"),
    ("subjects", f"{UTILS}._reconcile.aggregates.plan", f"{UTILS}._reconcile.maintenance.leave"),
    ("backends", f"{UTILS}._backends.store.store", f"{UTILS}._backends.xapi.session"),
    ("libraries", "plugins.modules.aggregate", "XenAPI"),
    ("libraries", f"{UTILS}._glue.task", "sqlalchemy"),
    ("libraries", f"{UTILS}._planes.planes", "keystoneauth1"),
    ("libraries", f"{UTILS}._reconcile.engine.apply", "openstack"),
    ("ansible", f"{UTILS}._core.plan", "ansible"),
    ("ansible", f"{UTILS}._planes.planes", "ansible"),
    ("ansible", f"{UTILS}._backends.store.store", "ansible"),
    ("simulators", "tests.simulators.xapi.clock", f"{UTILS}._core.wait"),
]
"""Contract, importing module, imported one."""

UNDECLARED = f"{UTILS}._reconcile.elsewhere"
"""A folder that the contract of its layer does not name."""


def full(module: str) -> str:
    ours = module.startswith(("plugins.", "tests."))
    return f"{COLLECTION}.{module}" if ours else module


EDGES = {(full(importer), full(imported)) for _contract, importer, imported in PLANTED}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """By contract, the import chains that break it."""
    top = tmp_path_factory.mktemp("tree")
    collection = top / COLLECTION.replace(".", "/")
    for part in ("plugins", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "output")
        shutil.copytree(ROOT / part, collection / part, ignore=ignored)
    shutil.copy(ROOT / ".importlinter", top)
    for _contract, importer, imported in PLANTED:
        with (collection / f"{importer.replace('.', '/')}.py").open("a", encoding="utf-8") as file:
            file.write(f"\nimport {full(imported)}\n")
    folder = collection / UNDECLARED.replace(".", "/")
    folder.mkdir()
    (folder / "module.py").touch()
    return broken_contracts(top)


def broken_contracts(top: Path) -> dict[str, list[str]]:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"],
        cwd=top,
        env={**os.environ, "PYTHONPATH": str(top), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    _kept, heading, details = done.stdout.partition("Broken contracts\n")
    assert heading, done.stdout + done.stderr
    settings = configparser.ConfigParser()
    settings.read(top / ".importlinter")
    names = {
        settings[section]["name"]: section.rpartition(":")[2]
        for section in settings.sections()
        if section.startswith("importlinter:contract:")
    }
    chains: dict[str, list[str]] = {contract: [] for contract in names.values()}
    contract = ""
    for line in details.splitlines():
        if line in names:
            contract = names[line]
        elif line.startswith("- ") and contract:
            chains[contract].append(line)
        elif line.startswith("  ") and contract:
            chains[contract][-1] += f"\n{line}"
    return chains


def edges(chain: str) -> set[tuple[str, str]]:
    """The imports of a chain; "A & B -> C" is one from A and one from B."""
    pairs = set()
    for line in re.sub(r"\n\s*&", " &", re.sub(r" \(l\.[^)]*\)", "", chain)).splitlines():
        importers, _arrow, imported = (part.split(" & ") for part in line[2:].partition(" -> "))
        pairs |= {(a.strip(), b.strip()) for a in importers for b in imported if b}
    return pairs


@pytest.mark.parametrize(("contract", "importer", "imported"), PLANTED)
def test_a_planted_import_is_noticed(
    report: dict[str, list[str]], contract: str, importer: str, imported: str
) -> None:
    assert {(full(importer), full(imported))} in [edges(chain) for chain in report[contract]]


def test_a_folder_without_a_contract_is_noticed(report: dict[str, list[str]]) -> None:
    assert f"- {full(UNDECLARED)}" in report["subjects"]


def test_all_else_keeps_the_contracts(report: dict[str, list[str]]) -> None:
    chains = {chain for broken in report.values() for chain in broken} - {f"- {full(UNDECLARED)}"}
    assert [chain for chain in chains if not edges(chain) & EDGES] == []


def test_every_contract_and_every_folder_has_a_planted_import(
    report: dict[str, list[str]],
) -> None:
    assert {contract for contract, _importer, _imported in PLANTED} == set(report)
    folders = ROOT / UTILS.replace(".", "/") / "_reconcile"
    planted = {
        importer.split(".")[-2]
        for contract, importer, _imported in PLANTED
        if contract == "subjects"
    }
    assert planted == {folder.name for folder in folders.iterdir() if any(folder.glob("*.py"))}
