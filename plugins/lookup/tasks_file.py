# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads files of tasks as ansible.builtin.include_tasks will, without running them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tasks_file
short_description: Check whether a file of tasks can be included
version_added: 0.1.0
author:
  - xenfleet.compute contributors (@xenfleet)
description:
  - Reads a file of tasks with all that it imports, as C(ansible.builtin.include_tasks) does, and runs nothing of it.
  - The roles of this collection ask it about your files before they change anything.
  - What a task finds out only while it runs, such as a variable that is not defined or a file that it includes, is not
    looked at.
options:
  _terms:
    description:
      - Paths of files. A relative one begins at the folder of the playbook. An empty one is no file and no problem.
    required: true
notes:
  - Short names of modules are those of C(ansible.builtin) and of this collection, as in the roles that include files.
"""

EXAMPLES = r"""
- name: My file of tasks can be used
  ansible.builtin.assert:
    that: checked.problem == ""
    fail_msg: "{{ checked.problem }}"
  vars:
    checked: "{{ lookup('xenfleet.compute.tasks_file', 'update.yml') }}"
"""

RETURN = r"""
_raw:
  description: What was found out about each file.
  type: list
  elements: dict
  contains:
    path:
      description: The absolute path.
      type: str
    problem:
      description: Why the file can't be included, as a sentence with its path; empty if it can.
      type: str
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import (
    AnsibleError,
    AnsibleFileNotFound,
    AnsibleParserError,
    AnsibleUndefinedVariable,
)
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.plugins.lookup import LookupBase
from ansible.vars.manager import VariableManager

PLAY_KEYS = ("hosts", "import_playbook", "ansible.builtin.import_playbook")
"""Keys that only the entries of a playbook have."""


class LookupModule(LookupBase):
    def run(
        self, terms: Sequence[str], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, str]]:
        loader: DataLoader = self._loader
        found = []
        for term in terms:
            path = loader.path_dwim(str(term)) if term else ""
            problem = _problem(loader, path) if path else ""
            found.append({"path": path, "problem": problem and f"{path}: {problem}"})
        return found


def _problem(loader: DataLoader, path: str) -> str:
    """Why the file can't be included, or an empty string."""
    if not os.path.isfile(path):
        kind = "it is a folder" if os.path.isdir(path) else "there is no such file"
        return f"{kind}. Give the path of a file of tasks, best an absolute one"
    try:
        entries = loader.load_from_file(path)
    except AnsibleError as e:
        return f"it can't be read: {_first_line(e)}"
    if not entries:
        return "it has no tasks"
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) for e in entries):
        return "it is no list of tasks"
    if any(key in entry for entry in entries for key in PLAY_KEYS):
        return "it is a playbook. Give a file that has tasks only, without hosts"
    return _unusable(loader, path)


def _unusable(loader: DataLoader, path: str) -> str:
    """What Ansible finds wrong with the tasks. They are imported into a play that is never run: an
    import is read at once, and all that it imports with it.
    """
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "collections": ["xenfleet.compute", "ansible.builtin"],
        "tasks": [{"ansible.builtin.import_tasks": path}],
    }
    try:
        Play.load(play, variable_manager=VariableManager(loader=loader), loader=loader)
    except AnsibleUndefinedVariable:  # in the path of an import; the run may have the variable
        return ""
    except AnsibleFileNotFound as e:
        missing = str(e.file_name or "a file")
        return "" if "{{" in missing else f"it imports {missing}, and there is no such file"
    except AnsibleParserError as e:
        return f"its tasks can't be used: {_first_line(e)}"
    return ""


def _first_line(error: AnsibleError) -> str:
    return str(error.message).strip().splitlines()[0].rstrip(".")
