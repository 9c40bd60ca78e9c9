# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy of the files that ``make format`` writes, and of those that they follow from."""

from __future__ import annotations

import shutil
from pathlib import Path

import generate
import pytest

COPIED = (
    "plugins/modules",
    "plugins/action",
    "plugins/doc_fragments",
    "meta",
    "docs/docsite",
    "docs/nova_documents.yml",
    "docs/returns.yml",
    "galaxy.yml",
    "pyproject.toml",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    root = tmp_path / "copy"
    for one in COPIED:
        source, target = generate.ROOT / one, root / one
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return root
