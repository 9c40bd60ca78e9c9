# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks that may use this collection and openstack.cloud, on the bed that is up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.playbooks import ROOT, Playbooks
from testbeds.openstack.client import Bed

ENVIRONMENT = ROOT / ".cache/interop"


@pytest.fixture(scope="session")
def both_collections() -> dict[str, str]:
    """Variables by which ansible-playbook has both; made if need be."""
    subprocess.run([ROOT / "tests/utils/interop.sh"], check=True, timeout=600)
    return {
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / '.tree'}:{ENVIRONMENT / 'collections'}",
    }


@pytest.fixture
def bed() -> Iterator[Bed]:
    """Clean after each test."""
    testbed = Bed.required()
    try:
        yield testbed
    finally:
        testbed.clean()


@pytest.fixture
def books(bed: Bed, both_collections: dict[str, str], tmp_path: Path) -> Playbooks:
    """Both sign in as OS_CLOUD says."""
    environment = {**both_collections, **bed.cloud_env(), "XENFLEET_CONTROL_PLANE": "nova"}
    return Playbooks(None, tmp_path, **environment)
