# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snippets of the README and the guides, and a folder in which they are followed to the letter."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.playbooks import ROOT

FENCED = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
DIRECTIVE = re.compile(
    r"^(?P<margin> *)\.\. code-block:: (?P<kind>\w+)\n\n(?P<text>(?:(?P=margin) +\S.*\n|\n)+)", re.M
)


@dataclass(frozen=True)
class Snippet:
    page: str
    number: int
    kind: str
    text: str


def pages() -> list[str]:
    """Every page that tells users or developers what to type, relative to the checkout."""
    found = [
        "README.md",
        "CONTRIBUTING.md",
        *(str(p.relative_to(ROOT)) for p in ROOT.glob("roles/*/README.md")),
        *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/docsite/rst/*.rst")),
    ]
    return sorted(found)


def snippets(page: str) -> list[Snippet]:
    """In the order of the page, numbered from 1."""
    text = (ROOT / page).read_text(encoding="utf-8")
    pattern = FENCED if page.endswith(".md") else DIRECTIVE
    return [
        Snippet(page, number, found["kind"], textwrap.dedent(found["text"]).strip("\n") + "\n")
        for number, found in enumerate(pattern.finditer(text), start=1)
    ]


def commands(text: str) -> str:
    """A console snippet as a script: what stands behind its prompts, with the lines that go on."""
    lines = text.splitlines()
    return "\n".join(line.removeprefix("$ ") for line in lines) + "\n"


class Desk:
    """A user's folder. ``replaced`` are names in snippets that only the reader's site can know,
    such as the addresses of hosts.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], replaced: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.replaced = replaced
        # As Ansible's implicit localhost, which takes no variables of groups for these playbooks.
        inventory = "localhost ansible_connection=local ansible_python_interpreter={{ansible_playbook_python}}\n"
        (folder / "inventory").write_text(inventory, encoding="utf-8")
        self.environment = {
            **environment,
            "ANSIBLE_INVENTORY": str(folder / "inventory"),
        }

    def adapted(self, text: str) -> str:
        for name, value in self.replaced.items():
            text = text.replace(name, value)
        return text

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.adapted(text), encoding="utf-8")

    def shell(self, script: str) -> str:
        """The output of a script that must succeed, and of whose commands each must. What it
        starts in the background ends with it.
        """
        return self._bash(self.adapted(script))

    def playbook(self, name: str, *options: str) -> str:
        return self._bash(f"ansible-playbook {name} {' '.join(options)}")

    def _bash(self, script: str) -> str:
        whole = f"set -eu -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}\n"
        run = subprocess.run(
            ["bash", "-c", whole],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert run.returncode == 0, f"{script}\nended with {run.returncode}:\n{run.stdout}"
        return run.stdout
